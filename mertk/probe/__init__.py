"""The first steps of a recipe's training, watched: what no gradient reaches cannot be learned."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from mertk.data import ClipData
from mertk.errors import Fault, MertkError, RecipeError
from mertk.model import Model, build
from mertk.probe.sample import Sample, take
from mertk.probe.watch import Watch
from mertk.recipe import Train
from mertk.resolved import Resolved
from mertk.seeds import drawing
from mertk.sources import Encoders
from mertk.train.device import accelerator, repeatable
from mertk.train.fit import Loop, Parts
from mertk.variants import Variant

BY_THESE_CLIPS: Final = "learns nothing from these clips, though it does from noise"
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


def probe(variants: Sequence[Variant]) -> Probed:
    """Train a recipe for a few steps on a few clips, or on noise where its corpus cannot be opened.

    Runs on the processor in single precision, through the very step that a run takes.

    Args:
        variants: The full recipe, then others: what these show is a note.

    Raises:
        RecipeError: A part refuses its arguments, its weights are not there, or its code fails.
    """
    encoders = Encoders(variants)
    full, *others = variants
    faults, notes = _watch(full, encoders)
    for variant in others:
        beside, _ = _watch(variant, encoders)
        notes += [f"{variant.name}: {fault}" for fault in beside if fault not in faults]
    return Probed(tuple(faults), tuple(notes))


def _watch(variant: Variant, encoders: Encoders) -> tuple[list[Fault], list[str]]:
    resolved = variant.resolved
    sample = take(variant, encoders)
    try:
        with repeatable(torch.device("cpu")), drawing(resolved.recipe.train.seeds[0]):
            found, notes = _probe(resolved, sample)
            if found and not sample.blind:
                again, _ = _probe(resolved, sample.noisy(_frozen(resolved)))
                found, idle = _both(found, again)
                notes += [f"{BY_THESE_CLIPS}: {', '.join(idle)}"] if idle else []
    except MertkError:
        raise
    except (Exception, SystemExit) as error:  # a component's code
        first = str(error).partition("\n")[0]
        fault = Fault("", f"the first steps of training fail: {type(error).__name__}: {first}")
        raise RecipeError(resolved.source, [fault]) from error
    return found, [*sample.notes, *notes]


def _both(found: Sequence[Fault], again: Sequence[Fault]) -> tuple[list[Fault], list[str]]:
    """What is found on clips and on noise, and where something is found on the clips alone.

    Attention to a stream of one step has nothing to choose, for example: that is how the clips
    are, and no fault of the recipe.
    """
    places = {fault.where for fault in again}
    return (
        [fault for fault in found if fault.where in places],
        [fault.where for fault in found if fault.where not in places],
    )


def _frozen(resolved: Resolved) -> list[str]:
    return [name for name, spec in resolved.recipe.encoders.items() if not spec.train]


def _probe(resolved: Resolved, sample: Sample) -> tuple[list[Fault], list[str]]:
    """What the first steps on a sample show: faults by place, and notes."""
    recipe, rows = resolved.recipe, torch.arange(len(sample.labels))
    data = ClipData(tuple(map(str, rows.tolist())), sample.labels, sample.inputs)
    settings = recipe.train.model_copy(
        update={
            "epochs": max(recipe.train.epochs, STEPS + 1),
            "batch_size": len(rows),
            "micro_batch": None,  # cut in pieces, no graph leads from the losses to the encoders
        }
    )
    model = _model(resolved, sample, rows)
    watch = Watch(model, _frozen(resolved))
    machine, rates = accelerator(torch.device("cpu"), "fp32"), []
    try:
        loop = Loop(machine, model, data, Parts(rows, rows, rows), settings, recipe.train.seeds[0])
        model.train()
        for _ in range(STEPS):
            rates.append([group["lr"] for group in loop.optimizer.param_groups])
            loop.step(rows)
        held = [p for group in loop.optimizer.param_groups for p in group["params"]]
    finally:
        machine.free_memory()
    faults = {*watch.faults(held), *_schedule(recipe.train, rates, sample.steps)}
    return sorted(faults, key=lambda fault: fault.where), list(watch.notes())


def _model(resolved: Resolved, sample: Sample, rows: Tensor) -> Model:
    scales = {}
    for name, spec in resolved.recipe.encoders.items():
        if spec.standardize:
            mean, std = sample.inputs[name].mean_and_std(rows)
            scales[name] = (mean.float(), std.float())
    seed = resolved.recipe.train.seeds[0]
    return build(
        resolved,
        sample.dims,
        sample.classes,
        seed,
        scales,
        rehearsal=sample.blind,
        target=sample.target,
        label_scale=sample.label_scale,
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
