"""Means and ranges over epochs and over levels of a disturbance."""

import numpy as np
import pytest

from mertk.page.figures import curves, robustness
from tests.page.figures.reading import line, marked, places, texts

NAN = float("nan")


def test_a_curve_is_the_mean_of_its_trials() -> None:
    picture = curves({"emotion": [[3, 2, 1], [1, 2, 0]], "avel": [[2, 2, 0.5]]}, label="loss")
    first, second = (np.array(line(curve)) for curve in marked(picture, "mean"))
    assert first[:, 0] == pytest.approx(second[:, 0])
    assert first == pytest.approx(second, abs=0.01)


def test_a_trial_that_ended_early_leaves_the_mean_to_the_others() -> None:
    picture = curves({"a": [[3, 2, 1, 1], [1, 2]], "b": [[2, 2, 1, 1]]}, label="loss")
    first, second = (line(curve) for curve in marked(picture, "mean"))
    assert np.array(first) == pytest.approx(np.array(second), abs=0.01)


def test_a_selected_epoch_is_marked_on_the_curve_of_its_trial() -> None:
    picture = curves({"a": [[3, 2, 1]]}, label="loss", marks={"a": [2]})
    (dot,) = places(marked(picture, "selected")[0])
    assert dot == pytest.approx(line(marked(picture, "mean")[0])[1], abs=0.01)
    assert "selected epoch" in texts(picture)
    assert "selected epochs 2" in picture.alt


def test_the_text_tells_the_ends_and_the_extremes() -> None:
    assert curves({"ua": [[0.2, 0.8, 0.6]]}, label="UA").alt == (
        "UA over epochs. ua, mean of 1 trial: 0.200 at epoch 1, 0.600 at epoch 3, lowest "
        "0.200 at 1, highest 0.800 at 2."
    )


def test_values_that_are_not_finite_are_gaps_and_a_lone_one_is_a_dot() -> None:
    picture = curves({"a": [[1, NAN, 3, 2]], "b": [[NAN, NAN, NAN]], "c": []}, label="loss")
    assert len(places(marked(picture, "alone")[0])) == 1
    assert "b: no value; c: no value" in picture.alt


def test_one_epoch_is_a_dot() -> None:
    assert len(marked(curves({"a": [[1.0], [2.0]]}, label="loss"), "alone")) == 1


@pytest.mark.parametrize("series", [{}, {"a": []}, {"a": [[]]}, {"a": [[NAN, float("inf")]]}])
def test_nothing_finite_is_refused(series: dict[str, list[list[float]]]) -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        curves(series, label="loss")


def test_an_epoch_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="a has no epoch 4"):
        curves({"a": [[1, 2, 3]]}, label="loss", marks={"a": [4]})


def test_robustness_runs_from_mild_to_strong() -> None:
    picture = robustness([20, 10, 0], {"a": [[0.7, 0.6, 0.5]]}, unit="dB", clean={"a": 0.75})
    dots = places(marked(picture, "point")[0])
    assert [x for x, _ in dots] == sorted(x for x, _ in dots)
    assert [y for _, y in dots] == sorted(y for _, y in dots)
    assert line(marked(picture, "clean")[0])[0][1] < dots[0][1]
    assert "0.750" in picture.alt
    assert "0.700 at 20, 0.500 at 0" in picture.alt


def test_a_level_without_a_score_is_a_gap_that_is_told() -> None:
    picture = robustness([1, 2, 3], {"a": [[0.7, NAN, 0.5]]}, unit="share")
    assert len(places(marked(picture, "point")[0])) == 2
    assert "no score at 1 of 3 levels" in picture.alt


def test_a_single_level_is_drawn() -> None:
    assert marked(robustness([0.5], {"a": [[0.7]]}, unit="share"), "point")


@pytest.mark.parametrize(
    ("levels", "scores", "found"),
    [
        ([], {"a": [[]]}, "grow or fall"),
        ([1, 3, 2], {"a": [[1, 1, 1]]}, "grow or fall"),
        ([1, 2], {"a": [[1]]}, "not one per level"),
        ([1, 2], {"a": [[NAN, NAN]]}, "nothing to draw"),
        ([1, 2], {}, "nothing to draw"),
    ],
)
def test_what_is_no_curve_is_refused(
    levels: list[float], scores: dict[str, list[list[float]]], found: str
) -> None:
    with pytest.raises(ValueError, match=found):
        robustness(levels, scores, unit="share")
