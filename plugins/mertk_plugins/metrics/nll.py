"""NLL, negative log-likelihood."""

from mertk.describe.calibration import cross_entropy
from mertk_plugins.metrics._predictions import Array


class NLL:
    """Negative log-likelihood, or cross-entropy: how surprising the labels are, in nats.

        NLL = - mean over clips of  log p(label)

    0 where every label was certain; log N for N classes alike. A probability of 0, to which single
    precision rounds what is below 1e-38, counts as 1e-38: one such clip costs 87 nats.

    Source: Good, "Rational Decisions", Journal of the Royal Statistical Society B 14, 1952.
    Differs: scikit-learn's `log_loss` counts what is below the precision's epsilon as epsilon.

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or the scores are no
            probabilities.
    """

    higher_is_better = False
    bounds = (0.0, float("inf"))

    def __call__(self, labels: Array, scores: Array) -> float:
        """The cross-entropy of [B, N] probabilities and [B] class indices, 0 or more."""
        return cross_entropy(labels, scores)
