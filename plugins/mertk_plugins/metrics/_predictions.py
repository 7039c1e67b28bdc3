"""What metrics are given, checked; averages over classes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mertk.describe.arrays import Array, predictions, probabilities

__all__ = ["Array", "mean_over_classes", "predictions", "probabilities"]


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
