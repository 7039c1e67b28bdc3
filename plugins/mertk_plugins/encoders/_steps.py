"""Arithmetic on padded sequences that the encoders share.

Masks are prefixes: the real steps of a clip come first.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mertk.contracts import Stream
from mertk_plugins._checks import above_zero


def mask_of(lengths: Tensor, steps: int) -> Tensor:
    """Numbers of real steps [B] -> mask [B, steps]."""
    return torch.arange(steps, device=lengths.device) < lengths.unsqueeze(-1)


def on_present(stream: Stream, dim: int, encode: Callable[[Stream], Stream]) -> Stream:
    """Encode the clips that have the modality, without the padding that all of them share.

    Args:
        stream: [B, T, ...] as loaded.
        dim: Channels that `encode` gives.
        encode: Gives [B', T', dim] for B' clips which all have a real step.

    Returns:
        [B, T', dim]; clips that lack the modality come out masked, at least one step long.
    """
    lengths = stream.mask.sum(1)
    present = lengths > 0
    clips = len(lengths)
    if not present.any():
        x = torch.zeros(clips, 1, dim, device=stream.x.device)
        return Stream(x, torch.zeros(clips, 1, dtype=torch.bool, device=x.device))
    longest = int(lengths.max())
    stream = Stream(stream.x[:, :longest], stream.mask[:, :longest])
    if present.all():
        return encode(stream)
    some = encode(stream[present])
    x = some.x.new_zeros(clips, *some.x.shape[1:])
    mask = some.mask.new_zeros(clips, some.mask.shape[1])
    x[present], mask[present] = some.x, some.mask
    return Stream(x, mask)


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

    def steps_in(self, seconds: float) -> float:
        """About how many steps so much sound comes to; one at least."""
        return max(seconds * (self.steps_per_second or self.native), 1.0)

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
    member = torch.from_numpy(joins).to(x)
    # As products with a 0/1 matrix, which repeat exactly on every device; autocast would round.
    with torch.autocast(x.device.type, enabled=False):
        real = stream.mask.to(x.dtype)
        count = real @ member.T
        total = member @ (x * real.unsqueeze(-1))
    return Stream(total / count.clamp(min=1).unsqueeze(-1), count > 0)
