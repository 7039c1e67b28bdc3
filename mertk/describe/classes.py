"""What becomes of each class: confusion matrix, recall, precision, F1."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from mertk.describe.arrays import Array, predictions


@dataclass(frozen=True)
class ClassFigures:
    """One class.

    Args:
        name: Its name.
        clips: How many predictions were made on clips of it.
        predicted: How many predictions name it.
        recall: Of `clips`, the share that is predicted as it; None where there is no such clip.
        precision: Of `predicted`, the share that is right; None where it is never predicted.
        f1: Their harmonic mean; 0 where it either occurs or is predicted and never both rightly;
            None where it neither occurs nor is predicted.
    """

    name: str
    clips: int
    predicted: int
    recall: float | None
    precision: float | None
    f1: float | None


def confusion(labels: Array, scores: Array) -> NDArray[np.int64]:
    """Predictions by true class (rows) and predicted class (columns): [N, N].

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or a score is not finite.
    """
    labels, predicted = predictions(labels, scores)
    matrix: NDArray[np.int64] = confusion_matrix(
        labels, predicted, labels=np.arange(np.shape(scores)[1])
    )
    return matrix


def per_class(labels: Array, scores: Array, names: Sequence[str]) -> tuple[ClassFigures, ...]:
    """Every class in the order of its index, those that do not occur too.

    Args:
        labels: [B] class indices.
        scores: [B, N].
        names: [N].

    Raises:
        ValueError: As `confusion`; or there are not N names.
    """
    labels, predicted = predictions(labels, scores)
    count = np.shape(scores)[1]
    if len(names) != count:
        raise ValueError(f"names: {len(names)} do not name {count} classes ({', '.join(names)})")
    precision, recall, f1, clips = precision_recall_fscore_support(
        labels, predicted, labels=np.arange(count), zero_division=np.nan
    )
    named = np.bincount(predicted, minlength=count)
    return tuple(
        ClassFigures(
            name=name,
            clips=int(clips[i]),
            predicted=int(named[i]),
            recall=_or_none(recall[i]),
            precision=_or_none(precision[i]),
            f1=_or_none(f1[i]),
        )
        for i, name in enumerate(names)
    )


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
