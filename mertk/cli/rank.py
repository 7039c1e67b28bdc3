"""`mertk rank`: three systems or more over several corpora."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mertk.amounts import number, probability
from mertk.cli.answer import answer
from mertk.cli.beginning import begin
from mertk.cli.runs import built, folder_of, refuse_unfit
from mertk.console import Screen
from mertk.errors import MertkError
from mertk.ranking import Ranked
from mertk.ranking import rank as rank_systems
from mertk.records import Kept, read_kept
from mertk.report import SELECTED_ON_TEST, SYNTHETIC
from mertk.whole import whole

Json = Any


def rank(arguments: argparse.Namespace) -> int:
    """Rank systems by their mean score on each corpus, and say which cannot be told apart."""
    named = _named(arguments.systems)
    screen, registry = begin()
    runs = _read(named, Path(arguments.results))
    where, outputs = f"--metric {arguments.metric}", _outputs(runs)
    metric = built([{"use": arguments.metric}], registry, where, outputs)
    refuse_unfit(metric, (kept for each in runs.values() for kept in each))
    ranked = rank_systems(runs, arguments.metric, metric[arguments.metric])
    if arguments.picture:
        _draw(ranked, Path(arguments.picture))
    if arguments.json:
        answer(_as_json(ranked))
    else:
        _show(screen, ranked)
    return 0


def _draw(ranked: Ranked, file: Path) -> None:
    """Write the critical-difference diagram.

    Raises:
        MertkError: The file cannot be written.
    """
    from mertk.page.figures import critical_difference  # matplotlib, where a picture is asked for

    title = f"Mean ranks by {ranked.metric.upper()} on {len(ranked.protocols)} corpora"
    drawn = critical_difference(ranked.systems, ranked.ranking, title=title)
    try:
        with whole(file) as draft:
            draft.write_text(drawn.svg + "\n", encoding="utf-8")
    except OSError as error:
        raise MertkError(f"--picture {file}: cannot be written ({error.strerror})") from error


def _outputs(runs: dict[str, list[Kept]]) -> list[str]:
    """What the first run predicts."""
    first = next(iter(runs.values()))[0]
    names: list[str] = next(iter(first.records.values())).facts["corpus"]["classes"]
    return names


def _named(systems: list[str]) -> dict[str, list[str]]:
    """Runs by system, of `SYSTEM=RUN,...`; every fault at once."""
    found: dict[str, list[str]] = {}
    faults = []
    for text in systems:
        system, equals, runs = text.partition("=")
        named = [run.strip() for run in runs.split(",") if run.strip()]
        if not (equals and system.strip() and named):
            faults.append(f"{text}: expected SYSTEM=RUN[,RUN...], such as foalnet=foalnet-ravdess")
        elif system.strip() in found:
            faults.append(f"{text}: a system of this name is there already; join its runs with ,")
        found[system.strip()] = named
    if faults:
        raise MertkError("rank: " + "\n  ".join(faults))
    if len(found) < 3:
        raise MertkError(
            f"rank: {len(found)} systems ({', '.join(found)}); three or more are ranked, two are "
            "compared with `mertk compare`"
        )
    return found


def _read(named: dict[str, list[str]], results: Path) -> dict[str, list[Kept]]:
    """The runs, or every fault in finding them."""
    found: dict[str, list[Kept]] = {}
    of: dict[Path, str] = {}
    faults = []
    for system, runs in named.items():
        for run in runs:
            try:
                kept = read_kept(folder_of(run, results))
            except MertkError as error:
                faults.append(f"{system}: {error}")
                continue
            if other := of.get(kept.folder.resolve()):
                faults.append(f"{system}: {run} is a run of {other} already; name each run once")
            of[kept.folder.resolve()] = system
            found.setdefault(system, []).append(kept)
    if faults:
        raise MertkError("\n".join(faults))
    return found


def _as_json(ranked: Ranked) -> dict[str, Json]:
    told = asdict(ranked)
    ranking = told["ranking"]
    ranking["groups"] = [[ranked.systems[k] for k in group] for group in ranked.ranking.groups]
    return {**told, "order": [ranked.systems[k] for k in ranked.order]}


def _show(screen: Screen, ranked: Ranked) -> None:
    corpora = [
        f"{title} ({protocol})"
        for title, protocol in zip(ranked.corpora, ranked.protocols, strict=True)
    ]
    rows = [
        [
            ranked.systems[k],
            number(ranked.ranking.ranks[k]),
            *(number(row[k]) for row in ranked.scores),
        ]
        for k in ranked.order
    ]
    screen.table(
        f"{ranked.metric.upper()} of {len(ranked.systems)} systems on {len(corpora)} corpora",
        ["system", "mean rank", *ranked.protocols],
        rows,
        list(_notes(ranked, corpora)),
    )


def _notes(ranked: Ranked, corpora: list[str]) -> Iterator[str]:
    found = ranked.ranking
    yield "scores: mean over folds and seeds at the epoch that each run's own rule picked"
    yield f"corpora: {'; '.join(corpora)}"
    p = "-" if found.p is None else probability(found.p)
    yield f"Friedman's test, that all systems are alike: p {p}" + (
        f" ({found.reason})" if found.reason else ""
    )
    if found.critical is not None:
        yield (
            f"critical difference of mean ranks (Nemenyi, {ranked.alpha:.0%}): "
            f"{number(found.critical)}"
        )
    for group in found.groups:
        yield f"not told apart: {', '.join(ranked.systems[k] for k in group)}"
    if not found.groups:
        yield "not told apart: none"
    yield from ranked.notes
    if ranked.selected_on_test:
        yield SELECTED_ON_TEST
    if ranked.synthetic:
        yield SYNTHETIC
