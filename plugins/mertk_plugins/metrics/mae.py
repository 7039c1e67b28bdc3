"""MAE, mean absolute error."""

import numpy as np

from mertk_plugins.metrics._cells import Array
from mertk_plugins.metrics._ratings import OverDimensions


def distance(labels: Array, scores: Array) -> float:
    """Mean absolute difference of two arrays [B]."""
    return float(np.abs(labels - scores).mean())


class MAE(OverDimensions):
    """Mean absolute error, in the units of the ratings.

        MAE = mean over clips of  |score - rating|

    Mean over dimensions, each over the clips that are rated on it; NaN where no clip is.

    Source: scikit-learn, `mean_absolute_error`.

    Args:
        dimension: Only this one.
        outputs: The names of the dimensions.

    Raises:
        ValueError: There is no such dimension; or there are no clips, shapes do not fit, or a score
            is not finite.
    """

    higher_is_better = False
    bounds = (0.0, float("inf"))
    measure = staticmethod(distance)
