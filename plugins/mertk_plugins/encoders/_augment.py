"""SpecAugment: spans of steps and of channels that a model does not get to see in training."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import max_pool1d, pad


def spec_augment(hidden: Tensor, mask: Tensor, model: Any) -> Tensor:
    """Hide spans of time behind the model's mask vector, and spans of channels behind 0.

    Draws from torch's generator, which the core seeds; transformers draws from numpy's.

    Source: Park et al., "SpecAugment", Interspeech 2019; shares and lengths are those of the
        model's configuration.

    Args:
        hidden: [B, T, C].
        mask: [B, T].
        model: A transformers speech model.
    """
    config = model.config
    if not config.apply_spec_augment:
        return hidden
    if config.mask_time_prob > 0:
        least = config.mask_time_min_masks
        hide = spans(mask, config.mask_time_prob, config.mask_time_length, least)
        hidden = torch.where(hide.unsqueeze(2), model.masked_spec_embed.to(hidden.dtype), hidden)
    if config.mask_feature_prob > 0:
        channels = mask.new_ones(len(hidden), hidden.shape[2])
        # WavLM's configuration lacks the minimum that wav2vec 2.0's has.
        least = getattr(config, "mask_feature_min_masks", 0)
        hide = spans(channels, config.mask_feature_prob, config.mask_feature_length, least)
        hidden = hidden.masked_fill(hide.unsqueeze(1), 0)
    return hidden


def spans(mask: Tensor, share: float, length: int, least: int) -> Tensor:
    """Draw spans of real places, which may overlap but do not begin at one place: [B, T] bool.

    Of n real places, share * n / length spans begin (rounded at random), `least` at least, as far
    as they have room.

    Args:
        mask: [B, T] real places, which come first.
        share: Places under all spans together, as a share of the real ones.
        length: Places under one span.
        least: Spans of every row.
    """
    real = mask.sum(1, keepdim=True)
    room = (real - length + 1).clamp(min=0)
    drawn = share * real / length + torch.rand(len(mask), 1, device=mask.device)
    count = drawn.floor().clamp(min=least).minimum(room)
    place = torch.arange(mask.shape[1], device=mask.device)
    lots = torch.rand(mask.shape, device=mask.device).masked_fill(place >= room, 2.0)
    begins = lots.argsort(1).argsort(1) < count
    reach = pad(begins.float(), (length - 1, 0)).unsqueeze(1)
    return max_pool1d(reach, length, stride=1).squeeze(1) > 0
