"""`mertk reproduce`: what is told of finished runs, and where there is none."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from mertk.check import resolve
from mertk.cli import main
from mertk.draft import read
from mertk.registry import discover
from tests.published_made import FACTS, RECIPE, TARGET, run, without
from tests.results_made import keep, scores, system

RIGHT = {"selected": 0.6, "last": 0.5, "test_best": 0.75}


@pytest.fixture
def target(tmp_path: Path) -> str:
    path = tmp_path / "toynet.yaml"
    path.write_text(json.dumps(TARGET))
    return str(path)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The whole recipe, a variant of it, and one of another training."""
    root = tmp_path / "results"
    run(root / "toynet/aaaa", RIGHT)
    run(root / "toynet/bbbb", RIGHT, recipe=without("avel", "mem"), variant="neither")
    other = {**without("avel", "mem"), "train": {**RECIPE["train"], "batch_size": 99}}
    run(root / "toynet/cccc", dict.fromkeys(RIGHT, 1.0), recipe=other, variant="neither")
    return root


def told(capsys, *argv: str) -> dict:
    assert main(["reproduce", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def shown(capsys, *argv: str) -> str:
    assert main(["reproduce", *argv]) == 0
    return capsys.readouterr().out


def test_a_run_and_the_variants_that_belong_to_it(target: str, results: Path, capsys) -> None:
    found = told(capsys, target, "toynet", "--results", str(results), "--margin", "30")
    rows = {(r["row"], r["metric"]): r for r in found["rows"]}
    assert list(rows) == [("ToyNet", "ua"), ("ToyNet", "wa"), ("plain", "ua")]
    for row in rows.values():
        assert row["same_rule"]["seeds"] == [0, 1, 2]
        assert row["gap"] == pytest.approx(row["same_rule"]["mean"] - row["honest"]["mean"])
        assert row["verdict"] == "equivalent within ±30"
        assert row["equivalence"]["least_margin"] < 0.3
    # the one that was trained otherwise is right on every clip
    assert rows["plain", "ua"]["same_rule"]["mean"] < 0.95
    assert (found["finished"], found["mismatches"], found["to_run"]) == (True, [], "")
    assert found["margin"] == {"points": 30.0, "why": "as asked for"}
    settings = {s["name"]: s for s in found["settings"]}
    assert settings["batch"]["here"] == 16
    assert (settings["batch"]["paper"], settings["batch"]["code"]) == (64, 16)
    assert "paper" not in settings["care"]
    assert "here" not in settings["luck"]


@pytest.mark.parametrize(
    ("right", "verdict"), [(0.95, "different (higher)"), (0.2, "different (lower)")]
)
def test_a_difference_is_told_with_its_direction(
    right: float, verdict: str, target: str, tmp_path: Path, capsys
) -> None:
    run(tmp_path / "toynet/aaaa", dict.fromkeys(RIGHT, right))
    screen = shown(capsys, target, "toynet", "--results", str(tmp_path))
    assert verdict in screen
    assert "equivalent within ±" not in screen.replace(verdict, "")


def test_the_tables_tell_rules_settings_and_where_things_come_from(
    target: str, results: Path, capsys
) -> None:
    screen = shown(capsys, target, "toynet", "--results", str(results))
    for part in (
        "ToyNet on the toy corpus against",
        "published: Nobody: Nothing, Nowhere 2026",
        "margin: ±1 points, it is a toy",
        "is taken as fixed",
        "seeds: 3 here, 1 published",
        "batch: torn",
        "settings: 2 code, 1 both, 1 neither, 1 not known",
        "nobody knows",
        "80.00",
    ):
        assert part in screen
    assert "SYNTHETIC" not in screen
    assert "picked by the clips" not in screen


def test_a_run_that_was_itself_selected_on_test_says_so(
    target: str, tmp_path: Path, capsys
) -> None:
    run(tmp_path / "toynet/aaaa", dict.fromkeys(RIGHT, 0.7), selected_on_test=True)
    argv = (target, "toynet", "--results", str(tmp_path))
    assert "both columns are what they are, and neither is honest" in shown(capsys, *argv)
    found = told(capsys, *argv)
    assert found["selected_on_test"] is True
    assert found["rows"][0]["gap"] == 0.0


def test_another_corpus_is_never_called_equivalent(target: str, tmp_path: Path, capsys) -> None:
    corpus = {**FACTS["corpus"], "dataset": "ravdess", "synthetic": True}
    run(tmp_path / "toynet/aaaa", RIGHT, corpus=corpus)
    argv = (target, "toynet", "--results", str(tmp_path), "--margin", "99")
    screen = shown(capsys, *argv)
    assert "NO REPRODUCTION, so nothing is tested:" in screen
    assert "dataset ravdess, published on toy" in screen
    assert "SYNTHETIC DATA" in screen
    assert "equivalent within ±" not in screen
    found = told(capsys, *argv)
    assert all(row["verdict"] is None for row in found["rows"])
    assert found["settings"]


def test_a_generated_corpus_does_not_reproduce_the_shipped_target(tmp_path: Path, capsys) -> None:
    system(tmp_path / "plain/aaaa", 0.8)
    found = told(capsys, "foalnet", "plain", "--results", str(tmp_path))
    assert found["synthetic"] is True
    assert any("published on iemocap" in what for what in found["mismatches"])
    assert found["to_run"].startswith("mertk ablate foalnet-iemocap --set dataset.root=")
    assert all(row["equivalence"] is None for row in found["rows"])


def test_without_a_finished_run_it_tells_targets_settings_and_what_to_run(
    target: str, tmp_path: Path, capsys
) -> None:
    found = told(capsys, "foalnet", "--results", str(tmp_path))
    assert (found["finished"], found["run"]) == (False, "foalnet-iemocap")
    assert found["rows"][0]["published"] == pytest.approx(0.801)
    assert {s["name"]: s["follows"] for s in found["settings"]}["batch"] == "paper"
    command = (
        "mertk ablate foalnet-iemocap --set dataset.root=/data/IEMOCAP_full_release "
        f"--results {tmp_path}"
    )
    assert found["to_run"] == command
    screen = shown(capsys, "foalnet", "--results", str(tmp_path))
    assert "(no finished run)" in screen
    assert command in screen
    assert main([*command.replace("/data/IEMOCAP_full_release", "x").split()[1:]]) == 2
    assert "IEMOCAP is not there" in capsys.readouterr().err


def test_a_row_that_is_missing_is_told_with_what_makes_it(
    target: str, tmp_path: Path, capsys
) -> None:
    run(tmp_path / "toynet/aaaa", RIGHT)
    found = told(capsys, target, "toynet", "--results", str(tmp_path))
    assert found["to_run"] == f"mertk ablate toynet --set train.epochs=40 --results {tmp_path}"
    assert {r["row"]: r["reason"] for r in found["rows"]}["plain"] == "no finished trial"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["foalnt"], "foalnt: no such target; did you mean 'foalnet'?"),
        (["foalnet", "nowhere"], "nowhere: no finished run is at nowhere or"),
        (["foalnet", "--margin", "0"], "--margin 0.0: must be a number of points above 0"),
        (["foalnet", "--margin", "nan"], "--margin nan: must be a number of points above 0"),
        (["foalnet", "--margin", "x"], "invalid float value: 'x'"),
    ],
)
def test_what_the_user_can_mend_is_told(argv, message: str, results: Path, capsys) -> None:
    assert main(["reproduce", *argv, "--results", str(results)]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_two_runs_that_both_belong_are_told(target: str, results: Path, capsys) -> None:
    run(results / "toynet/dddd", RIGHT, recipe=without("avel", "mem"), variant="neither")
    assert main(["reproduce", target, "toynet", "--results", str(results)]) == 2
    assert f"'neither' is in {results / 'toynet/bbbb'} and in" in capsys.readouterr().err


def test_a_variant_whose_trials_all_failed_is_no_run(target: str, results: Path, capsys) -> None:
    (results / "toynet/eeee").mkdir()
    (results / "toynet/eeee/recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    folder = str(results / "toynet/aaaa")
    assert told(capsys, target, folder, "--results", str(results))["finished"] is True


def test_a_finished_run_is_read_without_torch(target: str, results: Path) -> None:
    argv = ["reproduce", target, "toynet", "--results", str(results)]
    code = (
        "import sys\nfrom mertk.cli import main\n"
        f"assert main({argv!r}) == 0\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


SESSIONS = {  # angry, happy, neutral, sad
    "session1": (229, 278, 384, 194),
    "session2": (137, 327, 362, 197),
    "session3": (240, 286, 320, 305),
    "session4": (327, 303, 258, 143),
    "session5": (170, 442, 384, 245),
}


def test_trials_of_the_shape_of_iemocap_are_tested_against_the_shipped_target(
    tmp_path: Path, capsys
) -> None:
    folder = tmp_path / "foalnet-iemocap/aaaa"
    corpus = {
        "dataset": "iemocap",
        "title": "IEMOCAP",
        "synthetic": False,
        "classes": ["angry", "happy", "neutral", "sad"],
    }
    for place, (session, counts) in enumerate(SESSIONS.items()):
        labels = np.repeat(np.arange(4), counts)
        for seed in (0, 1, 2):
            said = dict.fromkeys(RIGHT, scores(0.735, 10 * place + seed, labels))
            ids = [f"{session}_{i}" for i in range(len(labels))]
            kept = keep(
                folder,
                place,
                seed,
                said,
                labels=labels,
                who=ids,
                ids=ids,
                **FACTS | {"corpus": corpus},
            )
            told_of = json.loads((kept.folder / "trial.json").read_text())
            (kept.folder / "trial.json").write_text(json.dumps({**told_of, "fold": session}))
    recipe = resolve(read("foalnet-iemocap"), discover()).recipe.model_dump(mode="json")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    found = told(capsys, "foalnet", "--results", str(tmp_path), "--margin", "2")
    assert found["mismatches"] == []
    ua, wa = found["rows"][:2]
    # a share of .735 and a quarter of the rest by chance: 80.1 UA and WA are expected
    assert ua["same_rule"]["mean"] == pytest.approx(0.80125, abs=0.01)
    assert ua["verdict"] == "equivalent within ±2"
    assert 0.005 < ua["equivalence"]["least_margin"] < 0.02
    assert wa["equivalence"]["df"] == 10
    assert found["to_run"].startswith("mertk ablate foalnet-iemocap --set dataset.root=")
