"""Scores of the clips of one speaker, gender, session, style or length: where a model fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, recall_score

from mertk.describe.arrays import Array, predictions
from mertk.records import Record

LEAST: Final = 10
"""Clips below which a slice is not named the worst: chance alone makes small ones extreme."""
UNKNOWN: Final = "(unknown)"
OWN: Final = ("speaker", "length")
"""What is told of every corpus; a group of such a name is told as a group."""


@dataclass(frozen=True)
class Slice:
    """Some of the test clips.

    Args:
        name: What they share, such as `female`.
        clips: How many different clips they are.
        rows: [R], which predictions were made on them; more than `clips` where there are several
            seeds. An interval is to be made from these.
        classes: Indices of the classes that occur among them.
        ua: Mean recall over the classes that occur, 0 to 1.
        wa: Share of predictions that are right.
    """

    name: str
    clips: int
    rows: NDArray[np.int64]
    classes: tuple[int, ...]
    ua: float
    wa: float


@dataclass(frozen=True)
class Slicing:
    """The test clips divided by one thing that clips share.

    Args:
        by: What it is, such as `gender`.
        slices: By name; clips of which it is not known are the slice `(unknown)`.
        worst: The slice with the least UA, the first by name where several have it; None where
            there is nothing to choose from.
        note: Why there is no worst one, how many slices were too small to be it, and whether
            slices differ in their classes, so that their UA is no fair comparison; may be ''.
    """

    by: str
    slices: tuple[Slice, ...]
    worst: Slice | None
    note: str = ""


def slice_by(
    by: str,
    values: Mapping[str, str],
    clips: Sequence[str],
    labels: Array,
    scores: Array,
    least: int = LEAST,
) -> Slicing:
    """Divide predictions by what their clips share.

    Args:
        by: What it is called.
        values: Clip id -> what it has of it; '' or absent where that is not known.
        clips: [B], the clip of each prediction; it stands once for every seed.
        labels: [B] class indices.
        scores: [B, N].
        least: Clips that the worst slice must have.

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or a score is not finite.
    """
    labels, predicted = predictions(labels, scores)
    rows: dict[str, list[int]] = {}
    for row, clip in enumerate(clips):
        rows.setdefault(values.get(clip) or UNKNOWN, []).append(row)
    slices = tuple(
        _slice(name, np.array(rows[name]), clips, labels, predicted) for name in sorted(rows)
    )
    if len(slices) == 1:
        return Slicing(by, slices, None, f"all clips are {slices[0].name}")
    large = [s for s in slices if s.clips >= least]
    if not large:
        return Slicing(by, slices, None, f"no slice has {least} clips")
    notes = []
    if small := len(slices) - len(large):
        notes.append(f"{small} of {len(slices)} slices have fewer than {least} clips")
    if len({s.classes for s in large}) > 1:
        notes.append("they have different classes, so that UA is no fair comparison")
    return Slicing(by, slices, min(large, key=lambda s: s.ua), "; ".join(notes))


def _slice(
    name: str, rows: NDArray[np.int64], clips: Sequence[str], labels: Array, predicted: Array
) -> Slice:
    own, said = labels[rows], predicted[rows]
    present = np.unique(own)
    return Slice(
        name=name,
        clips=len({clips[row] for row in rows}),
        rows=rows,
        classes=tuple(present.tolist()),
        ua=float(recall_score(own, said, labels=present, average="macro")),
        wa=float(accuracy_score(own, said)),
    )


def shared(records: Sequence[Record]) -> dict[str, dict[str, str]]:
    """What test clips share: speaker, every group, and the quarter by length; clip id -> value."""
    found: dict[str, dict[str, str]] = {"speaker": {}}
    seconds: dict[str, float] = {}
    for record in records:
        each = zip(record.clips, record.speakers, record.groups, record.seconds, strict=True)
        for clip, speaker, groups, length in each:
            found["speaker"][clip] = speaker
            for key, value in groups.items():
                name = f"group {key}" if key in OWN else key
                found.setdefault(name, {})[clip] = value
            if length is not None:
                seconds[clip] = length
    if seconds:
        found["length"] = quarters(seconds)
    return {key: values for key, values in found.items() if any(values.values())}


def quarters(seconds: Mapping[str, float]) -> dict[str, str]:
    """Clip id -> which quarter of the clips it is in by length; equal lengths stay together.

    Where so many clips are equally long that no clip falls between two limits, there are fewer
    than four.
    """
    limits = np.quantile(list(seconds.values()), [0.25, 0.5, 0.75])
    a, b, c = (f"{limit:.2f}" for limit in limits)
    names = (f"1: to {a} s", f"2: {a} to {b} s", f"3: {b} to {c} s", f"4: over {c} s")
    return {clip: names[int(np.searchsorted(limits, length))] for clip, length in seconds.items()}
