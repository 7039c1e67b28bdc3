"""Arithmetic on padded sequences that the encoders share.

Masks are prefixes: the real steps of a clip come first. What depends on lengths is worked out from
`Stream.steps`, which the host knows in training: it never waits for the device.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mertk.contracts import Stream
from mertk_plugins._checks import above_zero

_AT_ONCE = 4096  # steps that are averaged by one product, whose matrix grows with their square


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


def by_windows(
    stream: Stream,
    dim: int,
    window: int,
    encode: Callable[[Stream], Stream],
    *,
    beyond: int = 0,
    least: int = 1,
) -> Stream:
    """Encode the windows of long clips one after another; what they give stands side by side.

    No window sees what another one gives, so that work and memory grow with a clip's length and not
    with its square. A clip within one window is encoded as it is.

    Args:
        stream: [B, T, ...] as loaded.
        dim: Channels that `encode` gives.
        window: Steps from one window to the next.
        encode: Gives [B', T', dim] for B' clips that all have a real step; of a full window always
            as many steps.
        beyond: Steps of the next window that each one sees too.
        least: Real steps without which a window behind the first gives none.
    """

    def windows(present: Stream) -> Stream:
        steps = present.x.shape[1]
        if steps <= window + beyond and steps < window + least:
            return encode(present)
        starts = (0, *range(window, steps - least + 1, window))
        seen = [_window(present, start, window + beyond, least) for start in starts]
        parts = [on_present(part, dim, encode) for part in seen]
        return Stream(torch.cat([p.x for p in parts], 1), torch.cat([p.mask for p in parts], 1))

    return on_present(stream, dim, windows)


def _window(stream: Stream, start: int, steps: int, least: int) -> Stream:
    """Some steps of each clip; behind the beginning, of those clips only that have enough there."""
    real = [min(max(length - start, 0), steps) for length in stream.steps()]
    lengths = tuple(n if n >= least or not start else 0 for n in real)
    x = stream.x[:, start : start + steps]
    return Stream(x, mask_of(on_device(lengths, x.device), x.shape[1]), lengths)


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
    most = max(1, int(_AT_ONCE * rate / native))
    parts = []
    for first in range(0, place[-1] + 1, most):
        begin, end = np.searchsorted(place, (first, first + most))
        joins = np.arange(first, place[end - 1] + 1)[:, None] == place[begin:end]
        parts.append(_joined(stream.x[:, begin:end], stream.mask[:, begin:end], joins))
    count = torch.cat([count for count, _ in parts], 1)
    total = torch.cat([total for _, total in parts], 1)
    return Stream(total / count.clamp(min=1).unsqueeze(-1), count > 0)


def _joined(x: Tensor, mask: Tensor, joins: NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
    """Numbers [B, T'] and sums [B, T', C] of the real steps that each of T' joins."""
    member = torch.from_numpy(joins).to(x.device, x.dtype, non_blocking=True)
    # As products with a 0/1 matrix, which repeat exactly on every device; autocast would round.
    with torch.autocast(x.device.type, enabled=False):
        real = mask.to(x.dtype)
        return real @ member.T, member @ (x * real.unsqueeze(-1))
