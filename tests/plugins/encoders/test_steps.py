"""Averaging to an output rate: plain means of the real neighbours, whatever stands beside them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mertk.contracts import Stream
from mertk_plugins.encoders import _steps
from mertk_plugins.encoders._layers import layer_index
from mertk_plugins.encoders._steps import Pace, averaged, by_windows, mask_of, on_present

RATES = st.sampled_from([(50.0, 10.0), (50.0, 50.0), (50.0, 30.0), (100.0, 7.5), (49.0, 0.1)])


@given(st.lists(st.integers(0, 37), min_size=1, max_size=4), RATES)
def test_steps_are_means_of_the_real_steps_of_their_span(lengths, rates):
    native, rate = rates
    steps = max(1, *lengths)
    x = torch.randn(len(lengths), steps, 3, generator=torch.Generator().manual_seed(0))
    mask = mask_of(torch.tensor(lengths), steps)
    x = x * mask.unsqueeze(2)
    out = averaged(Stream(x, mask), native, rate)
    for row, length in enumerate(lengths):
        spans: dict[int, list[np.ndarray]] = {}
        for step in range(length):
            spans.setdefault(int(np.floor(step * rate / native)), []).append(x[row, step].numpy())
        assert sorted(spans) == list(range(len(spans)))
        expected = np.array([np.mean(span, axis=0) for span in spans.values()]).reshape(-1, 3)
        assert out.mask[row].sum() == len(spans)
        np.testing.assert_allclose(out.x[row][out.mask[row]], expected, rtol=1e-5, atol=1e-6)
        assert not out.x[row][~out.mask[row]].any()


@pytest.mark.parametrize("rates", [(50.0, 10.0), (50.0, 30.0), (49.0, 0.1), (50.0, 0.001)])
def test_long_clips_are_averaged_piece_by_piece_to_the_same_numbers(rates, monkeypatch):
    x = torch.randn(3, 500, 2, generator=torch.Generator().manual_seed(0))
    mask = mask_of(torch.tensor([500, 13, 0]), 500)
    stream = Stream(x * mask.unsqueeze(2), mask)
    whole = averaged(stream, *rates)
    monkeypatch.setattr(_steps, "_AT_ONCE", 16)
    pieces = averaged(stream, *rates)
    assert torch.equal(pieces.mask, whole.mask)
    torch.testing.assert_close(pieces.x, whole.x, rtol=1e-6, atol=1e-6)


@given(
    st.lists(st.integers(0, 23), min_size=1, max_size=4),
    st.sampled_from([(4, 0, 1), (4, 2, 1), (4, 2, 4), (30, 2, 4)]),
)
def test_windows_stand_side_by_side_and_see_what_is_theirs(lengths, cut):
    window, beyond, least = cut
    seen = []

    def encode(stream: Stream) -> Stream:
        seen.extend(row[real].tolist() for row, real in zip(stream.x, stream.mask, strict=True))
        assert stream.mask.any(1).all()
        return Stream(stream.x[:, :window, None].float(), stream.mask[:, :window])

    mask = mask_of(torch.tensor(lengths), max(1, *lengths) + 3)
    x = torch.arange(mask.shape[1]).expand_as(mask) * mask
    out = by_windows(Stream(x, mask), 1, window, encode, beyond=beyond, least=least)
    expected, kept = [], []
    for length in lengths:
        starts = [s for s in range(0, length, window) if not s or length - s >= least]
        expected += [list(range(s, min(length, s + window + beyond))) for s in starts]
        kept.append([i for s in starts for i in range(s, min(length, s + window))])
    assert sorted(seen) == sorted(expected)
    assert [row[real, 0].tolist() for row, real in zip(out.x, out.mask, strict=True)] == kept


def test_no_rate_changes_nothing():
    stream = Stream(torch.randn(1, 5, 2), torch.ones(1, 5, dtype=torch.bool))
    assert averaged(stream, 50.0, None) is stream
    assert Pace(50.0, None)(stream) is stream


def test_averages_are_exact_under_autocast():
    stream = Stream(torch.randn(2, 50, 8), torch.ones(2, 50, dtype=torch.bool))
    with torch.autocast("cpu", torch.bfloat16):
        out = averaged(stream, 50.0, 10.0)
    assert out.x.dtype == torch.float32
    torch.testing.assert_close(out.x, averaged(stream, 50.0, 10.0).x, rtol=0, atol=0)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 50.1])
def test_rates_that_averaging_cannot_give_are_refused(rate):
    with pytest.raises(ValueError, match="steps_per_second: "):
        Pace(50.0, rate)


@pytest.mark.parametrize("lengths", [[3, 0, 5], [0, 0], [2, 2]])
def test_only_clips_that_are_there_are_encoded_and_without_common_padding(lengths):
    seen = []

    def encode(stream: Stream) -> Stream:
        seen.append(stream.mask.sum(1).tolist())
        assert stream.x.shape[1] == max(lengths)
        return Stream(stream.x[:, ::2] + 1, stream.mask[:, ::2])

    mask = mask_of(torch.tensor(lengths), 9)
    out = on_present(Stream(mask.unsqueeze(2).float(), mask), 1, encode)
    assert seen == ([[n for n in lengths if n]] if any(lengths) else [])
    assert out.mask.sum(1).tolist() == [(n + 1) // 2 for n in lengths]
    assert out.mask.shape[1] >= 1
    assert (out.x[out.mask] == 2).all()


def test_layers_are_numbered_like_hidden_states():
    total = 4
    states = list(range(total + 1))
    for layer in range(-total - 1, total + 1):
        assert layer_index(layer, total) == states[layer]
    assert layer_index(None, total) == total
    for layer in (total + 1, -total - 2):
        with pytest.raises(ValueError, match=rf"layer: the model has 4 layers \(got {layer}\)"):
            layer_index(layer, total)


def test_the_steps_of_so_much_sound_can_be_told_beforehand() -> None:
    assert Pace(50.0, None).steps_in(2.0) == 100
    assert Pace(50.0, 10.0).steps_in(2.0) == 20
    assert Pace(50.0, None).steps_in(0.001) == 1
