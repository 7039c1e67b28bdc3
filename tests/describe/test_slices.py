"""Slices: every prediction stands in one, the worst is named where that is fair to say."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from mertk.describe.slices import UNKNOWN, quarters, shared, slice_by
from mertk.records import PICKS
from tests.results_made import LABELS, keep, scores


def sliced(values: dict[str, str], clips: list[str], right: list[bool], least: int = 1):
    labels = np.arange(len(clips)) % 2
    said = np.where(right, labels, 1 - labels)
    return slice_by("group", values, clips, labels, np.eye(2)[said], least)


def test_slices_are_scored_counted_and_the_worst_is_named() -> None:
    clips = ["a", "b", "c", "d", "a", "b", "c", "d"]  # two seeds
    values = {"a": "x", "b": "x", "c": "y", "d": "y"}
    found = sliced(values, clips, [True, True, True, False, True, True, False, False])
    assert [(s.name, s.clips, s.rows.tolist(), s.classes) for s in found.slices] == [
        ("x", 2, [0, 1, 4, 5], (0, 1)),
        ("y", 2, [2, 3, 6, 7], (0, 1)),
    ]
    assert [(s.ua, s.wa) for s in found.slices] == [(1.0, 1.0), (0.25, 0.25)]
    assert found.worst == found.slices[1]
    assert found.note == ""


def test_of_equals_the_first_by_name_is_the_worst() -> None:
    found = sliced({"a": "y", "b": "y", "c": "x", "d": "x"}, list("abcd"), [True] * 4)
    assert found.worst is not None
    assert found.worst.name == "x"


def test_a_small_slice_is_told_but_not_the_worst() -> None:
    values = {"a": "one", **dict.fromkeys("bcde", "many")}
    found = sliced(values, list("abcde"), [False, True, True, True, True], least=2)
    assert [(s.name, s.clips, s.wa) for s in found.slices] == [("many", 4, 1.0), ("one", 1, 0.0)]
    assert found.worst is not None
    assert found.worst.name == "many"
    assert "1 of 2 slices have fewer than 2 clips" in found.note


def test_seeds_do_not_make_a_slice_larger() -> None:
    found = sliced({"a": "x", "b": "y"}, ["a", "b"] * 8, [True] * 16, least=2)
    assert found.worst is None
    assert found.note == "no slice has 2 clips"


def test_one_slice_alone_is_not_the_worst() -> None:
    found = sliced(dict.fromkeys("ab", "speech"), ["a", "b"], [True, False])
    assert found.worst is None
    assert found.note == "all clips are speech"


def test_different_classes_are_said() -> None:
    found = sliced({"a": "x", "b": "y"}, ["a", "b"], [True, False])
    assert "different classes" in found.note


def test_clips_of_which_nothing_is_known_are_a_slice_of_their_own() -> None:
    found = sliced({"a": "x", "b": ""}, ["a", "b", "c"], [True, True, False])
    assert [(s.name, s.clips) for s in found.slices] == [(UNKNOWN, 2), ("x", 1)]


@settings(deadline=None)
@given(
    drawn=st.lists(
        st.tuples(st.sampled_from("xyz"), st.integers(0, 2), st.integers(0, 2)),
        min_size=1,
        max_size=40,
    )
)
def test_every_prediction_stands_in_one_slice_scored_as_scikit_learn_does(drawn) -> None:
    names, labels, said = (np.array(column) for column in zip(*drawn, strict=True))
    clips = [str(i) for i in range(len(drawn))]
    values = dict(zip(clips, names.tolist(), strict=True))
    found = slice_by("group", values, clips, labels, np.eye(3)[said])
    assert sorted(np.concatenate([s.rows for s in found.slices]).tolist()) == [*range(len(drawn))]
    for each in found.slices:
        own = names == each.name
        assert each.wa == pytest.approx((labels[own] == said[own]).mean())
        recalls = [(said[own & (labels == c)] == c).mean() for c in each.classes]
        assert each.ua == pytest.approx(np.mean(recalls))
        # scikit-learn warns otherwise
        if set(said[own]) <= set(labels[own]) and len(each.classes) > 1:
            assert each.ua == pytest.approx(balanced_accuracy_score(labels[own], said[own]))


def test_quarters_hold_the_same_number_of_clips_and_say_their_limits() -> None:
    found = quarters({str(i): float(i) for i in range(1, 9)})
    assert found == {
        **dict.fromkeys("12", "1: to 2.75 s"),
        **dict.fromkeys("34", "2: 2.75 to 4.50 s"),
        **dict.fromkeys("56", "3: 4.50 to 6.25 s"),
        **dict.fromkeys("78", "4: over 6.25 s"),
    }


def test_clips_of_one_length_are_one_quarter() -> None:
    assert set(quarters(dict.fromkeys("abcd", 2.0)).values()) == {"1: to 2.00 s"}


def test_what_clips_share_is_speaker_groups_and_length(tmp_path: Path) -> None:
    record = keep(tmp_path, 1, 0, dict.fromkeys(PICKS, scores(0.8, 0)))
    found = shared([record])
    assert list(found) == ["speaker", "gender", "length"]
    assert found["speaker"] == dict(zip(record.clips, record.speakers, strict=True))
    assert sorted(set(found["gender"].values())) == ["female", "male"]
    assert found["length"] == quarters({c: 1.0 + i for i, c in enumerate(record.clips)})


def test_a_group_called_speaker_or_length_does_not_take_its_place(tmp_path: Path) -> None:
    record = keep(tmp_path, 1, 0, dict.fromkeys(PICKS, scores(0.8, 0)))
    groups = [{"speaker": "x", "length": "y"} for _ in record.clips]
    lot = SimpleNamespace(
        clips=record.clips, speakers=record.speakers, groups=groups, seconds=record.seconds
    )
    found = shared([lot])
    assert list(found) == ["speaker", "group speaker", "group length", "length"]
    assert found["speaker"] == dict(zip(record.clips, record.speakers, strict=True))
    assert set(found["group length"].values()) == {"y"}


def test_what_nobody_knows_is_no_slicing(tmp_path: Path) -> None:
    nobody = [""] * len(LABELS)
    record = keep(tmp_path, 1, 0, dict.fromkeys(PICKS, scores(0.8, 0)), who=nobody)
    assert "speaker" not in shared([record])
