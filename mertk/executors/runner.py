"""The one who decides which trials are missing, has them conducted, and writes what comes back."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing

from mertk.console import Advance, Screen
from mertk.errors import MertkError
from mertk.executors.jobs import Executor, Failed, Job, Refused, Result
from mertk.executors.shared import Shared
from mertk.plan import Trial
from mertk.records import Record
from mertk.results import Results
from mertk.train.checkpoint import Checkpoint

Planned = tuple[str, tuple[str, int]]
"""Variant, fold and seed."""


class Runner:
    """Brings trials to a result.

    Args:
        results: The folder.
        executor: Conducts trials.
        shared: What they share; asked for when one is missing.
        redo: Repeat trials that are there.
        screen: Shows progress.
    """

    def __init__(
        self,
        results: Results,
        executor: Executor,
        shared: Callable[[], Shared],
        screen: Screen,
        *,
        redo: bool,
    ) -> None:
        self.results, self.executor, self.shared = results, executor, shared
        self.redo, self.screen = redo, screen
        self.records: dict[Planned, Record] = {}
        self.failed: dict[Planned, str] = {}
        self.reused = 0
        self._claims: dict[str, tuple[Trial, ExitStack]] = {}

    def run(self, planned: Sequence[Trial]) -> None:
        """Do what is missing; what another process is at comes last."""
        todo, wait = list(planned), False
        try:
            with self.screen.bar("trials", len(planned)) as advance:
                while todo:
                    busy: list[Trial] = []
                    missing = self._missing(todo, busy, advance, wait=wait)
                    with closing(self.executor.conduct(missing, self.shared)) as conducted:
                        for job, result in conducted:
                            self._keep(job, result)
                            advance(1)
                    todo, wait = busy, True
        finally:
            for _, claim in self._claims.values():
                claim.close()

    def _missing(
        self, todo: Sequence[Trial], busy: list[Trial], advance: Advance, *, wait: bool
    ) -> Iterator[Job]:
        """Claim what is missing, one by one; what another process holds goes to `busy`.

        Args:
            todo: The trials.
            busy: Gets those that another process holds.
            advance: Told of those that are there.
            wait: Whether to wait for the first; for no other, since that process may wait for one
                that is held here.
        """
        for trial in todo:
            known = None if self.redo else self.results.find(trial)
            if known is None:
                claim = ExitStack()
                if not claim.enter_context(self.results.claim(trial, wait=wait)):
                    busy.append(trial)
                    continue
                known = None if self.redo else self.results.find(trial)
                if known is None:
                    self._claims[trial.key] = trial, claim
                    wait = False
                    yield self._job(trial)
                    continue
                claim.close()
            self.results.tidy(trial)
            self.reused += 1
            self.records[where_in_plan(trial)] = known
            advance(1)

    def _job(self, trial: Trial) -> Job:
        checkpoint = Checkpoint(self.results.scratch(trial))
        if self.redo:
            checkpoint.remove()
        return Job.of(trial, checkpoint.path)

    def _keep(self, job: Job, result: Result) -> None:
        trial, claim = self._claims.pop(job.key)
        with claim:
            if isinstance(result, Refused):
                raise MertkError(result.message)
            if isinstance(result, Failed):
                where = self.results.fail(trial, result.traceback)
                self.failed[where_in_plan(trial)] = result.told
                self.screen.say(f"failed: {job.label}: {result.told} (see {where})")
                return
            self.records[where_in_plan(trial)] = record = self.results.write(trial, result)
            Checkpoint(job.checkpoint).remove()
            self.screen.say(f"{job.label}: {_told(record)}")


def _told(record: Record) -> str:
    """One line on a finished trial."""
    pick = record.facts["picks"]["selected"]
    scores = ", ".join(f"{k.upper()} {v:.3f}" for k, v in pick["scores"].items() if v is not None)
    return f"{scores} at epoch {pick['epoch']}, {record.facts['cost']['seconds']:.0f} s"


def where_in_plan(trial: Trial) -> Planned:
    """Where a trial stands in the plan."""
    return trial.variant.name, (trial.fold, trial.seed)
