"""ECE, expected calibration error."""

from mertk.describe.calibration import reliability
from mertk_plugins.metrics._predictions import Array


class ECE:
    """Expected calibration error: how far apart being sure and being right are, 0 to 1.

        ECE = sum over bins b of  (clips in b / clips) |accuracy of b - mean confidence of b|

    A clip falls into a bin by its confidence, the probability of the predicted class; the bins
    divide (0, 1] evenly. 0 does not mean good: class priors for every clip are well calibrated. It
    is biased upward where there are few clips.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Args:
        bins: How many.

    Raises:
        ValueError: `bins` is below 1; or there are no clips, shapes or indices do not fit, or the
            scores are no probabilities.
    """

    higher_is_better = False
    bounds = (0.0, 1.0)

    def __init__(self, bins: int = 15) -> None:
        if bins < 1:
            raise ValueError(f"bins: at least 1 is needed ({bins})")
        self.bins = bins

    def __call__(self, labels: Array, scores: Array) -> float:
        """The error of [B, N] probabilities against [B] class indices."""
        return reliability(labels, scores, self.bins).ece
