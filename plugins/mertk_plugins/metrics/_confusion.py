"""Recalls and F1 of the classes from confusion matrices, many at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]
"""[..., N, N], rows being labels and columns predictions; whole numbers, at least one clip."""


def recalls(counts: Counts) -> Counts:
    """Recall of each class [..., N]; 0 where it has no clip."""
    return _share(counts.diagonal(axis1=-2, axis2=-1), counts.sum(-1))


def f1s(counts: Counts) -> Counts:
    """F1 of each class [..., N]; 0 where it has neither clips nor predictions."""
    right = counts.diagonal(axis1=-2, axis2=-1)
    return _share(2 * right, counts.sum(-1) + counts.sum(-2))


def mean_over_present(values: Counts, counts: Counts) -> Counts:
    """Mean [...] of the classes' values over the classes that have a clip."""
    present = counts.sum(-1) > 0
    mean: Counts = np.where(present, values, 0.0).sum(-1) / present.sum(-1)
    return mean


def _share(part: NDArray[Any], whole: NDArray[Any]) -> Counts:
    shares: Counts = np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)
    return shares
