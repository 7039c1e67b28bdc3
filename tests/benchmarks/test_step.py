"""The benchmark of a training step compares two formulations of one and the same step."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import released
import step

DIMS, LONGEST = {"audio": 16, "video": 12}, {"audio": 9, "video": 7}


@pytest.fixture
def small():
    model = step.build(DIMS, dim=8).double()
    data = step.corpus(12, torch.device("cpu"), DIMS, LONGEST)
    batch = data.batch(torch.arange(12))
    streams = {n: step.Stream(s.x.double(), s.mask) for n, s in batch.streams.items()}
    return model, step.Batch(batch.rows, streams, batch.labels)


def test_both_formulations_give_the_same_losses_and_gradients(small):
    model, batch = small
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
    apart = step.agreement(model, batch, torch.device("cpu"), LONGEST)
    # What AVEL normalises is in single precision in both.
    assert apart.losses < 1e-6
    assert apart.gradients < 1e-5


def test_a_difference_in_what_is_computed_is_seen(small, monkeypatch):
    model, batch = small
    monkeypatch.setattr(released, "_average", lambda stream: stream.x.mean(1))
    apart = step.agreement(model, batch, torch.device("cpu"), LONGEST)
    assert apart.losses > 1e-4
    assert apart.gradients > 1e-2


def test_negatives_are_of_another_emotion(small):
    _, batch = small
    rows = released._negatives(torch.randn(12, 12), batch.labels)
    assert all((batch.labels[rows[name]] != batch.labels).all() for name in released.PAIR)


def test_clips_last_as_those_of_iemocap_do():
    data = step.corpus(512, torch.device("cpu"), {"audio": 1, "video": 1})
    seconds = data.ragged["audio"].lengths / step.LONGEST["audio"] * step.MOST_S
    assert seconds.median().item() == pytest.approx(3.58, abs=0.03)
    assert (seconds == step.MOST_S).double().mean().item() == pytest.approx(0.234, abs=0.01)
