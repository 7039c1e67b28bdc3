"""One trial as it goes to whoever conducts it, and what comes back."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import torch

from mertk.executors.shared import Shared
from mertk.filling import Filler
from mertk.plan import Trial
from mertk.results import Outcome
from mertk.sources import Encoders, Source
from mertk.split import Split
from mertk.variants import Variant

TRIES: Final = 3
"""How often a trial is begun whose worker dies: it may be the trial that kills it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A trial without its recipe's live parts, which cannot leave their process.

    Args:
        variant: Its name.
        fold: As in a trial, like the following.
        seed: The seed.
        split: Which clips train, choose and are scored.
        protocol: Id of what it is scored on.
        key: Of all its causes.
        checkpoint: Where its state is kept between epochs, and found again.
        keeps_end: Whether its last state is kept, too: whoever asked may be gone when it ends.
    """

    variant: str
    fold: str
    seed: int
    split: Split
    protocol: str
    key: str
    checkpoint: Path
    keeps_end: bool = False

    @classmethod
    def of(cls, trial: Trial, checkpoint: Path) -> "Job":
        """A trial, as it is sent."""
        rest = (trial.fold, trial.seed, trial.split, trial.protocol, trial.key)
        return cls(trial.variant.name, *rest, checkpoint.absolute())

    def trial(self, variant: Variant) -> Trial:
        """The trial again."""
        return Trial(variant, self.fold, self.seed, self.split, self.protocol, self.key)

    @property
    def label(self) -> str:
        """What people read."""
        return f"{self.variant} {self.fold} seed {self.seed}"


@dataclass(frozen=True)
class Failed:
    """A trial that came to no result; the others go on.

    Args:
        told: What went wrong, in one line.
        traceback: Where, for whoever mends it.
    """

    told: str
    traceback: str


@dataclass(frozen=True)
class Refused:
    """What the user can mend: the run stops, what is finished is kept."""

    message: str


Result = Outcome | Failed | Refused


@dataclass(frozen=True)
class Answer:
    """What a worker sends back.

    Args:
        result: Of the trial.
        said: Level and text of what was logged meanwhile.
    """

    result: Result
    said: tuple[tuple[int, str], ...] = ()

    def heard(self) -> Result:
        """The result, once what was logged has been logged here, too."""
        for level, text in self.said:
            log.log(level, "%s", text)
        return self.result


class Executor(Protocol):
    """Conducts jobs; whoever calls it decides which, and keeps what comes back."""

    def conduct(
        self, jobs: Iterator[Job], shared: Callable[[], Shared]
    ) -> Generator[tuple[Job, Result]]:
        """Conduct jobs, each as soon as there is room for it.

        Closing the generator stops what is under way.

        Args:
            jobs: Each is taken only when there is room for it.
            shared: What they share; asked for when there is a job.
        """
        ...


@runtime_checkable
class Extracting(Protocol):
    """An executor that also computes features elsewhere."""

    def extraction(
        self, variants: Sequence[Variant], encoders: Encoders, device: torch.device
    ) -> Callable[[Source], Filler]:
        """What `gather` takes as `filling`."""
        ...


@dataclass
class Queue:
    """Jobs that wait: first those whose worker died.

    Args:
        jobs: The others.
    """

    jobs: Iterator[Job]
    again: deque[Job] = field(default_factory=deque)
    deaths: Counter[str] = field(default_factory=Counter)

    def take(self) -> Job | None:
        """The next one; None where there is none at the moment."""
        return self.again.popleft() if self.again else next(self.jobs, None)

    def lost(self, job: Job, how: str) -> Failed | None:
        """Have a job whose worker died done again; a failure where that was often enough."""
        self.deaths[job.key] += 1
        if self.deaths[job.key] < TRIES:
            self.again.append(job)
            return None
        return died(how)


def died(how: str) -> Failed:
    """A trial that was begun `TRIES` times."""
    told = f"its worker died {TRIES} times (the last time {how})"
    return Failed(told, f"{told}; a process that is killed leaves no traceback\n")
