"""Brier score."""

import numpy as np

from mertk_plugins.metrics._predictions import Array, probabilities


class Brier:
    """Brier score: mean squared distance of the probabilities from the truth, 0 to 2.

        Brier = mean over clips of  sum over classes c of  (p(c) - [c is the label])^2

    Source: Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather
    Review 78(1), 1950.
    Differs: scikit-learn's `brier_score_loss` halves it where there are two classes.

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or the scores are no
            probabilities.
    """

    higher_is_better = False
    bounds = (0.0, 2.0)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The score of [B, N] probabilities against [B] class indices."""
        labels, shares = probabilities(labels, scores)
        truth = np.eye(shares.shape[1])[labels]
        return float(np.square(shares - truth).sum(1).mean())
