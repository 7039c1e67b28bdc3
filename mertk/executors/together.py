"""What a process does that was launched beside the main one: it trains what that one trains."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mertk.errors import MertkError
from mertk.executors.bench import Bench
from mertk.executors.jobs import Job, Refused
from mertk.plan import Trial
from mertk.train.team import Team


def follow(
    team: Team,
    planned: Sequence[Trial],
    bench: Callable[[], Bench],
    scratch: Callable[[Trial], Path],
) -> None:
    """At the main process's side, train what it trains, until it has no more; keep nothing.

    Args:
        team: The processes.
        planned: Every trial.
        bench: Where trials are conducted; asked for when there is one.
        scratch: Where the main process keeps the state of an unfinished trial.

    Raises:
        MertkError: The main process trains something else, or has ended.
    """
    by_key = {trial.key: trial for trial in planned}
    while key := team.called():
        if key not in by_key:
            raise MertkError(
                f"the main process trains what this one has not planned ({key}): the processes see "
                "other clips, weights, packages or code; start them from one copy of everything"
            )
        trial = by_key[key]
        # Where it fails, it fails in all of them, and the main process tells of it.
        result = bench().attempt(Job.of(trial, scratch(trial)))
        if isinstance(result, Refused):
            raise MertkError(result.message)
    team.leave()
