"""Where a trial runs and in which precision."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState

from mertk.errors import MertkError
from mertk.launched import launched
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


def pick_precision(wanted: str, device: torch.device) -> str:
    """The precision to compute in: `fp32`, `bf16` or `fp16`.

    Half precision without hardware for it is many times slower than fp32, so `auto` takes it only
    where the device is good at it.

    Raises:
        MertkError: Half precision is asked for on a device that is bad at it.
    """
    good = _fast_precisions(device)
    if wanted == "auto":
        return good[0] if good else "fp32"
    if wanted != "fp32" and wanted not in good:
        raise MertkError(
            f"train.precision: {wanted} is many times slower than fp32 on this {device.type}; "
            "use --set train.precision=auto"
        )
    return wanted


def _fast_precisions(device: torch.device) -> list[str]:
    """Half precisions the device has hardware for, best first."""
    if device.type == "cuda":
        bf16 = ["bf16"] if torch.cuda.get_device_capability()[0] >= 8 else []
        return [*bf16, "fp16"] if torch.cuda.get_device_capability()[0] >= 7 else bf16
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return ["bf16"] if any(getattr(torch.cpu, c, lambda: False)() for c in checks) else []


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
