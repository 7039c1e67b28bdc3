"""What every kind of table is once it was opened: keys, and what stands under each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from mertk.errors import CorpusError


class Lookup(Protocol):
    """A table that was opened."""

    @property
    def channels(self) -> Sequence[str] | None:
        """Names of the channels, where the table tells them."""

    def get(self, key: str) -> NDArray[Any] | None:
        """What stands under a key: [C], [T, C], or None where nothing does.

        Raises:
            MediaError: It is damaged, or no array of numbers.
        """

    def names(self) -> Iterable[str]:
        """Every key."""


@dataclass(frozen=True)
class Rows:
    """Keys with the rows that stand under each: one row is a vector, several are a sequence."""

    rows: Mapping[str, tuple[int, int]]
    values: NDArray[Any]
    channels: Sequence[str] | None = None

    def get(self, key: str) -> NDArray[Any] | None:
        """[rows, C], or [T, C] where each row is a sequence itself."""
        if key not in self.rows:
            return None
        begin, end = self.rows[key]
        return self.values[begin:end] if self.values.ndim < 3 else self.values[begin]

    def names(self) -> Iterable[str]:
        """Every key."""
        return self.rows


def runs(path: Path, keys: Sequence[str]) -> dict[str, tuple[int, int]]:
    """First row and the one after the last of each key.

    Raises:
        CorpusError: The rows of a key do not stand together.
    """
    edges = [0, *(i for i in range(1, len(keys)) if keys[i] != keys[i - 1]), len(keys)]
    rows: dict[str, tuple[int, int]] = {}
    for begin, end in pairwise(edges):
        if begin == end:
            continue
        if keys[begin] in rows:
            raise CorpusError(
                f"{path}: key {keys[begin]!r} comes back in row {begin + 1}, after other keys; the "
                "rows of a sequence stand together, and a vector has one row"
            )
        rows[keys[begin]] = (begin, end)
    return rows
