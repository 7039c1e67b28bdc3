"""A folder of results -> the systems of each protocol, scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mertk.contracts import Metric
from mertk.errors import MertkError
from mertk.records import Kept, Record, read_kept
from mertk.report import Report
from mertk.rows import Row, row
from mertk.variants import FULL

Measures = Callable[[Kept], Mapping[str, Metric]]


@dataclass(frozen=True)
class System:
    """One variant of one recipe, under one protocol.

    Args:
        name: What it is called on the page; no other system of its protocol has it.
        recipe: Its recipe's name.
        variant: `full`, or what was changed.
        kept: Its trials.
        row: Them, scored.
    """

    name: str
    recipe: str
    variant: str
    kept: Kept
    row: Row

    @property
    def records(self) -> list[Record]:
        """Its trials, by fold and seed."""
        return list(self.kept.records.values())


@dataclass(frozen=True)
class Board:
    """Everything that was scored under one protocol.

    Args:
        protocol: Its id.
        systems: The full recipes, the simplest (fewest trained parameters) first, or the one that
            was asked for.
        ablations: By recipe, the full one and its variants.
    """

    protocol: str
    systems: Sequence[System]
    ablations: Mapping[str, Sequence[System]]

    @property
    def every(self) -> list[System]:
        """All of its systems, each once."""
        parts = [*self.systems, *(s for group in self.ablations.values() for s in group)]
        return list({s.name: s for s in parts}.values())

    @property
    def report(self) -> Report:
        """The systems against the first of them."""
        return Report([system.row for system in self.systems])

    @property
    def corpus(self) -> Mapping[str, object]:
        """What trials say of their corpus."""
        facts: Mapping[str, object] = self.systems[0].records[0].facts["corpus"]
        return facts


def find(root: Path) -> list[Kept]:
    """Every run below a folder of results, or in it.

    Raises:
        MertkError: There is none, or one cannot be read.
    """
    files = sorted(root.glob("**/recipe.yaml"))
    found = [read_kept(f.parent) for f in files if any(f.parent.glob("[!.]*/trial.json"))]
    if not found:
        raise MertkError(
            f"{root}: holds no finished trial; give a folder that `mertk run` wrote (--results)"
        )
    return found


def boards(runs: Sequence[Kept], measures: Measures, reference: str | None = None) -> list[Board]:
    """Sort runs by protocol and score them.

    Args:
        runs: What `find` found.
        measures: The metrics of a run; the first of a protocol decides for all of it.
        reference: Name of the system that others are compared with; the simplest otherwise.

    Raises:
        MertkError: There is no system of that name.
    """
    by_protocol: dict[str, list[Kept]] = {}
    for run in runs:
        for protocol in dict.fromkeys(r.facts["protocol"] for r in run.records.values()):
            own = {k: r for k, r in run.records.items() if r.facts["protocol"] == protocol}
            by_protocol.setdefault(protocol, []).append(replace(run, records=own))
    found = [_board(protocol, own, measures, reference) for protocol, own in by_protocol.items()]
    names = [system.name for board in found for system in board.systems]
    if reference is not None and reference not in names:
        told = ", ".join(dict.fromkeys(names))
        raise MertkError(f"--against {reference}: no system has this name; there are {told}")
    return found


def _board(protocol: str, runs: Sequence[Kept], measures: Measures, reference: str | None) -> Board:
    metrics = measures(runs[0])
    systems = _systems(runs, metrics)
    full = [s for s in systems if s.variant == FULL]
    with_full = {s.recipe for s in full}
    alone = [s for s in systems if s.recipe not in with_full]
    shown = sorted([*full, *alone], key=lambda s: (s.name != reference, _parameters(s), s.name))
    ablations = {}
    for this in full:
        others = [s for s in systems if s.recipe == this.recipe and s.variant != FULL]
        if others:
            ablations[this.name] = [this, *others]
    return Board(protocol, shown, ablations)


def _parameters(system: System) -> int:
    return min(int(r.facts["cost"]["parameters"]) for r in system.records)


def _systems(runs: Sequence[Kept], metrics: Mapping[str, Metric]) -> list[System]:
    told = [(str(r.recipe["name"]), _variant(r), r) for r in runs]
    found = []
    for own, (recipe, variant, run) in zip(_names(told), told, strict=True):
        selected = any(r.facts["selected_on_test"] for r in run.records.values())
        scored = row(
            own,
            run.records,
            metrics,
            failed=run.failed,
            selected_on_test=selected,
            note=next((str(r.facts.get("note", "")) for r in run.records.values()), ""),
        )
        found.append(System(own, recipe, variant, run, scored))
    return found


def _names(told: Sequence[tuple[str, str, Kept]]) -> list[str]:
    """Names of recipes and variants; those that would bear one name add where they lie."""
    names = [recipe if variant == FULL else f"{recipe}: {variant}" for recipe, variant, _ in told]
    folders = [run.folder for _, _, run in told]
    short = [f"{name} ({folder.name})" for name, folder in zip(names, folders, strict=True)]
    long = [f"{name} ({folder})" for name, folder in zip(names, folders, strict=True)]
    return [
        a if names.count(a) == 1 else b if short.count(b) == 1 else c
        for a, b, c in zip(names, short, long, strict=True)
    ]


def _variant(run: Kept) -> str:
    """What its trials call themselves: `full` where any does, for an edit may come to the same."""
    names = sorted({str(r.facts["variant"]) for r in run.records.values()})
    return FULL if FULL in names else names[0]
