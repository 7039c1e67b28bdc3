"""The model of one recipe: trained encoders, fusion, classifier and auxiliary tasks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

from mertk.contracts import (
    Fusion,
    Recomputing,
    Step,
    Stream,
    Streams,
    TargetKind,
    Vectors,
    has_frozen_front,
)
from mertk.errors import Fault, RecipeError
from mertk.objective import CrossEntropy, Objective, Unstandardize, objective
from mertk.pairing import bind
from mertk.resolved import Resolved
from mertk.seeds import derive, drawing
from mertk.streams import ChannelDropout, ModalityDropout, Standardize


@dataclass(frozen=True)
class Output:
    """What the model makes of a batch.

    Args:
        logits: [B, N].
        fused: The fusion's vectors, [B, dims] by stream name.
        losses: Scalars by name, `emotion` and each task's; unweighted; empty without labels.
        total: The weighted sum that is minimised; None without labels.
        shared: What the tasks gave away, by name.
    """

    logits: Tensor
    fused: Vectors
    losses: Mapping[str, Tensor] = field(default_factory=dict)
    total: Tensor | None = None
    shared: Mapping[str, Any] = field(default_factory=dict)


class Model(nn.Module):
    """Streams -> logits, and in training the losses.

    Args:
        encoders: Trained encoders by stream name.
        prepare: What happens to a stream after its encoder, by stream name.
        drop: What happens to all streams before the fusion.
        fusion: The fusion.
        tasks: Auxiliary tasks in order.
        weights: Each task's share of the total; 0 leaves its loss out, the task still provides.
        head: The fused vectors side by side -> logits [B, N].
        objective: The emotion loss, and what the logits say.
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        prepare: Mapping[str, nn.Module],
        drop: nn.Module,
        fusion: Fusion,
        tasks: Mapping[str, nn.Module],
        weights: Mapping[str, float],
        head: nn.Module,
        objective: Objective = CrossEntropy(),  # noqa: B008 - it is frozen
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(encoders)
        self.prepare = nn.ModuleDict(prepare)
        self.drop = drop
        self.fusion: Fusion = fusion
        self.tasks = nn.ModuleDict(tasks)
        self.weights = dict(weights)
        self.head = head
        self.objective = objective

    def forward(
        self, streams: Streams, labels: Tensor | None = None, seed: int | None = None
    ) -> Output:
        """Run on [B, T, ...] streams; with labels the losses come too.

        A stream is what its encoder gave where that is frozen; where it is trained, what its front
        gave if that is frozen, and what it loads otherwise. With a seed the encoders draw from it.
        """
        return self.conclude(self.run_encoders(streams, seed), labels)

    def run_encoders(self, streams: Streams, seed: int | None = None) -> Streams:
        """Streams behind their encoders: [B, T, C] by name.

        Args:
            streams: As `forward` takes them.
            seed: What trained encoders draw from, torch's generators being left as they were; None
                leaves it to those.
        """
        if seed is None or not self.encoders:
            return {name: self._encode(name, stream) for name, stream in streams.items()}
        with drawing(seed, next(iter(streams.values())).x.device):
            return self.run_encoders(streams)

    def conclude(self, encoded: Streams, labels: Tensor | None = None) -> Output:
        """Run on what `run_encoders` gave; with [B] labels the losses come too."""
        return self.classify(self._arranged(encoded), labels)

    def encode(self, streams: Streams) -> Streams:
        """What the fusion and the tasks see: [B, T, C] by name."""
        return self._arranged(self.run_encoders(streams))

    def classify(self, encoded: Streams, labels: Tensor | None = None) -> Output:
        """Run on what `encode` gave; with [B] labels the losses come too."""
        fused, fuse_with = bind(self.fusion, encoded)
        logits = self.head(torch.cat(list(fused.values()), dim=-1))
        if labels is None:
            return Output(logits, fused)
        emotion = self.objective.loss(logits, labels)
        losses = {"emotion": emotion}
        total = emotion
        shared: dict[str, Any] = {}
        for name, task in self.tasks.items():
            loss = task(Step(encoded, fused, labels, self.fusion, fuse_with, shared))
            shared |= loss.shared
            losses[name] = loss.value
            if self.weights[name]:
                total = total + self.weights[name] * loss.value
        return Output(logits, fused, losses, total, shared)

    def _encode(self, name: str, stream: Stream) -> Stream:
        if name in self.encoders:
            encoder: Any = self.encoders[name]
            stream = encoder.back(stream) if has_frozen_front(encoder) else encoder(stream)
        return stream

    def _arranged(self, encoded: Streams) -> Streams:
        """Standardized, with channels and streams dropped."""
        ready = {n: self.prepare[n](s) if n in self.prepare else s for n, s in encoded.items()}
        arranged: Streams = self.drop(ready)
        return arranged


def build(
    resolved: Resolved,
    dims: Mapping[str, int],
    num_classes: int,
    seed: int,
    scales: Mapping[str, tuple[Tensor, Tensor]] | None = None,
    *,
    rehearsal: bool = False,
    target: TargetKind = "classes",
    label_scale: tuple[Tensor, Tensor] | None = None,
) -> Model:
    """Construct the model of a recipe, each part from its own seed.

    Args:
        resolved: The checked recipe.
        dims: Each stream's channels C after its encoder.
        num_classes: N.
        seed: The trial's.
        scales: Mean and spread [C] over the training clips of each stream that is standardized.
        rehearsal: Leave the trained encoders out: their weights may take long to load.
        target: What is predicted.
        label_scale: Mean and spread [N] of the training labels, where outputs are ratings: the head
            starts there, whatever the units.

    Raises:
        RecipeError: A component refuses its arguments.
    """
    recipe = resolved.recipe
    _check_names(resolved)
    supplies: dict[str, Any] = {"dims": dict(dims), "num_classes": num_classes}

    def part(where: str) -> nn.Module:
        own = derive(seed, where)
        with drawing(own):
            built: nn.Module = resolved.build(where, **supplies, trial_seed=own)
        return built

    dropped = recipe.train.modality_dropout
    trained = [n for n, spec in recipe.encoders.items() if spec.train and not rehearsal]
    encoders = {name: part(f"encoders.{name}") for name in trained}
    if recipe.train.checkpoint_activations:
        _recompute(encoders.values(), resolved.source)
    fusion: Any = part("fusion")
    supplies["fused_dims"] = fused_dims = _fused_dims(fusion, resolved)
    tasks = {name: part(f"tasks.{name}") for name in recipe.tasks}
    with drawing(derive(seed, "head")):
        classifier = nn.Linear(sum(fused_dims.values()), num_classes)
    return Model(
        encoders=encoders,
        prepare=_prepare(resolved, scales or {}),
        drop=ModalityDropout(dropped) if dropped else nn.Identity(),
        fusion=fusion,
        tasks=tasks,
        weights={name: spec.weight for name, spec in recipe.tasks.items()},
        head=nn.Sequential(
            nn.Dropout(recipe.head.dropout),
            classifier,
            *([Unstandardize(*label_scale)] if label_scale else []),
        ),
        objective=objective(target, recipe.train),
    )


def _prepare(
    resolved: Resolved, scales: Mapping[str, tuple[Tensor, Tensor]]
) -> dict[str, nn.Module]:
    made: dict[str, nn.Module] = {}
    for name, spec in resolved.recipe.encoders.items():
        steps: list[nn.Module] = []
        if name in scales:
            steps.append(Standardize(*scales[name]))
        if spec.channel_dropout:
            steps.append(ChannelDropout(spec.channel_dropout))
        if steps:
            made[name] = nn.Sequential(*steps)
    return made


def _recompute(encoders: Iterable[nn.Module], source: str) -> None:
    """Have the trained encoders that can do it compute their activations again."""
    try:
        for encoder in encoders:
            if isinstance(encoder, Recomputing):
                encoder.checkpoint_activations()
    except ValueError as error:
        fault = Fault("train.checkpoint_activations", str(error))
        raise RecipeError(source, [fault]) from error


def _fused_dims(fusion: Any, resolved: Resolved) -> dict[str, int]:
    dims = getattr(fusion, "dims", None)
    told: dict[str, Any] = dict(dims) if isinstance(dims, Mapping) else {}
    if not told or not all(isinstance(n, Integral) and int(n) > 0 for n in told.values()):
        what = f"{resolved.recipe.fusion.use!r} does not say its `dims` {{stream: channels}}"
        raise RecipeError(resolved.source, [Fault("fusion", f"{what}; its author must mend it")])
    return told


def _check_names(resolved: Resolved) -> None:
    """Refuse names that torch's modules have attributes of, and those of the model's own losses."""
    taken = nn.ModuleDict()
    recipe = resolved.recipe
    sections = (("encoders", recipe.encoders), ("tasks", recipe.tasks))
    faults = [
        Fault(f"{section}.{name}", "torch keeps this name for itself; choose another")
        for section, parts in sections
        for name in parts
        if hasattr(taken, name)
    ]
    faults += [
        Fault(f"tasks.{name}", "a loss of the model itself has this name; choose another")
        for name in ("emotion", "total")
        if name in recipe.tasks
    ]
    if faults:
        raise RecipeError(resolved.source, faults)
