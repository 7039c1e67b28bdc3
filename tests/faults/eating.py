"""Has `mertk.media` read files one after the other in a process with little memory."""

import resource
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import mertk.media as media
from mertk.contracts import MediaRef
from mertk.errors import MediaError

SECONDS = 30.0
"""What a file may take at most, all readers together."""
MEMORY = 1 << 30
"""Bytes that may be asked for beyond those of a process that has read nothing."""


@dataclass(frozen=True)
class Bite:
    """What became of one file.

    Args:
        path: Which.
        seconds: All readers together.
        memory: Bytes that the process held at most, so far, beyond those it began with.
        said: By reader: '' where it could be read, the message of a MediaError, or what came
            instead of one, which is a fault.
        faults: Readers that did something else than read or refuse by name.
    """

    path: Path
    seconds: float
    memory: int
    said: dict[str, str]
    faults: tuple[str, ...]


def eat(paths: Sequence[Path]) -> list[Bite]:
    """What became of each file; a process that dies or hangs over one costs that one only."""
    found: list[Bite] = []
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.warm"])
    while len(found) < len(paths):
        rest = paths[len(found) :]
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_eat, args=(rest, there))
        process.start()
        there.close()
        found += _bites(here, rest)
        if len(found) < len(paths):
            path = paths[len(found)]
            process.kill()
            process.join()
            why = f"the process ended with {process.exitcode}, or took over {SECONDS:g} s"
            found.append(Bite(path, SECONDS, 0, {"process": why}, ("process",)))
        process.join()
    return found


def _bites(line: Connection, paths: Sequence[Path]) -> list[Bite]:
    found: list[Bite] = []
    while len(found) < len(paths) and line.poll(SECONDS + 30 * (not found)):
        try:
            found.append(line.recv())
        except EOFError:
            break
    return found


def _eat(paths: Sequence[Path], line: Connection) -> None:
    began, limit = _held(), _mapped() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error")
    for path in paths:
        start = time.monotonic()
        said, faults = {}, []
        for name, reader in READERS.items():
            try:
                reader(MediaRef(path))
                said[name] = ""
            except MediaError as error:
                said[name] = str(error)
            except BaseException as error:
                said[name] = f"{type(error).__name__}: {error}"
                faults.append(name)
        line.send(Bite(path, time.monotonic() - start, _held() - began, said, tuple(faults)))


def _raised(found: object) -> None:
    if isinstance(found, MediaError):
        raise found


READERS = {
    "digest": lambda ref: media.digest(ref.path),
    "duration": media.duration,
    "sound": lambda ref: media.sound(ref, 16000),
    "pictures": lambda ref: sum(1 for _ in islice(media.pictures(ref), 40)),
    "part": lambda ref: media.sound(MediaRef(ref.path, 0.2, 0.5), 16000),
    "late": lambda ref: sum(1 for _ in media.pictures(MediaRef(ref.path, 0.2, 0.5), fps=10)),
    "listen": lambda ref: _raised(media.listen([ref])[0]),
    "watch": lambda ref: _raised(media.watch([ref])[0]),
}
"""Everything that opens media."""


def _held() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _mapped() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
