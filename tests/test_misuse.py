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


@pytest.mark.parametrize("error", ["MemoryError()", "RuntimeError('cannot allocate memory\\n#0')"])
def test_a_part_that_does_not_fit_into_memory_is_told_before_any_work(run: Run, error: str) -> None:
    parts = f"""
    class Bad(torch.nn.Module):
        def __init__(self, dims, width=10**9):
            raise {error}
        def forward(self, streams): ...
    """
    status, told, _ = run("fusion={use: ./bad.py:Bad}", parts=parts)
    assert status == 2
    assert "fusion: does not fit into memory" in told["error"]
    assert "#0" not in told["error"]


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
        (
            "def clips(self): return [replace(c, speaker='\\udc80') for c in super().clips()]",
            "clip 's0_ang_0': expected plain text (got '\\udc80')",
        ),
        (
            "def clips(self): return [replace(c, group={'take': 1}) for c in super().clips()]",
            "clip 's0_ang_0': expected plain text (got 1)",
        ),
        (
            "card = property(lambda self: replace(super().card, title='\\udc80'))",
            "card: expected plain text",
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


def test_an_encoder_that_does_not_say_what_it_is_keyed_by_is_refused(run: Run) -> None:
    parts = """
    class Bad:
        modality, dim, version = "text", 4, 3
        def load(self, clip): return np.zeros((1, 4), np.float32)
        def __call__(self, stream): return stream
    """
    status, told, _ = run("encoders.words={use: ./bad.py:Bad}", parts=parts)
    assert status == 2
    assert "bad.py:Bad' does not say its version, digest; see" in told["error"]


@pytest.mark.parametrize("dims", ["None", "{}", "[4]", "{'words': '4'}", "{'words': 0}"])
def test_a_fusion_that_does_not_say_its_channels_is_refused(run: Run, dims: str) -> None:
    parts = f"""
    class Bad(torch.nn.Module):
        def __init__(self, dims):
            super().__init__()
            self.dims = {dims}
        def forward(self, streams): return {{k: s.x.sum(1) for k, s in streams.items()}}
    """
    status, told, _ = run("fusion={use: ./bad.py:Bad}", "tasks={}", parts=parts)
    assert status == 2
    assert "bad.py:Bad' does not say its `dims` {stream: channels}; its" in told["error"]


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
    metric = told["rows"][0]["metrics"]["./bad.py:Bad"]
    assert (metric["mean"], metric["std"], metric["values"]) == (None, None, [None])
    assert metric["interval"]["reason"] == "the score of all clips does not exist"


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


@pytest.mark.parametrize("where", ["metrics=[ua, './bad.py:Bad']", "train.select.by=./bad.py:Bad"])
def test_a_metric_cannot_change_the_predictions_it_looks_at(
    run: Run, tmp_path: Path, where: str
) -> None:
    parts = """
    class Bad:
        higher_is_better = True
        def __call__(self, labels, scores):
            scores[:] = 0.25
            return 0.5
    """
    status, told, err = run(where, parts=parts, more=("--folds", "fold1"))
    assert (status, told["rows"][0]["failed"]) == (1, 1)
    assert "read-only" in err
    assert not list((tmp_path / "results").rglob("predictions.parquet"))


def test_a_part_that_ends_the_process_in_training_costs_its_own_trials(
    run: Run, tmp_path: Path
) -> None:
    parts = """
    class Bad(torch.nn.Module):
        def __init__(self, dims):
            super().__init__()
            self.dims = dims
        def forward(self, streams):
            clips = len(next(iter(streams.values())).x)
            if clips > 2 and not self.training:
                raise SystemExit(0)
            return {k: s.mean() for k, s in streams.items()}
    """
    status, told, err = run("fusion={use: ./bad.py:Bad}", "tasks={}", parts=parts)
    assert (status, told["rows"][0]["failed"]) == (1, 3)
    assert err.count("failed: full fold") == 3


def test_what_a_part_prints_is_kept_out_of_the_answer(run: Run) -> None:
    parts = """
    print("imported")
    class Bad(Spelled):
        def load(self, clip):
            print("loaded")
            return super().load(clip)
    """
    status, told, err = run(
        "encoders.words={use: ./bad.py:Bad}", parts=parts, more=("--folds", "fold1")
    )
    assert status == 0
    assert told["rows"][0]["trials"] == 1
    assert {"imported", "loaded"} <= set(err.splitlines())


def test_a_panic_of_a_component_is_told_like_any_fault(run: Run) -> None:
    parts = """
    class Panic(BaseException): ...
    class Bad(Spelled):
        def load(self, clip): raise Panic("of another language")
    """
    status, told, _ = run("encoders.words={use: ./bad.py:Bad}", parts=parts)
    assert status == 1
    assert "Panic: of another language" in told["error"]


def test_an_encoder_without_weights_cannot_be_trained(run: Run) -> None:
    status, told, _ = run("encoders.words.train=true")
    assert status == 2
    assert "encoders.words.train: " in told["error"]
    assert "is no torch module: it cannot be trained" in told["error"]


def test_a_task_cannot_take_the_name_of_the_models_own_loss(run: Run) -> None:
    status, told, _ = run("tasks={emotion: {use: avel, dim: 8}}")
    assert status == 2
    assert "tasks.emotion: a loss of the model itself has this name" in told["error"]


@pytest.mark.parametrize("classes", ["('ang', *CLASSES)", "(1, 2, 3, 4)"])
def test_classes_are_different_texts(run: Run, classes: str) -> None:
    parts = f"""
    class Bad(Corpus):
        @property
        def card(self): return replace(super().card, classes={classes})
    """
    status, told, _ = run("dataset={use: ./bad.py:Bad}", parts=parts)
    assert status == 2
    assert "dataset: its classes must be different plain texts" in told["error"]


def test_a_fold_name_longer_than_a_file_may_have_is_cut(run: Run, tmp_path: Path) -> None:
    parts = """
    class Bad(Corpus):
        def folds(self):
            return [replace(f, name="\U00020000" * 200) for f in super().folds()][:1]
    """
    status, _, err = run("dataset={use: ./bad.py:Bad}", parts=parts)
    assert status == 0, err
    assert len(list((tmp_path / "results").rglob("trial.json"))) == 1


def test_a_component_that_fills_the_disk_is_no_fault_in_code(run: Run) -> None:
    parts = """
    class Bad(Spelled):
        def load(self, clip): raise OSError(28, "No space left on device", "/cache/x")
    """
    status, told, _ = run("encoders.words={use: ./bad.py:Bad}", parts=parts)
    assert status == 2
    assert (
        "/cache/x: cannot be written (No space left on device); while Bad loaded" in told["error"]
    )
