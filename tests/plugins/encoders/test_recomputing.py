"""Activations that are computed again: the same numbers, with less kept in between."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from mertk.check import resolve
from mertk.contracts import Recomputing, Stream
from mertk.draft import Draft
from mertk.errors import RecipeError
from mertk.model import build
from mertk.registry import discover
from mertk_plugins.encoders.clip import CLIP
from mertk_plugins.encoders.timm import Timm
from mertk_plugins.encoders.wavlm import WavLM
from mertk_plugins.encoders.whisper import Whisper

ENCODERS: dict[str, tuple[Callable[[], Any], tuple[int, ...], tuple[int, ...]]] = {
    "wavlm": (lambda: WavLM("none", layers=4), (1,), (9000, 16000)),
    "whisper": (lambda: Whisper("none", layers=4), (80,), (60, 100)),
    "clip": (lambda: CLIP("none", layers=4), (3, 32, 32), (3, 4)),
    "timm": (lambda: Timm("test_vit", "none"), (3, 160, 160), (2, 3)),
}


def learned(name: str, *, again: bool) -> tuple[dict[str, Tensor], int]:
    """The output and gradients of a step in training, and how many bytes were kept for them."""
    build_one, shape, lengths = ENCODERS[name]
    encoder = build_one().train()
    if again:
        assert isinstance(encoder, Recomputing)
        encoder.checkpoint_activations()
    generator = torch.Generator().manual_seed(0)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    x = torch.randint(0, 9, (*mask.shape, *shape), generator=generator).float()
    kept: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        kept[value.data_ptr()] = value.nbytes
        return value

    torch.manual_seed(3)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        out = encoder(Stream(x, mask, lengths)).x
    out.square().sum().backward()
    grads = {n: p.grad for n, p in encoder.named_parameters() if p.grad is not None}
    return {"output": out.detach(), **grads}, sum(kept.values())


@pytest.mark.parametrize("name", ENCODERS)
def test_gradients_are_the_same_and_less_is_kept(name: str) -> None:
    expected, whole = learned(name, again=False)
    found, kept = learned(name, again=True)
    assert found.keys() == expected.keys()
    for place, value in expected.items():
        torch.testing.assert_close(found[place], value, rtol=1e-6, atol=1e-7, msg=place)
    assert kept < 0.8 * whole


@pytest.fixture
def seeing(toy: Draft) -> Draft:
    seen = "encoders.face={use: timm, model: test_vit, checkpoint: none, train: true}"
    return toy.without(["avel", "mem"]).set([seen, "train.checkpoint_activations=true"])


def test_a_recipe_asks_it_of_all_its_trained_encoders(seeing: Draft) -> None:
    made = build(resolve(seeing, discover()), {"words": 4, "again": 4, "face": 64}, 4, seed=0)
    face: Any = made.encoders["face"]
    assert face.model.grad_checkpointing


def test_a_model_that_cannot_is_named(seeing: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, enable: bool = True) -> None:
        assert not enable, "gradient checkpointing not supported"

    where = "timm.models.vision_transformer.VisionTransformer.set_grad_checkpointing"
    monkeypatch.setattr(where, refuse)
    said = r"train.checkpoint_activations: timm cannot do it in 'test_vit'; leave it out"
    with pytest.raises(RecipeError, match=said):
        build(resolve(seeing, discover()), {"words": 4, "again": 4, "face": 64}, 4, seed=0)


def test_it_is_no_cause_of_a_result(seeing: Draft) -> None:
    plain = seeing.set(["train.checkpoint_activations=false"])
    assert resolve(seeing, discover()).fingerprint == resolve(plain, discover()).fingerprint
    cut = resolve(seeing.set(["train.micro_batch=2"]), discover())
    assert cut.fingerprint != resolve(plain, discover()).fingerprint
