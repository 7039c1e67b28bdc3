"""Runs that begin at once on the same results folder, with nothing there yet."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import holding
from tests.faults.lives import DEADLINE, Life, live, run, small_steps

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1200)]

TRIALS = 5


@pytest.mark.parametrize("many", [2, 3])
def test_runs_at_once_do_each_trial_once_and_come_to_the_same(many: int, tmp_path: Path) -> None:
    place, alone = tmp_path / "shared", tmp_path / "alone"
    place.mkdir()
    alone.mkdir()
    lives = [Life(run(), place, (small_steps,), number) for number in range(many)]
    ended = [life.end() for life in lives]
    assert [e.status for e in ended] == [0] * many, [e.err for e in ended]
    done = [TRIALS - e.answer["reused"] for e in ended]
    assert sum(done) == TRIALS, "each trial was done by one of them"
    assert all(e.answer["rows"] == ended[0].answer["rows"] for e in ended)
    assert live(run(), alone, small_steps).status == 0
    assert holding.results(place / "results") == holding.results(alone / "results")
    assert holding.store(place / "home") == holding.store(alone / "home")
    print(f"\n{many} runs at once did {done} trials; same bytes as one alone")


def test_two_cold_processes_share_the_work_too(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MERTK_HOME", str(tmp_path / "home"))
    command = [sys.executable, "-m", "mertk", *run()]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=DEADLINE)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    place = tmp_path / "place"
    place.mkdir()
    assert live(run(), place).status == 0
    assert holding.results(tmp_path / "results") == holding.results(place / "results")
