"""A thousand malformed manifests: each with an error of the house's form."""

import io
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mertk.cli import main
from tests.faults.messages import well_formed
from tests.faults.mutating import SCALARS, mutant, spoiled

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1200)]

REFUSED = 1000
RECIPE = """
name: mutant
dataset: {{use: manifest, path: clips.{kind}, folds: {folds}, k: 2}}
encoders:
  sound: {{use: logmel}}
fusion: {{use: concat}}
train: {{epochs: 1, select: {{on: held_out_clips}}}}
"""
ROWS = [
    {
        **{"id": f"c{n}", "label": "ab"[n % 2], "speaker": f"s{n % 4}", "audio": f"c{n}.wav"},
        **{"start": 0.0, "end": 1.5, "text": "so", "group": f"g{n % 3}", "fold": f"f{n % 2}"},
    }
    for n in range(12)
]


def table(kind: str, rows: list[dict[str, Any]]) -> bytes:
    """The rows as a file of a kind."""
    if kind == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if kind == "parquet":
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), file)
        return file.getvalue()
    mark = "," if kind == "csv" else "\t"
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([str(row.get(name, "")) for name in names] for row in rows)]
    return "\n".join(mark.join(line) for line in lines).encode("utf-8", "surrogatepass")


def malformed(kind: str, chance: random.Random) -> bytes:
    """A table in which something is wrong, or everything."""
    if chance.random() < 0.4:
        return spoiled(table(kind, ROWS), chance)
    if kind == "jsonl" and chance.random() < 0.5:
        lines = mutant(ROWS, chance)
        lines = lines if isinstance(lines, list) else [lines]
        return "".join(json.dumps(line) + "\n" for line in lines).encode()
    rows = [dict(row) for row in ROWS]
    for _ in range(chance.randint(1, 5)):
        row, name = chance.choice(rows), chance.choice([*ROWS[0], "more", ""])
        row[name] = chance.choice(SCALARS)
        if chance.random() < 0.2:
            for each in rows:
                each.pop(name, None)
        if chance.random() < 0.2:
            rows.append(dict(chance.choice(rows)))
    if kind == "parquet":
        rows = [{name: str(value) for name, value in row.items()} for row in rows]
    return table(kind, rows)


def test_a_thousand_malformed_manifests_are_each_told_in_the_houses_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chance, counts = random.Random(0), Counter[str]()
    for number in range(12):
        (tmp_path / f"c{number}.wav").write_bytes(b"RIFF")
    while counts["refused"] < REFUSED:
        kind, folds = (
            chance.choice(("csv", "tsv", "jsonl", "parquet")),
            chance.choice(("speaker", "group", "column")),
        )
        path = tmp_path / f"clips.{kind}"
        path.write_bytes(malformed(kind, chance))
        (tmp_path / "mutant.yaml").write_text(RECIPE.format(kind=kind, folds=folds))
        status = main(["run", "mutant.yaml", "--dry-run", "--device", "cpu"])
        err = capsys.readouterr().err
        assert status in (0, 2), (path.read_bytes(), err)
        counts["refused" if status else "taken"] += 1
        if status:
            well_formed(err)
            counts[kind] += 1
    print(f"\nmanifests: {dict(counts)}")
