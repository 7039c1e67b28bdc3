"""The model of one recipe: trained encoders, fusion, classifier and auxiliary tasks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

from mertk.contracts import Fusion, Step, Stream, Streams, TargetKind, Vectors, has_frozen_front
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

    def forward(self, streams: Streams, labels: Tensor | None = None) -> Output:
        """Run on [B, T, ...] streams; with labels the losses come too.

        A stream is what its encoder gave where that is frozen; where it is trained, what its front
        gave if that is frozen, and what it loads otherwise.
        """
        return self.classify(self.encode(streams), labels)

    def encode(self, streams: Streams) -> Streams:
        """What the fusion and the tasks see: [B, T, C] by name."""
        encoded: Streams = self.drop({name: self._encode(name, s) for name, s in streams.items()})
        return encoded

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
        if name in self.prepare:
            stream = self.prepare[name](stream)
        return stream


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
