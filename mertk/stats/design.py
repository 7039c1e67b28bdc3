"""How the clips of a corpus hang together: clusters, folds, and what is drawn when resampling."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
BLOCK: Final = 1000
"""Replicates that are computed at once: fast, and small in memory with one cluster per clip."""


@dataclass(frozen=True, eq=False)
class Design:
    """The clips that all systems of a comparison were scored on. Made by `design`.

    Args:
        labels: [B, ...] what is true.
        clusters: [B] index of each clip's cluster (speaker, dialogue), from 0 without gaps.
        folds: [B] index of the fold in which each clip was scored, likewise.
    """

    labels: Array
    clusters: NDArray[np.intp]
    folds: NDArray[np.intp]

    @property
    def cluster_count(self) -> int:
        """How many clusters there are."""
        return int(self.clusters.max()) + 1

    @property
    def fold_count(self) -> int:
        """How many folds there are."""
        return int(self.folds.max()) + 1

    def joined(self) -> "Design | None":
        """The same clips with each fold as one cluster.

        None where that is no coarser grouping: there is one fold, or a cluster lies in several.
        """
        pairs = np.unique(np.stack([self.clusters, self.folds]), axis=1)
        if self.fold_count < 2 or pairs.shape[1] > self.cluster_count:
            return None
        return replace(self, clusters=self.folds)

    def classes_missing(self, weights: Floats) -> int:
        """In how many of [R, G] weightings a class that occurs has no clip; 0 without classes."""
        if self.labels.ndim != 1 or not np.issubdtype(self.labels.dtype, np.integer):
            return 0
        names, codes = np.unique(self.labels, return_inverse=True)
        has = np.zeros((self.cluster_count, len(names)))
        has[self.clusters, codes] = 1
        return int((weights @ has == 0).any(1).sum())


def design(
    labels: Array, clusters: Sequence[Any] | Array, folds: Sequence[Any] | Array | None = None
) -> Design:
    """Check and index what the clips belong to.

    Args:
        labels: [B, ...] what is true: class indices, or any target the metric takes.
        clusters: [B] names; clips of one cluster are not independent of each other. Clips whose
            speaker nobody knows need names of their own, or they are one cluster.
        folds: [B] names of the folds in which the clips were scored, that is, which fits they
            share; None where there is one fold.

    Raises:
        ValueError: There are no clips, or the lengths differ.
    """
    labels = np.asarray(labels)
    if not labels.size:
        raise ValueError("labels: there is no clip (got 0)")
    names = {"clusters": clusters, "folds": np.zeros(len(labels)) if folds is None else folds}
    codes = {}
    for name, values in names.items():
        if len(values) != len(labels):
            raise ValueError(
                f"{name}: {len(values)} names for {len(labels)} clips; each clip needs one"
            )
        codes[name] = np.unique(np.asarray(values), return_inverse=True)[1].astype(np.intp)
    return Design(labels, **codes)


def weightings(clusters: int, replicates: int, seed: int) -> Iterator[Floats]:
    """How often each cluster is drawn in each replicate, in blocks of [at most BLOCK, G].

    As many clusters as there are, with replacement: multinomial counts.
    """
    random = np.random.default_rng(seed)
    for start in range(0, replicates, BLOCK):
        rows = min(BLOCK, replicates - start)
        drawn = random.integers(clusters, size=(rows, clusters))
        drawn += clusters * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * clusters)
        yield counts.reshape(rows, clusters).astype(np.float64)
