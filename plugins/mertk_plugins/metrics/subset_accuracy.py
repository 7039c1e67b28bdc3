"""Subset accuracy of labels."""

import numpy as np

from mertk.contracts import TargetKind
from mertk_plugins.metrics._cells import Array, decisions


class SubsetAccuracy:
    """The share of clips whose labels are all right, 0 to 1.

    A label is said where its probability is one half or more. Of a clip, only what is rated counts;
    a clip on which nothing is does not. NaN where that leaves no clip.

    Source: scikit-learn, `accuracy_score` of indicators.

    Raises:
        ValueError: There are no clips, shapes do not fit, a label is neither 0 nor 1, or a score no
            probability.
    """

    targets: tuple[TargetKind, ...] = ("labels",)
    higher_is_better = True
    bounds = (0.0, 1.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The share for [B, N] probabilities against [B, N] labels."""
        true, said, rated = decisions(labels, scores)
        right = ((true == said) | ~rated).all(1)[rated.any(1)]
        return float(right.mean()) if len(right) else float(np.nan)
