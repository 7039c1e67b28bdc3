"""Whether a wav file is as long as its own header says."""

import struct
from pathlib import Path
from typing import Final

from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media._files import TOLERANCE

_UNKNOWN: Final = (0, 0xFFFFFFFF)  # sizes that writers to a pipe leave in the header


def refuse_truncated(ref: MediaRef, end: float | None) -> None:
    """Refuse a wav file that lost its tail, where the clip reaches into what is lost.

    libsndfile and FFmpeg both read such a file as a shorter one.

    Raises:
        MediaError: The header promises more sound than there is.
    """
    stated, there = _seconds(ref.path)
    if stated > there + TOLERANCE and (end is None or end > there):
        raise MediaError(
            ref.path, f"is truncated: {there:.2f} of {stated:.2f} s are there; copy it again"
        )


def _seconds(path: Path) -> tuple[float, float]:
    """Length that the header states, and that the file has; 0, 0 where it states none."""
    total = path.stat().st_size
    byte_rate = 0
    with path.open("rb") as file:
        magic = file.read(12)
        if magic[:4] != b"RIFF" or magic[8:] != b"WAVE":
            return 0.0, 0.0
        while len(head := file.read(8)) == 8:
            name, size = struct.unpack("<4sI", head)
            if name == b"data":
                there = total - file.tell()
                known = byte_rate and size not in _UNKNOWN
                return (size / byte_rate, there / byte_rate) if known else (0.0, 0.0)
            if name == b"fmt ":
                begin = file.tell()
                if len(form := file.read(12)) < 12:
                    break  # what decodes it will tell
                byte_rate = struct.unpack("<8xI", form)[0]
                file.seek(begin)
            file.seek(size + size % 2, 1)
    return 0.0, 0.0
