"""Who uses a shelf of the store: many may hold it at once, it is taken away while nobody does.

The file `used` beside the data is what they lock; its time is that of the last use. A writer also
has a lock of its own (`mertk.store`), since only one may write.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows refuses to delete what is open: nobody is disturbed there either
    fcntl = None  # type: ignore[assignment]

USED: Final = "used"
LOCK: Final = "lock"
TRIES: Final = 100
"""How often a shelf is taken anew that was pruned meanwhile; a file system whose files change their
numbers would have it be so for ever."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Use a shelf inside the `with`; what is mapped there stays readable afterwards.

    A store that cannot be written to is used all the same: nobody can prune it either.
    """
    file = _taken(folder)
    try:
        yield
    finally:
        if file is not None:
            os.close(file)


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Be the only one at a shelf inside the `with`; yields False at once where others use it.

    Raises:
        OSError: The folder cannot be written to.
    """
    file = os.open(folder / USED, os.O_RDWR | os.O_CREAT, 0o666)
    lock = FileLock(folder / LOCK)
    try:
        yield _locked(file) and _acquired(lock)
    finally:
        lock.release()
        os.close(file)


def _taken(folder: Path) -> int | None:
    """The open file that says that the shelf is used; None where nothing can be said."""
    path = folder / USED
    for _ in range(TRIES):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        file = _opened(path)
        if file is None:
            return None
        with suppress(OSError):  # a file system without locks
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_SH)
        if _still(file, path):
            with suppress(OSError):
                os.utime(path)
            return file
        os.close(file)  # it was pruned in between
    return None


def _opened(path: Path) -> int | None:
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        with suppress(OSError):
            return os.open(path, flags, 0o666)
    return None


def _still(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def _locked(file: int) -> bool:
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
