"""Every point is there, in the marks of its group."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from mertk.page.figures import scatter
from mertk.page.figures.parts import style
from tests.page.figures.reading import marked, places, texts

RNG = np.random.default_rng(1)
POINTS = RNG.normal(size=(40, 2)).astype(np.float32)
GROUPS = ["sad"] * 10 + ["angry"] * 30


def test_points_are_where_they_are() -> None:
    picture = scatter(POINTS, GROUPS, order=["sad", "angry"])
    found = np.array([p for group in marked(picture, "points") for p in places(group)])
    for axis, sign in ((0, 1), (1, -1)):
        slope, start = np.polyfit(POINTS[:, axis], found[:, axis], 1)
        assert sign * slope > 0
        assert found[:, axis] == pytest.approx(start + slope * POINTS[:, axis], abs=0.01)


def test_the_text_counts_groups_and_neighbours() -> None:
    alt = scatter(POINTS, GROUPS).alt
    near = KNeighborsClassifier(2).fit(POINTS, GROUPS).kneighbors(POINTS, return_distance=False)
    share = np.mean(np.array(GROUPS)[near[:, 1]] == GROUPS)
    assert alt == (
        "Map of 40 points in 2 groups: angry 30, sad 10; the nearest point is of the same group "
        f"for {100 * share:.0f}%."
    )


def test_a_group_looks_alike_wherever_it_stands_first() -> None:
    order = ["angry", "happy", "sad"]
    both, one = scatter(POINTS, GROUPS, order=order), scatter(POINTS[:10], GROUPS[:10], order=order)
    assert style(2).colour == "c3"
    assert "--c3" in one.svg
    assert "--c3" in both.svg
    assert "--c2" not in both.svg


def test_twenty_four_speakers_look_different_and_are_all_in_the_legend() -> None:
    assert len({(style(i).colour, style(i).marker) for i in range(42)}) == 42
    names = [f"Actor_{i:02d}" for i in range(24)]
    picture = scatter(RNG.normal(size=(240, 2)), names * 10)
    assert set(names) <= set(texts(picture))
    assert "and 12 more" in picture.alt


def test_a_point_that_is_not_finite_is_left_out_and_counted() -> None:
    points = POINTS.copy()
    points[3, 1] = np.nan
    picture = scatter(points, GROUPS)
    assert sum(len(places(group)) for group in marked(picture, "points")) == 39
    assert "1 point without finite coordinates" in picture.alt


def test_one_point_and_points_at_one_place_are_drawn() -> None:
    assert scatter(POINTS[:1], GROUPS[:1]).alt == "Map of 1 point in 1 group: sad 1."
    assert "Map of 4 points" in scatter(np.zeros((4, 2)), ["a", "b", "b", "b"]).alt


def test_no_point_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        scatter(np.full((2, 2), np.nan), ["a", "b"])
    with pytest.raises(ValueError, match="nothing to draw"):
        scatter(np.empty((0, 2)), [])
    with pytest.raises(ValueError, match="does not fit"):
        scatter(POINTS, ["a"])
