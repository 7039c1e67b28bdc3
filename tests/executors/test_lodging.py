"""A run's folder of jobs is its own; what killed runs left goes with the next."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mertk.executors.lodging import Lodging, clear

KILLED = """
import os, signal, sys
from pathlib import Path
from mertk.executors.lodging import Lodging
Lodging(Path(sys.argv[1])).shared.write_text("all")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_goes_with_the_next_one(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    lodging = Lodging(tmp_path)
    assert [*tmp_path.iterdir()] == [lodging.path] != [left]
    lodging.close(keep=False)


def test_a_run_that_lives_keeps_its_own(tmp_path: Path) -> None:
    first = Lodging(tmp_path)
    first.shared.touch()
    second = Lodging(tmp_path)
    assert first.shared.exists()
    second.close(keep=False)
    assert [*tmp_path.iterdir()] == [first.path]
    first.close(keep=False)
    assert not tmp_path.exists()


def test_logs_that_are_to_stay_outlive_later_runs_but_jobs_see_that_nobody_waits(
    tmp_path: Path,
) -> None:
    lodging = Lodging(tmp_path)
    lodging.shared.touch()
    (lodging.path / "log").write_text("out of memory")
    lodging.close(keep=True)
    assert not lodging.shared.exists()
    Lodging(tmp_path).close(keep=False)
    assert (lodging.path / "log").read_text() == "out of memory"
    assert [*tmp_path.iterdir()] == [lodging.path]


@pytest.mark.parametrize("left", ["jobs-1/lock", ".new-1/lock", ".old-1/log"])
def test_what_was_killed_as_it_came_or_went_goes_too(left: str, tmp_path: Path) -> None:
    file = tmp_path / "jobs" / left
    file.parent.mkdir(parents=True)
    file.touch()
    clear(tmp_path / "jobs")
    assert not (tmp_path / "jobs").exists()
