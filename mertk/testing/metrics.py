"""Conformance kit for metrics."""

import math
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mertk.contracts import Bounded, Counting, KnowsChance, Metric
from mertk.errors import MertkError
from mertk.testing._kit import Kit

Array = NDArray[Any]
CLASSES = 4


class MetricTests(Kit):
    """What every metric must do.

    class TestMine(MetricTests):
        component = Mine
    """

    @pytest.fixture
    def metric(self, make: Callable[..., Any]) -> Any:
        """The metric; no warning may escape from it."""
        return make()

    @pytest.fixture(autouse=True)
    def _no_warnings(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield

    @pytest.fixture
    def labels(self) -> Array:
        """Forty clips of four classes of different sizes."""
        return np.repeat(np.arange(CLASSES), [16, 12, 8, 4])

    def test_it_says_which_direction_is_better(self, metric: Any) -> None:
        """Epochs and systems are ranked by it."""
        assert isinstance(metric, Metric)
        assert isinstance(metric.higher_is_better, bool)

    def test_nothing_beats_perfect_predictions(self, metric: Any, labels: Array) -> None:
        """And to be wrong everywhere is worse than to be right."""
        sign = 1 if metric.higher_is_better else -1
        perfect = metric(labels, _scores(labels))
        assert isinstance(perfect, float)
        generator = np.random.default_rng(0)
        for _ in range(20):
            other = metric(labels, generator.dirichlet(np.ones(CLASSES), len(labels)))
            assert sign * other <= sign * perfect
        wrong = metric(labels, _scores((labels + 1) % CLASSES))
        assert sign * wrong < sign * perfect

    def test_to_mend_a_mistake_never_makes_it_worse(self, metric: Any, labels: Array) -> None:
        """From all wrong to all right, the larger classes first."""
        sign = 1 if metric.higher_is_better else -1
        predicted = (labels + 1) % CLASSES
        course = [metric(labels, _scores(predicted))]
        for clip in range(len(labels)):
            predicted[clip] = labels[clip]
            course.append(metric(labels, _scores(predicted)))
        assert all(sign * b >= sign * a - 1e-12 for a, b in pairwise(course))

    def test_the_order_of_clips_does_not_matter(self, metric: Any, labels: Array) -> None:
        """Clips are scored as a set."""
        scores = np.random.default_rng(1).dirichlet(np.ones(CLASSES), len(labels))
        for shift in range(len(labels)):
            order = np.roll(np.arange(len(labels)), shift)
            assert math.isclose(
                metric(labels[order], scores[order]), metric(labels, scores), rel_tol=1e-9
            )

    @pytest.mark.parametrize("absent", range(CLASSES))
    def test_a_class_that_does_not_occur_leaves_a_finite_score(
        self, metric: Any, labels: Array, absent: int
    ) -> None:
        """Whether or not it is predicted, and without a warning."""
        rest = labels[labels != absent]
        for predicted in (rest, np.full_like(rest, absent)):
            assert math.isfinite(metric(rest, _scores(predicted)))

    @pytest.mark.parametrize("predicted", [0, 1])
    def test_a_single_clip_has_a_finite_score(self, metric: Any, predicted: int) -> None:
        """Groups such as one speaker may be that small."""
        assert math.isfinite(metric(np.array([0]), _scores(np.array([predicted]))))

    def test_confusion_matrices_score_as_their_clips_do(self, metric: Any, labels: Array) -> None:
        """Where the metric offers both ways; many matrices at once, classes without clips too."""
        if not isinstance(metric, Counting):
            pytest.skip("it offers no from_confusion")
        generator = np.random.default_rng(2)
        parts = [labels, labels[labels != 1], labels[:1]]
        scores = [generator.dirichlet(np.ones(CLASSES), len(part)) for part in parts]
        counts = np.zeros((len(parts), CLASSES, CLASSES))
        for matrix, part, given in zip(counts, parts, scores, strict=True):
            np.add.at(matrix, (part, given.argmax(1)), 1)
        found = metric.from_confusion(counts)
        assert found.shape == (len(parts),)
        expected = [metric(part, given) for part, given in zip(parts, scores, strict=True)]
        assert np.allclose(found, expected, atol=1e-9)

    def test_it_keeps_within_its_bounds(self, metric: Any, labels: Array) -> None:
        """Where it names them: intervals end there."""
        if not isinstance(metric, Bounded):
            pytest.skip("it names no bounds")
        low, high = metric.bounds
        for predicted in (labels, (labels + 1) % CLASSES, np.zeros_like(labels)):
            assert low <= metric(labels, _scores(predicted)) <= high

    def test_no_clips_at_all_is_refused(self, metric: Any) -> None:
        """A number made of nothing would be believed."""
        with pytest.raises((MertkError, ValueError)):
            metric(np.zeros(0, dtype=np.int64), np.zeros((0, CLASSES)))

    def test_chance_is_what_guessing_comes_to(self, metric: Any, labels: Array) -> None:
        """Whether every clip is taken for one class or each for any."""
        if not isinstance(metric, KnowsChance):
            pytest.skip("the metric does not say what guessing comes to")
        level = metric.chance(CLASSES)
        for guess in range(CLASSES):
            assert math.isclose(metric(labels, _scores(np.full_like(labels, guess))), level)
        generator = np.random.default_rng(2)
        guesses = generator.dirichlet(np.ones(CLASSES), (400, len(labels)))
        drawn = [metric(labels, guess) for guess in guesses]
        assert abs(np.mean(drawn) - level) < 5 * np.std(drawn) / math.sqrt(len(drawn))

    def test_labels_and_scores_are_left_as_they_were(self, metric: Any, labels: Array) -> None:
        """Every metric scores the same arrays."""
        scores = _scores(labels)
        before = labels.copy(), scores.copy()
        metric(labels, scores)
        assert np.array_equal(labels, before[0])
        assert np.array_equal(scores, before[1])


def _scores(predicted: Array) -> Array:
    """Probabilities of a model that is certain of the predicted class: [B, N]."""
    return np.eye(CLASSES)[predicted]
