"""Pearson's correlation."""

from collections.abc import Sequence

import numpy as np

from mertk.contracts import TargetKind
from mertk_plugins.metrics._cells import Array
from mertk_plugins.metrics._ratings import column, constant, over_dimensions


class Pearson:
    """Pearson's correlation of ratings and scores, whatever their level and scale, -1 to 1.

        r = cov(x, y) / sqrt(var(x) var(y))

    Mean over dimensions, each over the clips that are rated on it; NaN where no clip is. 0 where
    labels or scores do not vary.

    Source: NumPy, `corrcoef`.
    Differs: NumPy and SciPy have no value where one side does not vary.

    Args:
        dimension: Only this one.
        outputs: The names of the dimensions.

    Raises:
        ValueError: There is no such dimension; or there are no clips, shapes do not fit, or a score
            is not finite.
    """

    targets: tuple[TargetKind, ...] = ("dimensions",)
    higher_is_better = True
    bounds = (-1.0, 1.0)

    def __init__(self, dimension: str | None = None, outputs: Sequence[str] = ()) -> None:
        self.column = column(dimension, outputs)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The correlation of [B, N] scores with [B, N] ratings."""
        return over_dimensions(correlation, labels, scores, self.column)


def correlation(labels: Array, scores: Array) -> float:
    """Pearson's r of two arrays [B]."""
    return 0.0 if constant(labels, scores) else float(np.corrcoef(labels, scores)[0, 1])
