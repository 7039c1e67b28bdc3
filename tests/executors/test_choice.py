"""What the command line says about where trials run."""

import pytest

from mertk.cli import main
from mertk.console import Screen
from mertk.errors import MertkError
from mertk.executors.choice import PROCESSES, Choice, choose
from mertk.executors.opening import open_executor
from mertk.train.team import ALONE, Team


def test_jobs_alone_mean_processes_and_what_a_scheduler_is_told_means_a_scheduler() -> None:
    assert choose(None, None, None, None) == Choice("here")
    assert choose(None, 1, None, None).executor == "here"
    assert choose(None, 4, None, None) == Choice("processes", 4)
    assert choose("ray", 2, "cpu=2, gpu=0.5", None) == Choice("ray", 2, {"cpu": 2.0, "gpu": 0.5})
    chosen = choose(None, None, "memory=8", "partition=gpu,time=60")
    assert chosen == Choice("slurm", None, {"memory": 8.0}, {"partition": "gpu", "time": "60"})
    assert choose("ray", None, "cpu=3", None).cores == 3
    assert choose("ray", None, None, None).cores == 1


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ((None, 0, None, None), "--jobs 0: expected a number from 1 up"),
        (("here", 2, None, None), "--jobs 2: --executor here takes one at a time"),
        (("ray", None, None, "time=1"), "not for --executor ray; leave one out"),
        ((None, 2, "cpu=2", None), "--jobs N shares this machine's cores"),
        (("ray", None, "cpus=2", None), "there is no 'cpus'; did you mean 'cpu'"),
        (("ray", None, "cpu", None), "--resources cpu: expected NAME=VALUE, such as cpu=2"),
        ((None, None, None, "gpu"), "--slurm gpu: expected NAME=VALUE, such as partition=gpu"),
        (("ray", None, "cpu=many", None), "--resources cpu=many: expected a number above 0"),
        (("ray", None, "gpu=0", None), "--resources gpu=0: expected a number above 0"),
        (("ray", None, "gpu=inf", None), "--resources gpu=inf: expected a number above 0"),
        (("ray", None, "cpu=0.5", None), "--resources cpu=0.5: expected whole cores"),
        (("ray", None, "cpu=1,cpu=2", None), "cpu stands twice"),
    ],
)
def test_what_contradicts_itself_is_refused(said, message: str) -> None:
    with pytest.raises(MertkError) as raised:
        choose(*said)
    assert message in str(raised.value)


def test_the_command_line_tells_it_before_anything_is_opened(capsys) -> None:
    assert main(["run", "no-such-recipe", "--executor", "here", "--jobs", "2"]) == 2
    assert "--jobs 2: --executor here takes one at a time" in capsys.readouterr().err


def test_processes_are_as_many_as_cores_where_nobody_says_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 2, 3}, raising=False)
    with open_executor(Choice(PROCESSES), {}, tmp_path, Screen(), ALONE) as executor:
        assert executor.count == 3
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    with open_executor(Choice(PROCESSES), {}, tmp_path, Screen(), ALONE) as executor:
        assert executor.count == 5


def test_processes_that_were_launched_together_take_trials_in_turn(tmp_path, monkeypatch) -> None:
    team = Team()
    monkeypatch.setattr(team, "size", 2)
    with pytest.raises(MertkError, match="--executor processes: 2 processes were launched, which"):
        open_executor(Choice(PROCESSES, 2), {}, tmp_path, Screen(), team).__enter__()
