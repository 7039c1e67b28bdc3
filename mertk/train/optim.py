"""AdamW's parameter groups and the schedule of its learning rate."""

import math
from collections.abc import Iterator

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from mertk.recipe import Train


def optimizer(model: nn.Module, settings: Train) -> AdamW:
    """AdamW over what is trained; biases, norms and other vectors do not decay unless asked."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in _trained(model):
        own_rate = settings.encoder_lr if name.startswith("encoders.") else None
        decays = settings.decay_vectors or parameter.ndim >= 2
        key = (own_rate or settings.lr, settings.weight_decay if decays else 0.0)
        groups.setdefault(key, []).append(parameter)
    return AdamW(
        [{"params": p, "lr": lr, "weight_decay": decay} for (lr, decay), p in groups.items()],
        fused=True,  # one pass over the weights instead of a dozen
    )


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((n, p) for n, p in model.named_parameters() if p.requires_grad)


def scheduler(optimizer: AdamW, settings: Train, steps: int) -> LRScheduler:
    """The schedule, stepped once per optimiser step.

    Args:
        optimizer: Whose rate it drives.
        settings: `schedule` and `warmup` (share of all steps).
        steps: Optimiser steps of the whole fit.
    """
    if settings.schedule == "one_cycle":
        peaks = [group["lr"] for group in optimizer.param_groups]
        rising = settings.warmup or 0.3
        # Rates only: cycling the momentum too is for SGD.
        return OneCycleLR(
            optimizer, max_lr=peaks, total_steps=steps, pct_start=rising, cycle_momentum=False
        )
    warm = math.ceil(settings.warmup * steps)

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / (warm + 1)
        done = (step - warm) / max(steps - warm, 1)
        if settings.schedule == "cosine":
            return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        return 1.0 - min(done, 1.0) if settings.schedule == "linear" else 1.0

    return LambdaLR(optimizer, factor)
