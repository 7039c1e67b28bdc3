"""One fit: every epoch is trained, validated and tested; the rule picks one afterwards."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor

from mertk.contracts import Metric
from mertk.data import Batch, ClipData
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

log = logging.getLogger(__name__)

STATE = 3
"""Changed whenever a checkpoint holds other things: a fit that finds an older one starts anew."""


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
        checkpoint: Where the state is kept between epochs, if anywhere.
        advance: Called with numbers of epochs that are done; those that a checkpoint holds come
            first, at once.

    Raises:
        TrainingError: A loss or a score is not finite.
    """
    with repeatable(device), drawing(seed):
        machine = accelerator(device, precision)
        loop = Loop(machine, model, data, parts, settings, seed)
        done = loop.resume(checkpoint)
        advance(len(done.history))
        if not done.history:
            done.before = loop.look()
        try:
            for number in range(len(done.history) + 1, settings.epochs + 1):
                epoch, test, valid = loop.epoch(number, metric)
                if done.take(epoch, test.scores, metric):
                    done.valid, done.fused, done.after = valid.scores, test.fused, loop.look()
                    done.weights = state_of(model) if settings.keep_weights else {}
                advance(1)
                if checkpoint and checkpoint.due() and number < settings.epochs:
                    checkpoint.write(loop.state(done))
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
    ) -> None:
        self.machine, self.data, self.parts = machine, data, parts
        self.settings, self.seed = settings, seed
        self.began = time.monotonic()
        self.batches_per_epoch = len(self._batches(1))
        tuned = optimizer(model, settings)
        schedule = scheduler(tuned, settings, settings.epochs * self.batches_per_epoch)
        self.bare = model
        self.model, self.optimizer = machine.prepare(model, tuned)
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
            for rows in batches:
                losses = self.step(self.data.batch(rows))
                for name, value in losses.items():
                    sums[name] = sums[name] + value if name in sums else value
        except RuntimeError:
            # Weights that are no numbers any more make operations fail in ways that hide the cause.
            _check_finite(number, sums)
            raise
        return {k: v / len(batches) for k, v in _check_finite(number, sums).items()}

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Take one step of the optimiser and of its schedule; tells the losses by name."""
        device = self.machine.device
        streams = {k: s.to(device) for k, s in batch.streams.items()}
        output = self.model(streams, batch.labels.to(device))
        self.machine.backward(output.total)
        if self.settings.clip_grad is not None:
            self.machine.clip_grad_norm_(self.model.parameters(), self.settings.clip_grad)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
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
        if not len(self.parts.shown):
            return {}
        with drawing(self.seed):
            return look(self.bare, self.data.batch(self.parts.shown), self.machine.device)

    def _predict(self, rows: Tensor) -> Said:
        """Scores that are no numbers would still have a largest one."""
        device = self.machine.device
        said = predict(self.model, self.data, rows, self.settings.batch_size, device)
        if not np.isfinite(said.scores).all():
            raise TrainingError(
                "the scores are not finite; a smaller train.lr, train.clip_grad or "
                "train.weight_decay may help"
            )
        return said

    def _labels(self, rows: Tensor) -> NDArray[Any]:
        return self.data.labels[rows].numpy()

    def state(self, done: Fit) -> dict[str, Any]:
        """Everything that the next epoch rests on."""
        scaler = self.machine.scaler
        return {
            "made_by": self._maker(),
            "model": self.bare.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": scaler.state_dict() if scaler else {},
            "history": [asdict(e) for e in done.history],
            "scores": [torch.from_numpy(s) for s in done.scores],
            "selected": done.selected,
            "valid": torch.from_numpy(done.valid),
            "fused": done.fused,
            "weights": done.weights,
            "before": done.before,
            "after": done.after,
            "seconds": done.seconds + time.monotonic() - self.began,
        }

    def _maker(self) -> str:
        """What a state can only be resumed under."""
        device, precision = self.machine.device.type, self.machine.mixed_precision
        keeps = ", with weights" if self.settings.keep_weights else ""
        return f"state {STATE}, torch {torch.__version__} {device} {precision}{keeps}"

    def resume(self, checkpoint: Checkpoint | None) -> Fit:
        """Go back to the last kept state, if there is one."""
        state = checkpoint.read() if checkpoint else None
        if state is None:
            return Fit()
        if state.get("made_by") != self._maker():
            log.info("an unfinished trial was kept by another setting or version; starting anew")
            return Fit()
        self.bare.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        if self.machine.scaler:
            self.machine.scaler.load_state_dict(state["scaler"])
        return Fit(
            history=[Epoch(**e) for e in state["history"]],
            scores=[s.numpy() for s in state["scores"]],
            selected=state["selected"],
            valid=state["valid"].numpy(),
            fused=state["fused"],
            weights=state["weights"],
            before=state["before"],
            after=state["after"],
            seconds=state["seconds"],
        )


def _check_finite(number: int, sums: Mapping[str, Tensor]) -> dict[str, float]:
    """The sums as numbers: the one place in an epoch where the host waits for the device."""
    if not sums:
        return {}
    values = torch.stack([v.float() for v in sums.values()]).tolist()
    found = dict(zip(sums, values, strict=True))
    if not all(math.isfinite(v) for v in values):
        told = ", ".join(f"{k} {v:.4g}" for k, v in found.items())
        raise TrainingError(
            f"epoch {number}: a training loss is not finite (sums: {told}); a smaller train.lr, "
            "train.clip_grad or train.precision=fp32 may help"
        )
    return found
