"""Pearson's correlation."""

import numpy as np

from mertk_plugins.metrics._cells import Array
from mertk_plugins.metrics._ratings import OverDimensions, constant


def correlation(labels: Array, scores: Array) -> float:
    """Pearson's r of two arrays [B]."""
    return 0.0 if constant(labels, scores) else float(np.corrcoef(labels, scores)[0, 1])


class Pearson(OverDimensions):
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

    higher_is_better = True
    bounds = (-1.0, 1.0)
    measure = staticmethod(correlation)
