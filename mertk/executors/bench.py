"""Conduct jobs one after the other: what every executor does in the end."""

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import torch

from mertk.errors import MertkError
from mertk.executors.jobs import Answer, Failed, Job, Refused, Result
from mertk.executors.shared import Shared
from mertk.ragged import Ragged
from mertk.resolved import RANKING
from mertk.train.checkpoint import Checkpoint
from mertk.train.device import pick_device
from mertk.train.team import ALONE, Team
from mertk.trial import Setting, conduct
from mertk.variants import Variant

Advance = Callable[[int], object]


class Bench:
    """One place where trials are conducted.

    Args:
        shared: What they share.
        variants: By name.
        team: The processes that train each of them together.
    """

    def __init__(self, shared: Shared, variants: Mapping[str, Variant], team: Team = ALONE) -> None:
        self.shared, self.variants, self.team = shared, variants, team
        self._residents: dict[int, Ragged] = {}

    def attempt(self, job: Job, advance: Advance = lambda _: None) -> Result:
        """Bring a job to a result; advance is called with numbers of epochs that are done."""
        try:
            variant = self.variants[job.variant]
            checkpoint = Checkpoint(job.checkpoint, keeps_end=job.keeps_end)
            return conduct(job.trial(variant), self._setting(variant), checkpoint, advance)
        except MertkError as error:
            return Refused(str(error))
        except (Exception, SystemExit) as error:  # a component's fault costs its own trials
            if not self.team.failed_together():
                error.add_note("all processes end with the first that fails; see what others say")
                raise
            return failed(error)

    def _resident(self, ragged: Ragged) -> Ragged:
        """On the device, where half of what is free there suffices; once for all trials."""
        device = self.shared.device
        if device.type != "cuda":
            return ragged
        if id(ragged) not in self._residents:
            free, _ = torch.cuda.mem_get_info(device)
            self._residents[id(ragged)] = ragged.on(device, limit=free // 2)
        return self._residents[id(ragged)]

    def _setting(self, variant: Variant) -> Setting:
        shared = self.shared
        return Setting(
            corpus=shared.corpus,
            inputs={n: self._resident(r) for n, r in shared.inputs[variant.name].items()},
            dims=shared.dims[variant.name],
            seconds=shared.seconds,
            metrics=variant.resolved.metrics(),
            ranking=variant.resolved.build(RANKING),
            device=shared.device,
            precision=shared.precisions[variant.name],
            team=self.team,
        )


def failed(error: BaseException) -> Failed:
    """What is kept of an error."""
    told = traceback.TracebackException.from_exception(error)  # also of one that cannot say itself
    first = str(told).partition("\n")[0]
    return Failed(": ".join(filter(None, (type(error).__name__, first))), "".join(told.format()))


@lru_cache(maxsize=1)  # a worker conducts many trials of one run
def opened(shared: Path) -> Bench:
    """As `reopened`, from the file of what trials share."""
    return reopened(Shared.load(shared))


def reopened(shared: Shared) -> Bench:
    """A bench in another process than the one that read the recipe.

    Raises:
        MertkError: A component is not there or differs, or there is no such device.
    """
    variants = shared.recipes.opened()
    pick_device(shared.device.type)
    return Bench(shared, variants)


def answer(shared: Path, job: Job, advance: Advance = lambda _: None) -> Answer:
    """What a worker sends back, whatever happens."""
    return answered(lambda: opened(shared), job, advance)


def answered(bench: Callable[[], Bench], job: Job, advance: Advance = lambda _: None) -> Answer:
    """As `answer`, on a bench that is opened in its own way."""
    with _overheard() as said:
        try:
            result = bench().attempt(job, advance)
        except MertkError as error:
            result = Refused(str(error))
        except (Exception, SystemExit) as error:
            result = failed(error)
    return Answer(result, tuple(said))


@contextmanager
def _overheard() -> Iterator[list[tuple[int, str]]]:
    """What mertk and plugins log, for the process where someone looks at it."""
    said: list[tuple[int, str]] = []

    class Overhearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append((record.levelno, record.getMessage()))

    logger, handler = logging.getLogger("mertk"), Overhearing(logging.INFO)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)
