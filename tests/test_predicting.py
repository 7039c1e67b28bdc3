"""The whole line where dimensions or several labels are predicted, from recipe to comparison."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from scipy.stats import pearsonr
from sklearn.metrics import f1_score

from mertk.baselines.measure import measure
from mertk.check import resolve, resolve_dataset
from mertk.cli import main
from mertk.corpus import open_corpus
from mertk.describe.whole import describe
from mertk.doctor import Examined, diagnose, open_dataset, read_media
from mertk.draft import Draft
from mertk.errors import CorpusError, MertkError
from mertk.model import build
from mertk.recipe import Select
from mertk.records import Record
from mertk.registry import discover
from mertk.split import split
from mertk.target import Dimensions, Labels
from mertk.testing.toys import random_streams
from tests.toy_targets import DIMENSIONS, LABELS, Rated

HERE = Path(__file__).with_name("toy_targets.py")
RATED = [
    f"dataset={{use: '{HERE}:Rated'}}",
    *("tasks={}", "train.select.by=ccc"),
    "metrics=[ccc, pearson, mae, {use: ccc, dimension: arousal, name: ccc_arousal}]",
]
LABELLED = [
    f"dataset={{use: '{HERE}:Rated', target: labels}}",
    *("tasks={}", "train.select.by=mean_ap"),
    "metrics=[label_f1, micro_f1, hamming, subset_accuracy]",
]


@pytest.fixture
def recipe(toy: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def write(changes: list[str]) -> str:
        Path("toy.yaml").write_text(yaml.safe_dump(toy.set(changes).content, sort_keys=False))
        return "toy.yaml"

    return write


def told(capsys, *argv: str) -> dict:
    assert main([*argv, "--json"]) == 0
    answer: dict = json.loads(capsys.readouterr().out)
    return answer


def records(root: str = "results") -> list[Record]:
    files = sorted(Path(root).glob("toy/*/[!.]*/trial.json"))
    return [Record(f.parent, json.loads(f.read_text())) for f in files]


@pytest.mark.parametrize("loss", ["ccc", "mse", "mae"])
def test_dimensions_are_learned_kept_and_scored(recipe, capsys, loss: str) -> None:
    path = recipe([*RATED, f"train.loss={loss}", "train.epochs=6"])
    (row,) = told(capsys, "run", path)["rows"]
    assert row["failed"] == 0
    assert row["metrics"]["ccc"]["mean"] > 0.6
    assert row["metrics"]["mae"]["mean"] < 0.8
    assert row["protocols"][0].startswith("Rated-3d-3f@")
    interval = row["metrics"]["ccc"]["interval"]
    assert interval["low"] < interval["estimate"] < interval["high"] <= 1
    found = records()
    assert {r.facts["corpus"]["target"] for r in found} == {"dimensions"}
    assert found[0].facts["corpus"]["classes"] == list(DIMENSIONS)
    clips = {c.id: c for c in Rated().clips()}
    for record in found:
        labels, scores = record.predictions()
        assert labels.shape == scores.shape == (32, 3)
        rated = [clips[i].labels for i in record.clips]
        expected = [[of.get(name, np.nan) for name in DIMENSIONS] for of in rated]
        np.testing.assert_array_equal(labels, np.array(expected, np.float32))
        assert np.isnan(labels[:, 2]).sum() == 8
        r = [
            pearsonr(x[~np.isnan(x)], y[~np.isnan(x)]).statistic
            for x, y in zip(labels.T, scores.T, strict=True)
        ]
        pick = record.facts["picks"]["selected"]["scores"]
        assert pick["pearson"] == pytest.approx(np.mean(r), abs=1e-5)
        assert set(pick) == {"ccc", "pearson", "mae", "ccc_arousal"}
        assert record.validation().labels.shape == (16, 3)


def test_labels_are_learned_kept_and_scored(recipe, capsys) -> None:
    (row,) = told(capsys, "run", recipe([*LABELLED, "train.epochs=6"]))["rows"]
    assert row["failed"] == 0
    assert row["metrics"]["label_f1"]["mean"] > 0.7
    assert row["protocols"][0].startswith("Rated-2l-3f@")
    found = records()
    assert found[0].facts["corpus"]["target"] == "labels"
    assert found[0].facts["corpus"]["classes"] == list(LABELS)
    for record in found:
        labels, scores = record.predictions()
        assert scores.min() >= 0
        assert scores.max() <= 1
        pick = record.facts["picks"]["selected"]["scores"]
        assert pick["label_f1"] == pytest.approx(f1_score(labels, scores >= 0.5, average="macro"))


def test_two_runs_give_the_same_numbers_and_the_second_trains_nothing(recipe, capsys) -> None:
    path = recipe(RATED)
    told(capsys, "run", path)
    told(capsys, "run", path, "--results", "again")
    for one, other in zip(records(), records("again"), strict=True):
        assert one.facts["key"] == other.facts["key"]
        np.testing.assert_array_equal(one.predictions()[1], other.predictions()[1])
    assert told(capsys, "run", path)["reused"] == 3


def test_systems_are_compared_and_mcnemar_says_why_it_is_not(recipe, capsys) -> None:
    path = recipe(RATED)
    rows = told(capsys, "ablate", path, "--swap", "fusion=concat")["rows"]
    found = rows[1]["difference"]["ccc"]
    assert found["verdict"] in ("better", "worse", "inside noise", "undecided")
    assert found["interval"]["estimate"] is not None
    assert found["mcnemar"]["p"] is None
    assert found["mcnemar"]["reason"] == "only of classes is a clip just right or wrong"
    assert main(["ablate", path, "--swap", "fusion=concat"]) == 0
    folders = [str(f) for f in sorted(Path("results/toy").iterdir())]
    capsys.readouterr()
    assert main(["compare", *folders]) == 0
    assert "CCC_AROUSAL" in capsys.readouterr().out


def test_outputs_start_at_the_mean_and_spread_of_training_labels_and_keep_them(toy: Draft) -> None:
    resolved = resolve(toy.set(RATED), discover())
    scale = (torch.tensor([3.0, 30.0, 0.0]), torch.tensor([1.0, 10.0, 0.1]))
    dims = {"words": 4, "again": 4}
    plain = build(resolved, dims, 3, 0, target="dimensions")
    scaled = build(resolved, dims, 3, 0, target="dimensions", label_scale=scale)
    streams = random_streams(dims)
    plain.eval()
    scaled.eval()
    expected = plain(streams).logits * scale[1] + scale[0]
    torch.testing.assert_close(scaled(streams).logits, expected)
    assert set(scaled.state_dict()) - set(plain.state_dict()) == {"head.2.mean", "head.2.spread"}


# Other verbs


def test_what_is_of_classes_only_is_refused_or_skipped_by_name(recipe, capsys) -> None:
    told(capsys, "run", recipe(RATED))
    with pytest.raises(MertkError, match="these trials predict dimensions"):
        describe(records())
    standings, skipped = measure(opened())
    assert standings == []
    assert {s.reason for s in skipped} == {
        "it says a class, and what is predicted of this corpus are dimensions"
    }
    assert {"majority", "speaker", "one rater"} <= {s.name for s in skipped}
    assert main(["baselines", f"{HERE}:Rated"]) == 0
    assert "skipped: majority: it says a class" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["dimensions", "labels"])
def test_the_doctor_looks_at_numbers_as_at_classes(target: str) -> None:
    opened = open_dataset(f"{HERE}:Rated", [f"target={target}"], discover())
    found = diagnose(Examined(opened, read_media(opened.clips)))
    assert not {"no class", "empty class", "fold classes"} & {d.check.name for d in found}


# What cannot be learned


def opened(**arguments: object):
    content = {"dataset": {"use": f"{HERE}:{arguments.pop('use', 'Rated')}", **arguments}}
    return open_corpus(resolve_dataset(Draft("x", HERE.parent, content), discover()))


def test_a_dimension_that_does_not_vary_is_told_by_fold() -> None:
    with pytest.raises(CorpusError) as caught:
        opened(constant="arousal")
    assert "a dimension cannot be learned" in str(caught.value)
    assert "fold2: 'arousal' is 3 in every training clip" in str(caught.value)


def test_clips_that_nobody_rated_are_told_by_name() -> None:
    with pytest.raises(CorpusError, match=r"clip 's0_ang_3' has no number for any of dominance"):
        opened(use="Unrated")


def test_a_dataset_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(CorpusError, match=r"its card's target is 'labels', but .* 'dimensions'"):
        opened(use="Contradicting")


def test_validation_keeps_what_a_clip_is_rated_on_in_training() -> None:
    clips = Rated().clips()
    # Only one speaker is rated for dominance: whoever is held out, it is never this one.
    for clip in clips:
        if clip.speaker != "s5":
            clip.labels.pop("dominance", None)  # type: ignore[attr-defined]
    fold = Rated().folds()[0]
    for seed in range(8):
        parts = split(fold, clips, Select(), seed, Dimensions(DIMENSIONS))
        assert parts.held_out != ("s5",)


def test_validation_draws_each_combination_of_labels_alike() -> None:
    source = Rated("labels")
    fold, clips = source.folds()[0], source.clips()
    parts = split(fold, clips, Select(on="held_out_clips", share=0.25), 0, Labels(LABELS))
    held = [tuple(c.labels.values()) for c in clips if c.id in parts.valid]
    assert {held.count(combination) for combination in set(held)} == {4}
