"""The kit for metrics catches each way of being wrong."""

import warnings

import numpy as np
import pytest

from mertk.testing import MetricTests
from mertk_plugins.metrics.wa import WA
from tests.testing.broken import run


class Error(WA):
    """An error rate: the lower the better."""

    higher_is_better = False

    def __call__(self, labels, scores):
        return 1 - super().__call__(labels, scores)

    def from_confusion(self, counts):
        return 1 - super().from_confusion(counts)


class TestErrorRate(MetricTests):
    component = Error


class WrongDirection(Error):
    higher_is_better = True


class SaysNoDirection:
    def __call__(self, labels, scores):
        return 0.0


class SkipsTheFirstClip(WA):
    def __call__(self, labels, scores):
        return super().__call__(labels[1:], scores[1:])


class Constant(WA):
    def __call__(self, labels, scores):
        return 1.0


class FirstRecall(WA):
    """Recall of class 0 alone."""

    def __call__(self, labels, scores):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(np.mean(scores.argmax(1)[labels == 0] == 0))


class NumpyNumber(WA):
    def __call__(self, labels, scores):
        return np.float32(super().__call__(labels, scores))


class ClaimsChance(WA):
    def chance(self, num_classes):
        return 1 / num_classes


class WritesIntoScores(WA):
    def __call__(self, labels, scores):
        scores[:] = 0
        return 1.0


class InheritsFromConfusion(WA):
    def __call__(self, labels, scores):
        return 1 - super().__call__(labels, scores)


class InPercent(WA):
    def __call__(self, labels, scores):
        return 100 * super().__call__(labels, scores)


class PunishesRareClasses(WA):
    def __call__(self, labels, scores):
        right = labels == scores.argmax(1)
        return float(np.where(labels == 0, right, ~right).mean() + 100 * right.all())


@pytest.mark.parametrize(
    ("component", "test", "given"),
    [
        (WrongDirection, "test_nothing_beats_perfect_predictions", {}),
        (Constant, "test_nothing_beats_perfect_predictions", {}),
        (NumpyNumber, "test_nothing_beats_perfect_predictions", {}),
        (PunishesRareClasses, "test_to_mend_a_mistake_never_makes_it_worse", {}),
        (SaysNoDirection, "test_it_says_which_direction_is_better", {}),
        (SkipsTheFirstClip, "test_the_order_of_clips_does_not_matter", {}),
        (FirstRecall, "test_a_class_that_does_not_occur_leaves_a_finite_score", {"absent": 0}),
        (SkipsTheFirstClip, "test_a_single_clip_has_a_finite_score", {"predicted": 0}),
        (InheritsFromConfusion, "test_confusion_matrices_score_as_their_clips_do", {}),
        (InPercent, "test_it_keeps_within_its_bounds", {}),
        (Constant, "test_no_clips_at_all_is_refused", {}),
        (ClaimsChance, "test_chance_is_what_guessing_comes_to", {}),
        (WritesIntoScores, "test_labels_and_scores_are_left_as_they_were", {}),
    ],
)
def test_the_kit_catches(component, test, given):
    run(MetricTests, WA, test, **given)
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        run(MetricTests, component, test, **given)
