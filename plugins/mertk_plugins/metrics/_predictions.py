"""From scores to predicted classes, refusing what has no answer; averages over classes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def predictions(labels: Array, scores: Array) -> tuple[Array, Array]:
    """Return the labels and the class with the largest score of each clip, both [B].

    Args:
        labels: [B] class indices.
        scores: [B, N].

    Raises:
        ValueError: There are no clips, the shapes or indices do not fit, or a score is not finite.
    """
    labels, scores = np.asarray(labels), np.asarray(scores)
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(
            f"scores: shape {scores.shape} does not fit labels of shape {labels.shape}; "
            "[B, N] scores and [B] labels are needed"
        )
    if not labels.size:
        raise ValueError("labels: there is no clip to score (got 0)")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels: class indices are integers (got {labels.dtype})")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise ValueError(
            f"labels: class indices run from 0 to {scores.shape[1] - 1} "
            f"(got {labels.min()} to {labels.max()})"
        )
    if not np.isfinite(scores).all():
        wrong = int((~np.isfinite(scores)).any(1).sum())
        raise ValueError(f"scores: not finite for {wrong} of {len(scores)} clips")
    return labels, scores.argmax(1)


def mean_over_classes(score: Callable[..., Any], labels: Array, scores: Array) -> float:
    """Average one of scikit-learn's scores over the classes that occur among the labels.

    Args:
        score: Of each class, such as `recall_score`; takes `labels` and `average`.
        labels: [B] class indices.
        scores: [B, N].

    Raises:
        ValueError: As `predictions`.
    """
    labels, predicted = predictions(labels, scores)
    return float(score(labels, predicted, labels=np.unique(labels), average="macro"))
