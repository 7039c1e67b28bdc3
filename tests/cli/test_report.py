"""`mertk report` on finished runs of the toy recipe, from the command line."""

import json
from pathlib import Path

import pytest
import yaml

from mertk.cli import main
from mertk.draft import parse
from tests.conftest import TOY
from tests.page.made import made_run

PARTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    recipe = parse(TOY, "toy.yaml")
    rated = {**recipe, "name": "rated", "tasks": {}, "metrics": ["ccc", "mae"]}
    rated["dataset"] = {"use": f"{PARTS / 'toy_targets.py'}:Rated"}
    rated["train"] = {**recipe["train"], "select": {"by": "ccc"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERTK_HOME", str(root / "home"))
        patch.chdir(root)
        for name, content in (("toy", recipe), ("rated", rated)):
            Path(f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        kept = ["--results", str(root / "results"), "--json"]
        assert main(["ablate", "toy.yaml", "--without", "mem", *kept]) == 0
        assert main(["run", "rated.yaml", *kept]) == 0
    return root / "results"


def reported(capsys, *argv: str) -> tuple[int, dict]:
    status = main(["report", *argv, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_page_of_everything_below_a_folder(results: Path, tmp_path: Path, capsys) -> None:
    status, told = reported(capsys, str(results), "--out", str(tmp_path / "out"))
    assert status == 0
    assert all(Path(name).is_file() for name in told["files"])
    assert len(told["protocols"]) == 2
    assert all(one["synthetic"] for one in told["protocols"].values())
    (answer,) = told["answers"]
    assert "'toy: without mem'" in answer
    text = Path(told["page"]).read_text()
    for heading in (
        *("Leaderboard", "Ablation of toy", "Selection optimism", "Between shortcuts and people"),
        *("Classes", "Calibration", "Slices", "Robustness", "Learning curves"),
        *("Similarity of words and again", "Map of the test clips", "Attention over time"),
        *("Cost", "Provenance"),
    ):
        assert f">{heading}</h" in text, heading
    assert "majority" in text


def test_where_numbers_are_predicted_there_are_no_classes(results: Path, tmp_path, capsys) -> None:
    status, told = reported(capsys, str(results / "rated"), "--out", str(tmp_path / "out"))
    assert status == 0
    text = Path(told["page"]).read_text()
    assert ">CCC<" in text
    assert ">Classes</h" not in text
    assert ">Learning curves</h" in text


def test_attention_is_shown_of_the_clips_that_are_named(results: Path, tmp_path, capsys) -> None:
    out = ["--out", str(tmp_path / "out")]
    status, told = reported(capsys, str(results / "toy"), *out, "--clips", "s0_ang_0")
    assert status == 0
    text = Path(told["page"]).read_text()
    assert "s0_ang_0: ang" in text
    assert "s0_hap_0: hap" not in text
    status, told = reported(capsys, str(results / "toy"), *out, "--clips", "nobody")
    assert status == 2
    assert "--clips nobody: attention is kept of the first clip of each class" in told["error"]


def test_a_corpus_that_is_gone_is_said_and_stops_nothing(tmp_path: Path, capsys) -> None:
    made_run(tmp_path / "results", "one")
    status, told = reported(capsys, str(tmp_path / "results"), "--out", str(tmp_path / "out"))
    assert status == 0
    assert "Not known: the corpus is not at hand" in Path(told["page"]).read_text()
    status, told = reported(capsys, str(tmp_path / "results"), "--set", "nonsense")
    assert status == 2
    assert "--set nonsense: expected PATH=VALUE" in told["error"]


def test_what_was_left_out_of_the_trials_is_left_out_of_the_corpus(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(TOY)
    assert main(["run", "toy.yaml", "--set", "dataset.exclude=[s0_ang_0]"]) == 0
    (recipe,) = Path("results").glob("toy/*/recipe.yaml")
    content = yaml.safe_load(recipe.read_text())
    content["dataset"]["exclude"] = []  # as where broken media were skipped
    recipe.write_text(yaml.safe_dump(content, sort_keys=False))
    capsys.readouterr()
    status, told = reported(capsys, "toy")
    assert status == 0
    text = Path(told["page"]).read_text()
    assert "not at hand" not in text
    assert "majority" in text


def test_a_page_of_another_corpus_says_which_it_is_now(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(TOY)
    assert main(["run", "toy.yaml", "--folds", "fold1"]) == 0
    (trial,) = Path("results").glob("toy/*/fold1-*/trial.json")
    facts = json.loads(trial.read_text())
    left = {"corpus": facts["corpus"] | {"left_out": {"s0_ang_0": "dataset.exclude"}}}
    trial.write_text(json.dumps(facts | left))
    capsys.readouterr()
    _, told = reported(capsys, "--results", "results", "toy")
    text = Path(told["page"]).read_text()
    assert f"not at hand (was scored under the protocol {facts['protocol']}, and the corpus" in text


def test_an_empty_folder_is_refused(tmp_path: Path, capsys) -> None:
    status, told = reported(capsys, str(tmp_path))
    assert status == 2
    assert "holds no finished trial" in told["error"]


def test_a_trial_that_cannot_be_read_is_named(tmp_path: Path, capsys) -> None:
    folder = made_run(tmp_path / "results", "one")
    next(folder.glob("*/trial.json")).write_text("{")
    status, told = reported(capsys, str(tmp_path / "results"), "--out", str(tmp_path / "out"))
    assert status == 2
    assert f"{folder}: its trials cannot be read" in told["error"]
    assert not (tmp_path / "out").exists()


def test_people_are_told_the_answers_and_where_the_page_is(results: Path, tmp_path, capsys) -> None:
    assert main(["report", str(results / "toy"), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "'toy: without mem' and 'toy' " in told
    assert f"page: {tmp_path}/out/index.html" in told
