"""From what the command line chose to an executor."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from mertk.console import Screen
from mertk.errors import MertkError
from mertk.executors.choice import IN_TURN, PROCESSES, RAY, SLURM, Choice
from mertk.executors.here import Here
from mertk.executors.jobs import Executor, Extracting
from mertk.executors.lodging import JOBS
from mertk.executors.processes import Processes
from mertk.filling import Filler, Filling
from mertk.sources import Encoders, Source
from mertk.train.team import Team
from mertk.variants import Variant


def given(choice: Choice, device: torch.device) -> tuple[Choice, torch.device]:
    """What each trial gets, and where it runs: on devices that are asked for, here or elsewhere.

    Args:
        choice: Where trials are conducted.
        device: What this process uses.
    """
    if choice.executor not in (RAY, SLURM):
        return choice, device
    if device.type == "cuda" and "gpu" not in choice.resources:
        choice = replace(choice, resources={**choice.resources, "gpu": 1.0})
    return choice, torch.device("cuda" if "gpu" in choice.resources else "cpu")


@contextmanager
def open_executor(
    choice: Choice, variants: Mapping[str, Variant], folder: Path, screen: Screen, team: Team
) -> Iterator[Executor]:
    """The executor, for the time of a `with` block.

    Args:
        choice: Which.
        variants: By name.
        folder: Where jobs of a scheduler may lie: results.
        screen: Shows progress.
        team: The processes that were launched together with this one.

    Raises:
        MertkError: It is not installed, or not there; or several processes were launched, which
            take one trial at a time.
    """
    if team.size > 1 and choice.executor != IN_TURN:
        raise MertkError(
            f"--executor {choice.executor}: {team.size} processes were launched, which train each "
            "trial together, in turn; leave this out, or start mertk without a launcher"
        )
    if choice.executor == IN_TURN:
        yield Here(variants, screen, team)
    elif choice.executor == PROCESSES:
        epochs = {name: v.resolved.recipe.train.epochs for name, v in variants.items()}
        yield Processes(choice.jobs or _cores(), epochs, screen)
    elif choice.executor == RAY:
        try:
            from mertk.executors.ray import connected
        except ModuleNotFoundError as error:
            raise _lacking(error, "ray", "ray") from None
        with connected(choice) as cluster:
            yield cluster
    else:
        try:
            from mertk.executors.slurm import Scheduler
        except ModuleNotFoundError as error:
            raise _lacking(error, "slurm", "submitit") from None
        yield Scheduler(choice, folder / JOBS)


def filling_of(
    executor: Executor, variants: Sequence[Variant], encoders: Encoders, device: torch.device
) -> Callable[[Source], Filler]:
    """What computes features: the executor, where it can, and otherwise this process."""
    if isinstance(executor, Extracting):
        return executor.extraction(variants, encoders, device)
    return lambda _: Filling


def _cores() -> int:
    """Processors that this process may use, where the system says it; otherwise all there are."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _lacking(error: ModuleNotFoundError, extra: str, package: str) -> Exception:
    if (error.name or "").partition(".")[0] != package:
        return error
    return MertkError(
        f"--executor {extra}: needs {package}, which is not installed; pip install 'mertk[{extra}]'"
    )
