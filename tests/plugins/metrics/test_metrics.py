"""The metrics against their definitions, written out anew, and against scikit-learn."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from mertk.testing import MetricTests
from mertk_plugins.metrics.brier import Brier
from mertk_plugins.metrics.ece import ECE
from mertk_plugins.metrics.macro_f1 import MacroF1
from mertk_plugins.metrics.nll import NLL
from mertk_plugins.metrics.ua import UA
from mertk_plugins.metrics.wa import WA
from mertk_plugins.metrics.weighted_f1 import WeightedF1

COUNTING = [UA, WA, WeightedF1, MacroF1]
PROBABILISTIC = [ECE, NLL, Brier]
METRICS = [*COUNTING, *PROBABILISTIC]


class TestUA(MetricTests):
    component = UA


class TestWA(MetricTests):
    component = WA


class TestWeightedF1(MetricTests):
    component = WeightedF1


class TestMacroF1(MetricTests):
    component = MacroF1


class TestECE(MetricTests):
    component = ECE


class TestNLL(MetricTests):
    component = NLL


class TestBrier(MetricTests):
    component = Brier


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


@pytest.mark.parametrize("metric", COUNTING)
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
    wrong, right = (metric()(labels, np.eye(3)[(labels + by) % 3]) for by in (1, 0))
    low, high = metric.bounds
    assert low == min(wrong, right)
    assert high == max(wrong, right) or (metric is NLL and wrong > 80)


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


# What probabilities are worth


@st.composite
def forecasts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels [B] and probabilities [B, N], in single precision as they are kept."""
    clips, classes = draw(st.integers(1, 30)), draw(st.integers(2, 5))
    labels = draw(arrays(np.int64, clips, elements=st.integers(0, classes - 1)))
    weights = draw(arrays(np.float64, (clips, classes), elements=st.floats(1e-3, 1)))
    return labels, (weights / weights.sum(1, keepdims=True)).astype(np.float32)


@settings(deadline=None)
@given(given_=forecasts(), bins=st.integers(1, 20))
def test_ece_equals_its_definition_and_scikit_learns_curve(given_, bins: int) -> None:
    labels, scores = given_
    confidence = scores.max(1).astype(np.float64)
    right = scores.argmax(1) == labels
    edges = np.linspace(0, 1, bins + 1)
    gaps = []
    for low, high in pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            gaps.append(inside.mean() * abs(right[inside].mean() - confidence[inside].mean()))
    assert ECE(bins)(labels, scores) == pytest.approx(sum(gaps), abs=1e-9)
    true, mean = calibration_curve(right, np.minimum(confidence, 1), n_bins=bins)
    counts = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=bins)
    shares = counts[counts > 0] / len(labels)
    assert ECE(bins)(labels, scores) == pytest.approx(shares @ abs(true - mean), abs=1e-9)


@settings(deadline=None)
@given(given_=forecasts())
def test_nll_and_brier_equal_scikit_learns(given_) -> None:
    labels, scores = given_
    classes = np.arange(scores.shape[1])
    exact = scores.astype(np.float64)
    exact /= exact.sum(1, keepdims=True)  # scikit-learn warns of what single precision rounds
    near = {"rel": 1e-5, "abs": 1e-6}  # of a probability near 1, single precision keeps 6e-8
    assert NLL()(labels, scores) == pytest.approx(log_loss(labels, exact, labels=classes), **near)
    theirs = brier_score_loss(labels, exact, labels=classes, scale_by_half=False)
    assert Brier()(labels, scores) == pytest.approx(theirs, abs=1e-5)


def test_what_they_are_on_a_hand() -> None:
    labels = np.array([0, 0, 1, 1])
    scores = np.array([[0.8, 0.2], [0.6, 0.4], [0.6, 0.4], [0.3, 0.7]])
    # Two bins: all confidences lie in (0.5, 1], their mean is 0.675, and three of four are right.
    assert ECE(2)(labels, scores) == pytest.approx(0.075)
    assert NLL()(labels, scores) == pytest.approx(-np.log([0.8, 0.6, 0.4, 0.7]).mean())
    assert Brier()(labels, scores) == pytest.approx(2 * (0.04 + 0.16 + 0.36 + 0.09) / 4)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below() -> None:
    scores = np.array([[0.5, 0.5], [1.0, 0.0]])
    assert ECE(2)(np.array([0, 1]), scores) == pytest.approx((0.5 + 1.0) / 2)


def test_certainty_that_is_wrong_costs_much_but_not_infinity() -> None:
    assert NLL()(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(87.3365, abs=1e-3)


def test_ece_without_bins_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bins: at least 1 is needed \(0\)"):
        ECE(0)


@pytest.mark.parametrize("metric", PROBABILISTIC)
@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (
            [[2.0, 1.0], [0.5, 0.5]],
            r"no probabilities for 1 of 2 clips .* sums to 3\); apply a soft",
        ),
        ([[1.2, -0.2], [3.0, 0.0]], r"no probabilities for 2 of 2 clips .*from -0.2 to 1.2"),
    ],
)
def test_logits_are_no_probabilities(metric: type[ECE], scores, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metric()(np.array([0, 1]), np.array(scores))
