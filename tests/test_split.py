"""Honest validation: nothing leaks, whatever the corpus looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.contracts import Clip, Fold
from mertk.errors import CorpusError
from mertk.recipe import Select
from mertk.split import check_folds, split
from tests.toy_parts import Corpus


def clip(name: str, speaker: str, emotion: str = "a") -> Clip:
    return Clip(name, {"emotion": emotion}, speaker)


@given(
    speakers=st.integers(4, 8),
    held=st.integers(1, 2),
    seed=st.integers(0, 1000),
    on=st.sampled_from(["held_out_speaker", "held_out_clips"]),
)
def test_the_parts_are_disjoint_complete_and_the_same_again(speakers, held, seed, on) -> None:
    corpus = Corpus(speakers=2 * (speakers // 2), per_class=3)
    clips = corpus.clips()
    speaker = {c.id: c.speaker for c in clips}
    fold = corpus.folds()[0]
    select = Select(on=on, speakers=held, share=0.3)
    if on == "held_out_speaker" and held >= corpus.speakers - 2:
        return
    parts = split(fold, clips, select, seed)
    assert set(parts.train) | set(parts.valid) == fold.train
    assert not set(parts.train) & set(parts.valid)
    assert set(parts.test) == fold.test
    assert parts == split(fold, clips, select, seed)
    if on == "held_out_speaker":
        assert len(parts.held_out) == held
        assert {speaker[c] for c in parts.valid} == set(parts.held_out)
        assert not {speaker[c] for c in parts.train} & set(parts.held_out)


def test_every_class_still_trains_whoever_is_held_out() -> None:
    clips = [clip(f"{s}{e}{i}", s, e) for s in "pqrs" for e in "ab" for i in range(2)]
    clips += [clip("rare", "p", "c")]
    fold = Fold("f", frozenset(c.id for c in clips), frozenset())
    for seed in range(30):
        assert split(fold, clips, Select(), seed).held_out != ("p",)


def test_a_class_that_only_the_held_out_could_teach_is_told() -> None:
    clips = [clip("p1", "p", "a"), clip("q1", "q", "b")]
    fold = Fold("f", frozenset({"p1", "q1"}), frozenset())
    with pytest.raises(CorpusError, match="f: whichever 1 speaker.*held_out_clips"):
        split(fold, clips, Select(), 0)


def test_a_fold_without_validation_speakers_says_what_could_be_done() -> None:
    clips = [clip("p1", "p"), clip("p2", "p")]
    fold = Fold("f", frozenset({"p1", "p2"}), frozenset())
    with pytest.raises(CorpusError, match="f: cannot hold out 1 of 1 training speakers; use"):
        split(fold, clips, Select(), 0)
    with pytest.raises(CorpusError, match="the corpus has no validation part of its own"):
        split(fold, clips, Select(on="valid"), 0)
    with pytest.raises(CorpusError, match="no class has two clips"):
        split(Fold("f", frozenset({"p1"}), frozenset()), clips, Select(on="held_out_clips"), 0)


def test_selection_on_test_trains_on_everything_else() -> None:
    corpus = Corpus()
    fold = corpus.folds()[0]
    parts = split(fold, corpus.clips(), Select(on="test"), 0)
    assert set(parts.train) == fold.train
    assert parts.valid == parts.test


@pytest.mark.parametrize(
    ("fold", "message"),
    [
        (Fold("f", frozenset({"p1"}), frozenset({"p1", "q1"})), "clip in both train and test: p1"),
        (Fold("f", frozenset({"p1"}), frozenset({"p2"})), "speaker in both train and test: p"),
        (Fold("f", frozenset({"p1"}), frozenset()), "f: no clip in test"),
        (Fold("f", frozenset({"p1"}), frozenset({"zz"})), "f: unknown clip 'zz'"),
    ],
)
def test_folds_that_leak_are_refused(fold: Fold, message: str) -> None:
    clips = [clip("p1", "p"), clip("p2", "p"), clip("q1", "q")]
    with pytest.raises(CorpusError, match=message):
        check_folds(clips, [fold], shared_speakers=False)


def test_shared_speakers_can_be_accepted_aloud() -> None:
    clips = [clip("p1", "p"), clip("p2", "p")]
    check_folds(clips, [Fold("f", frozenset({"p1"}), frozenset({"p2"}))], shared_speakers=True)
