"""Temperature scaling: one number, fitted on validation clips, that mends how sure a model is."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from mertk.describe.arrays import Array, probabilities
from mertk.describe.calibration import cross_entropy

LIMITS: Final = (0.05, 20.0)


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature.

    Args:
        value: Above 1 where the model was too sure, below 1 where it was not sure enough.
        at_limit: Whether the best one lies at or beyond `LIMITS`, as when every validation clip is
            right: it is then no measurement.
        clips: How many validation clips it rests on.
    """

    value: float
    at_limit: bool
    clips: int

    def apply(self, scores: Array) -> NDArray[np.float64]:
        """Probabilities [B, N] at this temperature; the predicted classes stay the same."""
        return _tempered(np.asarray(scores, np.float64), self.value)


def fit_temperature(labels: Array, scores: Array) -> Temperature:
    """The temperature T at which validation clips have the least cross-entropy.

        p_T(class) = softmax over classes of  log p(class) / T

    Where no temperature is better than 1, as with scores that are alike for every class, it is 1.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Args:
        labels: [B] class indices of validation clips, never of test clips.
        scores: [B, N] probabilities.

    Raises:
        ValueError: There are no clips, shapes or indices do not fit, or the scores are no
            probabilities.
    """
    labels, shares = probabilities(labels, scores)

    def cost(value: float) -> float:
        return cross_entropy(labels, _tempered(shares, value))

    low, high = map(math.log, LIMITS)
    found = minimize_scalar(
        lambda log_value: cost(math.exp(log_value)),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-6},
    )
    # The search stops short of its limits; the first of equals is taken.
    best = min((1.0, *LIMITS, math.exp(found.x)), key=lambda value: round(cost(value), 9))
    return Temperature(best, best in LIMITS, len(labels))


def _tempered(shares: NDArray[np.float64], value: float) -> NDArray[np.float64]:
    logits = np.log(np.maximum(shares, np.finfo(np.float32).tiny))
    tempered: NDArray[np.float64] = softmax(logits / value, axis=1)
    return tempered
