"""Small disks that fill up or are read-only: memory file systems of the size that is asked for."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A mounted file system.

    Args:
        folder: Where.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def set(self, options: str) -> None:
        """Change its size, or whether it can be written to."""
        _call("mount", "-o", f"remount,{options}", str(self.folder))


@contextmanager
def disk(folder: Path, options: str) -> Iterator[Disk]:
    """A file system for as long as the `with` lasts; the test is skipped where none can be had."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _call("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here ({error}); run as root")
    try:
        yield Disk(folder)
    finally:
        _call("umount", "-l", str(folder))


def used(folder: Path) -> int:
    """Bytes that the files below a folder take on a disk of pages."""
    sizes = (path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    return sum(-(-size // 4096) * 4096 for size in sizes)


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
