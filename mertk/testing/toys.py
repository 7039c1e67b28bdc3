"""Toy parts for tests of fusions and tasks: random streams, a small fusion, a training step."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mertk.contracts import Fusion, Step, Stream, Streams
from mertk.pairing import bind


def random_streams(
    dims: Mapping[str, int],
    clips: int = 6,
    steps: int = 5,
    seed: int = 0,
    missing: Mapping[str, Sequence[int]] | None = None,
) -> dict[str, Stream]:
    """Padded batches of random sequences of different lengths.

    Args:
        dims: Channels by stream name.
        clips: Clips in the batch.
        steps: Steps of the longest clip of the first stream; each next stream has one more.
        seed: Of the random numbers.
        missing: Per stream, the rows of the clips that lack it.
    """
    generator = torch.Generator().manual_seed(seed)
    streams = {}
    for longest, (name, dim) in enumerate(dims.items(), start=steps):
        lengths = torch.randint(1, longest + 1, (clips,), generator=generator)
        lengths[0] = longest
        lengths[list((missing or {}).get(name, []))] = 0
        mask = torch.arange(longest)[None, :] < lengths[:, None]
        x = torch.randn(clips, longest, dim, generator=generator) * mask[:, :, None]
        streams[name] = Stream(x, mask)
    return streams


def padded(streams: Streams, extra: int = 3) -> dict[str, Stream]:
    """The same batch with more padding."""
    return {
        name: Stream(
            nn.functional.pad(stream.x, (0, 0, 0, extra)),
            nn.functional.pad(stream.mask, (0, extra)),
        )
        for name, stream in streams.items()
    }


def leaves(streams: Streams) -> dict[str, Stream]:
    """The same batch, each stream with a gradient of its own."""
    return {n: Stream(s.x.detach().requires_grad_(), s.mask) for n, s in streams.items()}


def moved(tensor: Tensor) -> bool:
    """Whether a gradient that is not 0 reached a tensor."""
    return tensor.grad is not None and bool(tensor.grad.count_nonzero())


class ToyFusion(nn.Module):
    """The smallest fusion whose vectors depend on the pair: own average + others' averages W.

    Args:
        dims: Channels of the encoders by stream name.

    Raises:
        ValueError: There are fewer than two streams.
    """

    def __init__(self, dims: Mapping[str, int]) -> None:
        super().__init__()
        if len(dims) < 2:
            raise ValueError(f"dims: two streams or more are needed (got {', '.join(dims)})")
        self.dims: Mapping[str, int] = dict(dims)
        others = {name: sum(dims.values()) - dim for name, dim in dims.items()}
        self.cross = nn.ModuleDict(
            {name: nn.Linear(others[name], dim, bias=False) for name, dim in dims.items()}
        )

    def forward(self, streams: Streams) -> dict[str, Tensor]:
        """Fuse {name: [B, T, C]} into {name: [B, C]}."""
        means = {name: streams[name].mean() for name in self.dims}
        return {
            name: means[name]
            + self.cross[name](torch.cat([means[other] for other in means if other != name], 1))
            for name in self.dims
        }


def training_step(
    fusion: Fusion,
    streams: Streams,
    labels: Tensor,
    shared: Mapping[str, Any] | None = None,
) -> Step:
    """What an auxiliary task sees when the core trains with this fusion on this batch.

    Args:
        fusion: Any fusion.
        streams: Encoded streams by name, [B, T, C].
        labels: [B] class indices.
        shared: What earlier tasks gave away.
    """
    fused, fuse_with = bind(fusion, streams)
    return Step(streams, fused, labels, fusion, fuse_with, shared or {})
