"""What a trial takes besides time."""

import sys
from contextlib import suppress
from typing import Any

import torch


def peaks(device: torch.device) -> dict[str, Any]:
    """Bytes of memory at the most, None where the system does not tell.

    `device` is that of this process's tensors on a GPU since `forget_peaks`; `process` is what the
    whole process has ever held in main memory, with whatever it did before.
    """
    held = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return {"device": held, "process": _resident()}


def forget_peaks(device: torch.device) -> None:
    """Begin to measure a GPU's memory anew."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _resident() -> int | None:
    with suppress(ImportError):  # there is no such module on Windows
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
    return None
