"""A file that is there as a whole or not at all, whoever writes it, is killed, or writes it too."""

import hashlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write to inside the `with`; what was written takes the place of `path` at its end.

    Where something fails inside, `path` stays as it was. Each process writes to a name of its own,
    so that of several that write one file the last to finish stays. What killed ones have left in
    the folder goes. A device or pipe is written to directly.

    Raises:
        OSError: It cannot be written.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    final = Path(os.path.realpath(path))  # a link goes on being one
    _tidy(final.parent)
    draft = final.with_name(f"{_ours()}{os.getpid()}-{_short(final)}.tmp")
    try:
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())  # before it gets its final name
        draft.replace(final)
    finally:
        draft.unlink(missing_ok=True)


def drafts(path: Path) -> Iterator[Path]:
    """What processes of any machine write to take the place of a file, or wrote when they died."""
    return path.parent.glob(f".mertk-*-{_short(path)}.tmp")


def _short(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]


def _ours() -> str:
    """What drafts of this machine begin with: others' processes have numbers of their own."""
    return f".mertk-{hashlib.sha256(platform.node().encode()).hexdigest()[:8]}-"


def _tidy(folder: Path) -> None:
    """Delete the drafts of processes that are no more."""
    for left in folder.glob(f"{_ours()}*.tmp"):
        process = left.name.removeprefix(_ours()).partition("-")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            left.unlink(missing_ok=True)
