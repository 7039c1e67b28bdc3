"""Predictions -> metrics."""

from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mertk.contracts import KnowsChance, Metric


def judge(metric: Metric, labels: NDArray[Any], scores: NDArray[np.float32]) -> float:
    """One metric of one set of predictions, which it may look at and not change.

    Args:
        metric: The metric.
        labels: [B] class indices, or [B, N] of another target.
        scores: [B, N].
    """
    seen = labels.view(), scores.view()
    for array in seen:
        array.flags.writeable = False
    return float(metric(*seen))


def score(
    metrics: Mapping[str, Metric], labels: NDArray[Any], scores: NDArray[np.float32]
) -> dict[str, float]:
    """Every metric of one set of predictions.

    Args:
        metrics: By name.
        labels: [B] class indices, or [B, N] of another target.
        scores: [B, N].
    """
    return {name: judge(metric, labels, scores) for name, metric in metrics.items()}


def chance(metrics: Mapping[str, Metric], num_classes: int) -> dict[str, float]:
    """What guessing comes to, for those of the metrics that say it as a number."""
    told = {
        name: float(metric.chance(num_classes))
        for name, metric in metrics.items()
        if isinstance(metric, KnowsChance)
    }
    return {name: level for name, level in told.items() if isfinite(level)}


def summary(values: Sequence[float]) -> dict[str, object]:
    """Mean and sample standard deviation (None below two values) over trials, and the values.

    A score that does not exist (NaN, infinity) is None, and so are mean and deviation then.
    """
    exist = all(map(isfinite, values))
    return {
        "mean": fmean(values) if values and exist else None,
        "std": stdev(values) if len(values) > 1 and exist else None,
        "values": [v if isfinite(v) else None for v in values],
    }
