"""What training minimises for each kind of target, and what the head's outputs then say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mertk.contracts import TargetKind
from mertk.recipe import LOSS, Train

TINY: Final = 1e-8
"""Keeps CCC a number where neither side varies."""


class Objective(Protocol):
    """The emotion loss and the scores of one kind of target."""

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """A scalar from outputs [B, N] and labels, [B] or [B, N]."""

    def scores(self, logits: Tensor) -> Tensor:
        """What metrics are given: [B, N]."""


@dataclass(frozen=True)
class CrossEntropy:
    """Classes: softmax and cross-entropy.

    Args:
        smoothing: Share given to all classes alike.
    """

    smoothing: float = 0.0

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Against [B] class indices."""
        return F.cross_entropy(logits, labels, label_smoothing=self.smoothing)

    def scores(self, logits: Tensor) -> Tensor:
        """Class probabilities."""
        return logits.softmax(-1)


@dataclass(frozen=True)
class Rating:
    """Dimensions: the outputs are the ratings.

    Args:
        measure: How far they are from the labels.
    """

    measure: Literal["ccc", "mse", "mae"] = LOSS

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Against [B, N] ratings, NaN where there is none; mean over the dimensions that are rated.

        0 where nothing is. In single precision at least.
        """
        rated = ~labels.isnan()
        said, true = _where(rated, _single(logits)), _where(rated, _single(labels))
        per_dimension = MEASURES[self.measure](said, true, rated)
        known = rated.any(0)
        return _where(known, per_dimension).sum() / known.sum().clamp(min=1)

    def scores(self, logits: Tensor) -> Tensor:
        """The ratings, in the units of the labels."""
        return logits


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """Labels: a sigmoid and a binary cross-entropy for each."""

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Against [B, N] of 0 and 1, NaN where nobody said; mean over what is rated, 0 if nothing.

        In single precision at least.
        """
        rated = ~labels.isnan()
        logits, true = _single(logits), _where(rated, _single(labels))
        each = F.binary_cross_entropy_with_logits(logits, true, reduction="none")
        return _where(rated, each).sum() / rated.sum().clamp(min=1)

    def scores(self, logits: Tensor) -> Tensor:
        """The probability of each label."""
        return logits.sigmoid()


def objective(kind: TargetKind, settings: Train) -> Objective:
    """What a recipe's `train` minimises for a kind of target."""
    made: Mapping[TargetKind, Objective] = {
        "classes": CrossEntropy(settings.label_smoothing),
        "dimensions": Rating(settings.loss or LOSS),
        "labels": BinaryCrossEntropy(),
    }
    return made[kind]


class Unstandardize(nn.Module):
    """Outputs in the units of the labels: `x * spread + mean`, so that units do not matter.

    Args:
        mean: [N], of the training labels.
        spread: [N], their standard deviation.
    """

    def __init__(self, mean: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.mean: Tensor
        self.spread: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """[B, N] -> [B, N]."""
        return x * self.spread + self.mean


def _ccc(said: Tensor, true: Tensor, rated: Tensor) -> Tensor:
    """1 - CCC of each dimension over its rated clips: [N].

    CCC = 2 cov / (var + var + (difference of means)^2); 0, without a gradient, where the labels do
    not vary.

    Source: Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", Biometrics
    45(1), 1989.
    """
    count = rated.sum(0).clamp(min=1)
    means = [x.sum(0) / count for x in (said, true)]
    a, b = (_where(rated, x - mean) for x, mean in zip((said, true), means, strict=True))
    apart = (a.square() + b.square()).sum(0) / count + (means[0] - means[1]).square()
    return 1 - 2 * ((a * b).sum(0) / count) / (apart + TINY)


def _mse(said: Tensor, true: Tensor, rated: Tensor) -> Tensor:
    return (said - true).square().sum(0) / rated.sum(0).clamp(min=1)


def _mae(said: Tensor, true: Tensor, rated: Tensor) -> Tensor:
    return (said - true).abs().sum(0) / rated.sum(0).clamp(min=1)


MEASURES: Final[Mapping[str, Callable[[Tensor, Tensor, Tensor], Tensor]]] = {
    "ccc": _ccc,
    "mse": _mse,
    "mae": _mae,
}


def _where(keep: Tensor, values: Tensor) -> Tensor:
    """The values, 0 where they are not to be kept: what is not rated gives no gradient."""
    return torch.where(keep, values, torch.zeros((), dtype=values.dtype, device=values.device))


def _single(x: Tensor) -> Tensor:
    """Half precision as single: sums of squares fall out of its range."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
