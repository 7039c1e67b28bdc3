"""One rater against the others: by hand, several votes, no majority, no class."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.baselines.guess import Inapplicable
from mertk.baselines.people import OneRater, votes
from tests.baselines.corpora import CLASSES, clip


def rated(*said: str, emotion: str = "sad", name: str = "a"):
    return clip(name, emotion, ratings={f"emotion:E{i}": s for i, s in enumerate(said, start=1)})


def opinions(*clips) -> list[tuple[str, float]]:
    guess = OneRater(clips, CLASSES)([], clips)
    return [(CLASSES[i], share) for i, share in zip(guess.labels, guess.right, strict=True)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("sad", "sad", "sad"), [("sad", 1), ("sad", 1), ("sad", 1)]),
        # Of two who differ there is no majority: only the third is compared.
        (("sad", "sad", "happy"), [("sad", 0)]),
        # Half a voice for each of two emotions.
        (("sad", "sad", "happy|sad"), [("sad", 1), ("sad", 1), ("sad", 0.5)]),
        # What most others say may differ from the label, and from rater to rater.
        (("sad", "happy", "happy", "sad"), [("happy", 0), ("sad", 0), ("sad", 0), ("happy", 0)]),
        # No class: as a reference it is left out, as an opinion it is wrong.
        (("other", "other", "sad"), None),
        (("sad", "sad", "other"), [("sad", 0)]),
        # Two raters are each other's reference.
        (("sad", "happy"), [("happy", 0), ("sad", 0)]),
        (("sad",), None),
    ],
)
def test_opinions(said: tuple[str, ...], expected: list[tuple[str, float]] | None) -> None:
    if expected is None:
        with pytest.raises(Inapplicable, match="no rater whose fellow raters agree on a class"):
            opinions(rated(*said))
    else:
        assert opinions(rated(*said)) == expected


def test_what_the_actors_say_of_themselves_and_dimensions_are_no_votes() -> None:
    labels = {"emotion:E1": "sad", "self:emotion:F1": "happy", "valence:E1": 3.0, "emotion:E2": ""}
    assert votes(clip("a", "sad", ratings=labels)) == {"E1": ("sad",)}


def test_without_raters_it_says_so() -> None:
    with pytest.raises(Inapplicable, match=r"no clip says what single raters said \(emotion:RATER"):
        OneRater([clip("a", "sad")], CLASSES)


@given(
    said=st.lists(
        st.lists(st.sampled_from([*CLASSES, "other"]), min_size=1, max_size=2, unique=True),
        min_size=2,
        max_size=6,
    )
)
def test_the_order_of_raters_does_not_matter(said: list[list[str]]) -> None:
    names = ["|".join(s) for s in said]

    def found(these: list[str]) -> list[tuple[str, float]] | None:
        try:
            return sorted(opinions(rated(*these)))
        except Inapplicable:
            return None

    assert found(names) == found(names[::-1])
