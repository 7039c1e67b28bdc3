"""`mertk compare`: finished runs against the first of them."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mertk.amounts import counted
from mertk.cli.answer import answer
from mertk.cli.beginning import begin
from mertk.cli.runs import folder_of, metrics_of, refuse_unfit
from mertk.cli.tables import show
from mertk.contracts import Metric
from mertk.errors import MertkError
from mertk.protocol import refuse_mixed
from mertk.records import Kept, read_kept
from mertk.report import SYNTHETIC, Report
from mertk.rows import Row, row

Json = Any


def compare(arguments: argparse.Namespace) -> int:
    """Tell how finished runs differ from the first one named."""
    if len(arguments.runs) < 2:
        raise MertkError("compare: name two runs or more, such as foalnet-ravdess concat-ravdess")
    screen, registry = begin()
    kept = [read_kept(folder_of(name, Path(arguments.results))) for name in arguments.runs]
    measures = metrics_of(kept[0], registry)
    refuse_unfit(measures, kept)
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


def _row(name: str, kept: Kept, measures: Mapping[str, Metric]) -> Row:
    on_test = any(r.facts["selected_on_test"] for r in kept.records.values())
    return row(name, kept.records, measures, failed=kept.failed, selected_on_test=on_test)


def _corpus(this: Row) -> str:
    titles = [str(r.facts["corpus"]["title"]) for r in this.records.values()]
    return titles[0]


def _synthetic(rows: list[Row]) -> bool:
    return any(r.facts["corpus"]["synthetic"] for this in rows for r in this.records.values())


def _notes(rows: list[Row], kept: list[Kept]) -> list[str]:
    notes = [
        f"{this.variant}: left out beside the latest: {counted(one.superseded, 'earlier trial')}"
        for this, one in zip(rows, kept, strict=True)
        if one.superseded
    ]
    if _synthetic(rows):
        notes.append(SYNTHETIC)
    return notes
