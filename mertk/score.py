"""Predictions -> metrics."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray

from mertk.contracts import Metric


def score(
    metrics: Mapping[str, Metric], labels: NDArray[np.int64], scores: NDArray[np.float32]
) -> dict[str, float]:
    """Every metric of one set of predictions.

    Args:
        metrics: By name.
        labels: [B] class indices.
        scores: [B, N].
    """
    return {name: float(metric(labels, scores)) for name, metric in metrics.items()}


def summary(values: Sequence[float]) -> dict[str, object]:
    """Mean and sample standard deviation (None below two values) over trials, and the values."""
    return {
        "mean": fmean(values) if values else None,
        "std": stdev(values) if len(values) > 1 else None,
        "values": list(values),
    }
