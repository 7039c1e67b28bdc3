"""Shares per true class, legible on their cells."""

import re

import numpy as np
import pytest

from mertk.page.figures import confusion
from tests.page.figures.reading import marked, written


def test_cells_hold_percent_of_the_true_class_and_counts() -> None:
    picture = confusion(np.array([[6, 2], [1, 3]]), ["angry", "happy"])
    assert written(picture, "share") == ["75", "25", "25", "75"]
    assert written(picture, "count") == ["6", "2", "1", "3"]
    assert len(marked(picture, "cell")) == 4


def test_the_darker_a_cell_the_larger_its_share() -> None:
    picture = confusion(np.array([[6, 2], [0, 4]]), ["angry", "happy"])
    styles = [next(e for e in c.iter() if e.get("style")) for c in marked(picture, "cell")]
    alphas = [
        float(re.search(r"opacity: ([\d.]+)", s.attrib["style"])[1])
        if "opacity" in s.attrib["style"]
        else 1.0
        for s in styles
    ]
    assert alphas == pytest.approx([0.76, 0.28, 0.04, 1.0])


def test_a_class_without_clips_is_a_row_of_dashes_and_is_named() -> None:
    picture = confusion(np.array([[5, 0, 1], [0, 0, 0], [2, 0, 2]]), ["a", "b", "c"])
    assert written(picture, "share") == ["83", "17", "–", "–", "–", "50", "50"]
    assert picture.alt == (
        "Confusion matrix of 3 classes over 10 predictions; most often right: a, 83%; least often "
        "right: c, 50%; most often mistaken: c for a, 50%; without clips: b."
    )


@pytest.mark.parametrize("classes", [1, 12])
def test_one_class_and_twelve_are_drawn(classes: int) -> None:
    picture = confusion(np.eye(classes, dtype=int) * 7, [f"class {i}" for i in range(classes)])
    assert written(picture, "share") == ["100"] * classes
    assert "mistaken" not in picture.alt


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ([[0, 0], [0, 0]], "nothing to draw"),
        ([[1, -1], [0, 2]], "below 0"),
        ([[1]], "does not fit"),
    ],
)
def test_what_is_no_confusion_matrix_is_refused(counts: list[list[int]], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        confusion(np.array(counts), ["a", "b"])
