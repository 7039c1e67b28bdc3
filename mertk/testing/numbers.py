"""Conformance kit for metrics of dimensions and of several labels at once."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mertk.contracts import Bounded, Metric, targets_of
from mertk.errors import MertkError
from mertk.testing._kit import Kit

Array = NDArray[Any]
CLIPS, OUTPUTS = 40, 3


class NumberMetricTests(Kit):
    """What a metric must do that takes [B, N] labels, of dimensions or of labels.

    class TestMine(NumberMetricTests):
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
        """Forty clips, of the kind of target that the metric takes: dimensions, or else labels."""
        drawn = np.random.default_rng(0).normal(3, 1, (CLIPS, OUTPUTS))
        numbers = "dimensions" in targets_of(self.component)
        return drawn if numbers else (drawn > 3).astype(float)

    def test_it_says_what_it_takes_and_which_direction_is_better(self, metric: Any) -> None:
        """A recipe is refused where they do not fit; epochs and systems are ranked by it."""
        assert isinstance(metric, Metric)
        assert isinstance(metric.higher_is_better, bool)
        taken = targets_of(self.component)
        assert set(taken) <= {"classes", "dimensions", "labels"}
        assert set(taken) & {"dimensions", "labels"}

    def test_nothing_beats_perfect_predictions(self, metric: Any, labels: Array) -> None:
        """And to say the opposite is worse."""
        sign = 1 if metric.higher_is_better else -1
        perfect = metric(labels, labels.copy())
        assert isinstance(perfect, float)
        generator = np.random.default_rng(1)
        for _ in range(20):
            other = metric(labels, generator.uniform(labels.min(), labels.max(), labels.shape))
            assert sign * other <= sign * perfect
        opposite = labels.max() + labels.min() - labels
        assert sign * metric(labels, opposite) < sign * perfect

    def test_the_order_of_clips_does_not_matter(self, metric: Any, labels: Array) -> None:
        """Clips are scored as a set."""
        scores = np.random.default_rng(2).uniform(0, 1, labels.shape)
        order = np.random.default_rng(3).permutation(CLIPS)
        found = metric(labels[order], scores[order])
        assert math.isclose(found, metric(labels, scores), rel_tol=1e-9)

    def test_what_is_not_rated_does_not_count(self, metric: Any, labels: Array) -> None:
        """A clip that is rated on nothing is as good as absent, whatever is said of it."""
        scores = np.random.default_rng(4).uniform(0, 1, labels.shape)
        gaps = labels.copy()
        gaps[::4] = np.nan
        kept = ~np.isnan(gaps[:, 0])
        assert math.isclose(metric(gaps, scores), metric(labels[kept], scores[kept]))
        scores[::4] = 1 - scores[::4]
        assert math.isclose(metric(gaps, scores), metric(labels[kept], scores[kept]))

    def test_nothing_rated_at_all_has_no_score(self, metric: Any, labels: Array) -> None:
        """Neither a number nor an error: one fold must not stop the others."""
        assert math.isnan(metric(np.full_like(labels, np.nan), np.full_like(labels, 0.5)))

    @pytest.mark.parametrize("side", ["labels", "scores", "both"])
    def test_what_does_not_vary_leaves_a_finite_score(
        self, metric: Any, labels: Array, side: str
    ) -> None:
        """Without a warning and without dividing by zero."""
        flat = np.full_like(labels, 1.0)
        true = labels if side == "scores" else flat
        said = np.random.default_rng(5).uniform(0, 1, labels.shape) if side == "labels" else flat
        assert math.isfinite(metric(true, said))

    def test_a_single_clip_has_a_finite_score(self, metric: Any, labels: Array) -> None:
        """Groups such as one speaker may be that small."""
        one = np.ones_like(labels[:1])
        assert math.isfinite(metric(one, one * 0.25))

    def test_it_keeps_within_its_bounds(self, metric: Any, labels: Array) -> None:
        """Where it names them: intervals end there."""
        if not isinstance(metric, Bounded):
            pytest.skip("it names no bounds")
        low, high = metric.bounds
        for scores in (labels, labels.max() + labels.min() - labels, np.full_like(labels, 0.5)):
            assert low - 1e-12 <= metric(labels, scores) <= high + 1e-12

    def test_no_clips_at_all_is_refused(self, metric: Any) -> None:
        """A number made of nothing would be believed."""
        with pytest.raises((MertkError, ValueError)):
            metric(np.zeros((0, OUTPUTS)), np.zeros((0, OUTPUTS)))

    def test_labels_and_scores_are_left_as_they_were(self, metric: Any, labels: Array) -> None:
        """Every metric scores the same arrays."""
        scores = labels.copy()
        before = labels.copy()
        metric(labels, scores)
        assert np.array_equal(labels, before)
        assert np.array_equal(scores, before)
