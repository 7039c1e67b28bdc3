"""The interval of one system's score."""

from dataclasses import replace

import numpy as np

from mertk.contracts import Bounded, Metric
from mertk.stats.design import Array, Design
from mertk.stats.infer import Bootstrap, Interval, infer
from mertk.stats.scorers import scorer


def interval(
    metric: Metric, design: Design, scores: Array, how: Bootstrap | None = None
) -> Interval:
    """The interval of a system's score over other clusters, and other fits where that can be told.

        estimate +- t(df) sqrt(V),  V and df from `mertk.stats.variance`

    Percentile and BCa intervals of the same bootstrap hold the truth too seldom with the 10 to 24
    speakers that this field has; `benchmarks/coverage.py` measures it.

    Args:
        metric: Fast if it offers `from_confusion`. Where it has `bounds`, (low, high), the
            interval does not go beyond them.
        design: The clips.
        scores: [S, B, ...] by seed; for class indices, [S, B, N].
        how: To resample.

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.
    """
    units, covers, notes = drawn_from(design, len(scores))
    found = infer(units, [scorer(metric, units, scores)], how or Bootstrap())
    low, high = metric.bounds if isinstance(metric, Bounded) else (-np.inf, np.inf)
    return replace(
        found,
        covers_training=covers,
        notes=(*notes, *found.notes),
        low=None if found.low is None else max(found.low, low),
        high=None if found.high is None else min(found.high, high),
    )


def drawn_from(design: Design, seeds: int) -> tuple[Design, bool, tuple[str, ...]]:
    """What is to be drawn, whether that covers training again, and what to say about it.

    Clips that one fit scored share its luck. Several seeds show how large that is. With one seed
    only other folds do, so folds are drawn in place of the clusters they hold; where that is
    impossible, it stays unknown.
    """
    if seeds > 1:
        two = seeds == 2 and design.fold_count == 1
        return design, True, ("two fits in all: they say little about training again",) * two
    joined = design.joined()
    if joined is not None:
        return joined, True, ("one seed: folds are drawn, since only they tell fits apart",)
    where = "one fold" if design.fold_count == 1 else "clusters that lie in several folds"
    return design, False, (f"one seed and {where}: leaves out what training again would change",)
