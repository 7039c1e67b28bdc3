"""What flows through a model: streams, and a training step as its tasks see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Stream:
    """A padded batch of sequences of one modality.

    Args:
        x: [B, T, C] encoded, or [B, T, ...] as loaded; 0 where padded.
        mask: [B, T] bool, True where a step is real. A row without any real step is a clip that
            lacks this modality.
        lengths: Real steps of each of the B clips, where the host knows them: to read them off the
            mask, it would have to wait for the device that the mask is on.
    """

    x: Tensor
    mask: Tensor
    lengths: tuple[int, ...] | None = None

    def __getitem__(self, rows: Tensor) -> Stream:
        """The same batch with other rows, `rows` being [B] indices or a [B] bool mask."""
        return Stream(self.x[rows], self.mask[rows])

    def mean(self) -> Tensor:
        """Average over the real steps: [B, C]; 0 where there are none."""
        weight = self.mask.unsqueeze(-1).to(self.x.dtype)
        return (self.x * weight).sum(1) / weight.sum(1).clamp(min=1)

    def to(self, device: torch.device | str) -> Stream:
        """The same batch on another device."""
        x = self.x.to(device, non_blocking=True)
        return Stream(x, self.mask.to(device, non_blocking=True), self.lengths)

    def steps(self) -> tuple[int, ...]:
        """Real steps of each clip; read off the mask where they are not known."""
        return tuple(self.mask.sum(1).tolist()) if self.lengths is None else self.lengths


Streams = Mapping[str, Stream]
Vectors = Mapping[str, "Tensor"]


@dataclass(frozen=True)
class Step:
    """What an auxiliary task sees of one training step.

    Args:
        streams: Encoded streams by name.
        fused: The fusion's vectors by stream name, [B, dims].
        labels: [B] class indices; of other targets, which a task says that it works with, [B, N].
        fuse: Runs the fusion again on other streams.
        fuse_with: Runs it again on re-paired clips. Given, per stream, the [B] rows whose *other*
            streams each clip meets, returns for each named stream its vectors [B, dims]. Fusions
            that offer `prepare` do this without projecting anything twice.
        shared: What earlier tasks of this step gave away, by name.
    """

    streams: Streams
    fused: Vectors
    labels: Tensor
    fuse: Callable[[Streams], Vectors]
    fuse_with: Callable[[Mapping[str, Tensor]], Vectors]
    shared: Mapping[str, Any]


@dataclass(frozen=True)
class Loss:
    """What an auxiliary task returns.

    Args:
        value: A scalar; the recipe's `weight` is applied by the core.
        shared: What later tasks may use, by the names the task `provides`.
    """

    value: Tensor
    shared: Mapping[str, Any] = field(default_factory=dict)
