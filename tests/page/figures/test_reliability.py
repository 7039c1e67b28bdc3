"""Reliability curves lie where confidence and accuracy are."""

import numpy as np
import pytest

from mertk.describe.calibration import Reliability
from mertk.describe.calibration import reliability as curve
from mertk.page.figures import reliability
from tests.page.figures.reading import marked, places, texts

LABELS = np.array([0, 0, 1, 1])
SCORES = np.array([[0.8, 0.2], [0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])


def test_filled_bins_are_points_on_a_square_from_0_to_1() -> None:
    found = curve(LABELS, SCORES, bins=5)
    picture = reliability({"as trained": found})
    dots = np.array(places(marked(picture, "curve")[0]))
    filled = found.clips > 0
    assert len(dots) == filled.sum() == 3
    slope, start = np.polyfit(found.confidence[filled], dots[:, 0], 1)
    assert dots[:, 0] == pytest.approx(start + slope * found.confidence[filled], abs=0.01)
    # Accuracies 0.5, 1, 1: half the square is between them.
    assert dots[0, 1] - dots[1, 1] == pytest.approx(230 / 2, abs=0.01)


def test_the_legend_and_the_text_tell_each_error() -> None:
    found = curve(LABELS, SCORES, bins=5)
    picture = reliability({"as trained": found, "tempered": found})
    assert {"as trained: ECE 0.125", "tempered: ECE 0.125"} <= set(texts(picture))
    assert "as trained: expected calibration error 0.125" in picture.alt
    assert "on average 0.725 sure and 0.750 right, over 4 predictions" in picture.alt


def test_no_curve_and_an_empty_one_are_refused() -> None:
    nothing = np.full(2, np.nan)
    empty = Reliability(np.array([0, 0.5, 1]), np.zeros(2, np.int64), nothing, nothing)
    with pytest.raises(ValueError, match="0 curves"):
        reliability({})
    with pytest.raises(ValueError, match="before"):
        reliability({"before": empty})
