"""The four metrics against their definitions, written out anew."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.testing import MetricTests
from mertk_plugins.metrics.macro_f1 import MacroF1
from mertk_plugins.metrics.ua import UA
from mertk_plugins.metrics.wa import WA
from mertk_plugins.metrics.weighted_f1 import WeightedF1

METRICS = [UA, WA, WeightedF1, MacroF1]


class TestUA(MetricTests):
    component = UA


class TestWA(MetricTests):
    component = WA


class TestWeightedF1(MetricTests):
    component = WeightedF1


class TestMacroF1(MetricTests):
    component = MacroF1


def counts(labels: list[int], predicted: list[int]) -> dict[int, tuple[int, int, int]]:
    """Class -> true positives, false positives, false negatives, for classes that occur."""
    pairs = list(zip(labels, predicted, strict=True))
    return {
        c: (
            sum(1 for a, p in pairs if a == c and p == c),
            sum(1 for a, p in pairs if a != c and p == c),
            sum(1 for a, p in pairs if a == c and p != c),
        )
        for c in set(labels)
    }


def mean_recall(labels: list[int], predicted: list[int]) -> float:
    recalls = [tp / (tp + fn) for tp, _, fn in counts(labels, predicted).values()]
    return sum(recalls) / len(recalls)


def accuracy(labels: list[int], predicted: list[int]) -> float:
    return sum(a == p for a, p in zip(labels, predicted, strict=True)) / len(labels)


def f1s(labels: list[int], predicted: list[int]) -> dict[int, float]:
    return {c: 2 * tp / (2 * tp + fp + fn) for c, (tp, fp, fn) in counts(labels, predicted).items()}


def weighted(labels: list[int], predicted: list[int]) -> float:
    return sum(labels.count(c) / len(labels) * f for c, f in f1s(labels, predicted).items())


def macro(labels: list[int], predicted: list[int]) -> float:
    values = f1s(labels, predicted).values()
    return sum(values) / len(values)


@pytest.mark.parametrize(
    ("metric", "definition"),
    [(UA, mean_recall), (WA, accuracy), (WeightedF1, weighted), (MacroF1, macro)],
)
@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_it_equals_its_definition(
    metric: type[UA],
    definition: Callable[[list[int], list[int]], float],
    pairs: list[tuple[int, int]],
) -> None:
    labels, predicted = map(list, zip(*pairs, strict=True))
    score = metric()(np.array(labels), np.eye(5)[predicted])
    assert score == pytest.approx(definition(labels, predicted), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
@settings(deadline=None, max_examples=50)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40),
    copies=st.integers(1, 3),
)
def test_confusion_matrices_give_the_same_score(
    metric: type[UA], pairs: list[tuple[int, int]], copies: int
) -> None:
    labels, predicted = np.array(pairs).T
    counts = np.zeros((5, 5))
    np.add.at(counts, (labels, predicted), 1)
    found = metric().from_confusion(np.stack([counts * copies, counts]))
    assert found == pytest.approx(metric()(labels, np.eye(5)[predicted]), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_scores_reach_their_bounds_and_stay_within(metric: type[UA]) -> None:
    labels = np.array([0, 0, 1, 2])
    assert metric.bounds == (
        metric()(labels, np.eye(3)[(labels + 1) % 3]),
        metric()(labels, np.eye(3)[labels]),
    )


def test_ua_and_wa_differ_where_classes_differ_in_size() -> None:
    labels = np.array([0] * 9 + [1])
    scores = np.eye(2)[[0] * 10]
    assert UA()(labels, scores) == 0.5
    assert WA()(labels, scores) == 0.9


def test_ua_of_two_present_classes_ignores_a_third_that_is_only_predicted() -> None:
    labels = np.array([0, 0, 2, 2])
    scores = np.eye(3)[[0, 1, 2, 2]]
    assert UA()(labels, scores) == 0.75


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        (np.array([], dtype=int), np.zeros((0, 3)), r"labels: there is no clip to score \(got 0\)"),
        (
            np.array([0, 1]),
            np.zeros((3, 3)),
            r"scores: shape \(3, 3\) does not fit labels of shape",
        ),
        (np.array([0, 1]), np.zeros(2), r"scores: shape \(2,\) does not fit"),
        (np.array([0, 3]), np.zeros((2, 3)), r"labels: class indices run from 0 to 2 \(got 0 to 3"),
        (np.array([-1, 0]), np.zeros((2, 3)), r"labels: class indices run from 0 to 2 \(got -1 to"),
        (np.array([0.0, 1.0]), np.zeros((2, 3)), r"labels: class indices are integers \(got float"),
        (np.array([0, 1]), np.array([[0, 1], [0, np.nan]]), r"not finite for 1 of 2 clips"),
        (np.array([0, 1]), np.array([[0, np.inf], [0, 1]]), r"not finite for 1 of 2 clips"),
    ],
)
def test_what_has_no_answer_is_refused(
    metric: type[UA], labels: np.ndarray, scores: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        metric()(labels, scores)
