"""The folder where jobs of one run lie: while it is held, someone waits for what they come to."""

import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from filelock import FileLock, Timeout

SHARED: Final = "shared"
"""What jobs share; where it is gone, nobody waits for them any more."""


class Lodging:
    """A new folder; what lies beside it of runs that were killed goes, and with it their jobs.

    Args:
        folder: Where the folders of all runs lie.

    Raises:
        OSError: It cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        made = _made(folder)
        for left in folder.glob("jobs-*"):
            _clear(left)
        self._lock = FileLock(made / "lock")
        self._lock.acquire()
        # Others look at it from now on, and find it held.
        self.path = made.rename(made.with_name(made.name.replace(".new-", "jobs-")))

    @property
    def shared(self) -> Path:
        """The file of what jobs share."""
        return self.path / SHARED

    def close(self, *, keep: bool) -> None:
        """Give it up; its jobs end.

        Args:
            keep: Whether to leave what they wrote.
        """
        self.shared.unlink(missing_ok=True)
        if not keep:
            shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()
        with suppress(OSError):  # another run has jobs there
            self.path.parent.rmdir()


def _made(folder: Path) -> Path:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # another run took the empty folder away in this moment
            return Path(mkdtemp(prefix=".new-", dir=folder)).absolute()


def _clear(left: Path) -> None:
    """Remove what a killed run left; where a run left logs of jobs that died, they stay."""
    lock = FileLock(left / "lock")
    try:
        with lock.acquire(timeout=0):
            if (left / SHARED).exists():
                shutil.rmtree(left, ignore_errors=True)
    except (Timeout, OSError):
        return  # its run is alive, or has gone in this moment
