"""Finished runs against what was published: the same rule, the honest one, and every setting."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mertk.claims import Follows, Line, Published, Setting, Target
from mertk.contracts import Metric
from mertk.records import Record
from mertk.score import judge
from mertk.stats import Equivalence, equivalence

Json = Any
Records = Mapping[tuple[str, int], Record]


@dataclass(frozen=True)
class Scored:
    """A score in the way it was published: the mean over folds.

    Args:
        mean: Over seeds, from 0 to 1 where percents are published.
        spread: Sample standard deviation over seeds; None with one seed.
        seeds: Those that finished every fold.
    """

    mean: float
    spread: float | None
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Standing:
    """One published number and what stands against it.

    Args:
        line: Its row.
        metric: Its metric.
        published: The number, as a share.
        same_rule: At the epoch that the test clips picked, as published; None where there is none.
        honest: At the epoch that the run's own rule picked, likewise.
        equivalence: Of `same_rule` with the published number; None where the run is none of that
            protocol or method, or there is no score.
        reason: Why something is None; '' where nothing is.
    """

    line: Line
    metric: str
    published: float
    same_rule: Scored | None = None
    honest: Scored | None = None
    equivalence: Equivalence | None = None
    reason: str = ""

    @property
    def gap(self) -> float | None:
        """What picking the epoch by the test clips adds."""
        if self.same_rule is None or self.honest is None:
            return None
        return self.same_rule.mean - self.honest.mean


@dataclass(frozen=True)
class Followed:
    """A setting as this run has it.

    Args:
        setting: What paper and code say.
        values: What the run has; [] where its recipe has no such setting.
        follows: Whom it follows.
    """

    setting: Setting
    values: list[Json]
    follows: Follows


@dataclass(frozen=True)
class Reproduction:
    """Published numbers and settings, and a run against them.

    Args:
        target: What was published.
        records: Finished trials by the names of the target's rows, as far as there are any.
        standings: Every published number.
        settings: As the run has them.
        mismatches: In what the run is of another protocol, or another method, in words; where
            there is any, nothing is tested.
        margin: Within which two scores count as equal, in percentage points.
    """

    target: Target
    records: Mapping[str, Records]
    standings: Sequence[Standing]
    settings: Sequence[Followed]
    mismatches: Sequence[str]
    margin: float

    @property
    def facts(self) -> list[Mapping[str, Json]]:
        """What every trial says of itself."""
        return [r.facts for records in self.records.values() for r in records.values()]

    @property
    def synthetic(self) -> bool:
        """Whether clips were generated."""
        return any(f["corpus"]["synthetic"] for f in self.facts)

    @property
    def selected_on_test(self) -> bool:
        """Whether the run's own rule picked epochs by the test clips."""
        return any(f["selected_on_test"] for f in self.facts)


def reproduction(
    target: Target,
    recipe: Mapping[str, Json],
    records: Mapping[str, Records],
    metrics: Mapping[str, Metric],
    margin: float,
) -> Reproduction:
    """Hold a run against what was published.

    Args:
        target: What was published.
        recipe: The run's, every default written in.
        records: Finished trials by the names of the target's rows, as far as there are any.
        metrics: Those of the target, by name.
        margin: In percentage points.
    """
    records = {name: trials for name, trials in records.items() if trials}
    trials = [record for each in records.values() for record in each.values()]
    other = _other_method(target, recipe)
    return Reproduction(
        target,
        records,
        [
            _standing(target, line, name, records.get(line.name, {}), metrics[name], margin, other)
            for line in target.rows
            for name in line.scores
        ],
        [_followed(setting, recipe, trials) for setting in target.settings],
        [*other, *_mismatches(target, records)],
        margin,
    )


def _other_method(target: Target, recipe: Mapping[str, Json]) -> list[str]:
    """What the target sets arguments of and the recipe does not have."""
    parts = [".".join(s.where.split(".")[:2]) for s in target.settings if s.where is not None]
    wanted = [p for p in dict.fromkeys(parts) if p.startswith(("encoders.", "tasks."))]
    lacks = [part for part in wanted if not _at(recipe, part)]
    return [f"another method: its recipe has no {', '.join(lacks)}"] if lacks else []


def _mismatches(target: Target, runs: Mapping[str, Records]) -> list[str]:
    told: dict[str, list[str]] = {}
    for name, records in runs.items():
        for what in _mismatched(target, records):
            told.setdefault(what, []).append(name)
    return [
        what if len(names) == len(runs) else f"{', '.join(names)}: {what}"
        for what, names in told.items()
    ]


def _standing(
    target: Target,
    line: Line,
    name: str,
    records: Records,
    metric: Metric,
    margin: float,
    other: Sequence[str],
) -> Standing:
    bare = Standing(line, name, line.scores[name] / 100)
    if not records:
        return replace(bare, reason="no finished trial")
    folds, seeds = complete(records)
    if not seeds:
        return replace(bare, reason="no seed has finished every fold")
    same, own = (_matrix(records, folds, seeds, metric, p) for p in ("test_best", "selected"))
    if not (np.isfinite(same).all() and np.isfinite(own).all()):
        return replace(bare, reason="a fold has no score")
    scored = replace(bare, same_rule=_scored(same, seeds), honest=_scored(own, seeds))
    if other or any(_mismatched(target, records)):
        return replace(scored, reason="no reproduction")
    return replace(scored, equivalence=equivalence(same, bare.published, margin / 100))


def complete(records: Records) -> tuple[list[str], tuple[int, ...]]:
    """The folds that any trial is of, and the seeds that have finished all of them."""
    folds = list(dict.fromkeys(fold for fold, _ in records))
    seeds = sorted({seed for _, seed in records})
    return folds, tuple(s for s in seeds if all((fold, s) in records for fold in folds))


def _matrix(
    records: Records, folds: Sequence[str], seeds: Sequence[int], metric: Metric, pick: str
) -> NDArray[np.float64]:
    return np.array(
        [[judge(metric, *records[f, s].predictions(pick)) for f in folds] for s in seeds]
    )


def _scored(scores: NDArray[np.float64], seeds: tuple[int, ...]) -> Scored:
    means = scores.mean(1)
    spread = float(means.std(ddof=1)) if len(means) > 1 else None
    return Scored(float(means.mean()), spread, seeds)


def _followed(setting: Setting, recipe: Mapping[str, Json], trials: Sequence[Record]) -> Followed:
    values = [setting.toolkit] if setting.where is None else _at(recipe, setting.where)
    if setting.fact is not None and trials:
        values = _distinct([v for each in trials for v in _at(each.facts, setting.fact)])
    return Followed(setting, values, setting.follows(values))


def _distinct(found: list[Json]) -> list[Json]:
    """The only value, or all of them as one list."""
    each = sorted((v for place, v in enumerate(found) if v not in found[:place]), key=_natural)
    return [each] if len(each) > 1 else each


def _natural(value: Json) -> tuple[bool, Json]:
    number = isinstance(value, int | float)
    return not number, value if number else str(value)


def _at(content: Json, path: str) -> list[Json]:
    """What stands at a dotted path, alone in a list; [] where nothing does."""
    for key in path.split("."):
        if not isinstance(content, Mapping) or key not in content:
            return []
        content = content[key]
    return [content]


def _mismatched(target: Target, records: Records) -> Iterator[str]:
    published = target.protocol
    facts = [record.facts for record in records.values()]
    for dataset in dict.fromkeys(str(f["corpus"].get("dataset")) for f in facts):
        if dataset != published.dataset:
            yield f"dataset {dataset}, published on {published.dataset}"
    for by in dict.fromkeys(f.get("select", {}).get("by") for f in facts):
        if by != published.select.by:
            yield f"the test clips picked the epoch by {by}, published by {published.select.by}"
    names = facts[0]["corpus"]["classes"]
    if set(names) != set(published.classes):
        yield f"{len(names)} classes ({_few(names)}), published with {_few(published.classes)}"
    yield from _other_clips(published, records, names)


def _other_clips(published: Published, records: Records, names: Sequence[str]) -> Iterator[str]:
    folds, seeds = complete(records)
    tested = {fold: int(r.facts["clips"]["test"]) for (fold, _), r in records.items()}
    if set(folds) < set(published.folds):
        yield f"{len(folds)} of {len(published.folds)} folds are finished ({_few(folds)})"
    elif set(folds) != set(published.folds):
        yield f"{len(folds)} folds ({_few(folds)}), published over {_few(published.folds)}"
        if sum(tested.values()) != published.clips:
            yield f"{sum(tested.values())} clips, published on {published.clips}"
    else:
        yield from _other_counts("test clips by fold", published.folds, tested)
        if seeds and set(names) == set(published.classes):
            fits = [records[fold, seeds[0]].predictions()[0] for fold in folds]
            counts = Counter(names[label] for labels in fits for label in labels)
            yield from _other_counts("clips by class", published.classes, counts)


def _other_counts(
    what: str, published: Mapping[str, int], found: Mapping[str, int]
) -> Iterator[str]:
    differ = [n for n, count in published.items() if found.get(n, 0) != count]
    if differ:
        told = [f"{found.get(n, 0)} {n} (published {published[n]})" for n in differ]
        yield f"{what}: {', '.join(told)}"


def _few(names: Collection[str]) -> str:
    told = list(names)[:5]
    return ", ".join(told) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
