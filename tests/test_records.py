"""What a results folder kept, read back: whole, or refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest

from mertk.errors import MertkError
from mertk.records import PICKS, read_kept
from tests.results_made import keep, scores, speakers, system


def test_every_trial_of_a_folder_is_read_by_fold_and_seed(tmp_path: Path) -> None:
    made = system(tmp_path / "run", 0.7)
    kept = read_kept(tmp_path / "run")
    assert list(kept.records) == sorted(made)
    assert kept.superseded == 0
    assert kept.recipe["name"] == "toy"
    record = kept.records["fold2", 1]
    assert np.array_equal(record.predictions()[1], made["fold2", 1].predictions()[1])
    assert record.speakers == speakers(2)


def test_of_two_trials_of_one_fold_and_seed_the_later_counts(tmp_path: Path) -> None:
    for right, began, key in (
        (0.2, "2026-01-02T00:00:00", "b" * 12),
        (0.9, "2026-01-03", "a" * 12),
    ):
        picked = dict.fromkeys(PICKS, scores(right, 0))
        keep(tmp_path, 1, 0, picked, key=key, provenance={"began": began})
    kept = read_kept(tmp_path)
    assert kept.superseded == 1
    labels, said = kept.records["fold1", 0].predictions()
    assert (said.argmax(1) == labels).mean() > 0.8


def test_a_trial_of_an_older_kind_beside_the_latest_costs_nothing(tmp_path: Path) -> None:
    picked = dict.fromkeys(PICKS, scores(0.5, 0))
    older = keep(tmp_path, 1, 0, picked, key="a" * 12, provenance={"began": "2026-01-01"})
    keep(tmp_path, 1, 0, picked, key="b" * 12, provenance={"began": "2026-01-02"})
    told = {name: fact for name, fact in older.facts.items() if name != "protocol"}
    (older.folder / "trial.json").write_text(json.dumps(told))
    assert read_kept(tmp_path).superseded == 1


@pytest.mark.parametrize("harm", ["absent", "empty", "no json", "no predictions", "no protocol"])
def test_what_cannot_be_read_is_refused_by_name(harm: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    if harm != "absent":
        record = keep(run, 1, 0, dict.fromkeys(PICKS, scores(0.5, 0)))
        file = record.folder / "trial.json"
        if harm == "empty":
            file.unlink()
        elif harm == "no json":
            file.write_text("{")
        elif harm == "no predictions":
            (record.folder / "predictions.parquet").write_bytes(b"PAR1")
        else:
            told = json.loads(file.read_text())
            del told["protocol"]
            file.write_text(json.dumps(told))
    with pytest.raises(MertkError, match=str(run)):
        read_kept(run)
