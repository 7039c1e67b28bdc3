"""A description of real trials of the toy recipe: pooled, tempered trial by trial, as JSON."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.metrics import confusion_matrix

from mertk.cli import main
from mertk.describe.plain import as_json
from mertk.describe.whole import describe
from mertk.draft import parse
from mertk.errors import MertkError
from mertk.records import Predicted, Record
from tests.conftest import TOY
from tests.toy_parts import CLASSES


def run(root: Path, *more: str) -> list[Record]:
    toy = root / "toy.yaml"
    content = parse(TOY, "toy.yaml")
    toy.write_text(yaml.safe_dump(content, sort_keys=False))
    place = str(root / "results")
    assert main(["run", str(toy), "--results", place, "--json", *more]) == 0
    files = sorted(Path(place).glob("toy/*/[!.]*/trial.json"))
    return [Record(f.parent, json.loads(f.read_text())) for f in files]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERTK_HOME", str(root / "home"))
        return run(root, "--seeds", "0,1")


def test_everything_is_pooled_over_folds_and_seeds(records: list[Record]) -> None:
    found = describe(records)
    pooled = [record.predictions() for record in records]
    labels = np.concatenate([own for own, _ in pooled])
    said = np.concatenate([scores for _, scores in pooled]).argmax(1)
    assert found.trials == 6
    assert (found.confusion == confusion_matrix(labels, said, labels=range(4))).all()
    assert [c.name for c in found.classes] == list(CLASSES)
    assert [c.clips for c in found.classes] == [48] * 4
    assert [s.by for s in found.slices] == ["speaker", "take"]
    for slicing in found.slices:
        assert sum(s.clips for s in slicing.slices) == 96
        assert sum(len(s.rows) for s in slicing.slices) == 192
    assert [s.clips for s in found.slices[1].slices] == [24] * 4


def test_each_trial_has_the_temperature_of_its_own_validation_clips(records) -> None:
    found = describe(records)
    assert found.untempered == ""
    assert [t.clips for t in found.temperatures] == [r.facts["clips"]["valid"] for r in records]
    parts = [
        (labels, t.apply(scores))
        for t, (labels, scores) in zip(
            found.temperatures, (r.predictions() for r in records), strict=True
        )
    ]
    own = np.concatenate([scores[np.arange(len(labels)), labels] for labels, scores in parts])
    assert found.tempered is not None
    assert found.tempered.cross_entropy == pytest.approx(-np.log(own).mean(), rel=1e-5)
    assert found.tempered.cross_entropy != pytest.approx(found.calibration.cross_entropy, rel=1e-5)


def test_the_json_is_json_and_names_the_worst_slices(records: list[Record]) -> None:
    told = as_json(describe(records))
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert None in told["calibration"]["accuracy"]
    for slicing in told["slices"]:
        least = min(s["ua"] for s in slicing["slices"])
        assert {s["name"]: s["ua"] for s in slicing["slices"]}[slicing["worst"]] == least


def test_without_validation_predictions_nothing_is_tempered_and_it_says_why(
    tmp_path: Path, records: list[Record]
) -> None:
    on_test = run(tmp_path, "--set", "train.select.on=test", "--folds", "fold1")
    found = describe(on_test)
    assert (found.temperatures, found.tempered) == ((), None)
    assert "has no validation clips (train.select.on=test)" in found.untempered
    assert as_json(found)["tempered"] is None
    last = describe(records, pick="last")
    assert last.untempered == (
        "validation predictions are kept at the selected epoch, not at 'last'"
    )


def test_validation_predictions_that_nothing_can_be_fitted_to_are_told(
    records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Predicted([], [], np.zeros(0, np.int64), {"selected": np.zeros((0, 4), np.float32)})
    monkeypatch.setattr(Record, "validation", lambda _: nothing)
    found = describe(records)
    assert (found.temperatures, found.tempered) == ((), None)
    assert found.untempered == "labels: there is no clip to score (got 0)"


def test_what_cannot_be_described_is_refused(records: list[Record]) -> None:
    with pytest.raises(MertkError, match=r"there is no finished trial \(0\)"):
        describe([])
    corpus = {**records[0].facts["corpus"], "classes": ["x", "y"]}
    other = replace(records[0], facts={**records[0].facts, "corpus": corpus})
    with pytest.raises(MertkError, match=r"different classes .*ang, hap, neu, sad and x, y"):
        describe([records[1], other])
