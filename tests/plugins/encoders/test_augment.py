"""Spans of SpecAugment: inside the real places, as many and as long as asked for."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from mertk_plugins.encoders._augment import spans
from mertk_plugins.encoders._steps import mask_of


def runs(row: torch.Tensor) -> list[int]:
    """Lengths of the runs of True."""
    text = "".join("x" if hidden else " " for hidden in row.tolist())
    return [len(run) for run in text.split()]


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=5),
    st.floats(0, 1),
    st.integers(1, 12),
    st.integers(0, 4),
)
def test_spans_lie_in_real_places_and_are_whole(lengths, share, length, least):
    mask = mask_of(torch.tensor(lengths), 40)
    hidden = spans(mask, share, length, least)
    assert not hidden[~mask].any()
    for row, real in zip(hidden, lengths, strict=True):
        assert all(run >= length for run in runs(row))
        room = max(0, real - length + 1)
        assert row.any() == (room > 0) or least == 0
        assert row.sum() <= length * max(share * real / length + 1, least)


def test_on_average_the_share_is_hidden_but_for_overlaps():
    torch.manual_seed(0)
    mask = torch.ones(2000, 300, dtype=torch.bool)
    assert abs(spans(mask, 0.3, 1, 0).float().mean() - 0.3) < 0.002
    overlapping = spans(mask, 0.3, 10, 0).float().mean()
    assert 0.24 < overlapping < 0.3
    assert spans(mask, 0.0, 10, 2).float().sum(1).max() == 20


def test_every_place_is_hidden_equally_often_and_rows_differ():
    torch.manual_seed(0)
    hidden = spans(mask_of(torch.full((4000,), 50), 60), 0.4, 5, 0)
    often = hidden.float().mean(0)
    assert often[50:].sum() == 0
    assert often[4:46].std() < 0.02
    assert not torch.equal(hidden[0], hidden[1])
