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
        fused: The fusion's vectors of the test clips at that epoch, [B, C].
        weights: State of the model at that epoch, where it is kept.
        before: What `mertk.insight` saw in the untrained model.
        after: What it saw at the selected epoch.
        seconds: Spent by processes that were stopped, on the epochs that are kept of them.
    """

    history: list[Epoch] = field(default_factory=list)
    scores: list[Scores] = field(default_factory=list)
    selected: int = 0
    valid: Scores = field(default_factory=lambda: np.empty((0, 0), np.float32))
    fused: Tensor = field(default_factory=lambda: torch.empty(0, 0))
    weights: dict[str, Tensor] = field(default_factory=dict)
    before: dict[str, Tensor] = field(default_factory=dict)
    after: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0

    def take(self, epoch: Epoch, scores: Scores, metric: Metric) -> bool:
        """Add an epoch; tell whether the metric prefers it, on the validation clips, to all before.

        Whoever trains then keeps the rest of it.
        """
        best = self.history[self.selected - 1].valid if self.selected else math.nan
        preferred = not self.selected or _better(epoch.valid, best, metric)
        if preferred:
            self.selected = epoch.number
        self.history.append(epoch)
        self.scores.append(scores)
        return preferred


def state_of(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the model's state on the CPU."""
    return {k: _kept(v) for k, v in model.state_dict().items()}


def _better(new: float, best: float, metric: Metric) -> bool:
    """Whether a score is better than the best so far; any number is better than none."""
    if math.isnan(best):
        return not math.isnan(new)
    return new > best if metric.higher_is_better else new < best


def _kept(weight: Tensor) -> Tensor:
    return weight.detach().cpu().clone(memory_format=torch.contiguous_format)
