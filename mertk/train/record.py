"""What a fit leaves: every epoch, and what is kept of the one that the recipe's rule picks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mertk.contracts import Metric

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Args:
        number: From 1.
        losses: Mean training losses by name, unweighted; `total` is what was minimised.
        lr: The learning rate after it.
        valid: The selection metric on the clips that choose.
        test: The selection metric on the test clips; only `select: {on: test}` looks at it.
    """

    number: int
    losses: Mapping[str, float]
    lr: float
    valid: float
    test: float


@dataclass
class Fit:
    """A finished fit.

    Args:
        history: Every epoch.
        scores: Test scores after every epoch, each [B, N], probabilities.
        selected: Number of the epoch that the recipe's rule picks.
        valid: Scores of the clips that choose, [B, N], at that epoch.
        weights: State of the model at that epoch, where it is kept.
        seconds: Spent by processes that were stopped, on the epochs that are kept of them.
    """

    history: list[Epoch] = field(default_factory=list)
    scores: list[Scores] = field(default_factory=list)
    selected: int = 0
    valid: Scores = field(default_factory=lambda: np.empty((0, 0), np.float32))
    weights: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0

    def take(
        self,
        epoch: Epoch,
        scores: Scores,
        valid: Scores,
        metric: Metric,
        model: nn.Module | None,
    ) -> None:
        """Add an epoch; keep its validation scores if the metric prefers it to all before.

        Its weights too, where a model is given.
        """
        best = self.history[self.selected - 1].valid if self.selected else math.nan
        if not self.selected or _better(epoch.valid, best, metric):
            self.selected, self.valid = epoch.number, valid
            self.weights = {k: _kept(v) for k, v in model.state_dict().items()} if model else {}
        self.history.append(epoch)
        self.scores.append(scores)


def _better(new: float, best: float, metric: Metric) -> bool:
    """Whether a score is better than the best so far; any number is better than none."""
    if math.isnan(best):
        return not math.isnan(new)
    return new > best if metric.higher_is_better else new < best


def _kept(weight: Tensor) -> Tensor:
    return weight.detach().cpu().clone(memory_format=torch.contiguous_format)
