"""Small sets of predictions for the tests of statistics."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[Any]


class Accuracy:
    """The share of clips that are right, offered both ways."""

    higher_is_better = True
    bounds = (0.0, 1.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        return float((scores.argmax(-1) == labels).mean())

    def from_confusion(self, counts: Array) -> Array:
        return counts.trace(axis1=-2, axis2=-1) / counts.sum((-2, -1))


class Slow:
    """Any metric, without what makes it fast."""

    higher_is_better = True

    def __init__(self, metric: Any) -> None:
        self._metric = metric

    def __call__(self, labels: Array, scores: Array) -> float:
        return float(self._metric(labels, scores))


def one_hot(predicted: Any, classes: int) -> Array:
    """[..., N] scores whose largest is at the predicted class."""
    return np.eye(classes)[np.asarray(predicted)]


def rights(table: Array, clips: int) -> tuple[Array, Array, Array]:
    """Labels, scores [S, B, 2] and clusters: cluster g with seed s has `table[g, s]` clips right.

    All clusters have the same number of clips.
    """
    groups = len(table)
    right = np.arange(clips)[None, None] < np.asarray(table).T[:, :, None]
    labels = np.zeros(groups * clips, dtype=int)
    predicted = (~right).astype(int).reshape(right.shape[0], -1)
    return labels, one_hot(predicted, 2), np.repeat(np.arange(groups), clips)


@st.composite
def comparisons(draw: st.DrawFn, most_seeds: int = 3) -> dict[str, Array]:
    """Labels, clusters nested in folds, and the scores of two systems."""
    clips = draw(st.integers(2, 40))
    classes = draw(st.integers(2, 4))
    seeds = draw(st.integers(1, most_seeds))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clusters = random.integers(draw(st.integers(1, 8)), size=clips)
    folds = clusters % draw(st.integers(1, 3))
    labels = random.integers(classes, size=clips)
    skill = draw(st.sampled_from([0.0, 1.0, 9.0]))
    first, second = (
        one_hot(labels, classes) * skill + random.normal(size=(seeds, clips, classes))
        for _ in range(2)
    )
    return {
        "labels": labels,
        "clusters": clusters,
        "folds": folds,
        "first": first,
        "second": draw(st.sampled_from([first, second])),
    }
