"""Whether a model that is sure is right: reliability curve, ECE, cross-entropy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mertk.describe.arrays import Array, probabilities


@dataclass(frozen=True)
class Reliability:
    """How often the predicted class is right, by how sure the model is of it: M even bins.

    Args:
        edges: [M + 1], from 0 to 1; a bin holds (lower, upper], the first one 0 too.
        clips: [M], how many predictions fall into each.
        confidence: [M], their mean probability of the predicted class; NaN in an empty bin.
        accuracy: [M], the share of them that is right; NaN in an empty bin.
    """

    edges: NDArray[np.float64]
    clips: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def ece(self) -> float:
        """Expected calibration error, 0 to 1: mean |accuracy - confidence| over predictions."""
        filled = self.clips > 0
        gaps = np.abs(self.accuracy - self.confidence)[filled]
        return float(gaps @ self.clips[filled] / self.clips.sum())


def reliability(labels: Array, scores: Array, bins: int = 15) -> Reliability:
    """The reliability curve of the predicted class.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Args:
        labels: [B] class indices.
        scores: [B, N] probabilities.
        bins: How many, at least 1.

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or the scores are no
            probabilities.
    """
    labels, shares = probabilities(labels, scores)
    confidence, right = shares.max(1), shares.argmax(1) == labels
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence) - 1, 0, bins - 1)
    clips = np.bincount(place, minlength=bins)
    divisor = np.where(clips > 0, clips, np.nan)
    return Reliability(
        edges=edges,
        clips=clips,
        confidence=np.bincount(place, confidence, bins) / divisor,
        accuracy=np.bincount(place, right, bins) / divisor,
    )


def cross_entropy(labels: Array, scores: Array) -> float:
    """Mean of minus the logarithm of the probability of the true class, in nats.

    A probability of 0, to which single precision rounds what is below 1e-38, counts as 1e-38: one
    such clip costs 87 nats and not infinity.

    Raises:
        ValueError: As `reliability`.
    """
    labels, shares = probabilities(labels, scores)
    own = shares[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean())
