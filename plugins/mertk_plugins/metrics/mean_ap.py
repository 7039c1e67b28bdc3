"""Mean average precision of labels."""

import numpy as np
from sklearn.metrics import average_precision_score

from mertk.contracts import TargetKind
from mertk_plugins.metrics._cells import Array, cells, decisions


class MeanAP:
    """Average precision averaged over labels: how well clips are ranked by each, 0 to 1.

        AP = sum over thresholds k of  (recall(k) - recall(k - 1)) precision(k)

    No threshold has to be chosen. What nobody rated does not count; the mean runs over the labels
    that occur; NaN where none does.

    Source: scikit-learn, `average_precision_score`.

    Raises:
        ValueError: There are no clips, shapes do not fit, a label is neither 0 nor 1, or a score no
            probability.
    """

    targets: tuple[TargetKind, ...] = ("labels",)
    higher_is_better = True
    bounds = (0.0, 1.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The score of [B, N] probabilities against [B, N] labels, from 0 to 1."""
        true, _, rated = decisions(labels, scores)
        _, scores = cells(labels, scores)
        found = [
            average_precision_score(true[known, each], scores[known, each])
            for each, known in enumerate(rated.T)
            if true[:, each].any()
        ]
        return float(np.mean(found)) if found else float(np.nan)
