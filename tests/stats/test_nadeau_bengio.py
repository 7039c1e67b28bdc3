import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mertk.stats import nadeau_bengio

FOLDS = np.array([[0.03, 0.01, 0.04, -0.01, 0.02]])
TEST, TRAIN = [20] * 5, [80] * 5


def test_it_is_its_formula():
    found = nadeau_bengio(FOLDS, TEST, TRAIN)
    mean, var = 0.018, 0.00037  # of the five differences, by hand
    t = mean / np.sqrt((1 / 5 + 1 / 4) * var)
    assert found.mean == pytest.approx(mean)
    assert (found.t, found.df) == (pytest.approx(t), 4)
    assert found.p == pytest.approx(2 * stats.t.sf(t, 4))
    assert found.low == pytest.approx(mean - stats.t.ppf(0.975, 4) * mean / t)
    assert found.high == pytest.approx(mean + stats.t.ppf(0.975, 4) * mean / t)


def test_without_training_clips_in_common_it_nears_the_plain_t_test():
    found = nadeau_bengio(FOLDS, [1] * 5, [10**9] * 5)
    plain = stats.ttest_1samp(FOLDS[0], 0)
    assert (found.t, found.p) == pytest.approx((plain.statistic, plain.pvalue), rel=1e-6)


def test_seeds_are_averaged_within_folds():
    seeds = FOLDS + np.array([[0.01], [-0.01], [0.0]])
    several, one = nadeau_bengio(seeds, TEST, TRAIN), nadeau_bengio(FOLDS, TEST, TRAIN)
    assert (several.t, several.df) == (pytest.approx(one.t), one.df)


def test_unequal_folds_enter_by_their_sums():
    found = nadeau_bengio(FOLDS, [10, 30, 20, 20, 20], [90, 70, 80, 80, 80])
    assert found.t == pytest.approx(nadeau_bengio(FOLDS, TEST, TRAIN).t)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=10))
def test_swapping_the_systems_turns_the_sign(values):
    differences = np.array([values])
    sizes = [10] * len(values), [90] * len(values)
    one, other = (nadeau_bengio(sign * differences, *sizes) for sign in (1, -1))
    assert one.mean == -other.mean
    assert (one.p, one.reason) == (other.p, other.reason)
    if one.t is not None:
        assert one.t == -other.t
        assert one.low == -other.high
        assert one.low <= one.mean <= one.high


def test_one_fold_has_no_test():
    found = nadeau_bengio(np.array([[0.1], [0.3]]), [10], [90])
    assert found.mean == pytest.approx(0.2)
    assert found.p is None
    assert found.reason.startswith("one fold")


def test_no_fold_has_no_mean():
    found = nadeau_bengio(np.zeros((3, 0)), [], [])
    assert found.mean is found.p is None
    assert found.reason.startswith("no fold")


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.1, None)])
def test_no_spread_has_no_t(value, p):
    found = nadeau_bengio(np.full((2, 5), value), TEST, TRAIN)
    assert found.t is found.low is None
    assert found.p == p
    assert found.reason.startswith("no spread")


@pytest.mark.parametrize(
    ("differences", "test", "train", "message"),
    [
        (FOLDS[0], TEST, TRAIN, r"differences: shape \(5,\) with 5 test and 5 train"),
        (FOLDS, TEST[:4], TRAIN, "with 4 test"),
        (FOLDS * np.nan, TEST, TRAIN, "differences: 5 are not finite"),
        (FOLDS, [0, *TEST[1:]], TRAIN, "test, train: a fold has no clips"),
        (FOLDS, TEST, [0] * 5, "a fold has no clips"),
    ],
)
def test_what_does_not_fit_is_refused(differences, test, train, message):
    with pytest.raises(ValueError, match=message):
        nadeau_bengio(differences, test, train)
