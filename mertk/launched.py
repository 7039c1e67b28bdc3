"""Which of several processes this is that were launched together, as launchers tell it."""

import os
from typing import Final, NamedTuple

RANKS: Final = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
SIZES: Final = ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
"""Variables of torchrun and `accelerate launch`, and of the launchers of two kinds of MPI."""


class Member(NamedTuple):
    """A process among those that were launched together.

    Args:
        rank: Its number, from 0; the first is the main one, which decides, writes and speaks.
        size: How many there are.
    """

    rank: int
    size: int


def launched() -> Member:
    """Which this process is; the only one where none were launched together."""
    size = _first(SIZES, 1)
    return Member(_first(RANKS, 0), size) if size > 1 else Member(0, 1)


def _first(names: tuple[str, ...], default: int) -> int:
    said = [os.environ[name] for name in names if os.environ.get(name, "").isdecimal()]
    return int(said[0]) if said else default
