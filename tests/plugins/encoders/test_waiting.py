"""A step of trained encoders never makes the host wait for the device."""

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from transformers import WavLMConfig, WavLMModel

from mertk.contracts import Stream
from mertk_plugins.encoders._wavlm_attention import attend_at_once
from mertk_plugins.encoders.clip import CLIP
from mertk_plugins.encoders.timm import Timm
from mertk_plugins.encoders.wavlm import WavLM
from mertk_plugins.encoders.whisper import Whisper

LENGTHS = (900, 0, 1300)


def like_base() -> WavLM:
    encoder = WavLM("none", freeze_front=False)
    config = WavLMConfig(
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        conv_dim=(32,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        feat_extract_norm="group",
    )
    encoder.model = WavLMModel(config)
    attend_at_once(encoder.model)
    encoder.model.masked_spec_embed.requires_grad_(False)
    return encoder


ENCODERS = {
    "wavlm": (lambda: WavLM("none", freeze_front=False, spec_augment=True), (1,)),
    "wavlm like base": (like_base, (1,)),
    "wavlm at 10 steps": (lambda: WavLM("none", freeze_front=False, steps_per_second=10.0), (1,)),
    "whisper": (lambda: Whisper("none", steps_per_second=10.0), (80,)),
    "clip": (lambda: CLIP("none"), (3, 32, 32)),
    "timm": (lambda: Timm("test_vit", "none"), (3, 160, 160)),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_no_value_is_read_back(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the meta device, where to look at a value is an error."""
    monkeypatch.setattr("torch.autocast", lambda *_, **__: nullcontext())  # it knows no such device
    build, shape = ENCODERS[name]
    lengths = LENGTHS if len(shape) == 1 else (2, 0, 3)
    encoder: Any = build().train().to("meta")
    x = torch.empty(len(lengths), max(lengths), *shape, device="meta")
    mask = torch.empty(x.shape[:2], dtype=torch.bool, device="meta")
    out = encoder(Stream(x, mask, lengths))
    assert out.x.shape[2] == encoder.dim
    out.x.sum().backward()
    assert all(p.grad is not None for p in encoder.parameters() if p.requires_grad)


def test_a_value_that_is_read_back_is_seen() -> None:
    encoder = WavLM("none", freeze_front=False).to("meta")
    mask = torch.empty(2, 900, dtype=torch.bool, device="meta")
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        encoder(Stream(torch.empty(2, 900, 1, device="meta"), mask))
