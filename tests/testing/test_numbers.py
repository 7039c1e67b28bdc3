"""The kit for metrics of dimensions and labels catches each way of being wrong."""

import math

import numpy as np
import pytest

from mertk.testing import NumberMetricTests
from mertk_plugins.metrics.ccc import CCC
from mertk_plugins.metrics.mae import MAE
from tests.testing.broken import run


class SaysNothingOfItsTarget(MAE):
    targets = ("classes",)


class WrongDirection(MAE):
    higher_is_better = True


class CountsGaps(MAE):
    def __call__(self, labels, scores):
        return super().__call__(np.nan_to_num(labels), scores)


class RaisesWhereNothingIsRated(MAE):
    def __call__(self, labels, scores):
        if np.isnan(labels).all():
            raise ValueError("labels: nothing is rated")
        return super().__call__(labels, scores)


class DividesByZero(CCC):
    def __call__(self, labels, scores):
        known = ~np.isnan(labels).any(1)
        return float(np.corrcoef(labels[known].ravel(), scores[known].ravel())[0, 1])


class LooksAtTheOrder(MAE):
    def __call__(self, labels, scores):
        return super().__call__(labels[:5], scores[:5])


class BeyondItsBounds(MAE):
    bounds = (0.0, 0.1)


class ScoresNothing(MAE):
    def __call__(self, labels, scores):
        return super().__call__(labels, scores) if len(labels) else math.nan


class Writes(MAE):
    def __call__(self, labels, scores):
        scores += 1
        return super().__call__(labels, scores)


@pytest.mark.parametrize(
    ("component", "test"),
    [
        (SaysNothingOfItsTarget, "test_it_says_what_it_takes_and_which_direction_is_better"),
        (WrongDirection, "test_nothing_beats_perfect_predictions"),
        (CountsGaps, "test_what_is_not_rated_does_not_count"),
        (RaisesWhereNothingIsRated, "test_nothing_rated_at_all_has_no_score"),
        (LooksAtTheOrder, "test_the_order_of_clips_does_not_matter"),
        (BeyondItsBounds, "test_it_keeps_within_its_bounds"),
        (ScoresNothing, "test_no_clips_at_all_is_refused"),
        (Writes, "test_labels_and_scores_are_left_as_they_were"),
    ],
)
def test_it_is_caught(component, test: str) -> None:
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        run(NumberMetricTests, component, test)


def test_a_division_by_zero_is_caught() -> None:
    with np.errstate(all="raise"), pytest.raises((AssertionError, FloatingPointError)):
        run(
            NumberMetricTests,
            DividesByZero,
            "test_what_does_not_vary_leaves_a_finite_score",
            side="both",
        )
