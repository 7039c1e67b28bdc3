"""One system against another: how far apart, how sure, and what that says in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mertk.contracts import Metric
from mertk.pooled import Key, Pooled, pool
from mertk.rows import Row
from mertk.stats import (
    CorrectedT,
    Difference,
    McNemar,
    Verdict,
    difference,
    holm,
    mcnemar,
    nadeau_bengio,
    verdict,
)


@dataclass(frozen=True)
class Comparison:
    """A system minus the reference by one metric.

    Args:
        difference: Over the pooled clips, with its interval.
        p: Corrected for the family: everything that is compared with the reference by this metric.
        verdict: What it says of the system.
        folds: The corrected t test over folds.
        clips: McNemar's test, of which clips are right; the same for every metric, and without a p
            where a clip is not just right or wrong.
        left_out: Trials without a partner.
    """

    difference: Difference
    p: float | None
    verdict: Verdict
    folds: CorrectedT
    clips: McNemar
    left_out: tuple[Key, ...]


def compare(reference: Row, others: Sequence[Row], metric: str) -> list[Comparison | None]:
    """Compare every system with the reference; None where they cannot be, see `unpaired`.

    Raises:
        MertkError: They were not scored on the same clips.
    """
    pairs = [pool(other.records, reference.records) for other in others]
    found = [None if p is None else _difference(reference.measures[metric], p) for p in pairs]
    values = holm([None if f is None else f.p for f in found])
    return [
        None
        if pooled is None or of is None
        else _comparison(pooled, of, p, metric, reference, other)
        for pooled, of, p, other in zip(pairs, found, values, others, strict=True)
    ]


def unpaired(own: Row, other: Row) -> str:
    """Why there is no comparison of two systems."""
    shared = own.records.keys() & other.records.keys()
    return "no fold has every seed that they share" if shared else "they share no trial"


def _difference(metric: Metric, pooled: Pooled) -> Difference:
    own, base = pooled.scores
    return difference(metric, pooled.design, own, base)


def _comparison(
    pooled: Pooled, found: Difference, p: float | None, name: str, reference: Row, other: Row
) -> Comparison:
    metric = reference.measures[name]
    return Comparison(
        difference=found,
        p=p,
        verdict=verdict(found, higher_is_better=metric.higher_is_better, p=p),
        folds=_over_folds(pooled, name, reference, other),
        clips=mcnemar(pooled.design.labels, *pooled.scores),
        left_out=pooled.left_out,
    )


def _over_folds(pooled: Pooled, name: str, reference: Row, other: Row) -> CorrectedT:
    own, base = other.metrics[name], reference.metrics[name]
    differences = np.array(
        [[own[f, s] - base[f, s] for f in pooled.folds] for s in pooled.seeds], dtype=float
    )
    if not np.isfinite(differences).all():
        return CorrectedT(None, reason="a fold has no score")
    sizes = [reference.records[f, pooled.seeds[0]].facts["clips"] for f in pooled.folds]
    return nadeau_bengio(differences, [s["test"] for s in sizes], [s["train"] for s in sizes])
