"""One fit: every epoch is trained, validated and tested; the rule picks one afterwards."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn

from mertk.contracts import Metric
from mertk.data import ClipData
from mertk.insight import look
from mertk.model import Model
from mertk.recipe import Train
from mertk.sampling import epoch_batches
from mertk.score import judge
from mertk.seeds import derive, drawing
from mertk.train.checkpoint import Checkpoint
from mertk.train.device import accelerator, repeatable
from mertk.train.optim import optimizer, scheduler
from mertk.train.predict import Said, predict
from mertk.train.record import Epoch, Fit, state_of
from mertk.train.relay import Relay
from mertk.train.resume import resume, state
from mertk.train.team import ALONE, Team


class TrainingError(Exception):
    """A trial cannot go on; the other trials can."""


@dataclass(frozen=True)
class Parts:
    """Rows of the data, each [B].

    Args:
        train: Which train.
        valid: Which choose the epoch.
        test: Which are scored.
        shown: Which test clips pictures are made of, those of one class side by side; may be none.
    """

    train: Tensor
    valid: Tensor
    test: Tensor
    shown: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))


def fit(
    model: Model,
    data: ClipData,
    parts: Parts,
    settings: Train,
    metric: Metric,
    *,
    seed: int,
    device: torch.device,
    precision: str = "fp32",
    team: Team = ALONE,
    checkpoint: Checkpoint | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> Fit:
    """Train a model and record every epoch.

    Args:
        model: As `mertk.model.build` made it.
        data: The clips.
        parts: Which of them train, choose and test.
        settings: The recipe's `train`.
        metric: Ranks epochs by their validation clips.
        seed: The trial's.
        device: Where.
        precision: `fp32`, `bf16` or `fp16`.
        team: The processes that train it together; all come to the same.
        checkpoint: Where the state is kept between epochs, if anywhere.
        advance: Called with numbers of epochs that are done; those that a checkpoint holds come
            first, at once.

    Raises:
        TrainingError: A loss or a score is not finite.
    """
    with repeatable(device), drawing(seed):
        machine = accelerator(device, precision)
        loop = Loop(machine, model, data, parts, settings, seed, team)
        done = resume(loop, checkpoint)
        advance(len(done.history))
        if not done.history:
            done.before = loop.look()
        try:
            for number in range(len(done.history) + 1, settings.epochs + 1):
                epoch, test, valid = loop.epoch(number, metric)
                if done.take(epoch, test.scores, metric):
                    done.valid, done.fused, done.after = valid.scores, test.fused, loop.look()
                    kept = settings.keep_weights and team.main
                    done.weights = state_of(model) if kept else {}
                advance(1)
                mine = checkpoint if team.main else None
                if mine and mine.due(last=number == settings.epochs):
                    mine.write(state(loop, done))
        finally:
            machine.free_memory()
    return done


class Loop:
    """The moving parts of one fit."""

    def __init__(
        self,
        machine: Accelerator,
        model: Model,
        data: ClipData,
        parts: Parts,
        settings: Train,
        seed: int,
        team: Team = ALONE,
    ) -> None:
        self.machine, self.data, self.parts = machine, data, parts
        self.settings, self.seed, self.team = settings, seed, team
        self.began = time.monotonic()
        self.batches_per_epoch = len(self._batches(1))
        tuned = optimizer(model, settings)
        schedule = scheduler(tuned, settings, settings.epochs * self.batches_per_epoch)
        self.bare = model
        # Evaluation mode: gradients are joined by the team, which knows whose they are.
        self.model = machine.prepare_model(model, evaluation_mode=True)
        self.optimizer = machine.prepare(tuned)
        team.align(model)
        cut = team.size > 1 or settings.micro_batch is not None
        self.relay = (
            Relay(model, data, machine, team, settings.micro_batch)
            if cut and model.encoders
            else None
        )
        self.shared = _trained(model.encoders)
        known = {id(parameter) for parameter in self.shared}
        self.copied = [p for p in _trained(model) if id(p) not in known]
        # Not prepared: accelerate would step it once per process and skip steps it should not.
        self.schedule = schedule

    def epoch(self, number: int, metric: Metric) -> tuple[Epoch, Said, Said]:
        """Train one epoch, then run on the test and the validation clips."""
        torch.manual_seed(derive(self.seed, "epoch", number))
        losses = self._train(number)
        lr = float(self.optimizer.param_groups[0]["lr"])
        test = self._predict(self.parts.test)
        same = self.parts.valid is self.parts.test
        valid = test if same else self._predict(self.parts.valid)
        on_valid = judge(metric, self._labels(self.parts.valid), valid.scores)
        on_test = judge(metric, self._labels(self.parts.test), test.scores)
        return Epoch(number, losses, lr, on_valid, on_test), test, valid

    def _train(self, number: int) -> dict[str, float]:
        self.model.train()
        sums: dict[str, Tensor] = {}
        batches = self._batches(number)
        try:
            for place, rows in enumerate(batches):
                losses = self.step(rows, derive(self.seed, "encoders", number, place))
                for name, value in losses.items():
                    sums[name] = sums[name] + value if name in sums else value
        except RuntimeError:
            # Weights that are no numbers any more make operations fail in ways that hide the cause.
            if self.team.failed_together():
                _check_finite(number, sums, self.team)
            raise
        return {k: v / len(batches) for k, v in _check_finite(number, sums, self.team).items()}

    def step(self, rows: Tensor, seed: int = 0) -> dict[str, Tensor]:
        """Take one step of the optimiser and of its schedule; tells the losses by name.

        Args:
            rows: [B] of the data, on the CPU.
            seed: What trained encoders draw from.
        """
        device = self.machine.device
        labels = self.data.labels[rows].to(device, non_blocking=True)
        if self.relay:
            output = self.relay.learn(rows, labels, seed)
        else:
            streams = {k: s.to(device) for k, s in self.data.batch(rows).streams.items()}
            output = self.model(streams, labels, seed=seed)
            self.machine.backward(output.total)
        self.team.join_gradients(self.shared, self.copied)
        if self.settings.clip_grad is not None:
            self.machine.clip_grad_norm_(self.model.parameters(), self.settings.clip_grad)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        assert output.total is not None
        losses = {**output.losses, "total": output.total}
        return {name: value.detach() for name, value in losses.items()}

    def _batches(self, number: int) -> Sequence[Tensor]:
        return epoch_batches(
            self.parts.train,
            self.data.labels,
            self.data.lengths,
            batch_size=self.settings.batch_size,
            balanced=self.settings.balanced,
            bucket=self.settings.buckets,
            seed=self.seed,
            epoch=number,
        )

    def look(self) -> dict[str, Tensor]:
        """See into the model as it is now; draws nothing that training draws from."""
        if not len(self.parts.shown) or not self.team.main:
            return {}
        with drawing(self.seed):
            return look(self.bare, self.data.batch(self.parts.shown), self.machine.device)

    def _predict(self, rows: Tensor) -> Said:
        """Scores that are no numbers would still have a largest one."""
        device = self.machine.device
        size = self.settings.batch_size
        said = predict(self.model, self.data, rows, size, device, self.relay)
        if self.team.any(not np.isfinite(said.scores).all()):
            raise TrainingError(
                "the scores are not finite; a smaller train.lr, train.clip_grad or "
                "train.weight_decay may help"
            )
        return said

    def _labels(self, rows: Tensor) -> NDArray[Any]:
        return self.data.labels[rows].numpy()


def _trained(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def _check_finite(number: int, sums: Mapping[str, Tensor], team: Team) -> dict[str, float]:
    """The sums as numbers: the one place in an epoch where the host waits for the device."""
    if not sums:
        return {}
    values = torch.stack([v.float() for v in sums.values()]).tolist()
    found = dict(zip(sums, values, strict=True))
    if team.any(not all(math.isfinite(v) for v in values)):
        told = ", ".join(f"{k} {v:.4g}" for k, v in found.items())
        raise TrainingError(
            f"epoch {number}: a training loss is not finite (sums: {told}); a smaller train.lr, "
            "train.clip_grad or train.precision=fp32 may help"
        )
    return found
