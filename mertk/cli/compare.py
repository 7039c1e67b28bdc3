"""`mertk compare`: finished runs against the first of them."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mertk.cli.answer import answer
from mertk.cli.beginning import begin
from mertk.cli.tables import show
from mertk.contracts import Metric
from mertk.errors import MertkError, PluginError
from mertk.protocol import refuse_mixed
from mertk.records import Kept, read_kept
from mertk.registry import Registry
from mertk.report import SYNTHETIC, Report
from mertk.rows import Row, row
from mertk.signature import Signature
from mertk.variants import FULL

Json = Any


def compare(arguments: argparse.Namespace) -> int:
    """Tell how finished runs differ from the first one named."""
    if len(arguments.runs) < 2:
        raise MertkError("compare: name two runs or more, such as foalnet-ravdess concat-ravdess")
    screen, registry = begin()
    kept = [read_kept(_folder(name, Path(arguments.results))) for name in arguments.runs]
    measures = _metrics(kept[0], registry)
    rows = [_row(name, one, measures) for name, one in zip(arguments.runs, kept, strict=True)]
    if not arguments.mix_protocols:
        refuse_mixed({r.variant: r.protocols for r in rows})
    report = Report(rows)
    if arguments.json:
        told = {
            "runs": {r.variant: str(one.folder) for r, one in zip(rows, kept, strict=True)},
            "synthetic": _synthetic(rows),
            "rows": report.as_json(),
        }
        answer(told)
    else:
        title = f"{rows[0].variant} and others on {_corpus(rows[0])}"
        show(screen, title, report, _notes(rows, kept), arguments.picks)
    return 0


def _folder(name: str, results: Path) -> Path:
    """Where the trials of a run lie: there, or in the only full recipe below it."""
    tried = dict.fromkeys([Path(name), results / name])
    for folder in tried:
        if (folder / "recipe.yaml").is_file():
            return folder
        below = sorted(p.parent for p in folder.glob("*/recipe.yaml"))
        if below:
            return _only(name, below)
    raise MertkError(
        f"{name}: no finished run is at {' or '.join(str(t) for t in tried)}; give a folder of "
        "results, or run the recipe first (--results says where results lie)"
    )


def _only(name: str, folders: list[Path]) -> Path:
    """The folder of the full recipe, among those of its variants."""
    runs = {folder: _variants(read_kept(folder)) for folder in folders}
    full = [folder for folder, variants in runs.items() if FULL in variants] or folders
    if len(full) == 1:
        return full[0]
    told = "".join(f"\n  {folder} ({', '.join(runs[folder])})" for folder in full)
    raise MertkError(f"{name}: there are several runs; name one of these folders:{told}")


def _variants(kept: Kept) -> list[str]:
    return sorted({str(r.facts["variant"]) for r in kept.records.values()})


def _metrics(kept: Kept, registry: Registry) -> Mapping[str, Metric]:
    """The metrics of the first run, by which all of them are scored."""
    made: dict[str, Metric] = {}
    outputs = next(iter(kept.records.values())).facts["corpus"]["classes"]
    for spec in kept.recipe["metrics"]:
        arguments = {k: v for k, v in spec.items() if k not in ("use", "name")}
        try:
            component = registry.find("metrics", spec["use"]).load()
            signature = Signature.of(component, spec["use"], "metrics")
            name = spec.get("name") or spec["use"]
            made[name] = component(**signature.bind(arguments, {"outputs": tuple(outputs)}))
        except (PluginError, TypeError, ValueError) as error:
            raise MertkError(f"{kept.folder}: its metric cannot be built: {error}") from error
    return made


def _row(name: str, kept: Kept, measures: Mapping[str, Metric]) -> Row:
    on_test = any(r.facts["selected_on_test"] for r in kept.records.values())
    return row(name, kept.records, measures, selected_on_test=on_test)


def _corpus(this: Row) -> str:
    titles = [str(r.facts["corpus"]["title"]) for r in this.records.values()]
    return titles[0]


def _synthetic(rows: list[Row]) -> bool:
    return any(r.facts["corpus"]["synthetic"] for this in rows for r in this.records.values())


def _notes(rows: list[Row], kept: list[Kept]) -> list[str]:
    notes = [
        f"{this.variant}: {one.superseded} earlier trials beside the latest are left out"
        for this, one in zip(rows, kept, strict=True)
        if one.superseded
    ]
    if _synthetic(rows):
        notes.append(SYNTHETIC)
    return notes
