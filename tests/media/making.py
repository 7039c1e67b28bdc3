"""Writes sound and films whose content is known sample by sample and frame by frame."""

from pathlib import Path

import av
import numpy as np

RATE = 16000
FPS = 15
FRAMES = 60


def noise(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Noise of 16-bit steps, so that lossless files give it back exactly."""
    values = np.random.default_rng(seed).integers(-8000, 8000, round(seconds * rate))
    return (values / 32768).astype(np.float32)


def tone(hertz: float, seconds: float, rate: int) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate).astype(np.float32)


def numbered(index: int) -> np.ndarray:
    """A picture whose left half tells its number by its brightness; the right half is red."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :32] = 4 * index
    picture[:, 32:, 0] = 255
    return picture


def number(picture: np.ndarray) -> int:
    return round(float(picture[:, :24].mean()) / 4)


def write_video(path: Path, codec: str = "mpeg4", frames: int = FRAMES, **options: str) -> Path:
    rotation = options.pop("rotation", None)
    muxing = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=muxing) as out:
        stream = out.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 4_000_000
        if rotation:
            stream.set_display_rotation(int(rotation))
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered(index), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def write_sound(
    path: Path, codec: str, samples: np.ndarray, rate: int = RATE, layout: str = "mono"
) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        samples = samples.reshape(-1, stream.layout.nb_channels)
        packed = stream.format.name == "s16"
        for first in range(0, len(samples), 1024):
            piece = samples[first : first + 1024]
            values = (piece * 32768).astype(np.int16).reshape(1, -1) if packed else piece.T.copy()
            kind = "s16" if packed else "fltp"
            frame = av.AudioFrame.from_ndarray(values, format=kind, layout=layout)
            frame.sample_rate, frame.pts = rate, first
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def cut_file(path: Path, share: float) -> Path:
    whole = path.read_bytes()
    short = path.with_name(f"short{path.suffix}")
    short.write_bytes(whole[: int(len(whole) * share)])
    return short
