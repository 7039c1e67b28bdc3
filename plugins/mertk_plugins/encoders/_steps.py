"""Arithmetic on padded sequences that the encoders share.

Masks are prefixes: the real steps of a clip come first. What depends on lengths is worked out from
`Stream.steps`, which the host knows in training: it never waits for the device.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mertk.contracts import Stream
from mertk_plugins._checks import above_zero


def mask_of(lengths: Tensor, steps: int) -> Tensor:
    """Numbers of real steps [B] -> mask [B, steps]."""
    return torch.arange(steps, device=lengths.device) < lengths.unsqueeze(-1)


def on_device(numbers: Sequence[int], device: torch.device) -> Tensor:
    """Numbers that the host knows, on a device, without waiting for it."""
    return torch.tensor(numbers, dtype=torch.long).to(device, non_blocking=True)


def unpadded(stream: Stream) -> bool:
    """Whether every step of every clip is real."""
    return min(stream.steps()) == stream.x.shape[1]


def on_present(stream: Stream, dim: int, encode: Callable[[Stream], Stream]) -> Stream:
    """Encode the clips that have the modality, without the padding that all of them share.

    Args:
        stream: [B, T, ...] as loaded.
        dim: Channels that `encode` gives.
        encode: Gives [B', T', dim] for B' clips which all have a real step.

    Returns:
        [B, T', dim]; clips that lack the modality come out masked, at least one step long.
    """
    lengths = stream.steps()
    clips, longest = len(lengths), max(lengths)
    if not longest:
        x = torch.zeros(clips, 1, dim, device=stream.x.device)
        return Stream(x, torch.zeros(clips, 1, dtype=torch.bool, device=x.device), lengths)
    x, mask = stream.x[:, :longest], stream.mask[:, :longest]
    if all(lengths):
        return encode(Stream(x, mask, lengths))
    there = [clip for clip, steps in enumerate(lengths) if steps]
    rows = on_device(there, x.device)
    some = encode(Stream(x[rows], mask[rows], tuple(lengths[clip] for clip in there)))
    x = some.x.new_zeros(clips, *some.x.shape[1:])
    mask = some.mask.new_zeros(clips, some.mask.shape[1])
    x[rows], mask[rows] = some.x, some.mask
    if some.lengths is None:
        return Stream(x, mask)
    known = dict(zip(there, some.lengths, strict=True))
    return Stream(x, mask, tuple(known.get(clip, 0) for clip in range(clips)))


@dataclass(frozen=True)
class Pace:
    """Brings an encoder's steps to the rate that a recipe asks for.

    Args:
        native: Steps per second that the encoder gives.
        steps_per_second: What is asked for; None keeps them.

    Raises:
        ValueError: Averaging cannot give that: it is not positive, or above `native`.
    """

    native: float
    steps_per_second: float | None

    def __post_init__(self) -> None:
        if self.steps_per_second is None:
            return
        above_zero("steps_per_second", self.steps_per_second)
        if self.steps_per_second > self.native:
            raise ValueError(
                f"steps_per_second: the encoder gives {self.native:g} steps per second "
                f"(got {self.steps_per_second:g}); ask for at most that, or leave it out"
            )

    def __call__(self, stream: Stream) -> Stream:
        """Average neighbouring real steps of [B, T, C]."""
        return averaged(stream, self.native, self.steps_per_second)


def averaged(stream: Stream, native: float, rate: float | None) -> Stream:
    """Average neighbouring real steps down to an output rate; `rate` None changes nothing.

    y_j = mean of the real x_t with floor(t * rate / native) = j

    Args:
        stream: [B, T, C] at `native` steps per second.
        native: Steps per second that come in.
        rate: Steps per second that go out, at most `native`.
    """
    x = stream.x
    if rate is None or rate == native or not x.shape[1]:
        return stream
    place = np.floor(np.arange(x.shape[1]) * rate / native).astype(np.int64)
    joins = np.arange(place[-1] + 1)[:, None] == place
    member = torch.from_numpy(joins).to(x.device, x.dtype, non_blocking=True)
    # As products with a 0/1 matrix, which repeat exactly on every device; autocast would round.
    with torch.autocast(x.device.type, enabled=False):
        real = stream.mask.to(x.dtype)
        count = real @ member.T
        total = member @ (x * real.unsqueeze(-1))
    return Stream(total / count.clamp(min=1).unsqueeze(-1), count > 0)
