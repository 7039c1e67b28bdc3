"""Toy encoders and clips for the tests of the store; imported by the processes they start, too."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from mertk.contracts import Clip, MediaRef, Stream
from mertk.errors import MediaError

IDENTITY: Mapping[str, object] = {"name": "toy", "arguments": {"layer": 3}, "version": "1"}


class Toy:
    """Reads float32 numbers from the clip's file; gives each number x as the vector (x, x * x).

    Args:
        log: One line per clip that was encoded, whichever process did it.
    """

    modality = "audio"
    version = "1"
    dim = 2
    digest = ""

    def __init__(self, log: Path | None = None) -> None:
        self.log = log

    def load(self, clip: Clip) -> np.ndarray:
        ref = clip.media.get(self.modality)
        if ref is None:
            return np.zeros((0, 1), np.float32)
        raw = ref.path.read_bytes()
        if raw.startswith(b"broken"):
            raise MediaError(ref.path, "is not sound")
        return np.frombuffer(raw, np.float32)[:, None]

    def __call__(self, stream: Stream) -> Stream:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write("x\n" * len(stream.x))
        return Stream(torch.cat([stream.x, stream.x**2], 2), stream.mask)


def numbers_of(i: int, length: int) -> np.ndarray:
    return np.random.default_rng(i).normal(size=length).astype(np.float32)


def make_clips(folder: Path, lengths: list[int]) -> list[Clip]:
    folder.mkdir(parents=True, exist_ok=True)
    clips = []
    for i, length in enumerate(lengths):
        path = folder / f"{i}.raw"
        numbers_of(i, length).tofile(path)
        clips.append(Clip(f"clip{i}", {}, "speaker", media={"audio": MediaRef(path)}))
    return clips


def encoded(clips: list[Clip]) -> list[np.ndarray]:
    """What Toy gives for each clip, told without the store."""
    arrays = [np.frombuffer(clip.media["audio"].path.read_bytes(), np.float32) for clip in clips]
    return [np.stack([array, array**2], 1) for array in arrays]


def lines(path: Path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


def fill_in_process(root: str, folder: str, count: int, log: str, ready: str) -> None:
    """Fill a store with `count` clips once another process stands here, too."""
    from mertk.extract import fill
    from mertk.store import Store

    clips = make_clips_once(Path(folder), count)
    Path(ready, str(os.getpid())).touch()
    while len(list(Path(ready).iterdir())) < 2:
        pass
    fill(Store(Path(root)), Toy(Path(log)), IDENTITY, clips)


def make_clips_once(folder: Path, count: int) -> list[Clip]:
    """The clips of an existing folder."""
    return [
        Clip(f"clip{i}", {}, "s", media={"audio": MediaRef(folder / f"{i}.raw")})
        for i in range(count)
    ]
