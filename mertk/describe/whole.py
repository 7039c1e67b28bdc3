"""Kept predictions of one variant -> everything that can be said about them beyond its scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mertk.describe.calibration import Reliability, cross_entropy, reliability
from mertk.describe.classes import ClassFigures, confusion, per_class
from mertk.describe.slices import Slicing, shared, slice_by
from mertk.describe.temperature import Temperature, fit_temperature
from mertk.errors import MertkError
from mertk.records import Record


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be believed.

    Args:
        reliability: The curve, which also gives the ECE.
        cross_entropy: In nats.
    """

    reliability: Reliability
    cross_entropy: float


@dataclass(frozen=True)
class Description:
    """What the test predictions of some trials say, pooled over folds and seeds.

    Args:
        trials: How many trials.
        classes: Each class in the order of its index.
        confusion: [N, N] predictions by true (rows) and predicted class.
        calibration: As the models were trained.
        temperatures: Per trial, fitted on its own validation clips; empty where a trial has none.
        tempered: With every trial at its temperature; None where a trial has none.
        untempered: Why there are no temperatures; '' where there are.
        slices: By speaker, by each group of the corpus, and by length, as far as they are known.
    """

    trials: int
    classes: tuple[ClassFigures, ...]
    confusion: NDArray[np.int64]
    calibration: Calibration
    temperatures: tuple[Temperature, ...]
    tempered: Calibration | None
    untempered: str
    slices: tuple[Slicing, ...]


def describe(records: Sequence[Record], pick: str = "selected") -> Description:
    """Describe the test predictions of the trials of one variant.

    Args:
        records: The trials; every fold and seed counts as it is.
        pick: Which of the kept epochs; temperatures belong to `selected` only.

    Raises:
        MertkError: There is no trial, or they have different classes, or predict none.
    """
    names = _classes(records)
    parts = [record.predictions(pick) for record in records]
    labels = np.concatenate([own for own, _ in parts])
    scores = np.concatenate([said for _, said in parts])
    temperatures, untempered = _temperatures(records, pick)
    tempered = None
    if temperatures:
        said = [t.apply(own) for t, (_, own) in zip(temperatures, parts, strict=True)]
        tempered = _calibration(labels, np.concatenate(said))
    return Description(
        trials=len(records),
        classes=per_class(labels, scores, names),
        confusion=confusion(labels, scores),
        calibration=_calibration(labels, scores),
        temperatures=temperatures,
        tempered=tempered,
        untempered=untempered,
        slices=_slices(records, labels, scores),
    )


def _classes(records: Sequence[Record]) -> tuple[str, ...]:
    targets = {record.facts["corpus"].get("target", "classes") for record in records}
    if others := sorted(targets - {"classes"}):
        raise MertkError(
            f"describe: confusion, calibration and slices are of classes; these trials predict "
            f"{' and '.join(others)}"
        )
    found = {tuple(record.facts["corpus"]["classes"]) for record in records}
    if not found:
        raise MertkError("describe: there is no finished trial (0); run the recipe first")
    if len(found) > 1:
        told = " and ".join(", ".join(names) for names in sorted(found))
        raise MertkError(f"describe: trials with different classes cannot be pooled ({told})")
    return found.pop()


def _temperatures(records: Sequence[Record], pick: str) -> tuple[tuple[Temperature, ...], str]:
    """One per trial, or none and why."""
    if pick != "selected":
        return (), f"validation predictions are kept at the selected epoch, not at {pick!r}"
    try:
        kept = [record.validation() for record in records]
        return tuple(fit_temperature(v.labels, v.scores["selected"]) for v in kept), ""
    except (MertkError, ValueError) as error:  # there are none, or they cannot be fitted to
        return (), str(error)


def _calibration(
    labels: NDArray[np.int64], scores: NDArray[np.float32] | NDArray[np.float64]
) -> Calibration:
    return Calibration(reliability(labels, scores), cross_entropy(labels, scores))


def _slices(
    records: Sequence[Record], labels: NDArray[np.int64], scores: NDArray[np.float32]
) -> tuple[Slicing, ...]:
    tested = [clip for record in records for clip in record.clips]
    return tuple(
        slice_by(by, value, tested, labels, scores) for by, value in shared(records).items()
    )
