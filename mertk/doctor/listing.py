"""Findings for a machine: JSON, JSON Lines, CSV; and the clips to leave out, as YAML."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mertk.doctor.findings import SEVERITIES, Diagnosis, Examined
from mertk.errors import MertkError
from mertk.whole import whole

Json = Any
FORMATS: Final = (".jsonl", ".ndjson", ".csv")
FIELDS: Final = ("check", "severity", "what", "clips", "paths", "exclude")


def as_json(examined: Examined, found: Sequence[Diagnosis]) -> dict[str, Json]:
    """One object: what was examined, and every fault by class."""
    corpus = examined.corpus
    listed = rows(found)
    return {
        "dataset": corpus.card.title,
        "synthetic": corpus.card.synthetic,
        "clips": len(corpus.clips),
        "folds": len(corpus.folds),
        "excluded": list(corpus.excluded),
        "counts": [
            {"what": c.what, "published": c.published, "found": c.found} for c in corpus.counts
        ],
        "faults": [
            {
                "check": diagnosis.check.name,
                "severity": diagnosis.severity,
                "means": diagnosis.check.means,
                "way_out": diagnosis.check.way_out,
                "count": diagnosis.count,
                "findings": [
                    {k: v for k, v in row.items() if k != "check"}
                    for row in listed
                    if row["check"] == diagnosis.check.name
                ],
            }
            for diagnosis in found
        ],
        "severities": {
            severity: sum(row["severity"] == severity for row in listed) for severity in SEVERITIES
        },
        "exclude": list(exclusions(found)),
    }


def rows(found: Sequence[Diagnosis]) -> list[dict[str, Json]]:
    """One mapping per finding."""
    return [
        {
            "check": diagnosis.check.name,
            "severity": diagnosis.severity_of(finding),
            "what": finding.what,
            "clips": list(finding.clips),
            "paths": [str(path) for path in finding.paths],
            "exclude": list(finding.exclude),
        }
        for diagnosis in found
        for finding in diagnosis.findings
    ]


def exclusions(found: Sequence[Diagnosis]) -> Mapping[str, str]:
    """The clips that `dataset.exclude` had better name, and why."""
    why: dict[str, list[str]] = {}
    for diagnosis in found:
        for finding in diagnosis.findings:
            for clip in finding.exclude:
                why.setdefault(clip, []).append(f"{diagnosis.check.name}: {finding.what}")
    return {clip: "; ".join(reasons) for clip, reasons in why.items()}


def refuse_format(path: Path) -> None:
    """Refuse a list whose format its name does not tell.

    Raises:
        MertkError: It does not.
    """
    if path.suffix.lower() not in FORMATS:
        raise MertkError(f"--out {path}: no format for {path.suffix!r}; use {', '.join(FORMATS)}")


def write_list(path: Path, found: Sequence[Diagnosis]) -> None:
    """Write one line per finding, as CSV or JSON Lines by the name of the file.

    In CSV, several clips or paths stand in one cell, separated by `|`.

    Raises:
        MertkError: It cannot be written.
    """
    listed = rows(found)
    try:
        # Paths may hold what is no Unicode; escaped so it is valid in JSON too.
        with (
            whole(path) as draft,
            draft.open("w", encoding="utf-8", newline="", errors="backslashreplace") as file,
        ):
            if path.suffix.lower() != ".csv":
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in listed)
                return
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(
                {k: "|".join(v) if isinstance(v, list) else v for k, v in row.items()}
                for row in listed
            )
    except OSError as error:
        raise MertkError(f"--out {path}: cannot be written ({error.strerror})") from None


def write_exclusions(path: Path, examined: Examined, found: Sequence[Diagnosis]) -> None:
    """Write a YAML list for `--set dataset.exclude=@FILE`, each clip with the reason beside it.

    Clips that are left out already stay in it.

    Raises:
        MertkError: It cannot be written.
    """
    clips = {**dict.fromkeys(examined.corpus.excluded, "left out before"), **exclusions(found)}
    lines = [
        f"# Clips of {examined.corpus.card.title} that mertk doctor would leave out.",
        f"# mertk run RECIPE --set dataset.exclude=@{path.name}, or `exclude:` under `dataset:`.",
        # A JSON string is a YAML string, whatever the id looks like.
        *(f"- {json.dumps(clip)}  # {_one_line(why)}" for clip, why in clips.items()),
        *([] if clips else ["[]"]),
    ]
    try:
        with whole(path) as draft:
            draft.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise MertkError(f"--exclude {path}: cannot be written ({error.strerror})") from None


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
