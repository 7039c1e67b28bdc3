"""Trials and extraction as tasks of a Ray cluster that exists, or is started on this machine.

What trials share lies in Ray's object store, once per node; features that did not fit into half of
the free memory are read from the store of features, which the nodes then have to see. Ray runs a
task again elsewhere when its worker or node dies.
"""

import logging
import os
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import torch

from mertk.errors import MertkError
from mertk.executors.bench import Bench, answered, failed, reopened
from mertk.executors.choice import Choice
from mertk.executors.extraction import Encoded, Extraction, Shard, encoded, sources_of
from mertk.executors.jobs import TRIES, Answer, Job, Refused, Result, died
from mertk.executors.shared import Recipes, Shared
from mertk.sources import Encoders, Source
from mertk.variants import Variant

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what it imports is not ours to mend
    import ray

POLL: Final = 5.0
"""Seconds after which it is looked whether the cluster has grown."""
NAMES: Final = {"cpu": "CPU", "gpu": "GPU", "memory": "memory"}

log = logging.getLogger(__name__)


class Cluster:
    """An `Executor`, while a cluster is connected.

    Args:
        choice: What each trial is given, and how many run at once.
    """

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.needs = {NAMES[k]: v for k, v in {"cpu": 1.0, **choice.resources}.items()}
        if "memory" in self.needs:
            self.needs["memory"] *= 1e9

    @property
    def options(self) -> dict[str, Any]:
        """What a task is given; one whose worker or node dies is begun `TRIES` times."""
        given = {"num_cpus": self.needs["CPU"], "max_retries": TRIES - 1}
        given |= {"num_gpus": self.needs["GPU"]} if "GPU" in self.needs else {}
        return given | ({"memory": self.needs["memory"]} if "memory" in self.needs else {})

    def conduct(
        self, jobs: Iterator[Job], shared: Callable[[], Shared]
    ) -> Generator[tuple[Job, Result]]:
        """As in `Executor`."""
        task = ray.remote(**self.options)(_conduct)
        held: ray.ObjectRef | None = None
        pending: dict[ray.ObjectRef, Job] = {}
        try:
            while True:
                while len(pending) < self.slots() and (job := next(jobs, None)) is not None:
                    held = held or ray.put(shared())
                    pending[task.remote([held], job, self.choice.cores)] = job
                if not pending:
                    return
                done, _ = ray.wait(list(pending), timeout=POLL)
                for reference in done:
                    yield pending.pop(reference), _result(reference)
        finally:
            for reference in pending:
                ray.cancel(reference, force=True)

    def extraction(
        self, variants: Sequence[Variant], encoders: Encoders, device: torch.device
    ) -> Extraction:
        """What has features computed on the cluster."""
        return Extraction(_Tasks(self, Recipes.of(variants)), encoders, device)

    def slots(self) -> int:
        """How many trials there is room for, at least one."""
        there = [n["Resources"] for n in ray.nodes() if n["Alive"]]
        room = sum(min(int(n.get(k, 0) // v) for k, v in self.needs.items()) for n in there)
        return max(1, min(room, self.choice.jobs or room))

    def refuse_too_much(self, *, grows: bool) -> None:
        """Tell where no node has what a trial is to be given.

        Args:
            grows: Whether nodes may still come.

        Raises:
            MertkError: None has, and none will come.
        """
        there = [n["Resources"] for n in ray.nodes() if n["Alive"]]
        if any(all(n.get(k, 0) >= v for k, v in self.needs.items()) for n in there):
            return
        most = ", ".join(
            f"{k} {max((n.get(name, 0) for n in there), default=0):g}"
            for k, name in NAMES.items()
            if name in self.needs
        )
        asked = ",".join(f"{k}={v:g}" for k, v in self.choice.resources.items()) or "cpu=1"
        told = f"--resources {asked}: no node has that much (the most of each: {most})"
        if not grows:
            raise MertkError(f"{told}; ask for less")
        log.warning("%s; waiting for one that has", told)


class _Tasks:
    """Runs shards of extraction."""

    def __init__(self, cluster: Cluster, recipes: Recipes) -> None:
        self.cluster, self.held = cluster, ray.put(recipes)
        self.task = ray.remote(**cluster.options)(_encode)

    def room(self) -> int:
        return self.cluster.slots()

    def begin(self, shard: Shard) -> Callable[[], Encoded]:
        reference = self.task.remote([self.held], shard, self.cluster.choice.cores)

        def ended() -> Encoded:
            try:
                made: Encoded | Refused = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.as_instanceof_cause() from None
            except ray.exceptions.RayError as error:
                raise MertkError(
                    f"--executor ray: clips could not be encoded ({_in_a_line(error)}); what was "
                    "stored is kept, run again to go on"
                ) from error
            if isinstance(made, Refused):
                raise MertkError(made.message)
            return made

        return ended


@contextmanager
def connected(choice: Choice) -> Iterator[Cluster]:
    """Be connected to the cluster that RAY_ADDRESS or this machine has, or start one.

    Raises:
        MertkError: Neither can be done, or no node has what trials are to be given.
    """
    cluster, before = Cluster(choice), ray.is_initialized()
    if not before:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Ray 2 warns that it will no longer hide devices from tasks without one; so it is here.
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
        except Exception as error:  # Ray says by no type of its own that a start failed
            raise MertkError(
                f"--executor ray: the cluster at {os.environ.get('RAY_ADDRESS', 'this machine')} "
                f"cannot be reached or started ({error}); see RAY_ADDRESS and `ray status`"
            ) from error
    try:
        cluster.refuse_too_much(grows=bool(os.environ.get("RAY_ADDRESS")) or before)
        yield cluster
    finally:
        if not before:
            ray.shutdown()


def _conduct(held: Sequence["ray.ObjectRef"], job: Job, threads: int) -> Answer:
    torch.set_num_threads(threads)
    return answered(lambda: _bench(held[0]), job)


@lru_cache(maxsize=1)
def _bench(held: "ray.ObjectRef") -> Bench:
    """Opened once by each of Ray's processes."""
    return reopened(ray.get(held))


def _encode(held: Sequence["ray.ObjectRef"], shard: Shard, threads: int) -> Encoded | Refused:
    torch.set_num_threads(threads)
    try:
        return encoded(shard, _sources(held[0])[shard.variant, shard.stream])
    except MertkError as error:  # some of which cannot be sent
        return Refused(str(error))


@lru_cache(maxsize=1)
def _sources(held: "ray.ObjectRef") -> Mapping[tuple[str, str], Source]:
    return sources_of(ray.get(held))


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"


def _result(reference: "ray.ObjectRef") -> Result:
    try:
        answer: Answer = ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # around the trial, whose own come as answers
        return failed(error.as_instanceof_cause())
    except ray.exceptions.RayError as error:
        return died(_in_a_line(error))
    return answer.heard()
