"""Trials as jobs of a scheduler, one each, through submitit.

The folder of results and the store of features must be seen from where jobs run. A job that ends
without an answer (killed, out of time or memory, its node gone) is submitted again, and goes on at
the trial's checkpoint.

Jobs outlive a run that is killed, and nobody waits for what they come to: they keep their last
state, so that the next run only has to read it. Once that run submits its own, theirs end.
"""

import logging
import math
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import submitit
import torch
from submitit.core.utils import FailedJobError, UncompletedJobError

from mertk.errors import MertkError, did_you_mean
from mertk.executors.bench import answer
from mertk.executors.choice import Choice
from mertk.executors.jobs import Answer, Job, Queue, Result
from mertk.executors.lodging import Lodging, clear
from mertk.executors.shared import Shared

AT_ONCE: Final = 100
"""Jobs that are submitted at once where nobody says: less than what most sites let one queue."""
POLL: Final = 0.5
KEPT: Final = 2000
"""Letters of what a job wrote that are kept."""
DIGITS: Final = 18
"""Of a number; of more, the scheduler is told them as they stand."""

log = logging.getLogger(__name__)


class Scheduler:
    """An `Executor`.

    Args:
        choice: What each trial is given, how many are submitted at once, what the scheduler is
            told; `cluster` names another one that submitit knows, such as `local`.
        folder: Where jobs and their logs lie.

    Raises:
        MertkError: There is no scheduler, or it does not know what it is told.
    """

    def __init__(self, choice: Choice, folder: Path) -> None:
        self.choice, self.folder = choice, folder
        self.cluster = choice.slurm.get("cluster", "slurm")
        lacking = [name for name in ("sbatch", "srun") if shutil.which(name) is None]
        if self.cluster == "slurm" and lacking:
            raise MertkError(
                f"--executor slurm: there is no {lacking[0]} on this machine; run mertk where jobs "
                "are submitted, or have submitit run them here with --slurm cluster=local"
            )

    def executor(self, folder: Path) -> submitit.AutoExecutor:
        """What submits jobs.

        Raises:
            MertkError: It does not know what it is told.
        """
        try:
            made = submitit.AutoExecutor(folder=folder, cluster=self.cluster)
        except ValueError as error:
            raise MertkError(f"--slurm cluster={self.cluster}: {error}") from error
        told = {k: _number(v) for k, v in self.choice.slurm.items() if k != "cluster"}
        known = submitit.SlurmExecutor._valid_parameters()
        for name in told:
            if name not in known:
                raise MertkError(f"--slurm: there is no {name!r}{did_you_mean(name, known)}")
        given = self.choice.resources
        made.update_parameters(
            name="mertk",
            cpus_per_task=self.choice.cores,
            gpus_per_node=math.ceil(given["gpu"]) if "gpu" in given else None,
            mem_gb=given.get("memory"),
            **{f"slurm_{name}": value for name, value in told.items()},
        )
        return made

    def conduct(
        self, jobs: Iterator[Job], shared: Callable[[], Shared]
    ) -> Generator[tuple[Job, Result]]:
        """As in `Executor`."""
        queue, room = Queue(jobs), self.choice.jobs or AT_ONCE
        with closing(_Submitted(self, shared)) as submitted:
            while True:
                while len(submitted.jobs) < room and (job := queue.take()) is not None:
                    submitted.add(job)
                if not submitted.jobs:
                    return
                for job, result in submitted.ended():
                    if isinstance(result, str):
                        log.warning("%s: its job died (%s)", job.label, result)
                        if (failure := queue.lost(job, result)) is not None:
                            yield job, failure
                    else:
                        yield job, result
                time.sleep(POLL)


class _Submitted:
    """What was submitted and has not ended."""

    def __init__(self, scheduler: Scheduler, shared: Callable[[], Shared]) -> None:
        self.scheduler, self.shared = scheduler, shared
        self.jobs: dict[Any, Job] = {}
        self.died = False
        self._executor: submitit.AutoExecutor | None = None
        self._lodging: Lodging | None = None

    def add(self, job: Job) -> None:
        if self._lodging is None or self._executor is None:
            self._lodging = Lodging(self.scheduler.folder)
            self.shared().save(self._lodging.shared)
            self._executor = self.scheduler.executor(self._lodging.path)
        outliving = replace(job, keeps_end=True)
        work = (self._lodging.shared, outliving, self.scheduler.choice.cores)
        try:
            self.jobs[self._executor.submit(conduct, *work)] = job
        except FailedJobError as error:
            raise MertkError(
                f"--executor slurm: a job cannot be submitted ({_in_a_line(error)}); see --slurm "
                "and --resources; what is finished is kept"
            ) from error

    def ended(self) -> Iterator[tuple[Job, Result | str]]:
        """Those that have ended since: what they came to, or how they died."""
        for submitted in [s for s in self.jobs if s.done()]:
            result = _result(submitted)
            self.died |= isinstance(result, str)
            yield self.jobs.pop(submitted), result

    def close(self) -> None:
        """Cancel what has not ended; the logs of jobs that died are left."""
        for submitted in self.jobs:
            submitted.cancel()
        if self._lodging is not None:
            self._lodging.close(keep=self.died)
        else:  # there was nothing left to do but this
            clear(self.scheduler.folder)


def conduct(shared: Path, job: Job, threads: int) -> Answer:
    """What a job runs.

    Args:
        shared: The file of what trials share.
        job: The trial.
        threads: Of the processor.
    """

    def advance(_: int) -> None:
        if not shared.exists():
            raise SystemExit("nobody waits for this job any more")

    torch.set_num_threads(threads)
    return answer(shared, job, advance)


def _result(submitted: Any) -> Result | str:
    """What a job came to; how it died, where it left nothing."""
    try:
        told: Answer = submitted.result()
    except FailedJobError as error:  # an error of its own, with the trace
        return _in_a_line(error)
    except UncompletedJobError:
        return f"{submitted.state}; it wrote: {_in_a_line(submitted.stderr() or '') or 'nothing'}"
    return told.heard()


def _in_a_line(text: object) -> str:
    return " ".join(str(text).split())[-KEPT:]


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) <= DIGITS else text
