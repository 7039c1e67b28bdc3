"""The folder where jobs of one run lie: while it is held, someone waits for what they come to."""

import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from filelock import FileLock, Timeout

JOBS: Final = ".jobs"
"""Where the folders of all runs lie among results."""
SHARED: Final = "shared"
"""What jobs share; where it is gone, nobody waits for them any more."""
LOCK: Final = "lock"
COMING, GOING = ".new-", ".old-"
"""What folders are called before there are jobs in them, and once they are to be removed."""


class Lodging:
    """A new folder; what lies beside it of runs that were killed goes, and with it their jobs.

    Args:
        folder: Where the folders of all runs lie.

    Raises:
        OSError: It cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self._lock, self.path = _made(folder)

    @property
    def shared(self) -> Path:
        """The file of what jobs share."""
        return self.path / SHARED

    def close(self, *, keep: bool) -> None:
        """Give it up; its jobs end.

        Args:
            keep: Whether to leave what they wrote.
        """
        if keep:
            self.shared.unlink(missing_ok=True)
        else:
            # At once out of the jobs' sight; and where this is killed, nobody takes it for logs.
            gone = self.path.rename(self.path.with_name(self.path.name.replace("jobs-", GOING)))
            shutil.rmtree(gone, ignore_errors=True)
        self._lock.release()
        with suppress(OSError):  # another run has jobs there
            self.path.parent.rmdir()


def _made(folder: Path) -> tuple[FileLock, Path]:
    """A folder that is held, from the moment that it has its name."""
    clear(folder)
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # another run has taken it for left behind: not yet held
            made = Path(mkdtemp(prefix=COMING, dir=folder)).absolute()
            lock = FileLock(made / LOCK)
            lock.acquire()
            return lock, made.rename(made.with_name(made.name.replace(COMING, "jobs-")))


def clear(folder: Path) -> None:
    """Remove what killed runs left; where a run left logs of jobs that died, they stay."""
    for kind in ("jobs-*", f"{COMING}*", f"{GOING}*"):
        for left in folder.glob(kind):
            _clear(left)
    with suppress(OSError):  # it is not there, or something lies in it
        folder.rmdir()


def _clear(left: Path) -> None:
    lock = FileLock(left / LOCK)
    try:
        with lock.acquire(timeout=0):
            logs = {path.name for path in left.iterdir()} - {LOCK}
            if left.name.startswith((COMING, GOING)) or SHARED in logs or not logs:
                shutil.rmtree(left, ignore_errors=True)
    except (Timeout, OSError):
        return  # its run is alive, or has gone in this moment
