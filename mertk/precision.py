"""What models compute in: single or half precision, and which devices are made for the latter."""

from typing import Final, Literal

import torch

from mertk.errors import MertkError

Precision = Literal["fp32", "bf16", "fp16"]
HALF: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}


def fast_halves(device: torch.device) -> list[Precision]:
    """Half precisions that a device has hardware for, best first.

    Without it they are many times slower than fp32.
    """
    if device.type == "cuda":
        major = torch.cuda.get_device_capability(device)[0]
        bf16: list[Precision] = ["bf16"] if major >= 8 else []
        return [*bf16, "fp16"] if major >= 7 else bf16
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return ["bf16"] if any(getattr(torch.cpu, c, lambda: False)() for c in checks) else []


def refuse_slow(precision: Precision, device: torch.device, where: str, way_out: str) -> None:
    """Refuse a half precision that a device is bad at.

    Raises:
        MertkError: With what to do instead.
    """
    if precision != "fp32" and precision not in fast_halves(device):
        raise MertkError(
            f"{where}: {precision} is many times slower than fp32 on this {device.type}; {way_out}"
        )
