"""What every reader does first: check what a clip asks for, and open the file."""

import errno
import math
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
import xxhash

from mertk.contracts import MediaRef
from mertk.errors import MediaError

TOLERANCE: Final = 0.1
"""Seconds that a clip may reach beyond its file: containers and annotators round."""

NEVER: Final = 1e9
"""Seconds that no file reaches; times its rate they can still be counted."""

_LISTS: Final = {"hls", "concat", "dash", "imf", "sdp"}
"""Formats that only name other files: what lies in those is in no digest, and may lie anywhere."""

# FFmpeg writes what it thinks of a file to the terminal; what matters comes back as an error.
av.logging.set_level(av.logging.PANIC)


def digest(path: Path) -> str:
    """Content digest of a file (XXH3, 128 bits), read in pieces.

    Raises:
        MediaError: The file cannot be read.
    """
    state = xxhash.xxh3_128()
    try:
        with _regular(path) as file:
            while block := file.read(1 << 20):
                state.update(block)
    except OSError as error:
        raise MediaError(path, _reason(path, error)) from None
    return state.hexdigest()


def _regular(path: Path) -> BinaryIO:
    """Open a file that has an end: a pipe or a device may keep a reader for ever.

    Raises:
        OSError: It cannot be opened, or is of another kind.
    """
    try:
        mode = path.stat().st_mode
    except ValueError as error:  # a NUL in its name
        raise OSError(errno.EINVAL, str(error)) from None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "a pipe, socket or device, not a file")
    return path.open("rb")


def check(ref: MediaRef) -> None:
    """Refuse a part of a file that cannot exist, and a file that is not there.

    Raises:
        MediaError: Times or crop make no sense; the file is missing, empty or not readable.
    """
    _check_times(ref)
    _check_crop(ref)
    try:
        with _regular(ref.path) as file:
            empty = not file.read(1)
    except OSError as error:
        raise MediaError(ref.path, _reason(ref.path, error)) from None
    if empty:
        raise MediaError(ref.path, "the file is empty (0 bytes); copy it again")


def last(ref: MediaRef, max_seconds: float | None) -> float | None:
    """Where reading ends, seconds; None is the end of the file."""
    if max_seconds is None:
        return ref.end
    if not (math.isfinite(max_seconds) and max_seconds > 0):
        raise ValueError(f"max_seconds: must be a positive number ({max_seconds})")
    cut = ref.start + max_seconds
    return cut if ref.end is None else min(cut, ref.end)


def refuse_short(ref: MediaRef, end: float | None, there: float) -> None:
    """Refuse a clip that begins or ends where the file has nothing any more.

    Args:
        ref: The clip.
        end: Where reading ends, seconds.
        there: Where the file's stream ends, seconds.

    Raises:
        MediaError: It does.
    """
    if ref.start >= there:
        raise MediaError(
            ref.path,
            f"start: the clip begins at {ref.start:g} s, but the file ends at {there:.2f} s; "
            "correct the clip's times or copy the file again",
        )
    if ref.end is not None and end is not None and end > there + TOLERANCE:
        raise MediaError(
            ref.path,
            f"end: the clip needs {end:g} s, but the file ends at {there:.2f} s (truncated?); "
            "correct the clip's times or copy the file again",
        )


@contextmanager
def container(path: Path) -> Iterator[Any]:
    """Open a file with FFmpeg.

    Raises:
        MediaError: FFmpeg cannot read it, or it only names other files.
    """
    try:
        # `file:`, since FFmpeg takes other words before a colon for ways to other places.
        opened = av.open(f"file:{path}", metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(
            path, f"is no sound or video that FFmpeg can read ({says(error)})"
        ) from None
    with opened:
        if not _LISTS.isdisjoint(opened.format.name.split(",")):
            kind = opened.format.name
            raise MediaError(path, f"is a list of other files ({kind}); name these themselves")
        yield opened


def says(error: Exception) -> str:
    """FFmpeg's own words for an error, short."""
    return getattr(error, "strerror", None) or type(error).__name__


def _check_times(ref: MediaRef) -> None:
    start, end = ref.start, ref.end
    if not 0 <= start < NEVER:
        raise MediaError(ref.path, f"start: must be 0 or more seconds ({start:g})")
    if end is None:
        return
    if not -NEVER < end < NEVER:
        raise MediaError(ref.path, f"end: must be a number of seconds or left out ({end:g})")
    if end <= start:
        raise MediaError(ref.path, f"end: must lie after start ({end:g} <= {start:g} s)")


def _check_crop(ref: MediaRef) -> None:
    if ref.crop is None:
        return
    left, top, right, bottom = ref.crop
    # Comparisons with NaN are false, so that it fails here too.
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise MediaError(
            ref.path,
            f"crop: must be fractions left < right and top < bottom in 0..1 ({ref.crop})",
        )


def _reason(path: Path, error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "is a folder, not a file"
    if isinstance(error, FileNotFoundError):
        folder = path.parent
        there = "" if folder.is_dir() else f"; the folder {str(folder)!r} is not there either"
        return f"no such file{there}"
    return f"cannot be read ({error.strerror})"
