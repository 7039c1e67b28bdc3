"""Micro F1 of labels."""

import numpy as np

from mertk.contracts import TargetKind
from mertk_plugins.metrics._cells import Array, decisions, f1


class MicroF1:
    """F1 over all labels of all clips together, where a clip may have several.

        F1 = 2 TP / (2 TP + FP + FN)

    A label is said where its probability is one half or more; what nobody rated does not count. 0
    where no label is there and none is said; NaN where nothing is rated.

    Source: scikit-learn, `f1_score(average="micro")`.

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
        together = [part[rated][:, None] for part in (true, said, rated)]
        return float(f1(*together)[0]) if rated.any() else float(np.nan)
