import numpy as np
import pytest
from hypothesis import given, settings

from mertk.stats import design
from mertk.stats.scorers import Called, Counted, scorer
from mertk_plugins.metrics.macro_f1 import MacroF1
from mertk_plugins.metrics.ua import UA
from mertk_plugins.metrics.wa import WA
from mertk_plugins.metrics.weighted_f1 import WeightedF1
from tests.stats.making import Slow, comparisons, one_hot

METRICS = [UA, WA, MacroF1, WeightedF1]


@pytest.mark.parametrize("metric", METRICS)
@settings(deadline=None, max_examples=40)
@given(case=comparisons())
def test_confusion_matrices_and_calls_give_the_same_scores(metric, case):
    clips = design(case["labels"], case["clusters"], case["folds"])
    fast, slow = (scorer(m, clips, case["first"]) for m in (metric(), Slow(metric())))
    assert isinstance(fast, Counted)
    assert isinstance(slow, Called)
    weights = np.random.default_rng(0).multinomial(
        clips.cluster_count, np.full(clips.cluster_count, 1 / clips.cluster_count), size=5
    )
    assert np.allclose(fast.whole(), slow.whole(), atol=1e-12)
    drawn = [s.resampled(weights.astype(float)) for s in (fast, slow)]
    assert np.allclose(*drawn, atol=1e-12)
    assert np.allclose(fast.swapped(), slow.swapped(), atol=1e-12)


def test_a_fold_is_scored_by_one_seed_and_the_rest_by_another():
    labels = np.zeros(5, dtype=int)
    first, second = [0, 0, 1, 1, 1], [1, 1, 0, 0, 1]
    clips = design(labels, range(5), [0, 0, 1, 1, 1])
    swapped = scorer(WA(), clips, one_hot([first, second], 2)).swapped()
    # [fold, its seed, the others' seed], in fifths
    assert np.allclose(swapped * 5, [[[2, 4], [0, 2]], [[2, 0], [4, 2]]])


def test_a_draw_that_the_metric_refuses_has_no_score():
    def picky(labels, scores):
        if len(set(labels)) < 2:
            raise ValueError("labels: two classes are needed")
        return float((scores.argmax(-1) == labels).mean())

    clips = design(np.array([0, 0, 1, 1]), [0, 0, 1, 1])
    weights = np.array([[2.0, 0], [1, 1]])
    found = scorer(picky, clips, one_hot([[0, 0, 1, 1]], 2)).resampled(weights)
    assert np.isnan(found[0]).all()
    assert found[1] == 1


def test_clips_that_the_metric_refuses_as_a_whole_have_no_score():
    """Such as those of one speaker: the others' scores are still told."""

    def refuses(labels, scores):
        raise ValueError("labels: two classes are needed")

    clips = design(np.array([0, 0]), [0, 1], [0, 1])
    called = scorer(refuses, clips, one_hot([[0, 0], [0, 1]], 2))
    assert np.isnan(called.whole()).all()
    assert np.isnan(called.swapped()).all()


def test_targets_may_have_any_shape():
    targets = np.random.default_rng(0).normal(size=(6, 3))

    def error(labels, scores):
        return float(np.abs(labels - scores).mean())

    clips = design(targets, list("aabbcc"))
    found = scorer(error, clips, np.stack([targets + 0.5, targets - 0.25]))
    assert np.allclose(found.whole(), [0.5, 0.25])
    assert np.allclose(found.resampled(np.array([[0.0, 3, 0]])), [[0.5, 0.25]])


@pytest.mark.parametrize(
    ("labels", "shape", "message"),
    [
        ([0, 1], (1, 3, 2), r"scores: shape \(1, 3, 2\) does not fit 2 clips"),
        ([0, 1], (2,), r"scores: shape \(2,\) does not fit"),
        ([0, 1], (0, 2, 2), r"scores: shape \(0, 2, 2\) does not fit .* at least one seed"),
        ([0, 1], (1, 2), r"scores: shape \(1, 2\) with labels .* \[S, B, N\]"),
        ([0.0, 1.0], (1, 2, 2), "type float64"),
        ([0, 2], (1, 2, 2), r"labels: class indices run from 0 to 1 \(got 0 to 2\)"),
        ([-1, 1], (1, 2, 2), r"got -1 to 1"),
    ],
)
def test_what_does_not_fit_is_refused(labels, shape, message):
    clips = design(np.array(labels), [0, 1])
    with pytest.raises(ValueError, match=message):
        scorer(WA(), clips, np.zeros(shape))


def test_scores_that_are_not_finite_are_refused():
    clips = design(np.array([0, 1]), [0, 1])
    with pytest.raises(ValueError, match="scores: 1 of 4 are not finite"):
        scorer(WA(), clips, np.array([[[0, np.nan], [1, 0]]]))
