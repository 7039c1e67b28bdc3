"""Macro F1 of labels."""

import numpy as np

from mertk.contracts import TargetKind
from mertk_plugins.metrics._cells import Array, decisions, f1


class LabelF1:
    """F1 averaged over labels, whatever their sizes, where a clip may have several.

        F1_n = 2 TP_n / (2 TP_n + FP_n + FN_n),  score = mean over n of  F1_n

    A label is said where its probability is one half or more; what nobody rated does not count. The
    mean runs over the labels that occur; NaN where none does.

    Source: scikit-learn, `f1_score(average="macro")` of indicators.
    Differs: scikit-learn counts a label that does not occur as 0.

    Raises:
        ValueError: There are no clips, shapes do not fit, a label is neither 0 nor 1, or a score no
            probability.
    """

    targets: tuple[TargetKind, ...] = ("labels",)
    higher_is_better = True
    bounds = (0.0, 1.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The score of [B, N] probabilities against [B, N] labels, from 0 to 1."""
        true, said, rated = decisions(labels, scores)
        found = f1(true, said, rated)[true.any(0)]
        return float(found.mean()) if len(found) else float(np.nan)
