"""Labels are read as the target says, and what cannot be learned of them is told."""

import math

import numpy as np
import pytest

from mertk.contracts import Card, Clip
from mertk.errors import CorpusError
from mertk.target import Classes, Dimensions, Labels, target_of

DIMENSIONS = Dimensions(("valence", "arousal"))
LABELS = Labels(("happy", "sad"))


def clip(**labels: float | str) -> Clip:
    return Clip("c", labels, "s")


def test_classes_are_indices() -> None:
    target = Classes(("sad", "happy"))
    clips = [clip(emotion="happy"), clip(emotion="sad", valence=2.0)]
    assert target.array(clips).tolist() == [1, 0]
    assert target.array(clips).dtype == np.int64
    assert [target.told(c) for c in clips] == ["happy", "sad"]
    assert target.examples(clips[0]) == {"happy"}
    assert target.fault(clip(emotion="angry")) == (
        "is labelled 'angry', which is none of the classes sad, happy"
    )
    assert target.unlearnable(clips[:1]) == ["'sad' has no training clip"]
    assert target.scale(target.array(clips)) is None


def test_dimensions_are_numbers_and_may_be_missing() -> None:
    clips = [clip(valence=1.5, arousal=math.nan), clip(arousal=4.0), clip(valence=2, arousal=2.0)]
    assert np.array_equal(
        DIMENSIONS.array(clips), np.array([[1.5, np.nan], [np.nan, 4], [2, 2]], np.float32), True
    )
    assert [DIMENSIONS.told(c) for c in clips] == [[1.5, None], [None, 4.0], [2.0, 2.0]]
    assert [DIMENSIONS.examples(c) for c in clips[:2]] == [{"valence"}, {"arousal"}]
    assert not any(DIMENSIONS.fault(c) for c in clips)
    mean, spread = DIMENSIONS.scale(DIMENSIONS.array(clips))
    assert mean.tolist() == [1.75, 3.0]
    assert spread.tolist() == [0.25, 1.0]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"valence": "high"}, "has 'high' for 'valence', which is no number"),
        ({"valence": math.inf}, "has inf for 'valence', which is no number"),
        ({"valence": math.nan}, "has no number for any of valence, arousal"),
        ({"emotion": "sad"}, "has no number for any of valence, arousal"),
    ],
)
def test_what_is_no_rating_is_told(labels: dict, told: str) -> None:
    assert DIMENSIONS.fault(clip(**labels)) == told


def test_a_dimension_without_ratings_or_without_spread_cannot_be_learned() -> None:
    clips = [clip(valence=3.0), clip(valence=3.0)]
    assert DIMENSIONS.unlearnable(clips) == [
        "no training clip is rated for 'arousal'",
        "'valence' is 3 in every training clip",
    ]
    assert (
        DIMENSIONS.unlearnable([clip(valence=1.0, arousal=1.0), clip(valence=2, arousal=3)]) == []
    )
    _, spread = DIMENSIONS.scale(DIMENSIONS.array(clips))
    assert spread.tolist() == [1.0, 1.0]


def test_labels_are_there_or_not() -> None:
    clips = [clip(happy=1, sad=1), clip(happy=0.0, sad=0.0), clip(happy=1.0)]
    assert [LABELS.examples(c) for c in clips] == [{"happy", "sad"}, set(), {"happy"}]
    assert LABELS.told(clips[2]) == [1.0, None]
    assert LABELS.fault(clip(happy=0.5)) == "has 0.5 for 'happy', which is neither 0 nor 1"
    assert LABELS.fault(clip(happy="yes")) == "has 'yes' for 'happy', which is no number"
    assert LABELS.fault(clip()) == "has no number for any of happy, sad"
    assert LABELS.unlearnable(clips) == []
    assert LABELS.unlearnable(clips[::2]) == [
        "no training clip is without 'happy'",
        "no training clip is without 'sad'",
    ]
    assert LABELS.unlearnable(clips[1:2]) == [
        "'happy' has no training clip",
        "'sad' has no training clip",
    ]


@pytest.mark.parametrize("target", [Classes(("a", "b")), DIMENSIONS, LABELS])
def test_a_pair_has_the_shape_of_labels_and_differs(target) -> None:
    first, second = target.pair()
    assert np.all(first != second)
    assert target.pair().shape[1:] == (() if target.kind == "classes" else (2,))


def test_a_card_that_says_something_else_is_refused() -> None:
    card = Card("x", ("a", "b"), "x", "x", "x", target="sentiment")  # type: ignore[arg-type]
    with pytest.raises(CorpusError, match=r"one of classes, dimensions, labels \('sentiment'\)"):
        target_of(card)
