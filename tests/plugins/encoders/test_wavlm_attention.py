"""Attending at once gives what transformers' WavLM gives, gradients included."""

import copy
import warnings

import pytest
import torch
from transformers import WavLMConfig, WavLMModel

from mertk_plugins.encoders._wavlm_attention import attend_at_once

LENGTHS = (9, 4, 1)


@pytest.fixture(params=[True, False], ids=["norm first", "norm last"])
def models(request) -> tuple[WavLMModel, WavLMModel]:
    """Theirs and ours, of the same weights, in double precision."""
    torch.manual_seed(0)
    config = WavLMConfig(
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=48,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        num_buckets=8,
        max_bucket_distance=6,
        do_stable_layer_norm=request.param,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        layerdrop=0.0,
    )
    theirs = WavLMModel(config).double()
    with torch.no_grad():
        for layer in theirs.encoder.layers:  # all ones in a new model
            layer.attention.gru_rel_pos_const.uniform_(0.5, 2)
    ours = copy.deepcopy(theirs)
    attend_at_once(ours)
    return theirs, ours


def encoded(model: WavLMModel, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Support for mismatched key_padding_mask")
        out: torch.Tensor = model.encoder(x.clone(), attention_mask=mask).last_hidden_state
    return out if mask is None else out * mask.unsqueeze(-1)


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_hidden_states_and_gradients_are_those_of_transformers(models, padded, training) -> None:
    x = torch.randn(len(LENGTHS), max(LENGTHS), 32, dtype=torch.float64)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None] if padded else None
    weights = torch.randn_like(x)
    found, gradients = [], []
    for model in models:
        model.train(training)
        out = encoded(model, x, mask)
        (out * weights).sum().backward()
        found.append(out)
        gradients.append({n: p.grad for n, p in model.encoder.named_parameters()})
    torch.testing.assert_close(*found, rtol=0, atol=1e-12)
    assert gradients[0].keys() == gradients[1].keys()
    for name, theirs in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], theirs, rtol=0, atol=1e-10, msg=name)


def test_parameters_keep_their_names(models) -> None:
    theirs, ours = models
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]


def test_dropout_acts_on_the_weights_of_attention_in_training_alone(models) -> None:
    _, ours = models
    x = torch.randn(2, 7, 32, dtype=torch.float64)
    for layer in ours.encoder.layers:
        layer.attention.dropout = 0.5
    assert torch.equal(encoded(ours.eval(), x, None), encoded(ours, x, None))
    assert not torch.equal(encoded(ours.train(), x, None), encoded(ours, x, None))
