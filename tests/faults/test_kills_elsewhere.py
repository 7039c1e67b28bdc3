"""kill -9 of workers and of the run itself where a run is more than one process."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from mertk.executors.lodging import JOBS, SHARED
from tests.faults import holding
from tests.faults.lives import DEADLINE, live, run
from tests.faults.undisturbed import Undisturbed

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]

KILLS = 3
"""Of runs, and of workers, in turn. A run that loses a worker goes on, and with it ends a life."""
TRAINED = ("--set", "encoders.audio.train=true", "--set", "train.micro_batch=4")
TOGETHER = ("torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m")
ENDS = 90.0
"""Seconds until all that a killed run was has ended, on shared cores."""


@dataclass(frozen=True)
class Way:
    """How a run becomes several processes.

    Args:
        words: Added to its command line.
        worker: What the command line of a worker has.
        launcher: What starts it.
        outlives: Whether workers outlive a run that is killed, until the next one ends.
        needs: A package.
    """

    words: tuple[str, ...]
    worker: str
    launcher: tuple[str, ...] = ()
    outlives: bool = False
    needs: str = "mertk"

    def start(self, place: Path) -> "subprocess.Popen[bytes]":
        """Begin a run in a place of its own."""
        (place / "tmp").mkdir(parents=True, exist_ok=True)
        said = place.with_name(f"{place.name}-said")
        surroundings = {"MERTK_HOME": str(place / "home"), "TMPDIR": str(place / "tmp")}
        surroundings["RAY_TMPDIR"] = "/tmp"  # names of sockets are short
        with said.open("wb") as out:
            return subprocess.Popen(
                [sys.executable, "-m", *self.launcher, "mertk", *run(), *self.words],
                cwd=place,
                env={**os.environ, **surroundings, "OMP_NUM_THREADS": "1"},
                stdout=out,
                stderr=out,
            )


WAYS = {
    "jobs": Way(("--jobs", "2"), "spawn_main"),
    "slurm": Way(
        ("--slurm", "cluster=local", "--jobs", "2"),
        "submitit.core._submit",
        outlives=True,
        needs="submitit",
    ),
    "ray": Way(("--executor", "ray", "--jobs", "2"), "ray::", needs="ray"),
    "together": Way(TRAINED, "mertk run", launcher=TOGETHER),
}


def processes(place: Path) -> list[psutil.Process]:
    """All that belong to runs in a place, which their surroundings tell."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("MERTK_HOME") == str(place / "home"):
                found.append(process)
        except psutil.Error:
            continue
    return found


def is_worker(process: psutil.Process, way: Way, main: int) -> bool:
    try:
        return process.pid != main and way.worker in " ".join(process.cmdline())
    except psutil.Error:
        return False


def gone(place: Path) -> list[str]:
    """What still lives of killed runs after some time, in words."""
    deadline = time.monotonic() + ENDS
    while (left := processes(place)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return [" ".join(p.cmdline()) for p in left if p.is_running()]


def kill(way: Way, place: Path, whom: str, chance: random.Random, most: float) -> str:
    """Run, and kill someone at some moment; says who was hit."""
    main = way.start(place)
    begun, delay = time.monotonic(), chance.uniform(0, most)
    while main.poll() is None and time.monotonic() < begun + delay:
        time.sleep(0.01)
    victims: list[psutil.Process] = []
    while whom == "worker" and not victims and main.poll() is None:
        victims = [p for p in processes(place) if is_worker(p, way, main.pid)]
        time.sleep(0.05)
    if main.poll() is not None:
        return "nobody"
    if whom == "worker":
        chance.choice(victims).kill()
        main.wait(DEADLINE)
        assert way.launcher or main.returncode == 0, said(place)
    else:
        main.kill()
        main.wait()
    if not way.outlives:
        assert gone(place) == [], f"left behind by a run of which the {whom} was killed"
    return whom


def said(place: Path) -> str:
    return place.with_name(f"{place.name}-said").read_text("utf-8", "replace")


def finish(way: Way, place: Path) -> float:
    """Run to the end; returns the seconds."""
    began = time.monotonic()
    assert way.start(place).wait(DEADLINE) == 0, said(place)
    return time.monotonic() - began


def left(place: Path) -> Sequence[str]:
    """Hidden files among results, and temporary files of mertk."""
    hidden = [p for p in (place / "results").rglob(".*") if p.name != ".locks"]
    return [str(p) for p in (*hidden, *(place / "tmp").glob("mertk-*"))]


def take_logs(place: Path) -> None:
    """Take away what jobs that died have written, which stays on purpose; and nothing else."""
    jobs = place / "results" / JOBS
    assert not [*jobs.glob(f"*/{SHARED}"), *jobs.glob(".*")], "jobs were left behind, not logs"
    shutil.rmtree(jobs, ignore_errors=True)


@pytest.mark.parametrize("name", WAYS)
def test_kills_of_workers_and_runs_change_no_byte(
    name: str, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    way, began = WAYS[name], time.monotonic()
    if find_spec(way.needs) is None:
        pytest.skip(f"needs {way.needs}")
    plain, alone, place = (tmp_path / each for each in ("plain", "alone", "place"))
    for each in (plain, alone, place):
        undisturbed.give_corpus(each)
    seconds = finish(way, alone)
    expected, stored = holding.results(alone / "results"), holding.store(alone / "home")
    if not way.launcher:
        assert live(run(), plain).status == 0  # in blocks of the same size, other than its own
        assert expected == holding.results(plain / "results")
        assert stored == holding.store(plain / "home")
    chance, hit, lives = random.Random(name), Counter[str](), 0
    while hit["worker"] < KILLS:
        turn = "run" if hit["run"] <= hit["worker"] else "worker"
        hit[who := kill(way, place, turn, chance, seconds)] += 1
        seconds *= 0.8 if who == "nobody" else 1  # it was too late
        if turn == "worker" or who == "nobody":
            finish(way, place)
            assert gone(place) == [], "processes were left behind"
            if way.outlives:
                take_logs(place)
            assert left(place) == []
            assert holding.results(place / "results") == expected
            assert holding.store(place / "home") == stored
            shutil.rmtree(place)
            undisturbed.give_corpus(place)
            lives += 1
    spent = time.monotonic() - began
    told = f"{hit['worker']} workers and {hit['run']} runs killed in {lives} lives"
    print(f"\n{name}: {told}; {spent:.0f} s")
