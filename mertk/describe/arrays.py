"""Labels and scores as every number here takes them; what has no answer is refused."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SUM_TOLERANCE: Final = 1e-3
"""How far a row of probabilities may be from 1 in all: half precision rounds that much."""


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


def probabilities(labels: Array, scores: Array) -> tuple[Array, NDArray[np.float64]]:
    """Return the labels [B] and the scores [B, N] as probabilities in double precision.

    Raises:
        ValueError: As `predictions`; or a row of scores is no distribution over the classes.
    """
    labels, _ = predictions(labels, scores)
    shares = np.asarray(scores, np.float64)
    wrong = (shares < 0).any(1) | (np.abs(shares.sum(1) - 1) > SUM_TOLERANCE)
    if wrong.any():
        row = shares[wrong][0]
        raise ValueError(
            f"scores: no probabilities for {int(wrong.sum())} of {len(shares)} clips (the first "
            f"runs from {row.min():g} to {row.max():g} and sums to {row.sum():g}); apply a softmax"
        )
    return labels, shares
