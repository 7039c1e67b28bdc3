"""Several processes of this machine, each with its share of the threads.

Features are mapped from the store by each of them, and in memory once, where the system keeps pages
of files. A process that dies costs the trial that it held a new start; the pools of the standard
library would give up all of them.
"""

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import torch

from mertk.console import Advance, Screen
from mertk.executors.jobs import Answer, Job, Queue, Result
from mertk.executors.shared import Shared
from mertk.executors.worker import serve

PATIENCE: Final = 5.0
"""Seconds until a worker that was asked to end is killed."""
GPUS: Final = "CUDA_VISIBLE_DEVICES"

log = logging.getLogger(__name__)


class Processes:
    """An `Executor`.

    Args:
        count: How many.
        epochs: Of each variant.
        screen: Shows the epochs of the trials that are under way.
    """

    def __init__(self, count: int, epochs: Mapping[str, int], screen: Screen) -> None:
        self.count, self.epochs, self.screen = count, epochs, screen
        self.threads = max(1, torch.get_num_threads() // count)

    def conduct(
        self, jobs: Iterator[Job], shared: Callable[[], Shared]
    ) -> Generator[tuple[Job, Result]]:
        """As in `Executor`."""
        queue = Queue(jobs)
        with (
            TemporaryDirectory(prefix="mertk-") as folder,
            closing(_Crew(self, shared, Path(folder))) as crew,
        ):
            while True:
                for worker in crew.idle():
                    if (job := queue.take()) is None:
                        break
                    worker = worker or crew.more()
                    worker.begin(job, self.screen, self.epochs[job.variant])
                if not (busy := crew.busy()):
                    return
                for pipe in wait(list(busy)):
                    worker = busy[pipe]  # type: ignore[index]
                    message = worker.receive()
                    if isinstance(message, int):
                        worker.advance(message)
                        continue
                    job = worker.end()
                    if isinstance(message, Answer):
                        yield job, message.heard()
                        continue
                    how = crew.bury(worker)
                    log.warning("%s: its worker died (%s)", job.label, how)
                    if (failure := queue.lost(job, how)) is not None:
                        yield job, failure


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    number: int
    job: Job | None = None
    advance: Advance = lambda _: None
    shown: ExitStack = field(default_factory=ExitStack)

    def begin(self, job: Job, screen: Screen, epochs: int) -> None:
        self.job = job
        self.advance = self.shown.enter_context(screen.bar(job.label, epochs))
        try:
            self.pipe.send(job)
        except OSError:  # it died; that is found when it is listened to
            log.debug("worker %d no longer listens", self.number)

    def end(self) -> Job:
        assert self.job is not None
        self.shown.close()
        job, self.job = self.job, None
        return job

    def receive(self) -> int | Answer | None:
        """Epochs that are done, or what a trial came to; None where the worker is dead."""
        try:
            message: int | Answer = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return message


class _Crew:
    """The workers, started as they are needed."""

    def __init__(self, executor: Processes, shared: Callable[[], Shared], folder: Path) -> None:
        self.executor, self.shared = executor, shared
        self.workers: list[_Worker] = []
        self.file = folder / "shared"

    def idle(self) -> list[_Worker | None]:
        """Those that have nothing to do, and None for each that could be started."""
        waiting: list[_Worker | None] = [w for w in self.workers if w.job is None]
        return [*waiting, *[None] * (self.executor.count - len(self.workers))]

    def busy(self) -> dict[Connection, _Worker]:
        return {w.pipe: w for w in self.workers if w.job is not None}

    def more(self) -> _Worker:
        """Start another one."""
        if not self.file.exists():
            self.shared().save(self.file)
        taken = {w.number for w in self.workers}
        number = next(n for n in range(self.executor.count) if n not in taken)
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        threads = self.executor.threads
        environment = {"OMP_NUM_THREADS": str(threads), **gpu_of(number)}
        process = context.Process(target=serve, args=(theirs, self.file, environment, threads))
        process.start()
        theirs.close()
        worker = _Worker(process, ours, number)
        self.workers.append(worker)
        return worker

    def bury(self, worker: _Worker) -> str:
        """Forget a worker that no longer answers; tells how it ended."""
        self.workers.remove(worker)
        worker.pipe.close()
        return how_it_ended(_ended(worker.process))

    def close(self) -> None:
        """End all of them, at once where they are at something."""
        for worker in self.workers:
            worker.shown.close()
            worker.pipe.close()
            if worker.job is not None:
                worker.process.terminate()
        for worker in self.workers:
            _ended(worker.process)


def _ended(process: SpawnProcess) -> int | None:
    """The exit status of a process, which is killed where it does not end by itself."""
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    status = process.exitcode
    process.close()
    return status


def how_it_ended(status: int | None) -> str:
    """The end of a process, in words.

    >>> how_it_ended(-9), how_it_ended(3)
    ('killed by SIGKILL, which is also what happens where memory runs out', 'exit status 3')
    """
    if status is not None and status < 0:
        name = signal.Signals(-status).name
        why = ", which is also what happens where memory runs out" if name == "SIGKILL" else ""
        return f"killed by {name}{why}"
    return f"exit status {status}"


def gpu_of(number: int) -> dict[str, str]:
    """The environment that gives each worker one of the devices that this process sees."""
    if not torch.cuda.is_available():
        return {}
    told = os.environ.get(GPUS)
    seen = told.split(",") if told else [str(i) for i in range(torch.cuda.device_count())]
    return {GPUS: seen[number % len(seen)]}
