"""`mertk baselines`: a table or one JSON object, of a dataset or of a recipe's, without torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mertk.cli import main
from tests.shared import SHARED, needs_shared

TABLE = """\
id,label,speaker,text,audio
a1,sad,anna,so,a1.wav
a2,happy,anna,well,a2.wav
b1,sad,ben,so,b1.wav
b2,happy,ben,new,b2.wav
a3,happy,anna,oh,a2.wav
"""


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    (tmp_path / "clips.csv").write_text(TABLE)
    for name in ("a1", "a2", "b1", "b2"):
        (tmp_path / f"{name}.wav").write_bytes(b"")
    return f"dataset.path={tmp_path / 'clips.csv'}"


def told(capsys, *argv: str) -> dict:
    assert main(["baselines", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_dataset_is_scored_on_its_own_folds(manifest: str, capsys) -> None:
    found = told(capsys, "manifest", "--set", manifest, "--set", "dataset.k=null")
    assert found["dataset"] == "manifest"
    assert found["folds"] == ["anna", "ben"]
    assert found["classes"] == ["happy", "sad"]
    assert (found["clips"], found["synthetic"], found["left_out"]) == (5, False, {})
    by_name = {b["name"]: b for b in found["baselines"]}
    assert list(by_name) == ["majority", "prior", "text"]
    # `so` is sad in both folds; what was not seen is said to be happy, the first of equals.
    text = by_name["text"]
    assert (text["ua"], text["wa"], text["known"], text["n"]) == (1.0, 1.0, 0.4, 5)
    assert text["by_fold"]["ua"] == {"mean": 1.0, "std": 0.0, "values": [1.0, 1.0]}
    assert not text["people"]
    assert {s["name"]: s["reason"] for s in found["skipped"]}["scenario"] == (
        "no clip says its scenario"
    )
    lengths = {s["name"]: s["reason"] for s in found["skipped"]}["length"]
    assert "the length of 5 of 5 clips is unknown" in lengths


def test_the_table_says_what_each_row_is_and_what_was_skipped(manifest: str, capsys) -> None:
    assert main(["baselines", "manifest", "--set", manifest, "--set", "dataset.k=null"]) == 0
    shown = capsys.readouterr().out
    assert "clips: without media" in shown
    assert "majority: the most frequent class of the training clips" in shown
    assert "skipped: speaker: the speaker of a test clip never occurs" in shown
    assert "SYNTHETIC" not in shown


def test_a_recipe_stands_for_its_dataset_whatever_else_is_wrong_with_it(
    manifest: str, capsys, write
) -> None:
    recipe = write(
        "mine.yaml",
        f"""
        name: mine
        dataset: {{use: manifest, k: null, path: {manifest.partition("=")[2]}}}
        encoders: {{audio: {{use: not_installed}}}}
    """,
    )
    by_recipe = told(capsys, str(recipe))
    assert by_recipe == told(capsys, "manifest", "--set", manifest, "--set", "dataset.k=null")
    without = told(capsys, str(recipe), "--set", "dataset.exclude=[a3]")
    assert without["left_out"] == {"a3": "dataset.exclude"}
    assert without["clips"] == 4
    assert main(["baselines", str(recipe), "--set", "dataset.exclude=[a3]"]) == 0
    assert "left out of all folds: 1 clips" in capsys.readouterr().out


def test_a_generated_corpus_says_that_it_is(capsys) -> None:
    small = ["--set", "dataset.clips_per_emotion=2", "--set", "dataset.dialogues=2"]
    found = told(capsys, "iemocap_synthetic", *small)
    names = [b["name"] for b in found["baselines"]]
    assert names[:3] == ["majority", "prior", "scenario"]
    assert [b["name"] for b in found["baselines"] if b["people"]] == ["one rater"]
    assert found["synthetic"] is True
    assert main(["baselines", "iemocap_synthetic", *small]) == 0
    assert "SYNTHETIC DATA" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["iemocp"], "iemocp: neither a dataset nor a recipe; did you mean 'iemocap'?"),
        (["nowhere.yaml"], "nowhere.yaml"),
        (["iemocap"], "dataset.root: 'iemocap' needs this argument"),
        (["iemocap", "--set", "root=x"], "IEMOCAP is not there"),
        (["iemocap", "--set", "dataset.roof=x"], "did you mean 'root'?"),
        (["iemocap", "--set", "dataset.root=nowhere"], "IEMOCAP is not there"),
        (["iemocap", "--set", "dataset.root=x", "--set", "dataset.broken=maybe"], "dataset.broken"),
        (["iemocap", "--set", "dataset.root=x", "--set", "dataset.classes=[sad]"], "two or more"),
        (["json:JSONDecoder"], "is no dataset: it lacks clips, folds"),
    ],
)
def test_what_the_user_can_mend_is_told_without_a_traceback(argv, message: str, capsys) -> None:
    assert main(["baselines", *argv]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert main(["baselines", *argv, "--json"]) == 2
    assert message in json.loads(capsys.readouterr().out)["error"]


def test_it_needs_no_torch(manifest: str) -> None:
    argv = ["baselines", "manifest", "--set", manifest, "--set", "dataset.k=null"]
    code = (
        "import sys\nfrom mertk.cli import main\n"
        f"assert main({argv!r}) == 0\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@needs_shared
def test_ravdess_gives_little_away(capsys) -> None:
    found = told(capsys, "ravdess", "--set", f"dataset.root={SHARED / 'data/ravdess'}")
    by_name = {b["name"]: b for b in found["baselines"]}
    assert found["clips"] == 1440
    # 192 clips of each class but neutral, which has 96.
    assert by_name["majority"]["wa"] == pytest.approx(192 / 1440)
    shares = [96 / 1440, *[192 / 1440] * 7]
    assert by_name["prior"]["wa"] == pytest.approx(sum(s * s for s in shares))
    # Only normal clips are neutral: all normal ones are said to be neutral, all strong ones calm.
    assert by_name["intensity"]["ua"] == pytest.approx(1.5 / 8)
    assert 0.125 < by_name["length"]["ua"] < 0.25
