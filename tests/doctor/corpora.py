"""A small healthy corpus: every clip with its own sound, moving pictures and words."""

import csv
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

from mertk.doctor import Diagnosis, Examined, Opened, diagnose, open_dataset, read_media
from mertk.registry import discover
from tests.media.making import FPS, RATE, noise

CLASSES = ("angry", "calm")
SPEAKERS = 6
SECONDS = 1.0

Row = dict[str, Any]


def write_film(path: Path, pictures: list[np.ndarray], codec: str = "mjpeg") -> Path:
    """Write pictures [48, 64, 3] of one brightness per block of 16 pixels."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=FPS)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 1_000_000
        for picture in pictures:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def moving(seed: int, frames: int = round(SECONDS * FPS)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(60, 200, (frames, 3, 4, 1), np.uint8)
    return [np.repeat(np.kron(b, np.ones((16, 16, 1), np.uint8)), 3, axis=2) for b in blocks]


def black(frames: int) -> list[np.ndarray]:
    return [np.zeros((48, 64, 3), np.uint8)] * frames


def write_healthy(folder: Path) -> list[Row]:
    """Two clips of each of two classes by each of six speakers: `s0_angry_0` ..."""
    (folder / "wavs").mkdir(parents=True)
    (folder / "films").mkdir()
    rows = []
    for speaker in range(SPEAKERS):
        for label in CLASSES:
            for take in range(2):
                n = len(rows)
                name = f"s{speaker}_{label}_{take}"
                soundfile.write(folder / f"wavs/{name}.wav", noise(SECONDS, seed=n), RATE)
                write_film(folder / f"films/{name}.avi", moving(n))
                rows.append(
                    {
                        "id": name,
                        "label": label,
                        "speaker": f"s{speaker}",
                        "audio": f"wavs/{name}.wav",
                        "video": f"films/{name}.avi",
                        "text": f"Word{n}, say{n} the{n} line{n}.",
                    }
                )
    return rows


def write_rows(folder: Path, rows: list[Row]) -> Path:
    path = folder / "clips.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def opened(folder: Path, rows: list[Row], *sets: str) -> Opened:
    path = write_rows(folder, rows)
    return open_dataset("manifest", [f"path={path}", "k=3", *sets], discover())


def examine(corpus: Opened) -> list[Diagnosis]:
    return diagnose(Examined(corpus, read_media(corpus.clips)))


def found(diagnoses: list[Diagnosis]) -> dict[str, set[str]]:
    """Clip ids, or file names where there are none, by check."""
    return {
        d.check.name: {
            name for f in d.findings for name in (f.clips or [path.name for path in f.paths])
        }
        for d in diagnoses
    }
