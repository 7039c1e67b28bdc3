"""Which modalities go missing: by clip id alone, nested over rates, never all of a clip."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.ragged import Ragged
from mertk.robustness.absence import RATES, absences, grouped
from mertk.robustness.features import present, without

THREE = ("audio", "video", "text")


def by_name(groups=THREE):
    return {condition.name: condition for condition in absences(groups)}


def test_every_subset_can_be_missing_but_all_of_them() -> None:
    assert list(by_name()) == [
        *("without audio", "without video", "without text"),
        *("without audio+video", "without audio+text", "without video+text"),
        "missing",
    ]


def test_streams_of_one_modality_go_missing_together_and_looked_up_ones_by_their_name() -> None:
    modalities = {"voice": "audio", "prosody": "audio", "face": "features", "audio": "features"}
    assert grouped(modalities) == {"audio": ("voice", "prosody", "audio"), "face": ("face",)}


@settings(deadline=None)
@given(clips=st.lists(st.text(min_size=1), min_size=1, max_size=20, unique=True))
def test_a_clip_keeps_something_and_loses_more_at_higher_rates(clips: list[str]) -> None:
    missing = by_name()["missing"]
    for clip in clips:
        lost = [missing.loses(clip, THREE, rate) for rate in RATES]
        assert all(less <= more for less, more in itertools.pairwise(lost))
        assert all(len(gone) < 3 for gone in lost)
        assert missing.loses(clip, THREE[::-1], 0.5) == lost[4], "the order changes nothing"
        assert missing.loses(clip, ("audio",), 0.7) == frozenset()


@pytest.mark.parametrize("rate", RATES)
def test_the_rate_is_the_share_that_is_missing_but_for_what_the_last_one_saves(rate) -> None:
    missing, count = by_name()["missing"], 4000
    lost = [missing.loses(f"clip{i}", THREE, rate) for i in range(count)]
    share = np.mean([len(gone) / 3 for gone in lost])
    assert share == pytest.approx(rate - rate**3 / 3, abs=0.015)


def test_without_leaves_a_clip_what_it_has_where_that_is_all() -> None:
    none = by_name()["without audio+video"]
    assert none.loses("a", THREE, 1.0) == {"audio", "video"}
    assert none.loses("a", ("audio", "text"), 1.0) == {"audio"}
    assert none.loses("a", ("audio", "video"), 1.0) == frozenset()


def test_a_lost_stream_has_no_step_and_the_others_keep_theirs() -> None:
    values = torch.arange(12.0).reshape(6, 2)
    one = Ragged(values, torch.tensor([0, 2, 5]), torch.tensor([2, 3, 1]))
    other = Ragged(values, torch.tensor([0, 0, 0]), torch.tensor([1, 0, 1]))
    groups = {"audio": ("voice", "prosody"), "face": ("face",)}
    streams = {"voice": one, "prosody": one, "face": other}
    assert present(streams, groups) == [("audio", "face"), ("audio",), ("audio", "face")]
    lost = [frozenset({"audio"}), frozenset(), frozenset({"face"})]
    left = without(streams, groups, lost)
    assert left["voice"].lengths.tolist() == left["prosody"].lengths.tolist() == [0, 3, 1]
    assert left["face"].lengths.tolist() == [1, 0, 0]
    batch = left["voice"].batch(torch.tensor([0, 1]))
    assert not batch.mask[0].any()
    assert not batch.x[0].any()
    assert list(left) == list(streams), "streams keep their order"
