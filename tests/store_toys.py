"""Toy encoders and clips for the tests of the store; imported by the processes they start, too."""

import os
import resource
import time
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import torch

from mertk import extract, filling
from mertk.contracts import Clip, MediaRef, Stream
from mertk.errors import MediaError, MertkError
from mertk.store import Store

IDENTITY: Mapping[str, object] = {"name": "toy", "arguments": {"layer": 3}, "version": "1"}


class Toy:
    """Reads float32 numbers from the clip's file; gives x as (x, clips and steps of the batch).

    So its output tells in which company a clip was encoded.

    Args:
        log: One line per clip that was encoded, whichever process did it.
        seconds: How long a batch takes.
    """

    modality = "audio"
    version = "1"
    dim = 3
    digest = ""

    def __init__(self, log: Path | None = None, seconds: float = 0.0) -> None:
        self.log, self.seconds = log, seconds

    def load(self, clip: Clip) -> np.ndarray:
        ref = clip.media.get(self.modality)
        if ref is None:
            return np.zeros((0, 1), np.float32)
        raw = ref.path.read_bytes()
        if raw.startswith(b"broken"):
            raise MediaError(ref.path, "is not sound")
        return np.frombuffer(raw, np.float32)[:, None]

    def __call__(self, stream: Stream) -> Stream:
        time.sleep(self.seconds)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write("x\n" * len(stream.x))
        clips, steps = (torch.full_like(stream.x, size) for size in stream.x.shape[:2])
        return Stream(torch.cat([stream.x, clips, steps], 2), stream.mask)


def make_clips(folder: Path, lengths: Sequence[int]) -> list[Clip]:
    """One clip per length, of random numbers that differ between clips."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, length in enumerate(lengths):
        numbers = np.random.default_rng(i).normal(size=length).astype(np.float32)
        numbers.tofile(folder / f"{i}.raw")
    return known_clips(folder, len(lengths))


def known_clips(folder: Path, count: int) -> list[Clip]:
    """The clips that `make_clips` made there."""
    refs = [MediaRef(folder / f"{i}.raw") for i in range(count)]
    return [Clip(f"clip{i}", {}, "F1", media={"audio": ref}) for i, ref in enumerate(refs)]


def numbers(clip: Clip) -> list[float]:
    return np.frombuffer(clip.media["audio"].path.read_bytes(), np.float32).tolist()


def count(log: Path) -> int:
    return len(log.read_text().splitlines()) if log.exists() else 0


def start(target, *args: object) -> BaseProcess:
    """Run a function of this module in a process of its own that owes nothing to this one."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=target, args=args)
    process.start()
    return process


def fill_slowly(root: Path, folder: Path, clips: int, log: Path, seconds: float) -> None:
    filling.BLOCK_CLIPS = 4
    extract.fill(Store(root), Toy(log, seconds), IDENTITY, known_clips(folder, clips))


def fill_with_others(
    root: Path, folder: Path, clips: int, log: Path, here: Path, all_: int
) -> None:
    """Fill once that many processes are here."""
    (here / str(os.getpid())).touch()
    while len(list(here.iterdir())) < all_:
        time.sleep(0.001)
    fill_slowly(root, folder, clips, log, 0.005)


def fill_with_little_space(root: Path, folder: Path, clips: int, size: int, answer: Path) -> None:
    """Fill where no file may grow beyond `size` bytes; writes down what it was told."""
    log = root.parent / "log"
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        fill_slowly(root, folder, clips, log, 0.0)
    except MertkError as error:
        told = str(error)
    else:
        told = "nothing went wrong"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    answer.write_text(told)
