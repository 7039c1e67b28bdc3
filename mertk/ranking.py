"""Several systems over several corpora: who ranks where, and which cannot be told apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from statistics import fmean

import numpy as np

from mertk.contracts import Metric
from mertk.errors import MertkError
from mertk.records import Kept
from mertk.score import judge
from mertk.stats import Ranking, friedman


@dataclass(frozen=True)
class Ranked:
    """Everything that a table or a critical-difference diagram needs.

    Args:
        systems: [K] names, as given.
        protocols: [D] ids of what they were scored on.
        corpora: [D] titles.
        metric: Its name.
        higher_is_better: Of the metric.
        scores: [D, K] means over folds and seeds, at the epoch that each run's own rule picked.
        ranking: [K] mean ranks, Friedman's p, the critical difference and its groups.
        alpha: Level of the critical difference.
        notes: What a reader has to know.
        selected_on_test: Whether the test clips picked any epoch.
        synthetic: Whether any corpus was generated.
    """

    systems: tuple[str, ...]
    protocols: tuple[str, ...]
    corpora: tuple[str, ...]
    metric: str
    higher_is_better: bool
    scores: tuple[tuple[float, ...], ...]
    ranking: Ranking
    alpha: float
    notes: tuple[str, ...]
    selected_on_test: bool
    synthetic: bool

    @property
    def order(self) -> tuple[int, ...]:
        """[K] indices of systems, the best mean rank first."""
        return tuple(sorted(range(len(self.systems)), key=lambda k: self.ranking.ranks[k]))


def rank(
    runs: Mapping[str, Sequence[Kept]], name: str, metric: Metric, *, alpha: float = 0.05
) -> Ranked:
    """Rank systems by their mean score on each corpus.

    Args:
        runs: By system, one run on each corpus.
        name: Of the metric.
        metric: By which they are ranked.
        alpha: Level of the critical difference.

    Raises:
        MertkError: A system lacks a protocol or has two runs of it, folds differ, a score does not
            exist, one corpus is there under two protocols, or there are too few of either.
    """
    by_protocol = {system: _by_protocol(kept) for system, kept in runs.items()}
    protocols = tuple(dict.fromkeys(p for each in by_protocol.values() for p in each))
    _refuse(by_protocol, protocols)
    table = {p: [by_protocol[system][p][0] for system in runs] for p in protocols}
    _refuse_copies({p: kept[0] for p, kept in table.items()})
    _refuse_folds(table, list(runs))
    scores = [[_mean(kept, metric) for kept in table[p]] for p in protocols]
    _refuse_missing(scores, protocols, list(runs), name)
    found = friedman(np.array(scores), higher_is_better=metric.higher_is_better, alpha=alpha)
    if found.critical is None:
        raise MertkError(f"rank: {found.reason}")
    facts = [r.facts for kept in table.values() for one in kept for r in one.records.values()]
    return Ranked(
        systems=tuple(runs),
        protocols=protocols,
        corpora=tuple(_title(kept[0]) for kept in table.values()),
        metric=name,
        higher_is_better=metric.higher_is_better,
        scores=tuple(map(tuple, scores)),
        ranking=found,
        alpha=alpha,
        notes=tuple(_notes(table, list(runs))),
        selected_on_test=any(f["selected_on_test"] for f in facts),
        synthetic=any(f["corpus"]["synthetic"] for f in facts),
    )


def _by_protocol(runs: Sequence[Kept]) -> dict[str, list[Kept]]:
    found: dict[str, list[Kept]] = {}
    for kept in runs:
        for protocol in dict.fromkeys(str(r.facts["protocol"]) for r in kept.records.values()):
            found.setdefault(protocol, []).append(kept)
    return found


def _refuse(
    by_protocol: Mapping[str, Mapping[str, Sequence[Kept]]], protocols: Sequence[str]
) -> None:
    """Hold every system to exactly one run of every protocol, telling all faults at once."""
    told = []
    for system, each in by_protocol.items():
        for protocol in protocols:
            there = each.get(protocol, [])
            if not there:
                others = [s for s, runs in by_protocol.items() if protocol in runs]
                told.append(f"{system}: has no run of {protocol}, which {others[0]} has")
            elif len(there) > 1:
                folders = ", ".join(str(kept.folder) for kept in there)
                told.append(f"{system}: has {len(there)} runs of {protocol} ({folders})")
        mixed = {k.folder for runs in each.values() for k in runs if len(_protocols(k)) > 1}
        told += [f"{system}: {folder} holds trials of several protocols" for folder in mixed]
    if told:
        raise MertkError(
            "rank: every system needs one run of each protocol:\n  "
            + "\n  ".join(told)
            + "\n  a protocol is classes, clips, folds and the rule that picks the epoch"
        )


def _protocols(kept: Kept) -> set[str]:
    return {str(r.facts["protocol"]) for r in kept.records.values()}


def _refuse_copies(firsts: Mapping[str, Kept]) -> None:
    """Refuse one corpus twice: what tells corpora apart would count it as two witnesses."""
    tested = {protocol: _tested(kept) for protocol, kept in firsts.items()}
    told = [
        f"{one} and {other}"
        for one, other in combinations(tested, 2)
        if _title(firsts[one]) == _title(firsts[other]) and tested[one] & tested[other]
    ]
    if told:
        raise MertkError(
            "rank: these protocols test the same clips, so they are one corpus, under other folds, "
            "classes or another rule that picks the epoch; keep one of each:\n  "
            + "\n  ".join(told)
        )


def _tested(kept: Kept) -> set[str]:
    return {clip for record in kept.records.values() for clip in record.clips}


def _refuse_folds(table: Mapping[str, Sequence[Kept]], systems: Sequence[str]) -> None:
    told = []
    for protocol, runs in table.items():
        folds = [{fold for fold, _ in kept.records} for kept in runs]
        every = set().union(*folds)
        told += [
            f"{system}: lacks {', '.join(sorted(every - own))} of {protocol}"
            for system, own in zip(systems, folds, strict=True)
            if own != every
        ]
        told += [
            f"{system}: not every seed has finished every fold of {protocol}"
            for system, kept, own in zip(systems, runs, folds, strict=True)
            if len(kept.records) != len(own) * len({seed for _, seed in kept.records})
        ]
    if told:
        raise MertkError(
            "rank: means over other folds do not compare; finish these runs:\n  "
            + "\n  ".join(told)
        )


def _mean(kept: Kept, metric: Metric) -> float:
    return fmean(judge(metric, *record.predictions()) for record in kept.records.values())


def _refuse_missing(
    scores: Sequence[Sequence[float]], protocols: Sequence[str], systems: Sequence[str], name: str
) -> None:
    told = [
        f"{system} on {protocol}"
        for protocol, row in zip(protocols, scores, strict=True)
        for system, score in zip(systems, row, strict=True)
        if not isfinite(score)
    ]
    if told:
        raise MertkError(f"rank: there is no {name} of {', '.join(told)}; choose another --metric")


def _title(kept: Kept) -> str:
    return str(next(iter(kept.records.values())).facts["corpus"]["title"])


def _notes(table: Mapping[str, Sequence[Kept]], systems: Sequence[str]) -> list[str]:
    told = []
    for protocol, runs in table.items():
        seeds = [sorted({seed for _, seed in kept.records}) for kept in runs]
        if len(set(map(tuple, seeds))) > 1:
            counts = ", ".join(
                f"{s} {', '.join(map(str, n))}" for s, n in zip(systems, seeds, strict=True)
            )
            told.append(f"{protocol}: other seeds ({counts})")
    return told
