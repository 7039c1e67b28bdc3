"""What a process does that was launched beside the main one: it trains what that one trains."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mertk.errors import MertkError
from mertk.plan import Trial
from mertk.train.checkpoint import Checkpoint
from mertk.train.team import Team
from mertk.trial import Setting, conduct


def follow(
    team: Team,
    planned: Sequence[Trial],
    setting: Callable[[Trial], Setting],
    scratch: Callable[[Trial], Path],
) -> None:
    """At the main process's side, train what it trains, until it has no more; keep nothing.

    Args:
        team: The processes.
        planned: Every trial.
        setting: What a trial shares with the others of its variant.
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
        try:
            conduct(trial, setting(trial), Checkpoint(scratch(trial)), lambda _: None)
        except MertkError:
            raise
        except (Exception, SystemExit):  # the main process tells of what all of them meet
            if not team.failed_together():
                raise
    team.leave()
