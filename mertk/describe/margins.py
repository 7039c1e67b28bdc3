"""How far the score of a slice can be trusted."""

from collections.abc import Mapping

import numpy as np

from mertk.contracts import Metric
from mertk.describe.slices import UNKNOWN, Slicing
from mertk.pooled import Pooled
from mertk.stats import Interval, design, interval


def margins(
    slicing: Slicing, values: Mapping[str, str], pooled: Pooled, metric: Metric
) -> dict[str, Interval]:
    """The interval of each slice's score, over the folds that every seed has finished.

    Speakers and fits are taken for drawn by chance, as for all clips together; what a slice is too
    small for, its interval says. A slice without a clip in these folds has none.

    Args:
        slicing: The slices.
        values: Clip id -> the slice it is in, as `shared` tells it.
        pooled: One system.
        metric: Scores the clips of a slice as if there were no others.
    """
    names = np.array([values.get(clip) or UNKNOWN for clip in pooled.clips])
    found = {}
    for each in slicing.slices:
        rows = np.flatnonzero(names == each.name)
        if len(rows):
            whole = pooled.design
            part = design(whole.labels[rows], whole.clusters[rows], whole.folds[rows])
            found[each.name] = interval(metric, part, pooled.scores[0][:, rows])
    return found
