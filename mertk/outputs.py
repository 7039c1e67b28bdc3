"""Outputs that nobody can write to any more."""

import os
from contextlib import suppress
from typing import TextIO


def let_go(stream: TextIO) -> None:
    """Have what is left in a stream's buffer go nowhere, where it can go nowhere else.

    Python writes it when it ends, and would end with a status of its own if that fails.
    """
    try:
        stream.flush()
    except (OSError, ValueError):  # a full disk, a closed pipe, a closed stream
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
