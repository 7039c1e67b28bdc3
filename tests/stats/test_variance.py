"""The variance against the analysis of variance of a clusters x seeds table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mertk.stats import Bootstrap, design, interval
from mertk.stats.variance import variance
from tests.stats.making import Accuracy, rights


def anova(table):
    """Mean squares of rows, columns and what is left, of a [G, S] table."""
    g, s = table.shape
    rows, columns, mean = table.mean(1), table.mean(0), table.mean()
    rest = table - rows[:, None] - columns + mean
    return (
        s * ((rows - mean) ** 2).sum() / (g - 1),
        g * ((columns - mean) ** 2).sum() / (s - 1),
        (rest**2).sum() / ((g - 1) * (s - 1)),
    )


@pytest.mark.parametrize("seed", range(8))
def test_with_one_fold_it_is_the_crossed_random_effects_variance(seed):
    random = np.random.default_rng(seed)
    spread = random.choice([0.0, 4.0], size=2)
    table = 20 + spread[0] * random.normal(size=(12, 1)) + spread[1] * random.normal(size=(1, 4))
    table = np.clip(table + 3 * random.normal(size=(12, 4)), 0, 40).round().astype(int)
    labels, scores, clusters = rights(table, 40)
    found = interval(Accuracy(), design(labels, clusters), scores, Bootstrap(replicates=40_000))
    rows, columns, rest = anova(table / 40)
    expected = (rows + max(columns - rest, 0)) / table.size
    assert found.error**2 == pytest.approx(expected, rel=0.04)
    parts = [(rows, 11), (columns, 3), (rest, 33)]
    doubt = sum((square / table.size) ** 2 / df for square, df in parts)
    assert found.df == pytest.approx(max(expected**2 / doubt, 3), rel=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_folds_tell_their_fits_apart_each_for_itself(seed):
    random = np.random.default_rng(seed)
    folds, speakers, seeds = 6, 4, 3
    table = 20 + 5 * random.normal(size=(folds, 1, seeds)).repeat(speakers, 1)
    table = np.clip(table + 3 * random.normal(size=table.shape), 0, 40).round().astype(int)
    flat = table.reshape(-1, seeds)
    labels, scores, clusters = rights(flat, 40)
    clips = design(labels, clusters, clusters // speakers)
    found = interval(Accuracy(), clips, scores, Bootstrap(replicates=40_000))
    right = flat / 40
    by_clusters = right.mean(1).var(ddof=1) / len(flat)
    shares = (table / 40).sum(1) / len(flat)
    by_fits = shares.var(1, ddof=1).sum() / seeds
    covariance = np.cov(right.T) / len(flat)
    apart = covariance.trace() / seeds - covariance[~np.eye(seeds, dtype=bool)].mean()
    expected = by_clusters + max(by_fits - apart / seeds, 0)
    assert found.error**2 == pytest.approx(expected, rel=0.04)
    assert folds * (seeds - 1) <= found.df <= len(flat) - 1 + folds * (seeds - 1)


def test_with_one_seed_it_is_that_of_a_mean_of_clusters():
    right = np.array([3, 9, 4, 8, 6, 6, 10, 2])[:, None]
    labels, scores, clusters = rights(right, 10)
    found = interval(Accuracy(), design(labels, clusters), scores, Bootstrap(replicates=40_000))
    assert found.error == pytest.approx(stats.sem(right[:, 0] / 10), rel=0.02)
    assert found.df == 7


def test_two_fits_in_all_have_one_degree_of_freedom():
    random = np.random.default_rng(0)
    resampled = random.normal(size=(500, 2))
    found = variance(resampled, clusters=30, swapped=random.normal(size=(1, 2, 2)))
    assert found.df == 1


@settings(deadline=None)
@given(
    clusters=st.integers(2, 12),
    folds=st.integers(1, 5),
    seeds=st.integers(1, 5),
    spreads=st.tuples(*[st.sampled_from([0.0, 1e-9, 1.0])] * 3),
    seed=st.integers(0, 999),
)
def test_it_is_finite_whatever_vanishes(clusters, folds, seeds, spreads, seed):
    random = np.random.default_rng(seed)
    resampled = spreads[0] * random.normal(size=(50, 1)) + spreads[1] * random.normal(
        size=(50, seeds)
    )
    swapped = spreads[2] * random.normal(size=(folds, seeds, seeds))
    found = variance(resampled, clusters, swapped)
    assert np.isfinite(found.value)
    assert found.value >= 0
    assert 1 <= found.df < np.inf
