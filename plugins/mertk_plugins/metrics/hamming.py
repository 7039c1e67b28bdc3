"""Hamming loss of labels."""

import numpy as np

from mertk.contracts import TargetKind
from mertk_plugins.metrics._cells import Array, decisions


class Hamming:
    """Hamming loss: the share of all labels of all clips that are wrong, 0 to 1.

    A label is said where its probability is one half or more; what nobody rated does not count. NaN
    where nothing is rated.

    Source: scikit-learn, `hamming_loss`.

    Raises:
        ValueError: There are no clips, shapes do not fit, a label is neither 0 nor 1, or a score no
            probability.
    """

    targets: tuple[TargetKind, ...] = ("labels",)
    higher_is_better = False
    bounds = (0.0, 1.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The loss of [B, N] probabilities against [B, N] labels, from 0 to 1."""
        true, said, rated = decisions(labels, scores)
        wrong = (true != said)[rated]
        return float(wrong.mean()) if len(wrong) else float(np.nan)
