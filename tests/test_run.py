"""The whole line on a toy corpus: run, run again, ablate, fail, be killed, go on."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from sklearn.metrics import balanced_accuracy_score

from mertk.cli import main
from mertk.console import Screen
from mertk.draft import Draft
from mertk.errors import MertkError
from mertk.home import home
from mertk.records import Record
from mertk.shelves import survey
from mertk.whole import whole
from tests.toy_parts import CLASSES

PARTS = Path(__file__).with_name("toy_parts.py")


def called(capsys, *argv: str) -> tuple[int, dict]:
    status = main([*argv, "--json"])
    told = capsys.readouterr().out
    return status, json.loads(told)


def records(root: str = "results") -> list[Record]:
    # Not those being written: their folder's name begins with a dot, which `*` matches too.
    files = sorted(Path(root).glob("toy/*/[!.]*/trial.json"))
    return [Record(f.parent, json.loads(f.read_text())) for f in files]


def predictions(root: str = "results") -> dict[str, np.ndarray]:
    found = records(root)
    return {r.facts["key"]: r.predictions("last")[1] for r in found}


def test_a_run_learns_and_prints_one_json_object(recipe: str, capsys) -> None:
    status, told = called(capsys, "run", recipe, "--set", "train.epochs=6")
    assert status == 0
    (row,) = told["rows"]
    assert (row["variant"], row["trials"], row["failed"]) == ("full", 3, 0)
    assert row["selected_on_test"] is False
    assert told["synthetic"] is True
    values = row["metrics"]["ua"]["values"]
    assert row["metrics"]["ua"]["mean"] == pytest.approx(np.mean(values))
    assert row["metrics"]["ua"]["std"] == pytest.approx(np.std(values, ddof=1))
    assert row["metrics"]["ua"]["mean"] > 2 / len(CLASSES)
    assert told["chance"] == {"ua": 1 / len(CLASSES)}
    assert [r.facts["fingerprint"] for r in records()] == [told["fingerprint"]] * 3


def test_a_second_run_reads_results_and_trains_nothing(recipe: str, capsys, monkeypatch) -> None:
    first = called(capsys, "run", recipe)[1]
    monkeypatch.setattr("mertk.executors.bench.conduct", lambda *_: pytest.fail("trained again"))
    second = called(capsys, "run", recipe)[1]
    assert second["reused"] == 3
    assert second["rows"] == first["rows"]


def test_whatever_takes_a_while_has_a_bar(recipe: str, monkeypatch) -> None:
    shown: list[str] = []
    bar = Screen.bar
    monkeypatch.setattr(Screen, "bar", lambda s, label, n: shown.append(label) or bar(s, label, n))
    assert main(["run", recipe, "--folds", "fold1"]) == 0
    assert list(dict.fromkeys(label.partition(":")[0] for label in shown)) == [
        "reading toy.yaml",
        "opening the corpus, trying the models",
        "media",
        "features",
        "trials",
        "full fold1 seed 0",
        "intervals",
    ]


def test_every_clip_is_read_once_for_all_folds_seeds_and_variants(recipe: str, capsys) -> None:
    log = f"encoders.words.log={Path('read.log').absolute()}"
    called(capsys, "run", recipe, "--set", log, "--seeds", "0,1")
    called(capsys, "ablate", recipe, "--set", log, "--without", "mem")
    lines = Path("read.log").read_text().splitlines()
    assert len(lines) == len(set(lines)) == 96


def test_a_frozen_front_runs_once_per_clip_and_changes_no_result(recipe: str, capsys) -> None:
    counts, scores = [], []
    for frozen in ("true", "false"):
        part = f"{{use: '{PARTS}:Fronted', train: true, frozen: {frozen}, log: {Path.cwd()}/log}}"
        changes = ["--set", f"encoders.again={part}", "--set", "fusion.width=4"]
        status, _ = called(capsys, "run", recipe, "--results", frozen, *changes)
        assert status == 0
        counts.append(len(Path("log").read_text().splitlines()))
        scores.append({r.facts["fold"]: r.predictions("last")[1] for r in records(frozen)})
    assert counts[0] == 96
    assert counts[1] > 5 * 96
    for fold, expected in scores[1].items():
        np.testing.assert_allclose(scores[0][fold], expected, rtol=1e-5)


def test_damaged_features_are_named_and_the_next_run_comes_to_the_same_numbers(
    recipe: str, capsys
) -> None:
    called(capsys, "run", recipe, "--folds", "fold1")
    for path in (home() / "features").glob("*/data.bin"):
        data = bytearray(path.read_bytes())
        data[5] ^= 64
        path.write_bytes(data)
    assert main(["run", recipe, "--folds", "fold1", "--results", "again"]) == 0
    told = capsys.readouterr().err
    assert told.count("are no longer what was written (clips s0_ang_0); they are computed") == 2
    first, again = predictions(), predictions("again")
    assert all((first[key] == again[key]).all() for key in first)
    assert main(["run", recipe, "--folds", "fold2"]) == 0
    assert "no longer" not in capsys.readouterr().err


def test_an_ablation_reuses_the_full_run_and_pairs_its_differences(recipe: str, capsys) -> None:
    full = called(capsys, "run", recipe)[1]["rows"][0]
    status, told = called(capsys, "ablate", recipe, "--without", "mem", "--swap", "fusion=concat")
    assert status == 0
    assert told["reused"] == 3
    assert [r["variant"] for r in told["rows"]] == ["full", "without mem", "fusion=concat"]
    assert told["rows"][0] == full
    for row in told["rows"][1:]:
        pairs = zip(row["metrics"]["ua"]["values"], full["metrics"]["ua"]["values"], strict=True)
        assert row["difference"]["ua"]["values"] == pytest.approx([a - b for a, b in pairs])


def test_leaving_a_part_out_changes_no_weight_of_the_others(recipe: str, toy: Draft) -> None:
    from mertk.check import resolve
    from mertk.model import build
    from mertk.registry import discover

    dims = {"words": 4, "again": 4}
    full = build(resolve(toy, discover()), dims, 4, seed=3).state_dict()
    less = build(resolve(toy.without(["mem"]), discover()), dims, 4, seed=3).state_dict()
    assert set(less) < set(full)
    assert all((less[name] == full[name]).all() for name in less)


def test_a_run_repeats_bit_for_bit(recipe: str, capsys) -> None:
    called(capsys, "run", recipe)
    called(capsys, "run", recipe, "--results", "again")
    first, again = predictions(), predictions("again")
    assert first.keys() == again.keys()
    assert all((first[key] == again[key]).all() for key in first)


def test_seeds_and_folds_can_be_chosen(recipe: str, capsys) -> None:
    told = called(capsys, "run", recipe, "--seeds", "3,4", "--folds", "fold2")[1]
    row = told["rows"][0]
    assert list(zip(row["folds"], row["seeds"], strict=True)) == [("fold2", 3), ("fold2", 4)]
    a, b = (r.predictions()[1] for r in records())
    assert not (a == b).all()


def test_a_trial_records_both_honest_and_test_picked_numbers(recipe: str, capsys) -> None:
    called(capsys, "run", recipe, "--set", "train.epochs=5")
    for record in records():
        picks, history = record.facts["picks"], record.facts["history"]
        best = max(range(5), key=lambda i: (history[i]["valid"], -i))
        assert picks["selected"]["epoch"] == best + 1
        assert picks["selected"]["scores"]["ua"] == pytest.approx(history[best]["test"])
        assert picks["test_best"]["scores"]["ua"] == pytest.approx(max(h["test"] for h in history))
        assert picks["last"]["epoch"] == 5
        assert record.facts["held_out"]


def test_a_trial_keeps_what_it_said_on_the_validation_clips(recipe: str, capsys) -> None:
    called(capsys, "run", recipe, "--set", "train.epochs=5")
    called(capsys, "run", recipe, "--set", "train.epochs=5", "--results", "again")
    for record, again in zip(records(), records("again"), strict=True):
        kept = record.validation()
        labels, scores = kept.labels, kept.scores["selected"]
        picks, history = record.facts["picks"], record.facts["history"]
        assert len(labels) == record.facts["clips"]["valid"]
        valid = history[picks["selected"]["epoch"] - 1]["valid"]
        assert balanced_accuracy_score(labels, scores.argmax(1)) == pytest.approx(valid)
        held_out = set(record.facts["held_out"])
        assert {clip.partition("_")[0] for clip in kept.clips} == held_out
        assert (again.validation().scores["selected"] == scores).all()


def test_a_trial_without_validation_predictions_says_why(recipe: str, capsys) -> None:
    called(capsys, "run", recipe, "--set", "train.select.on=test", "--folds", "fold1")
    (record,) = records()
    with pytest.raises(MertkError, match=r"no validation clips \(train.select.on=test\)"):
        record.validation()
    called(capsys, "run", recipe, "--folds", "fold1", "--results", "older")
    (record,) = records("older")
    (record.folder / "validation.parquet").unlink()
    with pytest.raises(MertkError, match="an earlier version kept none, run with --redo"):
        record.validation()


def test_selection_on_test_is_marked_everywhere(recipe: str, capsys) -> None:
    arguments = ("run", recipe, "--set", "train.select.on=test")
    told = called(capsys, *arguments)[1]
    assert told["rows"][0]["selected_on_test"] is True
    assert main(list(arguments)) == 0
    shown = capsys.readouterr().out
    assert "full [selected on test]" in shown
    assert "an honest number is lower" in shown
    for record in records():
        assert record.facts["picks"]["selected"] == record.facts["picks"]["test_best"]


def test_the_table_says_that_synthetic_data_say_nothing(recipe: str, capsys) -> None:
    main(["run", recipe, "--folds", "fold1"])
    shown = capsys.readouterr().out
    assert "SYNTHETIC DATA" in shown
    assert "guessing among 4 classes: UA .250\n" in shown
    assert "results/toy" in shown


def test_a_failed_trial_leaves_its_traceback_and_the_others_go_on(recipe: str, capsys) -> None:
    boom = ["--set", f"tasks.boom={{use: '{PARTS}:Explodes'}}"]
    status, told = called(capsys, "ablate", recipe, *boom, "--without", "boom", "--folds", "fold1")
    assert status == 1
    assert [(r["trials"], r["failed"]) for r in told["rows"]] == [(0, 1), (1, 0)]
    nothing = {"mean": None, "std": None, "values": [], "interval": None}
    assert told["rows"][0]["metrics"]["ua"] == nothing
    (trace,) = Path("results").glob("toy/*/*.failed.txt")
    assert "TrainingError: epoch 1: a training loss is not finite" in trace.read_text()


def test_broken_clips_stop_the_run_with_names_and_the_way_out(recipe: str, capsys) -> None:
    broken = ["--set", "dataset.unreadable=[s0_ang_0, s3_sad_1]"]
    assert main(["run", recipe, *broken]) == 2
    told = capsys.readouterr().err
    assert "2 of 96 clips cannot be read" in told
    assert "s0_ang_0" in told
    assert "dataset.exclude=[s0_ang_0, s3_sad_1]" in told
    assert "Traceback" not in told
    skipped = called(capsys, "run", recipe, *broken, "--set", "dataset.broken=skip")[1]
    assert set(skipped["left_out"]) == {"s0_ang_0", "s3_sad_1"}
    ids = "dataset.exclude=[s0_ang_0, s3_sad_1]"
    excluded = called(capsys, "run", recipe, *broken, "--set", ids)[1]
    assert set(excluded["left_out"]) == {"s0_ang_0", "s3_sad_1"}
    assert excluded["rows"][0]["metrics"] == skipped["rows"][0]["metrics"]


def test_a_dry_run_tells_the_plan_and_computes_nothing(recipe: str, capsys) -> None:
    told = called(capsys, "run", recipe, "--dry-run")[1]
    assert len(told["plan"]) == 3
    assert told["rows"] == []
    assert not Path("results").exists()
    called(capsys, "run", recipe)
    assert sorted(p["key"] for p in told["plan"]) == sorted(r.facts["key"] for r in records())


def test_a_dry_run_forecasts_what_will_be_stored(
    write, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{c}{s}{i},{c},{s},{c}{s}{i}.wav" for c in "ab" for s in "xyz" for i in "12"]
    write("clips.csv", "\n".join(["id,label,speaker,audio", *rows]))
    for i, row in enumerate(rows):
        sound = np.random.default_rng(i).normal(size=8000 + 1600 * i) * 0.1
        soundfile.write(tmp_path / row.rpartition(",")[2], sound, 16000)
    recipe = write(
        "own.yaml",
        f"""
        name: own
        dataset: {{use: manifest, path: {tmp_path}/clips.csv, k: 3}}
        encoders: {{audio: {{use: logmel, max_seconds: 1, store: float16}}}}
        fusion: concat
        train: {{epochs: 1}}
        """,
    )
    (told,) = called(capsys, "run", str(recipe), "--dry-run")[1]["features"]
    assert (told["name"], told["clips"], told["lacking"]) == ("LogMel", 12, 12)
    assert main(["run", str(recipe), "--dry-run"]) == 0
    assert "LogMel: 12 of 12 clips are to be computed, about 0.2 MiB" in capsys.readouterr().out
    (there,) = called(capsys, "run", str(recipe))[1]["features"]
    assert there == told
    (shelf,) = survey(home() / "features")
    assert shelf.identity["dtype"] == "float16"
    stored = (shelf.folder / "data.bin").stat().st_size
    assert told["nbytes"] == pytest.approx(stored, rel=0.05)
    assert called(capsys, "run", str(recipe), "--dry-run")[1]["features"][0]["lacking"] == 0


def test_a_dry_run_names_media_that_are_not_there(write, tmp_path: Path, capsys) -> None:
    rows = [f"{c}{s}{i},{c},{s},{c}{s}{i}.wav" for c in "ab" for s in "xyz" for i in "12"]
    write("clips.csv", "\n".join(["id,label,speaker,audio", *rows]))
    for row in rows[1:]:
        soundfile.write(tmp_path / row.rpartition(",")[2], [0.1] * 1600, 16000)
    recipe = write(
        "own.yaml",
        f"""
        name: own
        dataset: {{use: manifest, path: {tmp_path}/clips.csv, k: 3}}
        encoders: {{audio: {{use: logmel}}}}
        fusion: concat
        """,
    )
    assert main(["run", str(recipe), "--dry-run"]) == 2
    told = capsys.readouterr().err
    assert "1 of 12 clips cannot be read" in told
    assert "ax1.wav: no such file" in told
    skip = ("--set", "dataset.broken=skip")
    left = called(capsys, "run", str(recipe), "--dry-run", *skip)[1]["left_out"]
    assert list(left) == ["ax1"]


def test_redo_repeats_what_is_there(recipe: str, capsys) -> None:
    called(capsys, "run", recipe, "--folds", "fold1")
    before = records()[0].folder.stat().st_ino
    told = called(capsys, "run", recipe, "--folds", "fold1", "--redo")[1]
    assert told["reused"] == 0
    assert len(records()) == 1
    assert records()[0].folder.stat().st_ino != before
    assert not list(Path("results").glob("toy/*/.*"))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--seeds", "a"], "--seeds a: expected whole numbers"),
        (["--seeds", "1,1"], "expected different numbers"),
        (["--folds", "fold9"], "no fold named 'fold9'; did you mean 'fold"),
        (["--set", "dataset.exclude=[s0_ang_9]"], "there is no clip 's0_ang_9'; did you mean"),
        (["--set", "dataset.speakers=2"], "fold1: no clip in train"),
        (["--set", "train.select.speakers=4"], "cannot hold out 4 of 4 training speakers"),
        (["--set", "fusion.heads=3"], "fusion.heads: 3 do not divide"),
        (["--set", "encoders.words.train=true"], "encoders.words.train: "),
        (["--set", "train.precision=fp16"], "train.precision: fp16 is many times slower"),
        (["--device", "cuda"], "no CUDA device"),
    ],
)
def test_what_the_user_can_mend_is_told_without_a_traceback(
    recipe: str, capsys, argv: list[str], message: str
) -> None:
    if "cuda" in argv or "train.precision=fp16" in argv:
        import torch

        if torch.cuda.is_available():
            pytest.skip("there is a CUDA device")
    assert main(["run", recipe, *argv]) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert told.out == ""
    assert main(["run", recipe, *argv, "--json"]) == 2
    assert message in json.loads(capsys.readouterr().out)["error"]


def test_a_full_disk_is_told_and_costs_nothing_that_was_finished(
    recipe: str, capsys, monkeypatch
) -> None:
    called(capsys, "run", recipe, "--folds", "fold1")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mertk.results.pq.write_table", full)
        assert main(["run", recipe]) == 2
    assert "results cannot be written (No space left on device)" in capsys.readouterr().err
    assert len(records()) == 1
    assert not list(Path("results").glob("toy/*/.*.tmp"))
    assert called(capsys, "run", recipe)[1]["reused"] == 1


def test_a_result_that_was_damaged_is_named(recipe: str, capsys) -> None:
    called(capsys, "run", recipe, "--folds", "fold1")
    (Path(records()[0].folder) / "trial.json").write_text("{")
    assert main(["run", recipe, "--folds", "fold1"]) == 2
    assert "remove this folder and run again" in capsys.readouterr().err
    assert called(capsys, "run", recipe, "--folds", "fold1", "--redo")[0] == 0


def test_two_runs_at_once_share_the_work(recipe: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mertk", "run", recipe, "--json", "--set", "train.epochs=8"]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [json.loads(run.communicate(timeout=240)[0]) for run in runs]
    assert told[0]["rows"] == told[1]["rows"]
    assert sum(t["reused"] for t in told) == 3, "each trial was done by one of them"
    assert len(records()) == 3
    assert [run.returncode for run in runs] == [0, 0]


def test_a_killed_run_goes_on_and_comes_to_the_same_numbers(recipe: str, capsys) -> None:
    long = ["--set", "train.epochs=40"]
    command = [sys.executable, "-m", "mertk", "run", recipe, *long]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not records() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    finished = len(records())
    assert 1 <= finished < 3
    assert called(capsys, "run", recipe, *long)[1]["reused"] == finished
    called(capsys, "run", recipe, *long, "--results", "undisturbed")
    resumed, undisturbed = predictions(), predictions("undisturbed")
    assert resumed.keys() == undisturbed.keys()
    assert all((resumed[key] == undisturbed[key]).all() for key in resumed)


def test_the_cost_of_a_resumed_trial_counts_what_went_before(
    recipe: str, capsys, monkeypatch
) -> None:
    from mertk.train.checkpoint import Checkpoint as Kept
    from mertk.train.fit import Loop

    def often(path: Path, **more: bool) -> Kept:
        return Kept(path, every=0, **more)

    epoch = Loop.epoch

    def interrupted(self, number, metric):
        if number == 3:
            raise KeyboardInterrupt
        return epoch(self, number, metric)

    monkeypatch.setattr("mertk.executors.bench.Checkpoint", often)
    monkeypatch.setattr(Loop, "epoch", interrupted)
    assert main(["run", recipe, "--folds", "fold1"]) == 130
    (path,) = Path("results").glob("toy/*/.*.checkpoint")
    state = Kept(path).read()
    assert state is not None
    Kept(path).write({**state, "seconds": 1000.0})
    monkeypatch.setattr(Loop, "epoch", epoch)
    assert called(capsys, "run", recipe, "--folds", "fold1")[0] == 0
    (record,) = records()
    assert 1000 < record.facts["cost"]["seconds"] < 1100
    assert not path.exists()


def test_ctrl_c_keeps_what_is_finished(recipe: str, capsys, monkeypatch) -> None:
    import mertk.executors.bench

    conduct, count = mertk.executors.bench.conduct, iter(range(9))

    def interrupted(*arguments):
        if next(count) == 1:
            raise KeyboardInterrupt
        return conduct(*arguments)

    monkeypatch.setattr("mertk.executors.bench.conduct", interrupted)
    assert main(["run", recipe]) == 130
    assert "what is finished is kept" in capsys.readouterr().err
    assert len(records()) == 1


def test_variants_of_other_protocols_are_refused_before_anything_is_trained(
    recipe: str, toy: Draft, capsys
) -> None:
    told = toy.content | {"ablations": {"picked on test": {"set": {"train.select.on": "test"}}}}
    Path(recipe).write_text(yaml.safe_dump(told, sort_keys=False))
    assert main(["ablate", recipe]) == 2
    shown = capsys.readouterr().err
    assert "scores of different protocols do not compare" in shown
    assert "picked on test: Corpus-4c-3f@" in shown
    assert not records()
    status, answer = called(capsys, "ablate", recipe, "--mix-protocols")
    assert status == 0
    assert [len(r["protocols"]) for r in answer["rows"]] == [1, 1]
    assert answer["rows"][0]["protocols"] != answer["rows"][1]["protocols"]


@pytest.mark.parametrize("ending", ["checkpoint", "draft", "tmp", "old"])
def test_what_a_kill_left_beside_a_finished_trial_is_tidied_up(
    recipe: str, capsys, ending: str
) -> None:
    called(capsys, "run", recipe, "--folds", "fold1")
    (record,) = records()
    left = record.folder.with_name(f".{record.folder.name}.{ending}")
    if ending == "draft":  # of its checkpoint, by a process of another machine
        scratch = left.with_suffix(".checkpoint")
        with whole(scratch) as draft:
            left = draft.with_name(draft.name.replace(".mertk-", ".mertk-elsewhere-"))
            left.touch()
            draft.touch()
        scratch.unlink()
    elif ending in ("tmp", "old"):
        left.mkdir()
        (left / "predictions.parquet").write_bytes(b"half")
    else:
        left.write_bytes(b"half")
    assert called(capsys, "run", recipe, "--folds", "fold1")[1]["reused"] == 1
    assert not left.exists()
    assert record.folder.is_dir()


@pytest.mark.parametrize("rename", [1, 2, 3])
def test_a_kill_at_any_rename_of_a_result_changes_no_byte(
    recipe: str, capsys, rename: int, tmp_path: Path
) -> None:
    for results in ("results", "undisturbed"):
        called(capsys, "run", recipe, "--folds", "fold1", "--results", results)
    script = tmp_path / "killed.py"
    script.write_text(f"""
import os, signal, sys
import mertk.run
from mertk.cli import main
seen = 0
def die(event, arguments):
    global seen
    if event == "os.rename" and "/results/" in str(arguments[0]):
        seen += 1
        if seen == {rename}:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
main(["run", {recipe!r}, "--folds", "fold1", "--redo"])
""")
    killed = subprocess.run([sys.executable, str(script)], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    called(capsys, "run", recipe, "--folds", "fold1")
    (mine,), (other,) = records(), records("undisturbed")
    for name in ("predictions.parquet", "validation.parquet", "weights.safetensors"):
        assert (mine.folder / name).read_bytes() == (other.folder / name).read_bytes()
    assert [path.name for path in mine.folder.parent.glob(".*")] == []


def test_a_finished_run_needs_no_features(recipe: str, capsys) -> None:
    called(capsys, "run", recipe)
    assert main(["store", "prune", "Spelled", "--yes"]) == 0
    capsys.readouterr()
    assert called(capsys, "run", recipe)[1]["reused"] == 3
    assert not survey(home() / "features")
    assert called(capsys, "run", recipe, "--seeds", "1")[0] == 0
    assert survey(home() / "features")
