"""Reliability, cross-entropy and temperature against hand-made cases and scikit-learn."""

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from mertk.describe.calibration import cross_entropy, reliability
from mertk.describe.temperature import LIMITS, fit_temperature


def drawn(clips: int, sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels that follow p, and scores that are p made `sharpness` times too sure."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(clips, 4))
    labels = np.array([rng.choice(4, p=row) for row in softmax(logits, axis=1)])
    return labels, softmax(sharpness * logits, axis=1).astype(np.float32)


class Logits(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose logits are what it is given."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, x):
        return x

    def predict(self, x):
        return self.classes_[x.argmax(1)]


def test_a_curve_counts_confidence_and_accuracy_per_bin() -> None:
    labels = np.array([0, 0, 1, 1])
    scores = np.array([[0.8, 0.2], [0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])
    curve = reliability(labels, scores, bins=5)
    assert curve.clips.tolist() == [0, 0, 2, 1, 1]
    assert curve.edges == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert curve.confidence == pytest.approx([np.nan, np.nan, 0.6, 0.8, 0.9], nan_ok=True)
    assert curve.accuracy == pytest.approx([np.nan, np.nan, 0.5, 1, 1], nan_ok=True)
    assert curve.ece == pytest.approx((2 * 0.1 + 0.2 + 0.1) / 4)


def test_single_precision_that_sums_to_a_little_more_than_one_has_a_bin() -> None:
    scores = np.array([[1.0000001, 0.0]], np.float32)
    assert reliability(np.array([0]), scores).clips.tolist() == [0] * 14 + [1]


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_a_temperature_finds_how_much_too_sure_a_model_is(sharpness: float) -> None:
    labels, scores = drawn(4000, sharpness)
    fitted = fit_temperature(labels, scores)
    assert fitted.value == pytest.approx(sharpness, rel=0.1)
    assert (fitted.at_limit, fitted.clips) == (False, 4000)
    others, unseen = drawn(4000, sharpness, seed=1)
    assert reliability(others, fitted.apply(unseen)).ece < 0.03


@settings(deadline=None, max_examples=30)
@given(clips=st.integers(1, 30), sharpness=st.floats(0.2, 5), seed=st.integers(0, 1000))
def test_a_temperature_never_makes_its_own_clips_worse_and_changes_no_class(
    clips: int, sharpness: float, seed: int
) -> None:
    labels, scores = drawn(clips, sharpness, seed)
    fitted = fit_temperature(labels, scores)
    tempered = fitted.apply(scores)
    assert cross_entropy(labels, tempered) <= cross_entropy(labels, scores) + 1e-6
    assert (tempered.argmax(1) == scores.argmax(1)).all()
    assert tempered.sum(1) == pytest.approx(1)
    low, high = LIMITS
    assert low <= fitted.value <= high


@pytest.mark.skipif(
    tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8),
    reason="scikit-learn scales by temperature from 1.8 on",
)
@pytest.mark.parametrize("sharpness", [0.5, 3.0])
def test_a_temperature_is_scikit_learns(sharpness: float) -> None:
    labels, scores = drawn(300, sharpness)
    logits = np.log(scores.astype(np.float64))
    theirs = CalibratedClassifierCV(
        FrozenEstimator(Logits().fit(logits, labels)), method="temperature"
    ).fit(logits, labels)
    ours = fit_temperature(labels, scores).apply(scores)
    assert ours == pytest.approx(theirs.predict_proba(logits), abs=1e-3)


def test_when_every_validation_clip_is_right_the_temperature_is_at_its_limit() -> None:
    labels = np.array([0, 1, 2, 0])
    scores = 0.7 * np.eye(3)[labels] + 0.1
    fitted = fit_temperature(labels, scores)
    assert fitted.at_limit
    assert fitted.value == pytest.approx(LIMITS[0], rel=1e-2)


def test_when_every_validation_clip_is_wrong_the_temperature_is_at_its_limit() -> None:
    labels = np.array([0, 1, 2, 0])
    scores = 0.7 * np.eye(3)[(labels + 1) % 3] + 0.1
    fitted = fit_temperature(labels, scores)
    assert fitted.at_limit
    assert fitted.value == pytest.approx(LIMITS[1], rel=1e-2)


def test_scores_that_say_nothing_have_temperature_1() -> None:
    fitted = fit_temperature(np.array([0, 1]), np.full((2, 4), 0.25))
    assert (fitted.value, fitted.at_limit) == (1.0, False)


def test_a_temperature_of_no_clips_is_refused() -> None:
    with pytest.raises(ValueError, match="no clip to score"):
        fit_temperature(np.zeros(0, int), np.zeros((0, 4)))
