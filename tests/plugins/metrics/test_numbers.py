"""Metrics of dimensions and labels against SciPy, scikit-learn and their definitions."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import pearsonr
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    hamming_loss,
    mean_absolute_error,
)

from mertk.testing import NumberMetricTests
from mertk_plugins.metrics.ccc import CCC
from mertk_plugins.metrics.hamming import Hamming
from mertk_plugins.metrics.label_f1 import LabelF1
from mertk_plugins.metrics.mae import MAE
from mertk_plugins.metrics.mean_ap import MeanAP
from mertk_plugins.metrics.micro_f1 import MicroF1
from mertk_plugins.metrics.pearson import Pearson
from mertk_plugins.metrics.subset_accuracy import SubsetAccuracy

OF_DIMENSIONS = [CCC, Pearson, MAE]
OF_LABELS = [MicroF1, LabelF1, MeanAP, Hamming, SubsetAccuracy]
NAMES = ("valence", "arousal")


class TestCCC(NumberMetricTests):
    component = CCC


class TestPearson(NumberMetricTests):
    component = Pearson


class TestMAE(NumberMetricTests):
    component = MAE


class TestMicroF1(NumberMetricTests):
    component = MicroF1


class TestLabelF1(NumberMetricTests):
    component = LabelF1


class TestMeanAP(NumberMetricTests):
    component = MeanAP


class TestHamming(NumberMetricTests):
    component = Hamming


class TestSubsetAccuracy(NumberMetricTests):
    component = SubsetAccuracy


# Dimensions

ratings = arrays(np.float64, (12, 2), elements=st.floats(1, 5, width=32))


@settings(max_examples=60, deadline=None)
@given(labels=ratings, scores=ratings)
def test_dimensions_are_scored_as_scipy_and_scikit_learn_do(labels, scores) -> None:
    assume((np.std([labels, scores], axis=1) > 1e-3).all())
    pairs = list(zip(labels.T, scores.T, strict=True))
    assert MAE()(labels, scores) == pytest.approx(mean_absolute_error(labels, scores))
    r = [pearsonr(x, y).statistic for x, y in pairs]
    assert Pearson()(labels, scores) == pytest.approx(np.mean(r), abs=1e-9)
    # Lin's other form: r times how far scale and level agree.
    ccc = [
        r_
        * 2
        / (x.std() / y.std() + y.std() / x.std() + (x.mean() - y.mean()) ** 2 / (x.std() * y.std()))
        for r_, (x, y) in zip(r, pairs, strict=True)
    ]
    assert CCC()(labels, scores) == pytest.approx(np.mean(ccc), abs=1e-9)


def test_ccc_by_hand() -> None:
    labels, scores = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [3.0], [4.0]])
    # cov = var = 2/3, means 1 apart: (4/3) / (4/3 + 1).
    assert CCC()(labels, scores) == pytest.approx(4 / 7)
    assert Pearson()(labels, scores) == pytest.approx(1)
    assert MAE()(labels, scores) == 1


@pytest.mark.parametrize(("metric", "place"), [*product(OF_DIMENSIONS, range(2))])
def test_one_dimension_can_be_asked_for(metric, place: int) -> None:
    generator = np.random.default_rng(0)
    labels, scores = generator.normal(size=(2, 9, 2))
    alone = metric(dimension=NAMES[place], outputs=NAMES)(labels, scores)
    assert alone == metric()(labels[:, [place]], scores[:, [place]])
    both = [metric(dimension=name, outputs=NAMES)(labels, scores) for name in NAMES]
    assert metric()(labels, scores) == pytest.approx(np.mean(both))
    labels[:, 1] = np.nan
    assert math.isnan(metric()(labels, scores))
    assert math.isfinite(metric(dimension="valence", outputs=NAMES)(labels, scores))


@pytest.mark.parametrize("metric", OF_DIMENSIONS)
def test_a_dimension_that_is_not_there_is_named(metric) -> None:
    with pytest.raises(ValueError, match=r"dimension: must be one of valence, arousal .*'valens'"):
        metric(dimension="valens", outputs=NAMES)


@pytest.mark.parametrize("metric", [CCC, Pearson])
@pytest.mark.parametrize("side", [0, 1])
def test_what_does_not_vary_agrees_with_nothing(metric, side: int) -> None:
    both = [np.linspace(1, 5, 7)[:, None], np.linspace(1, 5, 7)[:, None]]
    both[side] = np.full((7, 1), 0.1)
    assert metric()(*both) == 0
    assert metric()(both[side], both[side]) == 0


# Labels

cells = arrays(np.int64, (12, 3), elements=st.integers(0, 1))
chances = arrays(np.float64, (12, 3), elements=st.floats(0, 1, width=32))


@settings(max_examples=60, deadline=None)
@given(labels=cells, scores=chances)
def test_labels_are_scored_as_scikit_learn_does(labels, scores) -> None:
    assume(labels.any(0).all())
    said = scores >= 0.5
    found = {metric: metric()(labels.astype(float), scores) for metric in OF_LABELS}
    expected = {
        MicroF1: f1_score(labels, said, average="micro", zero_division=0),
        LabelF1: f1_score(labels, said, average="macro", zero_division=0),
        MeanAP: average_precision_score(labels, scores, average="macro"),
        Hamming: hamming_loss(labels, said),
        SubsetAccuracy: accuracy_score(labels, said),
    }
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_label_that_does_not_occur_is_left_out_of_means() -> None:
    labels, scores = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.9, 0.9], [0.1, 0.1]])
    assert (LabelF1()(labels, scores), MeanAP()(labels, scores)) == (1, 1)
    assert MicroF1()(labels, scores) == pytest.approx(2 / 3)
    nowhere = np.zeros((2, 2))
    assert math.isnan(LabelF1()(nowhere, scores))
    assert math.isnan(MeanAP()(nowhere, scores))


@pytest.mark.parametrize("metric", OF_LABELS)
@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([[0.5, 1]], [[0.5, 1]], "labels: must be 0 or 1"),
        ([[0, 1]], [[-0.5, 1]], "scores: probabilities run from 0 to 1"),
        ([[0, 1]], [[np.nan, 1]], "scores: 1 of 2 are not finite"),
        ([0, 1], [[0, 1], [1, 0]], r"scores: shape \(2, 2\) does not fit"),
    ],
)
def test_what_is_no_label_is_refused(metric, labels, scores, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metric()(np.array(labels, float), np.array(scores, float))
