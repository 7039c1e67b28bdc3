"""What a dataset may offer `mertk doctor` beyond its contract; each part by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable


@dataclass(frozen=True)
class Count:
    """How many of something a corpus holds as published, and how many this copy of it holds.

    Args:
        what: For example `dialogues of session3`.
        published: How many there are in the whole corpus.
        found: How many are there.
        absent: The names of those that are not, where they can be told.
    """

    what: str
    published: int
    found: int
    absent: Sequence[str] = ()


@runtime_checkable
class Counted(Protocol):
    """A dataset of which it is published how much there is."""

    def counts(self) -> Sequence[Count]:
        """What the corpus holds as published, and what is found of it."""


@runtime_checkable
class Knowing(Protocol):
    """A dataset that can tell files of its own from strange ones."""

    def knows(self, path: Path) -> bool:
        """Whether a media file that no clip names belongs to the corpus all the same.

        For example to a clip of a class that was left out.
        """


@runtime_checkable
class Tolerant(Protocol):
    """A dataset that refuses an incomplete copy, and opens it when told to.

    Attributes:
        tolerant: The arguments (name -> value) that tell it to.
    """

    tolerant: ClassVar[Mapping[str, Any]]
