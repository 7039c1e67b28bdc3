"""Trials in several processes: the same results, whatever happens to the processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from mertk.executors.processes import GPUS, _ended, gpu_of
from tests.executors.conftest import PARTS, kept

TOY_PARTS = Path(__file__).parents[1] / "toy_parts.py"


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as a worker's share
    yield
    torch.set_num_threads(before)


def test_results_are_those_of_one_process_and_a_failed_trial_is_told_alike(
    recipe: str, run, one_thread
) -> None:
    boom = f"tasks.boom={{use: '{TOY_PARTS}:Explodes', weight: 1.0}}"
    argv = ("ablate", recipe, "--set", boom, "--set", "train.keep_weights=true")
    argv += ("--without", "boom", "--without", "boom,mem", "--folds", "fold1,fold2")
    alone = run(*argv)
    shared = run(*argv, "--results", "shared", "--jobs", "2")
    assert alone[0] == shared[0] == 1
    assert alone[1]["rows"] == shared[1]["rows"]
    assert kept("results") == kept("shared")
    traces = [sorted(Path(r).glob("toy/*/*.failed.txt")) for r in ("results", "shared")]
    assert [t.name for t in traces[0]] == [t.name for t in traces[1]]
    assert len(traces[0]) == 2
    assert "epoch 1: a training loss is not finite" in traces[1][0].read_text()
    assert "failed: full fold1 seed 0: TrainingError: epoch 1" in shared[2]
    assert run(*argv, "--results", "shared", "--jobs", "2")[1]["reused"] == 4
    assert not list(Path("shared").glob("toy/*/.*"))
    assert not _workers()


def test_a_worker_that_is_killed_loses_only_its_trial_which_runs_again(
    recipe: str, run, tmp_path: Path
) -> None:
    argv = ("run", recipe, "--set", f"tasks.dies={{use: '{PARTS}:Dies', log: {tmp_path}/log}}")
    status, _, told = run(*argv, "--jobs", "2")
    assert status == 0
    assert len(Path("log").read_text().splitlines()) == 1
    assert told.count("its worker died (killed by SIGKILL") == 1
    assert len(kept("results")) == 3
    assert run(*argv, "--results", "undisturbed")[0] == 0
    assert kept("results") == kept("undisturbed")


@pytest.mark.slow  # three workers are started one after the other
def test_a_trial_that_kills_every_worker_fails_and_the_others_go_on(
    recipe: str, run, tmp_path: Path
) -> None:
    dies = f"tasks.dies={{use: '{PARTS}:Dies', log: {tmp_path}/log, times: 99}}"
    argv = ("ablate", recipe, "--set", dies, "--without", "dies", "--folds", "fold1")
    status, told, _ = run(*argv, "--jobs", "2")
    assert status == 1
    assert [(r["trials"], r["failed"]) for r in told["rows"]] == [(0, 1), (1, 0)]
    assert len(Path("log").read_text().splitlines()) == 3
    (trace,) = Path("results").glob("toy/*/*.failed.txt")
    assert "its worker died 3 times (the last time killed by SIGKILL" in trace.read_text()


@pytest.mark.parametrize(
    "end", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_no_worker_outlives_a_run_that_is_stopped(recipe: str, tmp_path: Path, end: int) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    waits = f"tasks.waits={{use: '{PARTS}:Waits', begun: {begun}, go: {tmp_path}/never}}"
    command = [sys.executable, "-m", "mertk", "run", recipe, "--set", waits, "--jobs", "2"]
    (temporary := tmp_path / "temporary").mkdir()
    stopped = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    deadline = time.monotonic() + 240
    while len(list(begun.glob("[!.]*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = [psutil.Process(int(file.name)) for file in begun.glob("[!.]*")]
    assert len(workers) == 2
    if end == signal.SIGINT:
        os.killpg(stopped.pid, end)  # as a terminal does
    else:
        stopped.kill()
    status = stopped.wait(60)
    told = stopped.communicate()[1]
    gone, left = psutil.wait_procs(workers, timeout=60)
    assert (len(gone), left) == (2, [])
    assert not list(temporary.glob("mertk-*")), "what workers share was left behind"
    assert status == (130 if end == signal.SIGINT else -signal.SIGKILL)
    if end == signal.SIGINT:
        assert "what is finished is kept, run again to go on" in told
        assert "Traceback" not in told


def test_a_worker_that_no_longer_answers_and_does_not_end_is_killed(monkeypatch) -> None:
    monkeypatch.setattr("mertk.executors.processes.PATIENCE", 0.0)
    process = multiprocessing.get_context("spawn").Process(target=signal.pause)
    process.start()
    number = process.pid
    assert number is not None
    assert _ended(process) == -signal.SIGKILL
    assert not psutil.pid_exists(number)


def test_workers_share_out_the_devices_that_are_seen(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv(GPUS, raising=False)
    assert [gpu_of(n)[GPUS] for n in range(3)] == ["0", "1", "0"]
    monkeypatch.setenv(GPUS, "3,5")
    assert [gpu_of(n)[GPUS] for n in range(3)] == ["3", "5", "3"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_of(0) == {}


def _workers() -> list[str]:
    """What is left of children of this process, but for the one that tracks shared memory."""
    children = psutil.Process().children(recursive=True)
    return [c for p in children if "resource_tracker" not in (c := " ".join(p.cmdline()))]
