"""What may happen to streams between their encoders and the fusion."""

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from mertk.contracts import Stream, Streams


class Standardize(nn.Module):
    """Shift and scale each channel: `(x - mean) / std` where a step is real, 0 elsewhere.

    Args:
        mean: [C], over the training clips.
        std: [C].
    """

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.mean: Tensor
        self.std: Tensor

    def forward(self, stream: Stream) -> Stream:
        """Standardize [B, T, C]."""
        x = (stream.x - self.mean) / self.std
        return Stream(x * stream.mask.unsqueeze(-1), stream.mask)


class ChannelDropout(nn.Module):
    """In training, drop channels of a clip over all of its steps, and scale up the others.

    Dropping single values would do little to what is averaged over time; a channel that is gone
    from a clip altogether cannot be leaned on, as in dropout of whole feature maps (Tompson et al.,
    "Efficient Object Localization Using Convolutional Networks", CVPR 2015, section 3.2).

    Args:
        share: Of the channels, dropped for each clip anew.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, stream: Stream) -> Stream:
        """Drop channels of [B, T, C]."""
        if not self.training:
            return stream
        kept = dropout(stream.x.new_ones(len(stream.x), 1, stream.x.shape[2]), self.share)
        return Stream(stream.x * kept, stream.mask)


class ModalityDropout(nn.Module):
    """In training, have some clips lack one of their streams, as clips with lost media do.

    A clip keeps at least one stream. Which one it loses is drawn evenly among those it has.

    Args:
        share: Of the clips with two streams or more that lose one.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, streams: Streams) -> Streams:
        """Mask streams out of {name: [B, T, C]}."""
        if not self.training:
            return streams
        present = torch.stack([stream.mask.any(1) for stream in streams.values()])
        drawn = torch.rand(present.shape, device=present.device)
        lost = torch.where(present, drawn, -1.0).argmax(0)
        loses = (torch.rand(len(lost), device=lost.device) < self.share) & (present.sum(0) > 1)
        return {
            name: _only(stream, ~(loses & (lost == i)))
            for i, (name, stream) in enumerate(streams.items())
        }


def _only(stream: Stream, clips: Tensor) -> Stream:
    """The stream of some clips [B]; the others lack it."""
    return Stream(stream.x * clips[:, None, None], stream.mask & clips[:, None])
