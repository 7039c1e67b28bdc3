"""Labels and scores of several outputs per clip, as their metrics are given them: checked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def cells(labels: Array, scores: Array) -> tuple[Array, Array]:
    """Return labels and scores in double precision, both [B, N]; NaN marks what nobody rated.

    Raises:
        ValueError: There are no clips, the shapes do not fit, or a number is not finite.
    """
    labels, scores = np.asarray(labels, np.float64), np.asarray(scores, np.float64)
    if labels.ndim != 2 or labels.shape != scores.shape:
        raise ValueError(
            f"scores: shape {scores.shape} does not fit labels of shape {labels.shape}; "
            "both must be [B, N]"
        )
    if not labels.size:
        raise ValueError("labels: there is no clip to score (got 0)")
    for name, values in (("labels", labels[~np.isnan(labels)]), ("scores", scores)):
        if not np.isfinite(values).all():
            wrong = int((~np.isfinite(values)).sum())
            raise ValueError(f"{name}: {wrong} of {values.size} are not finite")
    return labels, scores


def decisions(labels: Array, scores: Array) -> tuple[Array, Array, Array]:
    """What is so, what is said, and whether it was rated: bool [B, N] each.

    A label is said where its probability is one half or more.

    Raises:
        ValueError: As `cells`; or a label is neither 0 nor 1, or a score no probability.
    """
    labels, scores = cells(labels, scores)
    rated = ~np.isnan(labels)
    if not np.isin(labels[rated], (0, 1)).all():
        raise ValueError("labels: must be 0 or 1, or NaN where nobody rated")
    if scores.min() < 0 or scores.max() > 1:
        raise ValueError(
            f"scores: probabilities run from 0 to 1 (got {scores.min():g} to {scores.max():g})"
        )
    return labels == 1, scores >= 0.5, rated


def f1(true: Array, said: Array, rated: Array) -> Array:
    """F1 of each label: [N]; 0 where a label is neither there nor said.

    scikit-learn's `f1_score` says the same a hundred times more slowly, and intervals ask for it a
    thousand times.
    """
    right = (true & said & rated).sum(0)
    either = (true & rated).sum(0) + (said & rated).sum(0)
    shares: Array = np.divide(2 * right, either, out=np.zeros(len(either)), where=either > 0)
    return shares
