"""Results -> the rows of a table; never trains, never imports torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean, stdev
from typing import Any

from mertk.contracts import Metric
from mertk.results import Record
from mertk.score import score, summary

Json = Any
SYNTHETIC = "SYNTHETIC DATA: these numbers say nothing about real emotion"


@dataclass(frozen=True)
class Row:
    """One variant.

    Args:
        variant: Its name.
        records: Its finished trials by (fold, seed).
        failed: How many trials failed.
        selected_on_test: Whether the test clips picked the epoch.
        metrics: Per metric, per (fold, seed), the score.
        note: What a reader has to know.
    """

    variant: str
    records: Mapping[tuple[str, int], Record]
    failed: int
    selected_on_test: bool
    metrics: Mapping[str, Mapping[tuple[str, int], float]]
    note: str = ""

    def differences(self, full: "Row", metric: str) -> list[float]:
        """This variant minus the full recipe, over the trials that both finished."""
        own, other = self.metrics[metric], full.metrics[metric]
        return [own[trial] - other[trial] for trial in own if trial in other]


def row(
    variant: str,
    records: Mapping[tuple[str, int], Record],
    metrics: Mapping[str, Metric],
    *,
    failed: int,
    selected_on_test: bool,
    note: str = "",
) -> Row:
    """Score the kept predictions of a variant's trials."""
    scored = {trial: score(metrics, *record.predictions()) for trial, record in records.items()}
    return Row(
        variant=variant,
        records=records,
        failed=failed,
        selected_on_test=selected_on_test,
        metrics={m: {trial: s[m] for trial, s in scored.items()} for m in metrics},
        note=note,
    )


def as_json(rows: Sequence[Row]) -> list[dict[str, Json]]:
    """Rows for `--json`; each but the first tells its paired differences from the first."""
    return [_as_json(r, rows[0]) for r in rows]


def _as_json(this: Row, full: Row) -> dict[str, Json]:
    told: dict[str, Json] = {
        "variant": this.variant,
        "trials": len(this.records),
        "failed": this.failed,
        "selected_on_test": this.selected_on_test,
        "metrics": {m: summary(list(v.values())) for m, v in this.metrics.items()},
        "folds": [fold for fold, _ in this.records],
        "seeds": [seed for _, seed in this.records],
    }
    if this.note:
        told["note"] = this.note
    if this is not full:
        told["difference"] = {m: summary(this.differences(full, m)) for m in this.metrics}
    return told


def header(metrics: Sequence[str], *, paired: bool) -> list[str]:
    """Column names."""
    names = ["variant"]
    for metric in metrics:
        names += [metric.upper(), *([f"Δ{metric.upper()}"] if paired else [])]
    return [*names, "n"]


def cells(rows: Sequence[Row]) -> list[list[str]]:
    """What stands in the table, row by row."""
    full = rows[0]
    return [_cells(r, full, paired=len(rows) > 1) for r in rows]


def _cells(this: Row, full: Row, *, paired: bool) -> list[str]:
    mark = " [selected on test]" if this.selected_on_test else ""
    told = [this.variant + mark]
    for metric, values in this.metrics.items():
        told.append(spread(list(values.values())))
        if paired:
            told.append("" if this is full else spread(this.differences(full, metric), sign=True))
    failed = f" ({this.failed} failed)" if this.failed else ""
    return [*told, f"{len(this.records)}{failed}"]


def spread(values: Sequence[float], *, sign: bool = False) -> str:
    """Mean and sample standard deviation, `.812 ± .031`.

    `-` where there is no value, or one of them does not exist (NaN, infinity).
    """
    if not values or not all(map(isfinite, values)):
        return "-"
    mean = f"{fmean(values):+.3f}" if sign else f"{fmean(values):.3f}"
    return f"{mean} ± {stdev(values):.3f}" if len(values) > 1 else mean
