"""The first steps of a recipe's training, watched: what no gradient reaches cannot be learned."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch

from mertk.data import ClipData
from mertk.errors import Fault, MertkError, RecipeError
from mertk.model import build
from mertk.probe.sample import Sample, take
from mertk.probe.watch import Watch
from mertk.recipe import Train
from mertk.resolved import Resolved
from mertk.seeds import drawing
from mertk.sources import Encoders
from mertk.train.device import accelerator, repeatable
from mertk.train.fit import Loop, Parts
from mertk.variants import FULL, Variant

STEPS: Final = 3
"""A branch that begins at 0 passes its first gradient on after one step."""


@dataclass(frozen=True)
class Probed:
    """What the first steps showed.

    Args:
        faults: What cannot be learned, or does not move.
        notes: What could not be looked at, and what stands still on purpose.
    """

    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def probe(resolved: Resolved) -> Probed:
    """Train a recipe for a few steps on a few clips, or on noise where its corpus cannot be opened.

    Runs on the processor in single precision, through the very step that a run takes.

    Raises:
        RecipeError: A part refuses its arguments, or its weights are not there.
    """
    variant = Variant(FULL, resolved)
    encoders = Encoders([variant])
    sample = take(variant, encoders)
    try:
        with repeatable(torch.device("cpu")), drawing(resolved.recipe.train.seeds[0]):
            return _probe(resolved, sample)
    except MertkError:
        raise
    except (Exception, SystemExit) as error:  # a component's code
        first = str(error).partition("\n")[0]
        fault = Fault("", f"the first steps of training fail: {type(error).__name__}: {first}")
        raise RecipeError(resolved.source, [fault]) from error


def _probe(resolved: Resolved, sample: Sample) -> Probed:
    recipe, rows = resolved.recipe, torch.arange(len(sample.labels))
    seed = recipe.train.seeds[0]
    scales = {
        name: tuple(value.float() for value in sample.inputs[name].mean_and_std(rows))
        for name, spec in recipe.encoders.items()
        if spec.standardize
    }
    model = build(
        resolved,
        sample.dims,
        sample.classes,
        seed,
        scales,  # type: ignore[arg-type]  # a pair each
        rehearsal=sample.blind,
    )
    data = ClipData(tuple(map(str, rows.tolist())), sample.labels, sample.inputs)
    settings = recipe.train.model_copy(
        update={"epochs": max(recipe.train.epochs, STEPS + 1), "batch_size": len(rows)}
    )
    machine = accelerator(torch.device("cpu"), "fp32")
    rates = []
    try:
        watch = Watch(model, [n for n, spec in recipe.encoders.items() if not spec.train])
        loop = Loop(machine, model, data, Parts(rows, rows, rows), settings, seed)
        model.train()
        for _ in range(STEPS):
            rates.append([group["lr"] for group in loop.optimizer.param_groups])
            loop.step(data.batch(rows))
        held = [p for group in loop.optimizer.param_groups for p in group["params"]]
    finally:
        machine.free_memory()
    faults = [*watch.faults(held), *_schedule(recipe.train, rates, sample.steps)]
    return Probed(
        tuple(sorted(set(faults), key=lambda f: f.where)), (*sample.notes, *watch.notes())
    )


def _schedule(train: Train, rates: list[list[float]], steps: int | None) -> Iterator[Fault]:
    moves = train.schedule != "constant" or train.warmup > 0
    if moves and all(rate == rates[0] for rate in rates):
        where = "warmup" if train.schedule == "constant" else "schedule"
        what = f"the rate stays as it is: nobody steps it (got {getattr(train, where)})"
        yield Fault(f"train.{where}", what)
    if steps and train.schedule != "one_cycle" and math.ceil(train.warmup * steps) >= steps:
        what = f"takes all {steps} steps of a fit, so that the rate never gets to train.lr"
        yield Fault("train.warmup", f"{what} (got {train.warmup:g}); say less, or train longer")
