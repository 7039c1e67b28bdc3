"""Trained encoders that see a few clips at once: the losses and gradients of the whole batch."""

import pytest
import torch
from torch import Tensor, nn

from mertk.contracts import Stream
from mertk.errors import MertkError
from mertk.ragged import Ragged
from mertk.seeds import derive, drawing
from mertk.train.device import accelerator
from mertk.train.predict import predict
from mertk.train.relay import Relay
from mertk.train.team import ALONE
from tests.train import together

Found = dict[str, Tensor]


def assert_close(found: Found, expected: Found, share: float) -> None:
    """Differences are a share of the largest number of each tensor, or next to nothing."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        apart = float((found[name] - value).abs().max())
        assert apart <= share * float(value.abs().max()) + 1e-12, name


@pytest.fixture(scope="module")
def whole() -> Found:
    return together.step(together.model())


@pytest.mark.parametrize("at_once", [1, 3, 7])
def test_losses_and_gradients_are_those_of_the_whole_batch(whole: Found, at_once: int) -> None:
    assert sum(name.startswith("encoders.") for name in whole) > 20
    assert_close(together.step(together.model(), micro_batch=at_once), whole, 1e-9)


def test_a_fit_comes_to_the_same() -> None:
    found, expected = together.whole(micro_batch=3), together.whole()
    for name in ("scores 0", "scores 1", "losses"):
        torch.testing.assert_close(found[name], expected[name], rtol=1e-5, atol=1e-6)


def by_autograd(pieces: list[list[int]], seed: int) -> Found:
    """One graph over encoders that run piece by piece."""
    model, data = together.model(dropout=True).train(), together.data()
    torch.manual_seed(1)
    encoded = []
    for i, rows in enumerate(pieces):
        with drawing(derive(seed, 0, i)):
            part = torch.tensor(rows)
            streams = {name: data.ragged[name].batch(part) for name in model.encoders}
            encoded.append(model.run_encoders(streams))
    joint = {name: joined([each[name] for each in encoded]) for name in model.encoders}
    rows = torch.tensor([row for rows in pieces for row in rows])
    words = data.ragged["words"].batch(rows)
    streams = {"sound": joint["sound"], "words": words, "mel": joint["mel"]}
    output = model.conclude(streams, data.labels[rows])
    assert output.total is not None
    output.total.backward()
    losses = {f"loss {n}": v.detach() for n, v in {**output.losses, "total": output.total}.items()}
    return {**losses, **{n: p.grad for n, p in model.named_parameters() if p.grad is not None}}


def joined(streams: list[Stream]) -> Stream:
    steps = max(stream.x.shape[1] for stream in streams)
    x = [nn.functional.pad(s.x, (0, 0, 0, steps - s.x.shape[1])) for s in streams]
    mask = [nn.functional.pad(s.mask, (0, steps - s.mask.shape[1])) for s in streams]
    return Stream(torch.cat(x), torch.cat(mask))


def test_dropout_is_the_same_in_both_passes() -> None:
    rows = together.BATCH.tolist()
    found = together.step(together.model(dropout=True), micro_batch=3)
    assert_close(found, by_autograd([rows[:3], rows[3:6], rows[6:]], seed=5), 1e-9)
    other = by_autograd([rows[:3], rows[3:6], rows[6:]], seed=6)
    assert abs(found["loss total"] - other["loss total"]) > 1e-3, "nothing is dropped"


def test_encoders_draw_apart_from_what_follows_them() -> None:
    """Whether anything is dropped in them or not, the same is dropped behind them."""
    model = together.model(dropout=True).train()
    streams = together.data().batch(together.BATCH).streams
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    model.run_encoders(streams, seed=3)
    assert torch.rand(1) == expected


def test_half_precision_gives_the_gradients_of_the_whole_batch() -> None:
    """Autocast keeps weights that it cast; those of the pass without a graph would have none."""
    found, expected = (
        together.step(together.model().float(), kind=Ragged, precision="bf16", **more)
        for more in ({"micro_batch": 3}, {})
    )
    assert found.keys() == expected.keys()
    joint = [torch.cat([each[name].flatten() for name in expected]) for each in (found, expected)]
    assert nn.functional.cosine_similarity(*joint, dim=0) > 0.999


def relay(at_once: int) -> Relay:
    machine = accelerator(together.CPU, "fp32")
    return Relay(together.model(), together.data(), machine, ALONE, at_once)


def test_a_scaled_loss_scales_the_gradients_of_encoders_too(whole: Found) -> None:
    cut = relay(3)
    cut.machine.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    cut.model.train()
    torch.manual_seed(1)
    cut.learn(together.BATCH, cut.data.labels[together.BATCH], seed=5)
    named = cut.model.named_parameters()
    scaled = {n: p.grad / 1024 for n, p in named if p.grad is not None}
    assert_close(scaled, {n: g for n, g in whole.items() if not n.startswith("loss ")}, 1e-9)


def test_encoders_never_see_more_clips_at_once_than_they_may(monkeypatch) -> None:
    cut, seen = relay(3), []
    encoder = cut.model.encoders["mel"]

    def watched(stream: Stream) -> Stream:
        seen.append(len(stream.x))
        return type(encoder).forward(encoder, stream)

    monkeypatch.setattr(encoder, "forward", watched)
    cut.model.train()
    cut.learn(together.BATCH, cut.data.labels[together.BATCH], seed=5)
    assert seen == [3, 3, 1, 3, 3, 1]
    seen.clear()
    predict(cut.model, cut.data, together.PARTS.test, 7, relay=cut)
    assert seen == [3, 3, 1, 3]


def test_predictions_are_those_of_the_model() -> None:
    cut, rows = relay(2), together.PARTS.test
    expected = predict(cut.model, cut.data, rows, 7)
    found = predict(cut.model, cut.data, rows, 7, relay=cut)
    torch.testing.assert_close(*map(torch.from_numpy, (found.scores, expected.scores)))


def test_batch_norm_is_refused_since_its_statistics_run_over_clips() -> None:
    made = together.model()
    made.encoders["mel"].norm = nn.BatchNorm1d(16)
    machine = accelerator(together.CPU, "fp32")
    with pytest.raises(MertkError, match=r"encoders.mel: it has batch normalisation.*micro_batch"):
        Relay(made, together.data(), machine, ALONE, 2)
