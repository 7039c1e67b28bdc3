"""Two one-sided tests against a published number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from mertk.stats import equivalence

ONE_FOLD = np.array([[0.78], [0.80], [0.79], [0.81], [0.805]])


@pytest.mark.parametrize("published", [0.79, 0.796, 0.80, 0.815, 0.70])
def test_on_one_fold_it_is_the_larger_of_two_one_sided_t_tests(published):
    """As other packages compute it: a one-sample t test against each end of the margin."""
    values = ONE_FOLD[:, 0] - published
    lower = ttest_1samp(values, -0.01, alternative="greater")
    upper = ttest_1samp(values, 0.01, alternative="less")
    found = equivalence(ONE_FOLD, published, 0.01)
    assert found.p == pytest.approx(max(lower.pvalue, upper.pvalue))
    assert found.p_difference == pytest.approx(ttest_1samp(values, 0).pvalue)
    interval = ttest_1samp(values, 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.df == 4


def test_one_seed_is_a_t_test_over_folds_and_says_so():
    found = equivalence(ONE_FOLD.T, 0.79, 0.01)
    assert found.p_difference == pytest.approx(ttest_1samp(ONE_FOLD[:, 0], 0.79).pvalue)
    assert found.note.startswith("one seed")
    assert equivalence(ONE_FOLD, 0.79, 0.01).note == ""


def test_how_hard_a_fold_is_does_not_matter_with_several_seeds():
    random = np.random.default_rng(0)
    fits = random.normal(0.8, 0.01, size=(3, 5))
    hard = np.array([0.1, -0.05, 0, -0.1, 0.05])
    plain, varied = equivalence(fits, 0.8, 0.02), equivalence(fits + hard, 0.8, 0.02)
    assert varied.error == pytest.approx(plain.error)
    # the error of a mean of five independent means of three
    assert plain.error == pytest.approx(np.sqrt(fits.var(0, ddof=1).mean() / 15))
    assert plain.df == 10


@pytest.mark.parametrize(
    ("shift", "margin", "verdict"),
    [
        (0.0, 0.01, "equivalent"),
        (0.0, 0.001, "undecided"),
        (0.03, 0.01, "higher"),
        (-0.03, 0.01, "lower"),
        (0.005, 0.02, "equivalent"),  # not 0, and within the margin all the same
    ],
)
def test_verdicts(shift, margin, verdict):
    noise = np.array([[0.004], [-0.004], [0.0]]) * np.array([1, -1, 1, -1, 1])
    found = equivalence(0.8 + shift + noise, 0.8, margin)
    assert found.verdict == verdict
    assert found.difference == pytest.approx(shift)


@settings(deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(0, 999),
    st.floats(-0.05, 0.05),
    st.floats(0.001, 0.05),
)
def test_equivalent_means_that_the_interval_lies_within_the_margin(
    seeds, folds, seed, shift, margin
):
    scores = np.random.default_rng(seed).normal(0.8 + shift, 0.01, size=(seeds, folds))
    found = equivalence(scores, 0.8, margin)
    if found.low is None:
        assert seeds == folds == 1
        assert found.verdict == "undecided"
        return
    assert (found.verdict == "equivalent") == (-margin < found.low and found.high < margin)
    assert found.least_margin == pytest.approx(max(abs(found.low), abs(found.high)))
    wider = equivalence(scores, 0.8, found.least_margin * 1.001)
    assert wider.verdict == "equivalent"


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_a_difference_of_the_margin_is_called_equivalent_in_at_most_one_of_twenty(seeds):
    """And no difference is called one in about as many; with one seed both less often."""
    random = np.random.default_rng(seeds)
    trials, hard = 4000, random.normal(0, 0.02, size=5)
    hard -= hard.mean()
    edge, same = 0, 0
    for _ in range(trials):
        noise = hard + random.normal(0, 0.012, size=(seeds, 5))
        edge += equivalence(0.81 + noise, 0.8, 0.01).verdict == "equivalent"
        found = equivalence(0.8 + noise, 0.8, 0.01)
        assert found.p_difference is not None
        same += found.p_difference < 0.05
    limit = 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    assert edge / trials < limit
    assert same / trials < limit
    if seeds == 3:
        assert same / trials > 0.04


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([[0.8]], "one seed on one fold"),
        ([[0.8, 0.8], [0.8, 0.8]], "no spread"),
    ],
)
def test_where_there_is_no_test_it_says_why(scores, reason):
    found = equivalence(np.array(scores), 0.8, 0.01)
    assert (found.verdict, found.p, found.least_margin) == ("undecided", None, None)
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("scores", "margin", "alpha", "what"),
    [
        (np.zeros(3), 0.01, 0.05, "scores: shape"),
        (np.array([[np.nan, 0.1]]), 0.01, 0.05, "1 not finite"),
        (np.zeros((0, 2)), 0.01, 0.05, "scores: shape"),
        (ONE_FOLD, 0.0, 0.05, "margin: must be above 0"),
        (ONE_FOLD, 0.01, 0.5, "alpha: must lie"),
    ],
)
def test_what_cannot_be_tested_is_refused(scores, margin, alpha, what):
    with pytest.raises(ValueError, match=what):
        equivalence(scores, 0.8, margin, alpha=alpha)
