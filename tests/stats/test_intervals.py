from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from mertk.stats import Bootstrap, design, interval
from mertk_plugins.metrics.macro_f1 import MacroF1
from mertk_plugins.metrics.ua import UA
from tests.stats.making import Accuracy, Slow, comparisons, one_hot, rights

FEW = Bootstrap(replicates=60)
METRICS = st.sampled_from([UA(), Accuracy(), MacroF1(), Slow(Accuracy())])
RIGHT = np.array([3, 9, 4, 8, 6, 6, 10, 2])[:, None]


def test_of_equal_clusters_it_is_the_t_interval_of_their_means():
    labels, scores, clusters = rights(RIGHT, 20)
    found = interval(Accuracy(), design(labels, clusters), scores, Bootstrap(replicates=40_000))
    low, high = stats.ttest_1samp(RIGHT[:, 0] / 20, 0).confidence_interval()
    assert found.estimate == pytest.approx(RIGHT.mean() / 20)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.003)


def test_its_standard_error_is_that_of_scipys_bootstrap_over_clusters():
    random = np.random.default_rng(0)
    sizes = random.integers(5, 60, 12)
    clusters = np.repeat(np.arange(12), sizes)
    labels = random.integers(4, size=sizes.sum())
    lucky = random.random(12)[clusters] < random.random(len(labels))
    predicted = np.where(lucky, labels, random.integers(4, size=len(labels)))
    members = [np.flatnonzero(clusters == g) for g in range(12)]

    def ua(drawn):
        rows = np.concatenate([members[int(g)] for g in drawn])
        right, of = predicted[rows] == labels[rows], labels[rows]
        counts = np.bincount(of, minlength=4)
        return (np.bincount(of, right, 4)[counts > 0] / counts[counts > 0]).mean()

    other = stats.bootstrap(
        (np.arange(12),), ua, vectorized=False, n_resamples=3000, method="percentile", rng=1
    )
    found = interval(UA(), design(labels, clusters), one_hot([predicted], 4))
    assert found.error == pytest.approx(other.standard_error * np.sqrt(12 / 11), rel=0.06)


@settings(deadline=None)
@given(metric=METRICS, case=comparisons())
def test_it_holds_the_estimate_or_says_why_it_does_not_exist(metric, case):
    clips = design(case["labels"], case["clusters"], case["folds"])
    found = interval(metric, clips, case["first"], FEW)
    expected = np.mean([metric(case["labels"], s) for s in case["first"]])
    assert found.estimate == pytest.approx(expected)
    if found.reason:
        assert found.low is found.high is found.df is None
        assert not found.error
    else:
        assert found.low <= found.estimate <= found.high
        assert found.error > 0


@settings(deadline=None)
@given(metric=METRICS, case=comparisons(), seed=st.integers(0, 99))
def test_the_order_of_clips_and_of_seeds_does_not_matter(metric, case, seed):
    random = np.random.default_rng(seed)
    order = random.permutation(len(case["labels"]))
    seeds = random.permutation(len(case["first"]))
    one, other = (
        interval(metric, design(*columns), scores, FEW)
        for columns, scores in (
            ((case["labels"], case["clusters"], case["folds"]), case["first"]),
            (
                (case["labels"][order], case["clusters"][order], case["folds"][order]),
                case["first"][seeds][:, order],
            ),
        )
    )
    assert bool(one.reason) == bool(other.reason)
    for name in ("estimate", "low", "high", "df"):
        a, b = getattr(one, name), getattr(other, name)
        assert a is b is None or a == pytest.approx(b, rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(case=comparisons(), seed=st.integers(0, 99))
def test_names_of_clusters_and_folds_move_it_no_more_than_chance_does(case, seed):
    assume(len(np.unique(case["clusters"])) > 3)
    names = np.random.default_rng(seed).permutation(100)
    many = Bootstrap(replicates=20_000)
    one, other = (
        interval(Accuracy(), design(case["labels"], clusters, folds), case["first"], many)
        for clusters, folds in (
            (case["clusters"], case["folds"]),
            ([f"speaker{names[c]}" for c in case["clusters"]], names[case["folds"]]),
        )
    )
    assert one.reason == other.reason
    if not one.reason:
        assert one.error == pytest.approx(other.error, rel=0.06)


def test_the_same_seed_gives_the_same_interval():
    labels, scores, clusters = rights(RIGHT, 20)
    clips = design(labels, clusters)
    first, again, other = (
        interval(UA(), clips, scores, Bootstrap(replicates=500, seed=s)) for s in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_higher_level_is_wider():
    labels, scores, clusters = rights(RIGHT, 20)
    clips = design(labels, clusters)
    narrow, wide = (interval(UA(), clips, scores, Bootstrap(level)) for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_it_ends_at_the_bounds_of_the_metric():
    labels, scores, clusters = rights(np.array([[20], [20], [19], [20], [12]]), 20)
    found = interval(Accuracy(), design(labels, clusters), scores)
    assert found.high == 1.0
    assert interval(Slow(Accuracy()), design(labels, clusters), scores).high > 1.0


def test_with_one_seed_folds_are_drawn():
    right = np.array([[10], [11], [3], [2], [7], [6]])
    labels, scores, clusters = rights(right, 20)
    found = interval(Accuracy(), design(labels, clusters, clusters // 2), scores)
    assert (found.clusters, found.df, found.covers_training) == (3, 2, True)
    assert "one seed: folds are drawn" in found.notes[0]
    assert found.error == pytest.approx(stats.sem([10.5, 2.5, 6.5]) / 20, rel=0.03)


@pytest.mark.parametrize(
    ("folds", "where"),
    [(None, "one fold"), (np.tile(list("xy"), 80), "clusters that lie in several folds")],
)
def test_one_seed_without_folds_of_its_own_leaves_training_out(folds, where):
    labels, scores, clusters = rights(RIGHT, 20)
    found = interval(Accuracy(), design(labels, clusters, folds), scores)
    assert not found.covers_training
    assert found.notes == (f"one seed and {where}: leaves out what training again would change",)
    assert found.low is not None


def test_two_fits_in_all_are_said_to_tell_little():
    labels, scores, clusters = rights(np.hstack([RIGHT, RIGHT[::-1]]), 20)
    found = interval(Accuracy(), design(labels, clusters), scores)
    assert found.df == 1
    assert "two fits in all" in found.notes[0]


def test_one_cluster_has_no_interval():
    labels, scores, clusters = rights(np.array([[3, 5]]), 10)
    found = interval(Accuracy(), design(labels, clusters), scores)
    assert found.estimate == pytest.approx(0.4)
    assert found.low is found.error is None
    assert found.reason == "one cluster: nothing tells how another would score"


@pytest.mark.parametrize("right", [20, 0, 7])
def test_no_spread_has_no_interval(right):
    labels, scores, clusters = rights(np.full((6, 2), right), 20)
    found = interval(UA(), design(labels, clusters), scores)
    assert found.estimate == pytest.approx(right / 20)
    assert (found.low, found.error) == (None, 0.0)
    assert found.reason.startswith("no spread")


def test_seeds_that_differ_by_the_same_everywhere_are_spread():
    labels, scores, clusters = rights(np.tile([5, 7, 9], (6, 1)), 20)
    found = interval(Accuracy(), design(labels, clusters), scores)
    assert found.error == pytest.approx(stats.sem([5, 7, 9]) / 20)
    assert found.df == 2


def test_a_class_that_a_draw_lacks_is_told():
    labels = np.array([0] * 8 + [1] * 2)
    clusters = np.repeat(np.arange(5), 2)
    scores = one_hot([[0, 1, 0, 0, 0, 1, 0, 0, 1, 0]], 2)
    found = interval(UA(), design(labels, clusters), scores, Bootstrap(replicates=1000))
    assert found.low is not None
    # the one cluster with class 1 is left out of (4/5)^5 of draws, or drawn alone
    (note,) = found.notes[1:]
    missing = int(note.split(" of ")[0].split()[-1])
    assert missing == pytest.approx(1000 * 0.8**5, abs=50)


def test_a_score_that_does_not_exist_has_no_interval():
    labels, scores, clusters = rights(RIGHT, 20)
    found = interval(lambda labels, scores: float("nan"), design(labels, clusters), scores, FEW)
    assert found.estimate is found.low is None
    assert found.reason == "the score of all clips does not exist"


def test_draws_without_a_score_are_left_out_and_counted():
    labels = np.array([0] * 10 + [1] * 6)

    def picky(labels, scores):
        if len(set(labels)) < 2:
            raise ValueError("labels: two classes are needed")
        return float((scores.argmax(-1) == labels).mean())

    scores = one_hot([[0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1]], 2)
    found = interval(picky, design(labels, np.arange(16) // 2), scores)
    assert found.low is not None
    assert "of 1000 draws had no score and are left out" in found.notes[-1]
    alone = interval(picky, design(labels, np.arange(16) // 8), scores)
    assert alone.low is None
    assert alone.reason == "the score does not exist for too many draws"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 1.0}, r"level: must lie between 0 and 1 \(1.0\)"),
        ({"level": 0.0}, "level"),
        ({"replicates": 1}, r"replicates: at least 2 are needed \(1\)"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        replace(Bootstrap(), **options)
