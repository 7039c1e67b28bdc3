"""CCC, concordance correlation coefficient."""

import numpy as np

from mertk_plugins.metrics._cells import Array
from mertk_plugins.metrics._ratings import OverDimensions, constant


def concordance(labels: Array, scores: Array) -> float:
    """CCC of two arrays [B]."""
    if constant(labels, scores):
        return 0.0
    apart = (labels.mean() - scores.mean()) ** 2
    shared = np.mean((labels - labels.mean()) * (scores - scores.mean()))
    return float(2 * shared / (labels.var() + scores.var() + apart))


class CCC(OverDimensions):
    """Concordance correlation coefficient: correlation that also asks for the right level, -1 to 1.

        CCC = 2 cov(x, y) / (var(x) + var(y) + (mean(x) - mean(y))^2)

    with variances over B, not B - 1. Mean over dimensions, each over the clips that are rated on
    it; NaN where no clip is. 0 where labels or scores do not vary.

    Source: Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", Biometrics
    45(1), 1989.

    Args:
        dimension: Only this one.
        outputs: The names of the dimensions.

    Raises:
        ValueError: There is no such dimension; or there are no clips, shapes do not fit, or a score
            is not finite.
    """

    higher_is_better = True
    bounds = (-1.0, 1.0)
    measure = staticmethod(concordance)
