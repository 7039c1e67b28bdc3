"""One system's score under resampling: from confusion matrices where the metric can, else by
calling it on the drawn clips."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mertk.contracts import Counting, Metric
from mertk.stats.design import Array, Design, Floats


class Scorer(Protocol):
    """The scores of one system, a number per seed."""

    @property
    def replicates(self) -> int:
        """How many replicates are affordable."""

    def whole(self) -> Floats:
        """[S] of all clips."""

    def resampled(self, weights: Floats) -> Floats:
        """[R, S] where cluster g is counted `weights[r, g]` times; NaN where there is no score."""

    def swapped(self) -> Floats:
        """[F, S, S'] of all clips scored by the fits of seed S', but those of fold F by seed S."""


def scorer(metric: Metric, design: Design, scores: Array) -> Scorer:
    """The quickest way to score this metric again and again.

    Args:
        metric: With `from_confusion`, confusion matrices are weighted; otherwise it is called.
        design: The clips.
        scores: [S, B, ...] by seed; for class indices, [S, B, N].

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.
    """
    scores = np.asarray(scores)
    if scores.ndim < 2 or scores.shape[1] != len(design.labels) or not len(scores):
        raise ValueError(
            f"scores: shape {scores.shape} does not fit {len(design.labels)} clips; "
            "[S, B, ...] with at least one seed is needed"
        )
    if not np.isfinite(scores).all():
        raise ValueError(
            f"scores: {int((~np.isfinite(scores)).sum())} of {scores.size} are not finite"
        )
    if isinstance(metric, Counting):
        return Counted(metric, design, scores)
    return Called(metric, design, scores)


class Counted:
    """By weighted sums of the clusters' confusion matrices. See `Scorer`."""

    replicates: Final = 10_000

    def __init__(self, metric: Counting, design: Design, scores: Array) -> None:
        labels, classes = design.labels, scores.shape[-1]
        if scores.ndim != 3 or labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"scores: shape {scores.shape} with labels of shape {labels.shape} and type "
                f"{labels.dtype}; [S, B, N] scores and [B] class indices are needed"
            )
        if labels.min() < 0 or labels.max() >= classes:
            raise ValueError(
                f"labels: class indices run from 0 to {classes - 1} "
                f"(got {labels.min()} to {labels.max()})"
            )
        self._score = metric.from_confusion
        predicted = scores.argmax(-1)
        self._by_cluster = tally(design.clusters, labels, predicted, classes)
        self._by_fold = tally(design.folds, labels, predicted, classes)

    def whole(self) -> Floats:
        """See `Scorer`."""
        return self._score(self._by_cluster.sum(0))

    def resampled(self, weights: Floats) -> Floats:
        """See `Scorer`."""
        return self._score(np.tensordot(weights, self._by_cluster, 1))

    def swapped(self) -> Floats:
        """See `Scorer`."""
        rest = self._by_fold.sum(0) - self._by_fold
        return self._score(rest[:, None] + self._by_fold[:, :, None])


def tally(groups: NDArray[np.intp], labels: Array, predicted: Array, classes: int) -> Floats:
    """Confusion matrices [G, S, N, N] of the groups [B] of clips, for predictions [S, B]."""
    count = int(groups.max()) + 1
    cells = (groups * classes + labels) * classes + predicted
    sums = [np.bincount(row, minlength=count * classes**2) for row in cells]
    shape = (len(predicted), count, classes, classes)
    return np.stack(sums).reshape(shape).swapaxes(0, 1).astype(np.float64)


class Called:
    """By calling the metric on the clips that were drawn. See `Scorer`."""

    replicates: Final = 1_000

    def __init__(self, metric: Metric, design: Design, scores: Array) -> None:
        self._metric, self._design, self._scores = metric, design, scores
        order = np.argsort(design.clusters, kind="stable")
        self._members = np.split(order, np.cumsum(np.bincount(design.clusters))[:-1])

    def whole(self) -> Floats:
        """See `Scorer`."""
        return np.array([self._of(self._design.labels, s) for s in self._scores])

    def resampled(self, weights: Floats) -> Floats:
        """See `Scorer`."""
        drawn = map(self._rows, weights.astype(int))
        labels = self._design.labels
        return np.array([[self._of(labels[rows], s[rows]) for s in self._scores] for rows in drawn])

    def _rows(self, counts: NDArray[np.int_]) -> Array:
        drawn = np.repeat(np.arange(len(counts)), counts)
        return np.concatenate([self._members[cluster] for cluster in drawn])

    def _of(self, labels: Array, scores: Array) -> float:
        try:
            return float(self._metric(labels, scores))
        except ValueError:  # how a metric says that these clips have no score
            return float("nan")

    def swapped(self) -> Floats:
        """See `Scorer`."""
        seeds = len(self._scores)
        found = np.empty((self._design.fold_count, seeds, seeds))
        for fold, own, other in np.ndindex(found.shape):
            of_fold = self._design.folds == fold
            mixed = self._scores[other].copy()
            mixed[of_fold] = self._scores[own][of_fold]
            found[fold, own, other] = self._of(self._design.labels, mixed)
        return found
