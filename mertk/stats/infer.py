"""From resampled scores to an estimate with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import stats

from mertk.stats.design import Design, Floats, weightings
from mertk.stats.scorers import Scorer
from mertk.stats.variance import variance

ROUNDING: Final = 1e-12
"""A standard error below this share of the estimate (or of 1) is rounding, not spread."""

ENOUGH: Final = 0.9
"""Share of replicates that must have a score."""


@dataclass(frozen=True)
class Bootstrap:
    """How to resample.

    Args:
        level: Of confidence, between 0 and 1.
        replicates: At least 2; None for 10,000, or 1,000 of a metric without `from_confusion`.
        seed: Of the draws.

    Raises:
        ValueError: A number is out of its range.
    """

    level: float = 0.95
    replicates: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level: must lie between 0 and 1 ({self.level})")
        if self.replicates is not None and self.replicates < 2:
            raise ValueError(f"replicates: at least 2 are needed ({self.replicates})")


@dataclass(frozen=True)
class Interval:
    """An estimate and how far it can be trusted.

    Args:
        estimate: Mean over seeds of the score of all clips, pooled over folds, or of the
            difference of two scores; None where it does not exist.
        clusters: How many clusters were drawn from.
        seeds: How many seeds were averaged.
        covers_training: Whether the interval tells how much training again would change.
        low: Lower end; None where there is no interval.
        high: Upper end, likewise.
        error: Standard error; 0 where nothing varies, None where it cannot be estimated.
        df: Degrees of freedom of Student's t, None where there is no interval.
        reason: Why there is no interval; '' where there is one.
        notes: What a reader has to know.
    """

    estimate: float | None
    clusters: int
    seeds: int
    covers_training: bool
    low: float | None = None
    high: float | None = None
    error: float | None = None
    df: float | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


def infer(design: Design, scorers: Sequence[Scorer], how: Bootstrap) -> Interval:
    """The interval of one system's score, or of the first's minus the second's.

    Args:
        design: What is drawn.
        scorers: One or two, of equally many seeds.
        how: To resample.
    """
    whole = _contrast([s.whole() for s in scorers])
    estimate, exists = float(whole.mean()), bool(np.isfinite(whole).all())
    bare = Interval(
        estimate=estimate if exists else None,
        clusters=design.cluster_count,
        seeds=len(whole),
        covers_training=True,
    )
    if not exists:
        return replace(bare, reason="the score of all clips does not exist")
    if bare.clusters < 2:
        return replace(bare, reason="one cluster: nothing tells how another would score")
    resampled, notes = _resample(design, scorers, how)
    bare = replace(bare, notes=notes)
    swapped = _contrast([s.swapped() for s in scorers])
    if not len(resampled) or not np.isfinite(swapped).all():
        return replace(bare, reason="the score does not exist for too many draws")
    found = variance(resampled, bare.clusters, swapped)
    error = float(np.sqrt(found.value))
    if error <= ROUNDING * max(1.0, abs(estimate)):
        return replace(bare, error=0.0, reason="no spread: all clusters and seeds score the same")
    half = float(stats.t.ppf(0.5 + how.level / 2, found.df)) * error
    return replace(bare, low=estimate - half, high=estimate + half, error=error, df=found.df)


def _resample(
    design: Design, scorers: Sequence[Scorer], how: Bootstrap
) -> tuple[Floats, tuple[str, ...]]:
    """Scores [R, S] of the replicates that have one, and what to say about the others.

    None of them where fewer than ENOUGH have one: what is left would vary too little.
    """
    replicates = how.replicates or scorers[0].replicates
    blocks, missing = [], 0
    for weights in weightings(design.cluster_count, replicates, how.seed):
        blocks.append(_contrast([s.resampled(weights) for s in scorers]))
        missing += design.classes_missing(weights)
    drawn = np.concatenate(blocks)
    exist = np.isfinite(drawn).all(1)
    notes = []
    if missing:
        notes.append(
            f"a class had no clip in {missing} of {replicates} draws; the metric says how it "
            "scores those"
        )
    if not exist.all():
        notes.append(f"{(~exist).sum()} of {replicates} draws had no score and are left out")
    return drawn[exist] if exist.mean() >= ENOUGH else drawn[:0], tuple(notes)


def _contrast(scores: Sequence[Floats]) -> Floats:
    return scores[0] if len(scores) == 1 else scores[0] - scores[1]
