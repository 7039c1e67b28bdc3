"""Per-class figures: counted by hand, the confusion matrix, and classes that are missing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.describe.classes import ClassFigures, confusion, per_class

NAMES = ("angry", "happy", "neutral", "sad")


def certain(predicted: list[int]) -> np.ndarray:
    return np.eye(4)[predicted]


def test_each_class_is_counted_and_what_cannot_be_divided_is_none() -> None:
    labels = np.array([0, 0, 0, 1, 2])
    scores = certain([0, 0, 3, 0, 2])
    assert confusion(labels, scores).tolist() == [
        [2, 0, 0, 1],
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
    ]
    assert per_class(labels, scores, NAMES) == (
        ClassFigures("angry", 3, 3, pytest.approx(2 / 3), pytest.approx(2 / 3), 2 / 3),
        ClassFigures("happy", 1, 0, 0.0, None, 0.0),
        ClassFigures("neutral", 1, 1, 1.0, 1.0, 1.0),
        ClassFigures("sad", 0, 1, None, 0.0, 0.0),
    )


def test_a_class_that_neither_occurs_nor_is_predicted_has_no_figures() -> None:
    figures = per_class(np.array([0, 1]), certain([0, 1]), NAMES)[3]
    assert figures == ClassFigures("sad", 0, 0, None, None, None)


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_figures_follow_from_the_confusion_matrix(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = map(np.array, zip(*pairs, strict=True))
    matrix = confusion(labels, certain(predicted))
    assert matrix.sum() == len(pairs)
    for i, figures in enumerate(per_class(labels, certain(predicted), NAMES)):
        assert figures.clips == matrix[i].sum()
        assert figures.predicted == matrix[:, i].sum()
        right = matrix[i, i]
        for value, of in ((figures.recall, matrix[i]), (figures.precision, matrix[:, i])):
            assert value == (pytest.approx(right / of.sum()) if of.sum() else None)
        both = matrix[i].sum() + matrix[:, i].sum()
        assert figures.f1 == (pytest.approx(2 * right / both) if both else None)


def test_a_wrong_number_of_names_is_refused() -> None:
    with pytest.raises(ValueError, match=r"names: 2 do not name 4 classes \(a, b\)"):
        per_class(np.array([0]), certain([0]), ("a", "b"))
