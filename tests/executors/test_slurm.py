"""Trials as jobs of a scheduler; run by submitit on this machine, since there is no scheduler."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

pytest.importorskip("submitit", reason="needs the extra slurm")

from submitit.core.utils import FailedJobError

from mertk.cli import main
from mertk.errors import MertkError
from mertk.executors.choice import choose
from mertk.executors.slurm import Scheduler, _result
from tests.executors.conftest import PARTS, kept


@dataclass(frozen=True)
class Killed:
    """A run that was killed.

    Args:
        argv: Its command line, but for the executor.
        job: What it had submitted.
        begun: Holds a file by the number of each process that took a step.
        go: Has jobs go on where it is there.
    """

    argv: tuple[str, ...]
    job: psutil.Process
    begun: Path
    go: Path


def test_jobs_come_to_the_results_of_one_process_and_one_that_dies_is_submitted_again(
    recipe: str, run, tmp_path: Path
) -> None:
    dies = f"tasks.dies={{use: '{PARTS}:Dies', log: {tmp_path}/log, times: 1}}"
    argv = ("run", recipe, "--set", dies, "--folds", "fold1")
    assert run(*argv, "--results", "alone")[0] == 0
    assert not Path("log").exists()
    status, _, told = run(*argv, "--slurm", "cluster=local")
    assert status == 0
    assert len(Path("log").read_text().splitlines()) == 1
    assert "full fold1 seed 0: its job died" in told
    assert kept("results") == kept("alone")


def test_the_script_that_is_submitted_says_what_it_was_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    choice = choose(None, None, "cpu=4,gpu=1,memory=24", "partition=long,time=90,account=lab")
    executor = Scheduler(choice, tmp_path).executor(tmp_path)._executor
    script = executor._make_submission_file_text("run me", "uid")
    said = {line for line in script.splitlines() if line.startswith("#SBATCH")}
    assert said >= {
        "#SBATCH --account=lab",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --gpus-per-node=1",
        "#SBATCH --job-name=mertk",
        "#SBATCH --mem=24GB",
        "#SBATCH --partition=long",
        "#SBATCH --time=90",
    }
    assert "run me" in script


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("partion=long,cluster=local", "--slurm: there is no 'partion'; did you mean 'partition'"),
        ("cluster=nowhere", "--slurm cluster=nowhere: "),
    ],
)
def test_what_the_scheduler_does_not_know_is_refused(tmp_path: Path, told, message) -> None:
    with pytest.raises(MertkError) as raised:
        Scheduler(choose(None, None, None, told), tmp_path).executor(tmp_path)
    assert message in str(raised.value)


@pytest.mark.parametrize("said", ["partition=nowhere", "time=\u00b2", "time=" + "9" * 5000])
def test_a_job_that_the_scheduler_refuses_is_told_with_what_it_says(
    recipe: str, capsys, monkeypatch, tmp_path: Path, said: str
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sbatch", "srun"):
        command = folder / name
        command.write_text("#!/bin/sh\necho invalid partition specified: nowhere >&2\nexit 1\n")
        command.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert main(["run", recipe, "--slurm", said]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "a job cannot be submitted (" in told
    assert "invalid partition" in told
    assert not list(Path("results").rglob(".jobs"))


def test_a_job_that_fails_by_itself_is_told_with_its_trace() -> None:
    class Submitted:
        def result(self) -> None:
            raise FailedJobError("failed during processing with trace:\nKeyError: 'lost'")

    assert _result(Submitted()) == "failed during processing with trace: KeyError: 'lost'"


@pytest.mark.parametrize(("there", "lacking"), [([], "sbatch"), (["sbatch"], "srun")])
def test_without_a_scheduler_nothing_runs_here_instead(
    recipe: str, capsys, monkeypatch, there, lacking
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name if name in there else None)
    assert main(["run", recipe, "--executor", "slurm"]) == 2
    assert f"there is no {lacking} on this machine" in capsys.readouterr().err
    assert not list(Path("results").glob("toy/*"))


@pytest.fixture
def killed(recipe: str, tmp_path: Path) -> Killed:
    """A run whose one job waits in its first step, and which was killed meanwhile."""
    (begun := tmp_path / "begun").mkdir()
    waits = f"tasks.waits={{use: '{PARTS}:Waits', begun: {begun}, go: {tmp_path}/go}}"
    argv = ("run", recipe, "--set", waits, "--folds", "fold1")
    run = subprocess.Popen([sys.executable, "-m", "mertk", *argv, "--slurm", "cluster=local"])
    (job,) = _began(begun, 1)
    run.kill()
    run.wait(60)
    return Killed(argv, psutil.Process(job), begun, tmp_path / "go")


def _began(begun: Path, count: int) -> list[int]:
    deadline = time.monotonic() + 240
    while len(found := [int(f.name) for f in begun.glob("[!.]*")]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_what_a_job_came_to_whose_run_was_killed_is_not_computed_again(killed: Killed, run) -> None:
    killed.go.touch()
    psutil.wait_procs([killed.job], timeout=60)
    assert run(*killed.argv, "--slurm", "cluster=local")[0] == 0
    assert len(_began(killed.begun, 1)) == 1, "no other process took a step"
    assert run(*killed.argv, "--results", "alone")[0] == 0
    assert kept("results") == kept("alone")
    assert not list(Path("results").glob("toy/*/.*"))
    assert not Path("results/.jobs").exists()


@pytest.mark.slow
def test_jobs_of_a_killed_run_end_where_the_next_run_submits_its_own(killed: Killed, run) -> None:
    command = [sys.executable, "-m", "mertk", *killed.argv, "--slurm", "cluster=local"]
    following = subprocess.Popen(command)
    _began(killed.begun, 2)
    killed.go.touch()
    _, left = psutil.wait_procs([killed.job], timeout=60)
    assert not left
    assert following.wait(120) == 0
    assert run(*killed.argv, "--results", "alone")[0] == 0
    assert kept("results") == kept("alone")
    assert not list(Path("results").glob("toy/*/.*"))
    assert not Path("results/.jobs").exists()
