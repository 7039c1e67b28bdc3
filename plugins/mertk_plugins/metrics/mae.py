"""MAE, mean absolute error."""

from collections.abc import Sequence

import numpy as np

from mertk.contracts import TargetKind
from mertk_plugins.metrics._cells import Array
from mertk_plugins.metrics._ratings import column, over_dimensions


class MAE:
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

    targets: tuple[TargetKind, ...] = ("dimensions",)
    higher_is_better = False
    bounds = (0.0, float("inf"))

    def __init__(self, dimension: str | None = None, outputs: Sequence[str] = ()) -> None:
        self.column = column(dimension, outputs)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The error of [B, N] scores against [B, N] ratings."""
        return over_dimensions(distance, labels, scores, self.column)


def distance(labels: Array, scores: Array) -> float:
    """Mean absolute difference of two arrays [B]."""
    return float(np.abs(labels - scores).mean())
