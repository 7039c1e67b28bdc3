"""Small sound and video files, and clips that name them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from mertk.contracts import Clip, MediaRef

RATE = 16000


def chirp(seconds: float, pitch: float = 220.0, seed: int = 0) -> NDArray[np.float32]:
    """A gliding tone in noise."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(size=len(time))
    tone = np.sin(2 * np.pi * pitch * time * (1 + 0.3 * time))
    return (0.3 * tone + 0.02 * noise + 0.01).astype(np.float32)


def sound_clip(folder: Path, name: str, samples: NDArray[np.float32], rate: int = RATE) -> Clip:
    path = folder / f"{name}.wav"
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return Clip(name, {"emotion": "calm"}, "s1", media={"audio": MediaRef(path)})


def sound_clips(folder: Path, seconds: Sequence[float] = (0.015, 0.4, 0.9, 1.3)) -> list[Clip]:
    """Clips of these lengths; the first is shorter than one step of any model."""
    return [
        sound_clip(folder, f"sound{i}", chirp(length, 150.0 + 90 * i, i))
        for i, length in enumerate(seconds)
    ]


def pictures(count: int, seed: int = 0, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """A bright square that walks over a coloured slope [T, H, W, 3]."""
    generator = np.random.default_rng(seed)
    slope = np.linspace(0, 200, width)[None, None, :, None] * generator.random(3)
    frames = np.broadcast_to(slope, (count, height, width, 3)).astype(np.uint8).copy()
    for step, frame in enumerate(frames):
        x = (3 * step + 5 * seed) % (width - 12)
        frame[8:24, x : x + 12] = 255
    return frames


def video_clip(folder: Path, name: str, frames: NDArray[np.uint8], rate: int = 10) -> Clip:
    path = folder / f"{name}.mkv"
    with av.open(path, "w") as container:
        stream: Any = container.add_stream("ffv1", rate=rate)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "bgr0"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return Clip(name, {"emotion": "calm"}, "s1", media={"video": MediaRef(path)})


def video_clips(folder: Path, counts: Sequence[int] = (1, 4, 9)) -> list[Clip]:
    """Clips of these numbers of frames."""
    return [video_clip(folder, f"video{i}", pictures(n, i)) for i, n in enumerate(counts)]
