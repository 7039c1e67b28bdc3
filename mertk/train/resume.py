"""Everything that the next epoch of a fit rests on, and going on from it."""

import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import torch

from mertk.train.checkpoint import Checkpoint
from mertk.train.record import Epoch, Fit

if TYPE_CHECKING:
    from mertk.train.fit import Loop

log = logging.getLogger(__name__)

STATE: Final = 4
"""Changed whenever a checkpoint holds other things: a fit that finds an older one starts anew."""


def state(loop: "Loop", done: Fit) -> dict[str, Any]:
    """Everything that the next epoch rests on."""
    scaler = loop.machine.scaler
    return {
        "made_by": _maker(loop),
        "model": loop.bare.state_dict(),
        "optimizer": loop.optimizer.state_dict(),
        "schedule": loop.schedule.state_dict(),
        "scaler": scaler.state_dict() if scaler else {},
        "history": [asdict(e) for e in done.history],
        "scores": [torch.from_numpy(s) for s in done.scores],
        "selected": done.selected,
        "valid": torch.from_numpy(done.valid),
        "fused": done.fused,
        "weights": done.weights,
        "before": done.before,
        "after": done.after,
        "seconds": done.seconds + time.monotonic() - loop.began,
    }


def _maker(loop: "Loop") -> str:
    """What a state can only be resumed under."""
    device, precision = loop.machine.device.type, loop.machine.mixed_precision
    keeps = ", with weights" if loop.settings.keep_weights else ""
    several = f", {loop.team.size} processes" if loop.team.size > 1 else ""
    return f"state {STATE}, torch {torch.__version__} {device} {precision}{keeps}{several}"


def _kept(loop: "Loop", checkpoint: Checkpoint) -> dict[str, Any] | None:
    state = checkpoint.read()
    if state is not None and state.get("made_by") != _maker(loop):
        log.info("an unfinished trial was kept by another setting or version; starting anew")
        return None
    return state


def resume(loop: "Loop", checkpoint: Checkpoint | None) -> Fit:
    """Go back to the last kept state, if there is one."""
    state = _kept(loop, checkpoint) if checkpoint else None
    if not loop.team.alike(len(state["history"]) if state else 0):
        log.warning("not every process can read the unfinished trial; starting anew")
        return Fit()
    if state is None:
        return Fit()
    loop.bare.load_state_dict(state["model"])
    loop.optimizer.load_state_dict(state["optimizer"])
    loop.schedule.load_state_dict(state["schedule"])
    if loop.machine.scaler:
        loop.machine.scaler.load_state_dict(state["scaler"])
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
