"""`mertk doctor`: a summary for people, a list for machines, and clips to leave out of a recipe."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import soundfile
import yaml

from mertk.cli import main
from mertk.doctor import CHECKS
from tests.doctor.corpora import Row, write_healthy, write_rows
from tests.media.making import RATE, noise
from tests.plugins.datasets.test_ravdess import audio, names, write
from tests.shared import SHARED, needs_shared

RECIPE = """
name: mine
dataset: {{use: manifest, path: "{path}", k: 3}}
encoders: {{audio: logmel}}
fusion: concat
"""


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    folder = tmp_path_factory.mktemp("healthy") / "corpus"
    rows = write_healthy(folder)
    write_rows(folder, rows)
    return folder, rows


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """Two clips broken, one of them silent's twin; a file left over."""
    folder = tmp_path / "corpus"
    rows = write_healthy(folder)
    (folder / "wavs/s0_angry_0.wav").write_bytes(b"no sound")
    soundfile.write(folder / "wavs/s1_calm_0.wav", 0 * noise(1), RATE)
    soundfile.write(folder / "wavs/extra.wav", noise(1, seed=99), RATE)
    return write_rows(folder, rows)


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, Any]:
    status = main(["doctor", *argv, "--json"])
    return status, json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_a_healthy_corpus_is_exit_0(
    healthy: tuple[Path, list[Row]], capsys: pytest.CaptureFixture[str]
) -> None:
    sets = ["--set", f"path={healthy[0] / 'clips.csv'}", "--set", "k=3"]
    assert main(["doctor", "manifest", *sets]) == 0
    shown = capsys.readouterr()
    assert f"{len(CHECKS)} classes of fault were looked for" in shown.out
    assert shown.err == ""
    status, answer = told(capsys, "manifest", *sets)
    assert (status, answer["faults"], answer["exclude"]) == (0, [], [])
    assert (answer["clips"], answer["folds"]) == (24, 3)


def test_severe_faults_are_exit_1_and_named_in_a_table_that_fits_a_screen(
    faulty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "manifest", "--set", f"path={faulty}", "--set", "k=3"]) == 1
    shown = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown if "│" in line]
    assert rows == [
        ["broken", "severe", "1", "s0_angry_0"],
        ["silent", "severe", "1", "s1_calm_0"],
        ["media, no label", "warning", "1", "extra.wav"],
    ]
    assert len(shown) <= 24
    assert any("--exclude FILE" in line for line in shown)


def test_json_says_what_it_means_and_what_to_do(
    faulty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = told(capsys, "manifest", "--set", f"path={faulty}", "--set", "k=3")
    assert status == 1
    assert answer["severities"] == {"severe": 2, "warning": 1, "note": 0}
    assert answer["exclude"] == ["s0_angry_0", "s1_calm_0"]
    broken = answer["faults"][0]
    assert {"check", "severity", "means", "way_out", "count", "findings"} == set(broken)
    assert broken["findings"][0]["clips"] == ["s0_angry_0"]
    assert broken["findings"][0]["paths"] == [str(faulty.parent / "wavs/s0_angry_0.wav")]


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_the_list_has_a_line_per_finding(
    faulty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    out = tmp_path / f"faults.{suffix}"
    sets = ["--set", f"path={faulty}", "--set", "k=3"]
    assert main(["doctor", "manifest", *sets, "--out", str(out)]) == 1
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file)) if suffix == "csv" else [json.loads(x) for x in file]
    assert [row["check"] for row in rows] == ["broken", "silent", "media, no label"]
    assert rows[0]["clips"] in ("s0_angry_0", ["s0_angry_0"])
    assert "--out FILE" not in capsys.readouterr().out


def test_exclusions_go_back_into_a_recipe(
    faulty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, exclude = tmp_path / "mine.yaml", tmp_path / "exclude.yaml"
    recipe.write_text(RECIPE.format(path=faulty), encoding="utf-8")
    (faulty.parent / "wavs/extra.wav").unlink()
    assert main(["doctor", str(recipe), "--exclude", str(exclude)]) == 1
    assert f"--set dataset.exclude=@{exclude}" in capsys.readouterr().out
    assert yaml.safe_load(exclude.read_text(encoding="utf-8")) == ["s0_angry_0", "s1_calm_0"]
    assert "silent: " in exclude.read_text(encoding="utf-8")
    back = ["--set", f"dataset.exclude=@{exclude}"]
    status, answer = told(capsys, str(recipe), *back)
    assert (status, answer["faults"], len(answer["excluded"])) == (0, [], 2)
    assert main(["check", str(recipe), *back, "--json"]) == 0
    resolved = json.loads(capsys.readouterr().out)["recipe"]
    assert resolved["dataset"]["exclude"] == ["s0_angry_0", "s1_calm_0"]
    # Written again, the list still holds what is left out already.
    assert main(["doctor", str(recipe), *back, "--exclude", str(exclude)]) == 0
    assert yaml.safe_load(exclude.read_text(encoding="utf-8")) == ["s0_angry_0", "s1_calm_0"]


def test_an_empty_list_of_exclusions_is_a_list(
    healthy: tuple[Path, list[Row]], tmp_path: Path
) -> None:
    exclude = tmp_path / "exclude.yaml"
    sets = ["--set", f"path={healthy[0] / 'clips.csv'}", "--set", "k=3"]
    assert main(["doctor", "manifest", *sets, "--exclude", str(exclude)]) == 0
    assert yaml.safe_load(exclude.read_text(encoding="utf-8")) == []
    assert main(["doctor", "manifest", *sets, "--set", f"exclude=@{exclude}"]) == 0


@pytest.mark.parametrize(
    ("argv", "what"),
    [
        (["ravdes"], "neither a dataset nor a recipe"),
        (["ravdess", "--set", "root=none"], "no such folder"),
        (["ravdess", "--set", "root=.", "--out", "x.txt"], "--out x.txt: no format for '.txt'"),
        (["ravdess", "--set", "exclude=@none.yaml"], "exclude=@none.yaml: no such file ("),
        ([], "the following arguments are required: DATASET"),
    ],
)
def test_mistakes_are_exit_2(
    argv: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = told(capsys, *argv)
    assert status == 2
    assert what in answer["error"]


def test_a_list_that_cannot_be_written_is_exit_2(
    healthy: tuple[Path, list[Row]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = ["--set", f"path={healthy[0] / 'clips.csv'}", "--set", "k=3"]
    for option in ("--out", "--exclude"):
        status, answer = told(capsys, "manifest", *sets, option, str(tmp_path / "none/x.csv"))
        assert status == 2
        assert f"{option} {tmp_path}/none/x.csv: cannot be written" in answer["error"]


def test_an_incomplete_copy_is_told_with_the_datasets_own_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, *audio(names())[1:])
    assert main(["doctor", "ravdess", "--set", f"root={tmp_path}"]) == 1
    shown = capsys.readouterr().out
    assert "(told below)" in shown
    assert "audio: 1 of 1440 trials have no file (01-01-01-01-01-01)" in shown
    assert "7 of 9 counts are as published" in shown


@needs_shared
def test_ravdess_has_one_pair_of_twins(capsys: pytest.CaptureFixture[str]) -> None:
    root = SHARED / "data/ravdess"
    status, answer = told(capsys, "ravdess", "--set", f"root={root}")
    assert status == 0
    assert {f["check"]: f["count"] for f in answer["faults"]} == {
        "same sound": 2,
        "same text": 1440,
    }
    assert answer["faults"][0]["findings"][0]["clips"] == ["01-03-01-02-01-07", "01-03-01-02-02-07"]
