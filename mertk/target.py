"""What is predicted of a clip: one of several classes, numbers on dimensions, or several labels.

A corpus' card says which (`target`) and names the N outputs (`classes`); this is the one place that
knows what that means for its clips. What it means for training is in `mertk.objective`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mertk.contracts import Card, Clip, TargetKind
from mertk.errors import CorpusError

Json = Any
Array = NDArray[Any]


class Target(Protocol):
    """How the labels of clips are read.

    Attributes:
        kind: As a card says it.
        noun: One of its names.
        letter: Its sign in the ids of protocols.
        names: The N outputs: classes, dimensions or labels.
    """

    kind: ClassVar[TargetKind]
    noun: ClassVar[str]
    letter: ClassVar[str]

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102

    def fault(self, clip: Clip) -> str:
        """What is wrong with a clip's labels; '' where nothing is."""

    def examples(self, clip: Clip) -> frozenset[str]:
        """The names of which a clip is an example: what it shows, or is rated for."""

    def unlearnable(self, clips: Sequence[Clip]) -> list[str]:
        """What cannot be learned from these training clips."""

    def told(self, clip: Clip) -> Json:
        """What is to be predicted, as JSON: for digests."""

    def array(self, clips: Sequence[Clip]) -> Array:
        """What is to be predicted: [B] int64 class indices, or [B, N] float32; NaN: not rated."""

    def pair(self) -> Array:
        """What is to be predicted of two clips that differ, to try a model on."""

    def scale(self, labels: Array, /) -> tuple[Array, Array] | None:
        """Mean and spread [N] of training labels that a model's outputs start from, if any."""


@dataclass(frozen=True)
class Classes:
    """One of several classes; `labels['emotion']` is its name."""

    kind: ClassVar[TargetKind] = "classes"
    noun: ClassVar[str] = "class"
    letter: ClassVar[str] = "c"
    names: tuple[str, ...] = ()

    def fault(self, clip: Clip) -> str:
        """See `Target`."""
        label = clip.labels.get("emotion")
        told = f"is labelled {label!r}, which is none of the classes {', '.join(self.names)}"
        return "" if label in self.names else told

    def examples(self, clip: Clip) -> frozenset[str]:
        """See `Target`."""
        return frozenset([str(clip.labels["emotion"])])

    def unlearnable(self, clips: Sequence[Clip]) -> list[str]:
        """See `Target`."""
        return [f"{name!r} has no training clip" for name in _unshown(self, clips)]

    def told(self, clip: Clip) -> Json:
        """See `Target`."""
        return clip.labels["emotion"]

    def array(self, clips: Sequence[Clip]) -> Array:
        """See `Target`."""
        index = {name: i for i, name in enumerate(self.names)}
        return np.array([index[str(clip.labels["emotion"])] for clip in clips], np.int64)

    def pair(self) -> Array:
        """See `Target`."""
        return np.array([0, 1], np.int64)

    def scale(self, _: Array, /) -> None:
        """See `Target`."""
        return


@dataclass(frozen=True)
class Dimensions:
    """A number on each of several dimensions, such as valence; `labels` holds it by its name.

    A dimension that is absent, or NaN, was not rated: it is left out of loss and metrics.
    """

    kind: ClassVar[TargetKind] = "dimensions"
    noun: ClassVar[str] = "dimension"
    letter: ClassVar[str] = "d"
    names: tuple[str, ...] = ()

    def fault(self, clip: Clip) -> str:
        """See `Target`."""
        return _no_numbers(self.names, clip) or _unrated(self.names, clip)

    def examples(self, clip: Clip) -> frozenset[str]:
        """See `Target`."""
        return frozenset(name for name in self.names if not math.isnan(_number(clip, name)))

    def unlearnable(self, clips: Sequence[Clip]) -> list[str]:
        """See `Target`."""
        faults = [f"no training clip is rated for {name!r}" for name in _unshown(self, clips)]
        for name in self.names:
            found = {value for c in clips if not math.isnan(value := _number(c, name))}
            if len(found) == 1:
                faults.append(f"{name!r} is {found.pop():g} in every training clip")
        return faults

    def told(self, clip: Clip) -> Json:
        """See `Target`."""
        return _numbers(self.names, clip)

    def array(self, clips: Sequence[Clip]) -> Array:
        """See `Target`."""
        return _matrix(self.names, clips)

    def pair(self) -> Array:
        """See `Target`."""
        return _zeros_and_ones(self.names)

    def scale(self, labels: Array, /) -> tuple[Array, Array]:
        """See `Target`."""
        mean, spread = np.zeros(len(self.names)), np.ones(len(self.names))
        for column, values in enumerate(np.asarray(labels, np.float64).T):
            rated = values[~np.isnan(values)]
            if len(rated):
                mean[column], spread[column] = rated.mean(), rated.std() or 1.0
        return mean, spread


@dataclass(frozen=True)
class Labels:
    """Any number of several labels at once; `labels` holds 1 or 0 by the name of each.

    A label that is absent, or NaN, was not rated: it is left out of loss and metrics.
    """

    kind: ClassVar[TargetKind] = "labels"
    noun: ClassVar[str] = "label"
    letter: ClassVar[str] = "l"
    names: tuple[str, ...] = ()

    def fault(self, clip: Clip) -> str:
        """See `Target`."""
        if wrong := _no_numbers(self.names, clip):
            return wrong
        for name in self.names:
            value = _number(clip, name)
            if value not in (0, 1) and not math.isnan(value):
                return f"has {value:g} for {name!r}, which is neither 0 nor 1"
        return _unrated(self.names, clip)

    def examples(self, clip: Clip) -> frozenset[str]:
        """See `Target`."""
        return frozenset(name for name in self.names if _number(clip, name) == 1)

    def unlearnable(self, clips: Sequence[Clip]) -> list[str]:
        """See `Target`."""
        faults = [f"{name!r} has no training clip" for name in _unshown(self, clips)]
        always = [n for n in self.names if not any(_number(clip, n) == 0 for clip in clips)]
        return faults + [f"no training clip is without {name!r}" for name in always]

    def told(self, clip: Clip) -> Json:
        """See `Target`."""
        return _numbers(self.names, clip)

    def array(self, clips: Sequence[Clip]) -> Array:
        """See `Target`."""
        return _matrix(self.names, clips)

    def pair(self) -> Array:
        """See `Target`."""
        return _zeros_and_ones(self.names)

    def scale(self, _: Array, /) -> None:
        """See `Target`."""
        return


KINDS: Final[Mapping[str, type[Classes] | type[Dimensions] | type[Labels]]] = {
    kind.kind: kind for kind in (Classes, Dimensions, Labels)
}


def target_of(card: Card) -> Target:
    """What is predicted of a corpus' clips.

    Raises:
        CorpusError: The card says what no one knows.
    """
    if card.target not in KINDS:
        raise CorpusError(
            f"dataset: the target of its card must be one of {', '.join(KINDS)} ({card.target!r}); "
            "its author must mend it"
        )
    return KINDS[card.target](tuple(card.classes))


def _unshown(target: Target, clips: Iterable[Clip]) -> list[str]:
    there = frozenset[str]().union(*(target.examples(clip) for clip in clips))
    return [name for name in target.names if name not in there]


def _number(clip: Clip, name: str) -> float:
    return float(clip.labels.get(name, math.nan))


def _numbers(names: Sequence[str], clip: Clip) -> list[float | None]:
    values = [_number(clip, name) for name in names]
    return [None if math.isnan(value) else value for value in values]


def _matrix(names: Sequence[str], clips: Sequence[Clip]) -> Array:
    rows = [[_number(clip, name) for name in names] for clip in clips]
    return np.array(rows, np.float32).reshape(len(clips), len(names))


def _zeros_and_ones(names: Sequence[str]) -> Array:
    return np.repeat(np.array([[0.0], [1.0]], np.float32), len(names), axis=1)


def _no_numbers(names: Sequence[str], clip: Clip) -> str:
    for name in names:
        value = clip.labels.get(name, math.nan)
        if isinstance(value, str) or math.isinf(value):
            return f"has {value!r} for {name!r}, which is no number"
    return ""


def _unrated(names: Sequence[str], clip: Clip) -> str:
    rated = any(not math.isnan(_number(clip, name)) for name in names)
    return "" if rated else f"has no number for any of {', '.join(names)}"
