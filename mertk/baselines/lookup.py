"""Say what clips with the same speaker, scenario, text, length ... were mostly labelled."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mertk.baselines.guess import Guess, Inapplicable, indices
from mertk.contracts import Clip
from mertk.errors import CorpusError
from mertk.lengths import lengths

Key = Callable[[Clip], str | None]
PARTS: Final = 10
"""Lengths are told apart by the tenth of the training clips that they fall into."""


class Lookup:
    """The most frequent class of the training clips with the clip's key; the first of equals.

    A clip whose key is not known, or which no training clip has, is given the most frequent class
    of all training clips.

    Args:
        what: What the key is, for messages.
        key: The key of a clip; None or '' where it has none.
        clips: All clips of the corpus.
        classes: The classes in the order of their indices.

    Raises:
        Inapplicable: No clip has a key, or all have the same.
    """

    people = False

    def __init__(self, what: str, key: Key, clips: Sequence[Clip], classes: Sequence[str]) -> None:
        found = {key(clip) or "" for clip in clips}
        if not found - {""}:
            raise Inapplicable(f"no clip says its {what}")
        if len(found) == 1:
            raise Inapplicable(f"every clip has the same {what}")
        self.key, self.classes = key, classes
        self.meaning = f"the most frequent class of training clips with the same {what}"

    def __call__(self, train: Sequence[Clip], test: Sequence[Clip]) -> Guess:
        """Look every test clip up."""
        return look_up(
            [self.key(clip) or "" for clip in train],
            indices(train, self.classes),
            [self.key(clip) or "" for clip in test],
            indices(test, self.classes),
        )


class Majority:
    """The most frequent class of the training clips for every clip; the first of equals."""

    people = False
    meaning = "the most frequent class of the training clips"

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = classes

    def __call__(self, train: Sequence[Clip], test: Sequence[Clip]) -> Guess:
        """Say the same of every test clip."""
        own, other = indices(train, self.classes), indices(test, self.classes)
        return look_up(["all"] * len(train), own, ["all"] * len(test), other)


class Length:
    """The most frequent class of the training clips of about the same length.

    Raises:
        Inapplicable: Lengths are not known, or are all the same.
    """

    people = False
    meaning = "the most frequent class of training clips of about the same length (tenths)"

    def __init__(self, clips: Sequence[Clip], classes: Sequence[str]) -> None:
        try:
            self.seconds = lengths(clips)
        except CorpusError as error:
            raise Inapplicable(str(error)) from None
        if len(set(self.seconds.values())) == 1:
            raise Inapplicable("every clip has the same length")
        self.classes = classes

    def __call__(self, train: Sequence[Clip], test: Sequence[Clip]) -> Guess:
        """Look every test clip up by the tenth of the training clips that its length falls into."""
        own, other = (np.array([self.seconds[c.id] for c in part]) for part in (train, test))
        limits = np.quantile(own, np.arange(1, PARTS) / PARTS)
        return look_up(
            [str(part) for part in np.searchsorted(limits, own)],
            indices(train, self.classes),
            [str(part) for part in np.searchsorted(limits, other)],
            indices(test, self.classes),
        )


def look_up(
    keys: Sequence[str],
    labels: NDArray[np.int64],
    wanted: Sequence[str],
    truth: NDArray[np.int64],
) -> Guess:
    """Guess the most frequent label of each key, and of all where a key is '' or was not seen.

    Args:
        keys: [B], of the training clips.
        labels: [B], their class indices.
        wanted: [C], of the test clips.
        truth: [C], their class indices.
    """
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    rows.pop("", None)
    most = {key: _most_frequent(labels[own]) for key, own in rows.items()}
    otherwise = _most_frequent(labels)
    said = np.array([most.get(key, otherwise) for key in wanted], np.int64)
    known = np.array([key in most for key in wanted], np.bool_)
    return Guess(truth, (said == truth).astype(np.float64), known)


def _most_frequent(labels: NDArray[np.int64]) -> int:
    return int(np.bincount(labels).argmax())
