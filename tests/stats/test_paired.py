import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq

from mertk.stats import Bootstrap, design, difference, interval
from mertk_plugins.metrics.macro_f1 import MacroF1
from mertk_plugins.metrics.ua import UA
from tests.stats.making import Accuracy, Slow, comparisons, rights

FEW = Bootstrap(replicates=60)
METRICS = st.sampled_from([UA(), Accuracy(), MacroF1(), Slow(Accuracy())])
FIRST = np.array([3, 9, 4, 8, 6, 6, 10, 2])[:, None]
SECOND = np.array([2, 9, 4, 6, 7, 3, 8, 1])[:, None]


def compare(first, second, folds=None, how=None):
    labels, a, clusters = rights(first, 20)
    b = rights(second, 20)[1]
    return difference(Accuracy(), design(labels, clusters, folds), a, b, how)


def test_of_equal_clusters_it_is_the_paired_t_test():
    found = compare(FIRST, SECOND, how=Bootstrap(replicates=40_000))
    expected = stats.ttest_rel(FIRST[:, 0] / 20, SECOND[:, 0] / 20)
    low, high = expected.confidence_interval()
    assert found.p == pytest.approx(expected.pvalue, rel=0.06)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=0.002)


@settings(deadline=None)
@given(metric=METRICS, case=comparisons())
def test_swapping_the_systems_turns_the_sign(metric, case):
    clips = design(case["labels"], case["clusters"], case["folds"])
    one = difference(metric, clips, case["first"], case["second"], FEW)
    other = difference(metric, clips, case["second"], case["first"], FEW)
    assert one.p == other.p
    assert one.detectable == other.detectable
    assert one.interval.estimate == -other.interval.estimate
    assert one.interval.error == other.interval.error
    assert one.interval.reason == other.interval.reason
    if one.interval.low is not None:
        assert one.interval.low == -other.interval.high
        assert one.interval.high == -other.interval.low


@settings(deadline=None)
@given(metric=METRICS, case=comparisons())
def test_p_is_below_one_minus_level_where_the_interval_leaves_out_zero(metric, case):
    clips = design(case["labels"], case["clusters"], case["folds"])
    found = difference(metric, clips, case["first"], case["second"], FEW)
    if found.interval.low is None:
        assert found.interval.reason
        assert found.detectable is None
        assert found.p in (None, 1.0)
    else:
        inside = found.interval.low <= 0 <= found.interval.high
        assert inside == (found.p >= 0.05)
        assert 0 <= found.p <= 1


def test_what_both_systems_share_cancels():
    found = compare(FIRST, np.clip(FIRST - 1, 0, 20) + (np.arange(8)[:, None] == 3))
    alone = interval(Accuracy(), design(*rights(FIRST, 20)[::2]), rights(FIRST, 20)[1])
    assert found.interval.error < alone.error / 3


@settings(deadline=None, max_examples=30)
@given(metric=METRICS, case=comparisons())
def test_a_system_against_itself_is_no_difference(metric, case):
    clips = design(case["labels"], case["clusters"], case["folds"])
    found = difference(metric, clips, case["first"], case["first"], FEW)
    assert found.interval.estimate == 0
    assert found.interval.low is found.detectable is None
    assert found.interval.reason
    assert found.p == (1.0 if found.interval.clusters > 1 else None)


def test_the_same_gap_everywhere_has_no_p():
    found = compare(np.full((6, 1), 12), np.full((6, 1), 9))
    assert found.interval.estimate == pytest.approx(0.15)
    assert found.p is found.detectable is None
    assert found.interval.reason.startswith("no spread")


def test_one_cluster_has_no_p():
    found = compare(np.array([[12, 13]]), np.array([[9, 9]]))
    assert found.p is None
    assert found.interval.reason.startswith("one cluster")


def test_the_detectable_difference_is_found_four_times_in_five():
    found = compare(FIRST, SECOND)
    error, df = found.interval.error, found.interval.df

    def power(true):
        """Of the t test, from the noncentral t distribution."""
        return stats.nct.sf(stats.t.ppf(0.975, df), df, true / error)

    exact = brentq(lambda true: power(true) - 0.8, error, 10 * error)
    assert found.detectable == pytest.approx(exact, rel=0.05)
    assert found.detectable == pytest.approx(
        error * (stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df))
    )


def test_one_seed_draws_folds_and_several_do_not():
    folds = np.repeat(np.arange(4), 2).repeat(20)
    one = compare(FIRST, SECOND, folds)
    assert (one.interval.clusters, one.interval.covers_training) == (4, True)
    several = compare(np.tile(FIRST, 3), np.hstack([SECOND, SECOND[::-1], SECOND]), folds)
    assert (several.interval.clusters, several.interval.covers_training) == (8, True)
    alone = compare(FIRST, SECOND)
    assert (alone.interval.clusters, alone.interval.covers_training) == (8, False)


def test_seeds_must_come_in_pairs():
    with pytest.raises(ValueError, match="second: 1 seeds against 3; pairs need the same seeds"):
        compare(np.tile(FIRST, 3), SECOND)


def test_copies_that_differ_by_seed_are_seldom_called_different():
    """A coarse check of what benchmarks/coverage.py measures."""
    random = np.random.default_rng(0)
    called = 0
    for _ in range(200):
        speaker = 14 + 2 * random.normal(size=(10, 1))
        first, second = (
            speaker + 2 * random.normal(size=(5, 3)).repeat(2, 0) + random.normal(size=(10, 3))
            for _ in range(2)
        )
        tables = [np.clip(t.round(), 0, 20).astype(int) for t in (first, second)]
        found = compare(*tables, np.arange(5).repeat(40), Bootstrap(replicates=200))
        called += found.p < 0.05
    assert called <= 20  # binomial(200, 0.05): 99.7 % lie below
