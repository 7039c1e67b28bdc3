"""Look-ups by hand: what was seen, what was not, equals, and corpora that do not allow them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.baselines.guess import Inapplicable
from mertk.baselines.lookup import Length, Lookup, Majority, look_up
from mertk.baselines.prior import Prior
from mertk.contracts import MediaRef
from tests.baselines.corpora import CLASSES, clip

TRAIN = [
    clip("t1", "sad", text="so"),
    clip("t2", "sad", text="so"),
    clip("t3", "happy", text="so"),
    clip("t4", "happy", text="well"),
    clip("t5", "happy", text=None),
]
TEST = [
    clip("u1", "sad", text="so"),
    clip("u2", "happy", text="so"),
    clip("u3", "happy", text="well"),
    clip("u4", "happy", text="new"),
    clip("u5", "sad", text=None),
]


def text(clips=(*TRAIN, *TEST)) -> Lookup:
    return Lookup("text", lambda c: c.text, clips, CLASSES)


def test_a_key_that_was_seen_gives_its_most_frequent_class_any_other_the_majority() -> None:
    guess = text()(TRAIN, TEST)
    assert guess.labels.tolist() == [2, 1, 1, 1, 2]
    assert guess.right.tolist() == [1, 0, 1, 1, 0]  # sad, sad, happy, then happy twice
    assert guess.known.tolist() == [True, True, True, False, False]


def test_the_majority_is_said_of_every_clip() -> None:
    guess = Majority(CLASSES)(TRAIN, TEST)
    assert guess.right.tolist() == [0, 1, 1, 1, 0]
    assert guess.known.all()


def test_of_equally_frequent_classes_the_first_is_said() -> None:
    equal = [clip("t1", "sad"), clip("t2", "happy")]
    assert Majority(CLASSES)(equal, [clip("u1", "happy")]).right.tolist() == [1]


def test_the_prior_is_scored_by_what_it_reaches_on_average() -> None:
    guess = Prior(CLASSES)(TRAIN, [*TEST, clip("u6", "angry")])
    assert guess.right == pytest.approx([0.4, 0.6, 0.6, 0.6, 0.4, 0.0])


@given(
    drawn=st.lists(st.tuples(st.sampled_from(["", "x", "y"]), st.integers(0, 2)), min_size=1),
    asked=st.lists(st.sampled_from(["", "x", "y", "z"]), min_size=1),
)
def test_a_look_up_says_a_class_that_no_other_beats(drawn, asked) -> None:
    keys, labels = [k for k, _ in drawn], np.array([c for _, c in drawn])
    for truth in range(3):
        guess = look_up(keys, labels, asked, np.full(len(asked), truth))
        for key, right, known in zip(asked, guess.right, guess.known, strict=True):
            assert known == (key != "" and key in keys)
            own = [c for k, c in drawn if k == key] if known else labels.tolist()
            if right:
                assert own.count(truth) == max(map(own.count, range(3)))


def test_lengths_are_told_apart_by_tenths_of_the_training_clips() -> None:
    def long(name: str, emotion: str, seconds: float):
        return clip(name, emotion, media={"audio": MediaRef(Path("gone.wav"), 0.0, seconds)})

    train = [long(f"t{i}", "sad" if i < 10 else "happy", 1 + i / 10) for i in range(20)]
    test = [long("u1", "sad", 0.5), long("u2", "happy", 9.0), long("u3", "happy", 1.05)]
    guess = Length([*train, *test], CLASSES)(train, test)
    assert guess.right.tolist() == [1, 1, 0]
    assert guess.known.all()


def test_what_a_corpus_does_not_allow_says_why() -> None:
    with pytest.raises(Inapplicable, match="no clip says its text"):
        text([clip("a", "sad"), clip("b", "sad", text="")])
    with pytest.raises(Inapplicable, match="every clip has the same text"):
        text([clip("a", "sad", text="so"), clip("b", "happy", text="so")])
    with pytest.raises(
        Inapplicable, match="the length of 5 of 5 clips is unknown: t1: has neither"
    ):
        Length(TRAIN, CLASSES)
    same = {"video": MediaRef(Path("gone.avi"), 1.0, 2.0)}
    with pytest.raises(Inapplicable, match="every clip has the same length"):
        Length([clip("a", "sad", media=same), clip("b", "happy", media=same)], CLASSES)
