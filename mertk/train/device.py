"""Where a trial runs and in which precision."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState

from mertk.errors import MertkError
from mertk.launched import launched
from mertk.precision import Precision, fast_halves, refuse_slow
from mertk.train.team import ALONE, Team


def pick_device(wanted: str, team: Team = ALONE) -> torch.device:
    """The device to use.

    Args:
        wanted: `auto`, `cpu` or `cuda`.
        team: The processes that work together.

    Raises:
        MertkError: CUDA is asked for and not there, or several processes were launched for what
            one does.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise MertkError("--device cuda: no CUDA device is visible to torch; use --device auto")
    if launched().size > team.size:
        raise MertkError("one process does this; launch no others beside it")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def pick_precision(wanted: str, device: torch.device) -> Precision:
    """The precision to compute in.

    Args:
        wanted: `auto` takes a half precision only where the device has hardware for it.
        device: Where.

    Raises:
        MertkError: Half precision is asked for on a device that is bad at it.
    """
    if wanted == "auto":
        return next(iter(fast_halves(device)), "fp32")
    precision: Precision = cast("Precision", wanted)
    refuse_slow(precision, device, "train.precision", "use --set train.precision=auto")
    return precision


def accelerator(device: torch.device, precision: str) -> Accelerator:
    """A fresh accelerator; its process-wide state would refuse a second precision otherwise."""
    if PartialState._shared_state:
        alone = PartialState().num_processes == 1
        AcceleratorState._reset_state(reset_partial_state=alone)
    return Accelerator(
        cpu=device.type == "cpu", mixed_precision="no" if precision == "fp32" else precision
    )


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Bit-for-bit repeatable operations on a CPU; the setting before is put back."""
    before = torch.are_deterministic_algorithms_enabled()
    deterministic: Any = torch.utils.deterministic
    filled = deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(before or device.type == "cpu")
    # Writing NaN into every fresh tensor finds code that reads what it never wrote; it costs a pass
    # over all memory and changes no result.
    deterministic.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        deterministic.fill_uninitialized_memory = filled
