"""What systems cost, and where every number comes from."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import yaml

from mertk.page.blocks import Block, Listing, Section, Tabled
from mertk.page.gather import Board, System
from mertk.report import Table

Json = Any
MOST = 8
"""Names that are told in one cell."""


def cost(board: Board) -> Section:
    """Time, memory and size, per trial."""
    cells = [[s.name, *_cost(s)] for s in board.every]
    header = [
        "system",
        "parameters",
        "seconds",
        "epochs",
        "s / epoch",
        "GPU MB",
        "process MB",
        "device",
    ]
    notes = [
        "parameters: those that are trained; seconds: mean over trials, scoring included; process: "
        "the most that the whole process had held by the end of a trial, its start included",
        "times are comparable only where machine, device and load were the same",
    ]
    return Section(
        "Cost", [Tabled(Table(header, cells, left=("device",)), "Cost of a trial.", notes)]
    )


def _cost(system: System) -> list[str]:
    costs = [record.facts["cost"] for record in system.records]
    epochs = fmean(len(record.facts["history"]) for record in system.records)
    seconds = fmean(c["seconds"] for c in costs)
    devices = dict.fromkeys(r.facts["provenance"]["device"] for r in system.records)
    return [
        f"{max(c['parameters'] for c in costs):,}",
        f"{seconds:.1f}",
        f"{epochs:.0f}",
        f"{seconds / epochs:.2f}",
        _megabytes(costs, "device"),
        _megabytes(costs, "process"),
        ", ".join(devices),
    ]


def _megabytes(costs: Sequence[Mapping[str, Json]], which: str) -> str:
    known = [c["memory"][which] for c in costs if c.get("memory", {}).get(which) is not None]
    return f"{max(known) / 1e6:,.0f}" if known else "-"


def provenance(board: Board) -> Section:
    """What ran on what, and how to run it again."""
    parts = [Section(s.name, list(_provenance(s))) for s in board.every]
    facts = board.corpus
    cells = [
        ["protocol", board.protocol],
        ["corpus", str(facts["title"])],
        ["licence", str(facts.get("licence", "-"))],
        ["classes", ", ".join(map(str, facts["classes"]))],  # type: ignore[call-overload]
        ["test clips", str(sum(_tested(board).values()))],
        ["folds", ", ".join(f"{fold} ({count})" for fold, count in _tested(board).items())],
    ]
    about = Tabled(Table(["protocol", "what it is"], cells, left=("what it is",)), "The protocol.")
    return Section("Provenance", [about], parts)


def _tested(board: Board) -> dict[str, int]:
    found: dict[str, int] = {}
    for record in board.systems[0].records:
        found.setdefault(record.facts["fold"], record.facts["clips"]["test"])
    return found


def _provenance(system: System) -> Iterator[Block]:
    records = system.records
    seeds = dict.fromkeys(str(r.facts["seed"]) for r in records)
    left_out = {k: v for r in records for k, v in r.facts["corpus"].get("left_out", {}).items()}
    facts = {
        "folder": [str(system.kept.folder)],
        "fingerprint": dict.fromkeys(str(r.facts.get("fingerprint")) for r in records),
        "trials": [
            f"{len(records)}, {system.kept.failed} failed, {system.kept.superseded} superseded"
        ],
        "seeds": seeds,
        "epoch picked by": dict.fromkeys(_rule(r.facts.get("select", {})) for r in records),
        "held-out speakers": dict.fromkeys(
            f"{r.facts['fold']}: {', '.join(r.facts.get('held_out', [])) or '-'}" for r in records
        ),
        "clips left out": [f"{k} ({v})" for k, v in left_out.items()] or ["none"],
        **_machine(records),
    }
    cells = [[key, _some(list(values))] for key, values in facts.items()]
    yield Tabled(
        Table(["what", "value"], cells, left=("value",)), f"{system.name}: how it was run."
    )
    text = yaml.safe_dump(dict(system.kept.recipe), sort_keys=False, allow_unicode=True)
    yield Listing("The recipe as it was run, every default written in", text)


def _rule(select: Mapping[str, Json]) -> str:
    return ", ".join(f"{key} {value}" for key, value in select.items() if value is not None)


def _machine(records: Sequence[Any]) -> dict[str, list[str]]:
    known = [r.facts["provenance"] for r in records]
    packages = (f"{k} {v}" for p in known for k, v in p.get("packages", {}).items())
    providers: dict[str, dict[str, None]] = {}
    for where, provider in (pair for p in known for pair in p.get("providers", {}).items()):
        providers.setdefault(provider, {})[where] = None
    return {
        "device": list(dict.fromkeys(str(p.get("device")) for p in known)),
        "precision": list(dict.fromkeys(str(p.get("precision")) for p in known)),
        "platform": list(dict.fromkeys(str(p.get("platform")) for p in known)),
        "python": list(dict.fromkeys(str(p.get("python")) for p in known)),
        "packages": list(dict.fromkeys(packages)),
        "plugins": [f"{name}: {', '.join(places)}" for name, places in providers.items()],
        "first begun": [min(str(p["began"]) for p in known)],
    }


def _some(values: Sequence[str]) -> str:
    more = f" and {len(values) - 3 * MOST} more" if len(values) > 3 * MOST else ""
    # Where one of them is a list itself, its end has to be seen.
    between = "; " if any(", " in value for value in values) else ", "
    return between.join(values[: 3 * MOST]) + more
