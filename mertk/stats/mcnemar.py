"""McNemar's test on the clips that exactly one of two systems gets right."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy import stats

from mertk.stats.design import Array


@dataclass(frozen=True)
class McNemar:
    """What the clips say that exactly one system gets right.

    Args:
        p: Two-sided, of all seeds together; None where there is none.
        seeds: Per seed, the clips that only the first system gets right, those that only the
            second does, and p.
        notes: What a reader has to know.
        reason: Why there is no p; '' where there is.
    """

    p: float | None
    seeds: tuple[tuple[int, int, float], ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""


def mcnemar(labels: Array, first: Array, second: Array) -> McNemar:
    """Test whether two classifiers are right equally often on these clips.

        p = P(|X - n/2| >= |b - n/2|),  X ~ Binomial(n, 1/2)

    with b the clips that only the first gets right and n those that exactly one does; exact for
    every n, and 1 where n is 0. Folds are pooled. Seeds share clips and so cannot be pooled, nor
    may they be fused into a vote, which would test another system: each is tested, and of S values
    of p the middle one (the lower of two), times S over its rank, holds whatever their dependence.

    It takes clips for independent and fits for given. So it tells about these fits on clips of
    these speakers, and its p is too small for a claim about others; `difference` makes that one.

    Source: McNemar, Psychometrika 1947; Rueger, "Das maximale Signifikanzniveau des Tests: Lehne H0
    ab, wenn k unter n gegebenen Tests zur Ablehnung fuehren", Metrika 1978, for the combination.

    Args:
        labels: [B] class indices; of [B, N] there is no p, since no clip is just right or wrong.
        first: [S, B, N] scores by seed.
        second: Likewise, of the same seeds.

    Raises:
        ValueError: Shapes do not fit.
    """
    labels, first, second = np.asarray(labels), np.asarray(first), np.asarray(second)
    if labels.ndim == 2 and first.shape == second.shape and first.shape[1:] == labels.shape:
        return McNemar(None, reason="only of classes is a clip just right or wrong")
    if first.ndim != 3 or first.shape != second.shape or labels.shape != first.shape[1:2]:
        raise ValueError(
            f"first, second: shapes {first.shape} and {second.shape} with labels {labels.shape}; "
            "both [S, B, N] with labels [B] are needed"
        )
    if not first.size:
        raise ValueError(f"first, second: there is nothing to compare (shape {first.shape})")
    seeds = tuple(
        _of_seed(a.argmax(-1) == labels, b.argmax(-1) == labels)
        for a, b in zip(first, second, strict=True)
    )
    notes = ["takes clips for independent and fits for given"]
    silent = sum(a + b == 0 for a, b, _ in seeds)
    if silent:
        notes.append(f"no clip tells the systems apart with {silent} of {len(seeds)} seeds")
    return McNemar(_combined([p for _, _, p in seeds]), seeds, tuple(notes))


def _of_seed(first_right: Array, second_right: Array) -> tuple[int, int, float]:
    only_first = int((first_right & ~second_right).sum())
    only_second = int((~first_right & second_right).sum())
    apart = only_first + only_second
    p = stats.binomtest(only_first, apart).pvalue if apart else 1.0
    return only_first, only_second, float(p)


def _combined(values: list[float]) -> float:
    rank = ceil(len(values) / 2)
    return min(1.0, sorted(values)[rank - 1] * len(values) / rank)
