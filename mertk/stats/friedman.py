"""Friedman's test over corpora, with Nemenyi's critical difference of mean ranks."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import stats

from mertk.stats.design import Array, Floats

RESAMPLES = 9_999
"""Orders of the systems that are tried where trying all is too many."""


@dataclass(frozen=True)
class Ranking:
    """Systems by their mean rank over corpora.

    Args:
        ranks: [K] mean ranks, 1 being best; equal scores share their mean rank.
        statistic: Friedman's chi-square, corrected for ties; None where there is none.
        p: Of the hypothesis that all systems are alike; None where there is no test.
        critical: The difference of two mean ranks from which on Nemenyi's test tells them apart;
            None where there is no test.
        groups: Systems that it does not tell apart, as indices from best to worst: the bars of a
            critical-difference diagram.
        reason: Why there is no test, or no statistic; '' where there is.
    """

    ranks: tuple[float, ...]
    statistic: float | None = None
    p: float | None = None
    critical: float | None = None
    groups: tuple[tuple[int, ...], ...] = ()
    reason: str = ""


def friedman(
    scores: Array, *, higher_is_better: bool = True, alpha: float = 0.05, seed: int = 0
) -> Ranking:
    """Rank systems on several corpora, and say which cannot be told apart.

        CD = q(alpha, K, inf) / sqrt(2) * sqrt(K (K + 1) / (6 D))

    q being the studentized range. Friedman's p is that of permuting each corpus' ranks: exact where
    that takes at most RESAMPLES orders, else of so many random ones. The usual chi-square needs
    more corpora than this field has.

    Source: Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006.

    Args:
        scores: [D, K], one per corpus and system.
        higher_is_better: How systems are ranked.
        alpha: Level of the critical difference.
        seed: Of the random orders.

    Raises:
        ValueError: `scores` is not two-dimensional, is empty or not finite: a corpus that a system
            lacks must be left out for all of them.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 2 or not scores.size or not np.isfinite(scores).all():
        raise ValueError(
            f"scores: shape {scores.shape}, {int((~np.isfinite(scores)).sum())} not finite; "
            "[D, K] with every system on every corpus is needed"
        )
    corpora, systems = scores.shape
    ranks = stats.rankdata(-scores if higher_is_better else scores, axis=1)
    mean = ranks.mean(0)
    told = tuple(mean.tolist())
    if systems < 3:
        return Ranking(told, reason=f"{systems} systems: three are needed; compare two as a pair")
    if corpora < 2:
        return Ranking(told, reason="one corpus: nothing tells how another would rank them")
    q = stats.studentized_range.ppf(1 - alpha, systems, np.inf)
    critical = float(q / np.sqrt(2) * np.sqrt(systems * (systems + 1) / (6 * corpora)))
    groups = _groups(mean, critical)
    if (np.ptp(ranks, axis=1) == 0).all():
        return Ranking(told, None, 1.0, critical, groups, "all systems score alike on all corpora")
    statistic = float(stats.friedmanchisquare(*ranks.T).statistic)
    return Ranking(told, statistic, _permuted(ranks, seed), critical, groups)


def _permuted(ranks: Floats, seed: int) -> float:
    """P of a spread of the systems' rank sums as large as this, over orders within corpora."""

    def spread(*columns: Floats, axis: int = -1) -> Floats:
        sums: Floats = np.square(np.sum(columns, axis=axis)).sum(0)
        return sums

    found = stats.permutation_test(
        tuple(ranks.T),
        spread,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=1_000,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def _groups(mean: Floats, critical: float) -> tuple[tuple[int, ...], ...]:
    """The longest runs, from best to worst, whose ends differ by less than `critical`."""
    order = np.argsort(mean, kind="stable")
    ends = np.searchsorted(mean[order], mean[order] + critical)
    first = [0, *(i for i, (a, b) in enumerate(pairwise(ends), 1) if b > a)]
    return tuple(tuple(order[i : ends[i]].tolist()) for i in first if ends[i] > i + 1)
