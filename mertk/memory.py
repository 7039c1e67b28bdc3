"""Memory that is freed stays with the process: a batch finds that of the one before it."""

import ctypes
import sys
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
KEPT_BYTES: Final = 1 << 30
"""Tensors smaller than this are kept, and so much that is free altogether."""


def keep_freed() -> bool:
    """Ask glibc not to hand freed memory back; whether it could be asked.

    What it hands back at once (32 MiB and more, and whatever lies at the end of the heap) must be
    zeroed by the kernel, page by page, when the next batch is made: that takes several times as
    long as filling it.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # another C library
        return False
    asked = [mallopt(what, KEPT_BYTES) for what in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD)]
    return all(asked)
