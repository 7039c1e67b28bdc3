"""What users and strangers' components do wrong: a message, one JSON object, an exit status."""

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mertk.cli import main
from mertk.cli import run as verb
from mertk.contracts import MediaRef
from mertk.draft import parse
from mertk.errors import MediaError, MertkError
from mertk.media import sound
from tests.conftest import TOY

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the toy recipe by the command line, with faulty parts beside it."""
    (tmp_path / "toy.yaml").write_text(TOY, encoding="utf-8")

    def conduct(*sets: str, parts: str = "", more: tuple[str, ...] = ()) -> Any:
        head = "from tests.toy_parts import *\nfrom dataclasses import replace\n"
        (tmp_path / "bad.py").write_text(head + textwrap.dedent(parts), encoding="utf-8")
        said = [word for text in ("train.epochs=1", *sets) for word in ("--set", text)]
        place = ["--results", str(tmp_path / "results"), "--json"]
        status = main(["run", str(tmp_path / "toy.yaml"), *place, *said, *more])
        told = capsys.readouterr()
        return status, json.loads(told.out, parse_constant=pytest.fail), told.err

    return conduct


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ("class Bad(Spelled):\n    def load(self, clip): raise KeyError('boom')", "boom"),
        ("class Bad(Spelled):\n    def load(self, clip): raise SystemExit(0)", "status 0"),
        ("class Bad(Spelled):\n    def __call__(self, stream): return None", "NoneType"),
    ],
)
def test_a_faulty_component_leaves_its_traceback_in_a_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: str, what: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    status, told, err = run("encoders.words={use: ./bad.py:Bad}", parts=parts)
    assert status == 1
    assert what in told["error"]
    assert "Traceback" not in err
    (trace,) = tmp_path.glob("mertk-*.txt")
    assert str(trace) in err
    assert "Traceback" in trace.read_text(encoding="utf-8")


def test_a_file_that_ends_the_process_when_it_is_imported_is_a_fault(run: Run) -> None:
    status, told, _ = run("fusion={use: ./bad.py:X}", parts="raise SystemExit(0)")
    assert status == 2
    assert "does not load: SystemExit" in told["error"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("train.lr=1e400", "train.lr: expected a finite number"),
        ("tasks.mem.weight=.inf", "tasks.mem.weight: expected a finite number"),
        ("encoders.words.scale=.nan", "encoders.words.scale: expected a finite number"),
        ("train.seeds=[-1]", "expected different numbers from 0 up"),
        ("train.seeds=[0, 0]", "expected different numbers from 0 up"),
        ("train.seeds=[9223372036854775808]", "below 2**63"),
        ("metrics=[ua, ua]", "metrics: expected different metrics"),
        ("name=" + "x" * 101, "at most 100 characters"),
        ("train.epochs=1:30", "train.epochs: expected a valid integer"),
        ("\udc80=1", "expected PATH=VALUE"),
        ("dataset.speakers=0", "dataset: it has no clip"),
    ],
)
def test_absurd_values_are_told_before_any_work(run: Run, change: str, what: str) -> None:
    status, told, _ = run(change)
    assert status == 2
    assert what in told["error"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("def folds(self): return []", "it has no fold"),
        ("def folds(self): return [replace(f, name='a') for f in super().folds()]", "3 times"),
        ("def folds(self): return [replace(f, name=1) for f in super().folds()]", "plain text"),
        (
            "def clips(self): return [replace(c, id='\\udc80' + c.id) for c in super().clips()]",
            "clip ids must be plain text",
        ),
        ("def clips(self): return [replace(c, text=None) for c in super().clips()]", "reads text"),
    ],
)
def test_names_and_media_that_no_trial_could_use_are_refused(
    run: Run, body: str, what: str
) -> None:
    status, told, _ = run("dataset={use: ./bad.py:Bad}", parts=f"class Bad(Corpus):\n    {body}\n")
    assert status == 2
    assert what in told["error"]


def test_a_fold_name_with_slashes_stays_inside_the_results(run: Run, tmp_path: Path) -> None:
    parts = """
    class Bad(Corpus):
        def folds(self):
            return [replace(f, name=f"../../../{f.name}/x") for f in super().folds()][:1]
    """
    status, told, _ = run("dataset={use: ./bad.py:Bad}", parts=parts)
    assert (status, told["rows"][0]["trials"]) == (0, 1)
    (found,) = (tmp_path / "results").rglob("trial.json")
    assert json.loads(found.read_text())["fold"] == "../../../fold1/x"


def test_a_metric_without_a_value_is_null_in_json(run: Run) -> None:
    parts = """
    class Bad:
        higher_is_better = True
        def __call__(self, labels, scores): return float("nan")
    """
    status, told, _ = run("metrics=[./bad.py:Bad]", parts=parts, more=("--folds", "fold1"))
    assert status == 0
    assert told["rows"][0]["metrics"]["./bad.py:Bad"] == {
        "mean": None,
        "std": None,
        "values": [None],
    }


def test_a_ranking_metric_may_return_a_number_of_numpy(run: Run) -> None:
    parts = """
    class Bad:
        higher_is_better = True
        def __call__(self, labels, scores): return np.float32(0.5)
    """
    status, _, err = run("train.select.by=./bad.py:Bad", parts=parts, more=("--folds", "fold1"))
    assert status == 0, err


def test_scores_that_are_no_numbers_fail_the_trial(run: Run) -> None:
    parts = """
    class Bad(torch.nn.Module):
        def __init__(self, dims):
            super().__init__()
            self.dims = dims
        def forward(self, streams):
            bad = 1.0 if self.training else float("nan")
            return {k: s.x.sum(1) * bad for k, s in streams.items()}
    """
    status, told, err = run(
        "fusion={use: ./bad.py:Bad}", "tasks={}", parts=parts, more=("--folds", "fold1")
    )
    assert (status, told["rows"][0]["failed"]) == (1, 1)
    assert "scores are not finite" in err


@pytest.mark.parametrize("keep", [0, 100])
def test_damaged_predictions_are_told_with_the_way_out(run: Run, tmp_path: Path, keep: int) -> None:
    only = ("--folds", "fold1")
    before = run(more=only)[1]["rows"]
    (kept,) = (tmp_path / "results").rglob("predictions.parquet")
    kept.write_bytes(kept.read_bytes()[:keep])
    status, told, _ = run(more=only)
    assert status == 2
    assert "remove this folder and run again" in told["error"]
    assert run(more=(*only, "--redo"))[1]["rows"] == before


def test_a_wrong_command_line_and_a_stop_are_told_in_json_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["run", "toy", "--device", "tpu", "--json"]) == 2
    assert "invalid choice" in json.loads(capsys.readouterr().out)["error"]

    def stop(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "run", stop)
    assert main(["run", "toy", "--json"]) == 130
    assert "run again" in json.loads(capsys.readouterr().out)["error"]


def test_a_recipe_name_too_long_for_a_file_is_no_such_recipe() -> None:
    assert main(["check", "x" * 5000]) == 2


def test_numbers_are_those_of_yaml_1_2() -> None:
    assert parse("[1:30, 1_0, 010, -3, +4]", "x") == ["1:30", "1_0", 10, -3, 4]
    with pytest.raises(MertkError, match="not valid YAML"):
        parse("9" * 5000, "x")


@pytest.mark.parametrize(
    ("ablations", "what"),
    [
        ("{full: {without: [mem]}}", "two variants have this name"),
        ("{x: {set: {dataset.speakers: 4}}}", "x: dataset: "),
        ("{x: {without: [mem], set: {train.seeds: [5]}}}", "x: train.seeds: "),
        ("{x: {without: [mem], set: {metrics: [wa]}}}", "x: metrics: "),
    ],
)
def test_an_ablation_shares_clips_seeds_and_metrics_with_the_full_recipe(
    run: Run, ablations: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "toy.yaml"
    assert main(["check", str(path), "--set", f"ablations={ablations}"]) == 2
    assert what in capsys.readouterr().err


@pytest.mark.parametrize("value", ["'similarity'", "None", "5"])
def test_a_task_whose_needs_are_no_tuple_is_a_fault(run: Run, value: str) -> None:
    parts = f"class Bad(torch.nn.Module):\n    requires = {value}\n"
    status, told, _ = run("tasks={a: {use: ./bad.py:Bad}}", parts=parts)
    assert status == 2
    assert "tasks.a: the `requires` of './bad.py:Bad' is" in told["error"]


def test_a_default_that_no_recipe_can_hold_is_a_fault(run: Run) -> None:
    parts = "class Bad(Spelled):\n    def __init__(self, x=print): super().__init__()\n"
    status, told, _ = run("encoders.words={use: ./bad.py:Bad}", parts=parts)
    assert status == 2
    assert "encoders.words: the constructor of './bad.py:Bad' cannot be read" in told["error"]


def test_a_wav_cut_anywhere_is_broken_media_and_nothing_else(tmp_path: Path) -> None:
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, np.linspace(-0.5, 0.5, 8000, dtype=np.float32), 8000)
    content = whole.read_bytes()
    cut = tmp_path / "cut.wav"
    for keep in (*range(64), 1000):
        cut.write_bytes(content[:keep])
        with pytest.raises(MediaError):
            sound(MediaRef(cut), 8000)
