"""The whole method: one optimiser step against the equations, and nothing read off the device."""

import numpy as np
import pytest
import torch
from torch import nn

from mertk.contracts import Stream
from mertk.model import Model
from mertk.pairing import bind
from mertk.testing.toys import random_streams, training_step
from mertk_plugins.fusions.cross_attention import CrossAttention
from mertk_plugins.tasks.avel import AVEL
from mertk_plugins.tasks.mem import MEM
from tests.plugins import restated

DIMS = {"audio": 4, "video": 6}
LABELS = [0, 1, 2, 0]
NEGATIVES = {"audio": [1, 2, 3, 2], "video": [2, 0, 1, 1]}
LR, DECAY, HEADS, LAYERS = 0.01, 0.05, 2, 2


class FoalNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fusion = CrossAttention(DIMS, heads=HEADS, layers=LAYERS, dropout=0.0)
        self.avel = AVEL(DIMS, dim=3, dropout=0.0)
        self.mem = MEM(self.fusion.dims)
        self.head = nn.Linear(sum(self.fusion.dims.values()), 3)

    def forward(self, streams, labels):
        step = training_step(self.fusion, streams, labels)
        scores = self.head(torch.cat([step.fused[name] for name in DIMS], 1))
        avel = self.avel(step)
        step = training_step(self.fusion, streams, labels, avel.shared)
        emotion = nn.functional.cross_entropy(scores, labels)
        return emotion + avel.value + 0.1 * self.mem(step).value


def by_the_equations(streams):
    """The total loss as a function of all weights."""
    real = restated.real_steps(streams)
    other = {"audio": "video", "video": "audio"}

    def loss(weights):
        def part(prefix):
            return {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}

        def fused(rows):
            return {
                name: [
                    restated.met(
                        part("fusion."),
                        f"directions.{name}.{other[name]}",
                        x,
                        real[other[name]][j],
                        HEADS,
                        LAYERS,
                    )
                    for x, j in zip(real[name], rows[name], strict=True)
                ]
                for name in DIMS
            }

        everyone = list(range(len(LABELS)))
        own, drawn = fused(dict.fromkeys(DIMS, everyone)), fused(NEGATIVES)
        emotion = [
            restated.cross_entropy(
                restated.affine(weights, "head", np.concatenate([own[n][i] for n in DIMS])), label
            )
            for i, label in enumerate(LABELS)
        ]
        logits = restated.similarity(part("avel."), tuple(DIMS), real)
        matched = restated.matched(part("mem."), own, drawn, dict.fromkeys(DIMS, everyone))
        return sum(emotion) / len(LABELS) + restated.aligned(logits, LABELS) + 0.1 * matched

    return loss


def test_one_adamw_step_moves_every_weight_as_the_equations_say(monkeypatch):
    torch.manual_seed(0)
    model = FoalNet().double()
    streams = {
        n: Stream(s.x.double(), s.mask)
        for n, s in random_streams(DIMS, clips=len(LABELS), steps=2, seed=3).items()
    }
    queue = [torch.tensor(rows)[:, None] for rows in NEGATIVES.values()]
    monkeypatch.setattr(torch, "multinomial", lambda *_: queue.pop(0))
    before, expected = restated.weights_of(model), by_the_equations(streams)
    value = model(streams, torch.tensor(LABELS))
    assert value.item() == pytest.approx(expected(before), rel=1e-12)

    value.backward()
    slopes = restated.gradient(expected, before)
    for name, parameter in model.named_parameters():
        assert np.allclose(parameter.grad.numpy(), slopes[name], rtol=1e-8, atol=1e-13), name

    torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=DECAY).step()
    after = restated.after_first_adamw_step(before, slopes, LR, DECAY)
    for name, weight in restated.weights_of(model).items():
        assert np.allclose(weight, after[name], rtol=1e-7, atol=1e-9), name
        assert np.abs(weight - before[name]).max() > LR / 2, name


def test_a_training_step_reads_nothing_back_from_the_device():
    """Tensors on the meta device hold no data: to look at a value of theirs is an error."""
    with torch.device("meta"):
        model = FoalNet()
        streams = {
            n: Stream(torch.zeros(5, 3, dim), torch.ones(5, 3, dtype=torch.bool))
            for n, dim in DIMS.items()
        }
        labels = torch.zeros(5, dtype=torch.long)
        with pytest.raises((RuntimeError, NotImplementedError)):
            bool(labels.any())
        model(streams, labels).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_reduced_precision_stays_finite_and_near(dtype):
    torch.manual_seed(0)
    model, labels = FoalNet(), torch.tensor(LABELS)
    streams = random_streams(DIMS, clips=len(LABELS), missing={"video": [1]})
    torch.manual_seed(1)
    expected = model(streams, labels)
    torch.manual_seed(1)
    with torch.autocast("cpu", dtype=dtype):
        value = model(streams, labels)
    value.backward()
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, expected, rtol=0.05, atol=0.05)
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_the_core_makes_the_same_total_of_the_same_parts():
    torch.manual_seed(0)
    parts, streams, labels = (
        FoalNet(),
        random_streams(DIMS, clips=len(LABELS)),
        torch.tensor(LABELS),
    )
    tasks, weights = {"avel": parts.avel, "mem": parts.mem}, {"avel": 1.0, "mem": 0.1}
    model = Model({}, {}, nn.Identity(), parts.fusion, tasks, weights, parts.head)
    torch.manual_seed(1)
    expected = parts(streams, labels)
    torch.manual_seed(1)
    torch.testing.assert_close(model(streams, labels).total, expected)


def test_own_and_drawn_pairs_are_prepared_once():
    fusion, prepared = CrossAttention(DIMS, heads=HEADS), []
    original = fusion.prepare
    fusion.prepare = lambda streams: prepared.append(1) or original(streams)
    _, fuse_with = bind(fusion, random_streams(DIMS))
    fuse_with({"audio": torch.tensor([1, 0, 3, 2, 5, 4])})
    fuse_with({"video": torch.tensor([1, 0, 3, 2, 5, 4])})
    assert prepared == [1]
