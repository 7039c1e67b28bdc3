"""What is wrong with the rows of a table, told so that one mistake is one line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ONE_BY_ONE: Final = 5
"""Rows with one cause that are told each by itself; where more share it, a line stands for all."""


@dataclass(frozen=True)
class RowFault:
    """One thing that is wrong with one row.

    Args:
        row: Its number.
        what: What is wrong, with the value and the way out.
        cause: The same in every row where it is the same mistake.
    """

    row: int
    what: str
    cause: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.what}"


def lines(faults: Iterable[RowFault]) -> list[str]:
    """The faults in the order of the rows; of a cause that many share, in one line."""
    ordered = sorted(faults, key=lambda fault: fault.row)
    by_cause: dict[str, list[RowFault]] = {}
    for fault in ordered:
        by_cause.setdefault(fault.cause, []).append(fault)
    told = []
    for fault in ordered:
        alike = by_cause[fault.cause]
        if len(alike) <= ONE_BY_ONE:
            told.append(str(fault))
        elif fault is alike[0]:
            told.append(_together(alike))
    return told


def _together(alike: list[RowFault]) -> str:
    first, *others = alike
    rows = ", ".join(str(fault.row) for fault in alike[:3])
    example = "" if all(fault.what == first.what for fault in others) else ", the first"
    return f"rows {rows} and {len(alike) - 3} more{example}: {first.what}"
