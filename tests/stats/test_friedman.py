from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f

from mertk.stats import friedman

# AUC of four variants of C4.5 on 14 data sets: Demsar, JMLR 2006, table 6. One .975 is ranked above
# the other of its row there, from decimals that are not printed.
C45 = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.97501, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def untied(ranks):
    """Friedman's chi-square as Demsar writes it, without correction for ties."""
    count, systems = ranks.shape
    squares = (ranks.mean(0) ** 2).sum() - systems * (systems + 1) ** 2 / 4
    return 12 * count / (systems * (systems + 1)) * squares


def test_the_published_example():
    found = friedman(C45)
    assert found.ranks == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    assert found.critical == pytest.approx(1.25, abs=0.005)
    assert friedman(C45, alpha=0.1).critical == pytest.approx(1.12, abs=0.005)
    # 9.28 is published without the correction for ties, which makes it larger
    tied = sum(c**3 - c for row in C45 for c in np.unique(row, return_counts=True)[1])
    assert found.statistic == pytest.approx(9.28 / (1 - tied / (14 * (4**3 - 4))), abs=0.01)
    # Iman and Davenport's F, which Demsar prefers to chi-square, is close to the permutations
    iman = 13 * found.statistic / (14 * 3 - found.statistic)
    assert found.p == pytest.approx(f.sf(iman, 3, 39), abs=0.003)


@pytest.mark.parametrize(
    ("alpha", "q"),
    [
        (0.05, [2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]),
        (0.10, [2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]),
    ],
)
def test_critical_values_are_those_published(alpha, q):
    """Demsar, table 5: two-tailed Nemenyi test of 3 to 10 systems."""
    scores = np.random.default_rng(0).normal(size=(2, 10))
    for systems, published in enumerate(q, 3):
        found = friedman(scores[:, :systems], alpha=alpha).critical
        assert found / np.sqrt(systems * (systems + 1) / 12) == pytest.approx(published, abs=2e-3)


def test_p_is_exact_for_few_corpora():
    scores = np.array([[3.0, 2, 1], [3, 2, 1], [2, 3, 1]])
    ranks = (3 - scores.argsort().argsort()).astype(float)
    orders = product(permutations([1.0, 2, 3]), repeat=3)
    spread = [untied(np.array(o)) for o in orders]
    expected = np.mean([s >= untied(ranks) - 1e-9 for s in spread])
    found = friedman(scores)
    assert found.statistic == pytest.approx(untied(ranks))
    assert found.p == pytest.approx(expected)


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 4), st.integers(3, 5), st.integers(0, 99))
def test_the_order_of_systems_and_the_direction_do_not_matter(corpora, systems, seed):
    random = np.random.default_rng(seed)
    scores = random.integers(4, size=(corpora, systems)).astype(float)
    order = random.permutation(systems)
    one, other = friedman(scores), friedman(-scores[:, order], higher_is_better=False)
    assert other.ranks == pytest.approx(np.array(one.ranks)[order])
    assert (one.statistic, one.critical) == pytest.approx((other.statistic, other.critical))
    assert one.p == pytest.approx(other.p, abs=0.02)
    assert 0 < one.p <= 1


def test_groups_are_the_bars_of_the_diagram():
    found = friedman(C45)
    # 3.143, 2.893, 2.000, 1.964 with a critical difference of 1.25: all lie within it
    assert found.groups == ((3, 1, 2, 0),)
    steps = np.tile(np.arange(6.0), (12, 1))
    # ranks 6 to 1, critical difference 2.18: each system ties with two neighbours
    assert friedman(steps).groups == ((5, 4, 3), (4, 3, 2), (3, 2, 1), (2, 1, 0))


def test_a_system_apart_from_all_stands_in_no_group():
    scores = np.tile([5.0, 1, 1, 1], (40, 1))
    found = friedman(scores)
    assert found.groups == ((1, 2, 3),)


def test_systems_that_score_alike_have_p_one():
    found = friedman(np.ones((4, 3)))
    assert found.ranks == (2, 2, 2)
    assert (found.statistic, found.p) == (None, 1.0)
    assert found.groups == ((0, 1, 2),)
    assert found.reason.startswith("all systems score alike")


@pytest.mark.parametrize(
    ("shape", "reason"), [((5, 2), "2 systems"), ((5, 1), "1 systems"), ((1, 4), "one corpus")]
)
def test_too_few_have_ranks_and_no_test(shape, reason):
    found = friedman(np.random.default_rng(0).normal(size=shape))
    assert len(found.ranks) == shape[1]
    assert found.p is found.critical is None
    assert found.groups == ()
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    "scores", [np.zeros(3), np.zeros((0, 3)), np.array([[1.0, 2, np.nan], [1, 2, 3]])]
)
def test_what_cannot_be_ranked_is_refused(scores):
    with pytest.raises(ValueError, match="scores: shape"):
        friedman(scores)
