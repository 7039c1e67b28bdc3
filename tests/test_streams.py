"""What happens to streams before the fusion: exact in evaluation, random in training only."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mertk.contracts import Stream
from mertk.streams import ChannelDropout, ModalityDropout, Standardize


def stream(lengths: list[int], channels: int = 6, seed: int = 0) -> Stream:
    steps = max([1, *lengths])
    mask = torch.arange(steps) < torch.tensor(lengths)[:, None]
    x = torch.randn(len(lengths), steps, channels, generator=torch.Generator().manual_seed(seed))
    return Stream((x + 3) * mask[..., None], mask)


def lost(before: Stream, after: Stream) -> Tensor:
    return before.mask.any(1) & ~after.mask.any(1)


def test_standardized_channels_have_mean_0_and_spread_1_and_padding_stays_0() -> None:
    before = stream([3, 5, 2])
    real = before.x[before.mask].double()
    mean, std = real.mean(0), real.std(0, correction=0)
    after = Standardize(mean.float(), std.float())(before)
    torch.testing.assert_close(after.x[after.mask].double(), (real - mean) / std)
    assert not after.x[~after.mask].any()


def test_a_dropped_channel_is_gone_from_all_steps_of_a_clip_and_the_rest_is_scaled_up() -> None:
    torch.manual_seed(0)
    before = stream([4] * 500)
    after = ChannelDropout(0.25).train()(before)
    ratio = (after.x / before.x).reshape(500, 4, 6)
    assert torch.equal(ratio > 0, ratio[:, :1].expand_as(ratio) > 0)
    torch.testing.assert_close(ratio[ratio > 0], torch.full_like(ratio[ratio > 0], 1 / 0.75))
    assert 0.2 < (ratio == 0).float().mean() < 0.3
    assert not torch.equal(ratio[0], ratio[1]), "all clips lose the same channels"


def test_nothing_is_dropped_in_evaluation() -> None:
    before = stream([4, 2])
    assert ChannelDropout(0.5).eval()(before) is before
    streams = {"a": before, "b": before}
    assert ModalityDropout(1.0).eval()(streams) is streams


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_clips_loses_one_stream_each_evenly(share: float) -> None:
    torch.manual_seed(0)
    before = {"a": stream([3] * 3000), "b": stream([2] * 3000)}
    after = ModalityDropout(share).train()(before)
    losses = torch.stack([lost(before[n], after[n]) for n in before]).float()
    assert losses.sum(0).max() <= 1
    assert float(losses.sum(0).mean()) == pytest.approx(share, abs=0.03)
    assert float(losses[0].mean()) == pytest.approx(float(losses[1].mean()), abs=0.03)
    for name, one in after.items():
        assert not one.x[~one.mask].any()
        kept = ~lost(before[name], one)
        assert torch.equal(one.x[kept], before[name].x[kept])


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), max_size=8),
    st.integers(0, 99),
)
def test_no_clip_loses_its_last_stream(lengths: list[tuple[int, int, int]], seed: int) -> None:
    torch.manual_seed(seed)
    before = {name: stream([clip[i] for clip in lengths]) for i, name in enumerate("abc")}
    after = ModalityDropout(1.0).train()(before)
    had = torch.stack([s.mask.any(1) for s in before.values()]).sum(0)
    has = torch.stack([s.mask.any(1) for s in after.values()]).sum(0)
    assert torch.equal(has, torch.where(had > 1, had - 1, had))
