"""What every baseline is: a fold's training clips -> guesses on what is scored in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mertk.contracts import Clip


class Inapplicable(Exception):
    """A corpus does not have what a baseline needs; says what."""


@dataclass(frozen=True)
class Guess:
    """What a baseline says on one fold. B test clips, or opinions on them.

    Args:
        labels: [B] class indices, what would be right.
        right: [B] the chance that it is right, 0 to 1; a baseline that draws is scored by what it
            reaches on average, so that nothing depends on luck.
        known: [B] bool, whether it had anything to go by; otherwise it said the majority class.
    """

    labels: NDArray[np.int64]
    right: NDArray[np.float64]
    known: NDArray[np.bool_]


class Baseline(Protocol):
    """Scored without media. A constructor raises `Inapplicable` where the corpus does not allow it.

    Attributes:
        meaning: One line for a legend.
        people: Whether it is a ceiling: what people reach.
    """

    meaning: str
    people: bool

    def __call__(self, train: Sequence[Clip], test: Sequence[Clip], /) -> Guess:
        """Learn from a fold's training clips and guess on its test clips."""


def label_of(clip: Clip) -> str:
    """The class of a clip."""
    return str(clip.labels["emotion"])


def indices(clips: Sequence[Clip], classes: Sequence[str]) -> NDArray[np.int64]:
    """The class index of each clip: [B]."""
    return np.array([classes.index(label_of(clip)) for clip in clips], np.int64)
