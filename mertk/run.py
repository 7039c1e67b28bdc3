"""The pipeline, readable top to bottom: corpus -> features -> trials -> results -> rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mertk.console import Advance, Screen
from mertk.contamination import declared
from mertk.contracts import Stream
from mertk.corpus import open_corpus
from mertk.errors import Fault, MertkError, RecipeError
from mertk.executors.choice import HERE, PROCESSES, SLURM, Choice
from mertk.executors.jobs import Executor, Extracting, Failed, Job, Refused, Result
from mertk.executors.opening import given, open_executor
from mertk.executors.shared import Shared
from mertk.filling import Filling
from mertk.home import home
from mertk.inputs import Inputs, gather
from mertk.model import Model, build
from mertk.plan import Corpus, Trial, trials
from mertk.protocol import refuse_mixed
from mertk.records import Record
from mertk.results import Results
from mertk.rows import Row, row
from mertk.seeds import drawing
from mertk.sources import Encoders, Source
from mertk.store import Store
from mertk.train.checkpoint import Checkpoint
from mertk.train.device import pick_device, pick_precision
from mertk.variants import Variant

Key = tuple[str, int]


@dataclass(frozen=True)
class Options:
    """What the command line says about a run.

    Args:
        seeds: Instead of the recipe's; none means the recipe's.
        folds: Only these; none means all.
        results: The results folder.
        device: `auto`, `cpu` or `cuda`.
        redo: Repeat trials that are there.
        dry: Only tell what would be done.
        mix_protocols: Let variants be scored under different protocols.
        picks: Also show what other ways to pick the epoch come to.
        place: Where trials are conducted.
    """

    seeds: tuple[int, ...] = ()
    folds: tuple[str, ...] = ()
    results: Path = Path("results")
    device: str = "auto"
    redo: bool = False
    dry: bool = False
    mix_protocols: bool = False
    picks: bool = False
    place: Choice = HERE


@dataclass(frozen=True)
class Finished:
    """What a run came to.

    Args:
        corpus: What it ran on.
        rows: One per variant, the full recipe first.
        planned: Every trial.
        reused: How many of them were there before.
    """

    corpus: Corpus
    rows: Sequence[Row]
    planned: Sequence[Trial]
    reused: int


def run_all(variants: Sequence[Variant], options: Options, screen: Screen) -> Finished:
    """Bring every trial of every variant to a result; do only what is missing.

    Raises:
        MertkError: Something the user can mend. What was finished before is kept.
    """
    own_device = pick_device(options.device)
    place, device = given(HERE if options.dry else options.place, own_device)
    precisions = {v.name: _precision(v, device) for v in variants}
    corpus = open_corpus(variants[0].resolved, options.folds)
    encoders = Encoders(variants)
    rehearse(variants, encoders, corpus)
    by_name = {v.name: v for v in variants}
    with open_executor(place, by_name, options.results, screen) as executor:
        filling: Callable[[Source], Callable[..., Any]] = lambda _: Filling  # noqa: E731
        if isinstance(executor, Extracting):
            filling = executor.extraction(variants, encoders, device)
        inputs = gather(
            encoders,
            corpus,
            Store(home() / "features"),
            own_device,
            screen,
            filling=filling,
            mapped=place.executor in (PROCESSES, SLURM),
            skip_broken=variants[0].resolved.recipe.dataset.broken == "skip",
            dry=options.dry,
        )
        planned = _planned(variants, inputs, precisions, options)
        results = Results(options.results)
        if options.dry:
            there = sum(results.find(t) is not None for t in planned)
            return Finished(inputs.corpus, [], planned, there)
        shared = cache(lambda: Shared.of(variants, inputs, device, precisions))
        runner = _Runner(results, executor, shared, screen, redo=options.redo)
        runner.run(planned)
    return Finished(inputs.corpus, runner.rows(variants, planned), planned, runner.reused)


def _precision(variant: Variant, device: torch.device) -> str:
    wanted = variant.resolved.recipe.train.precision
    if device.type == "cuda" and not torch.cuda.is_available():  # it is elsewhere
        if wanted == "auto":
            raise MertkError(
                "train.precision: auto cannot be told of a device that only workers have; say "
                "--set train.precision=bf16, fp16 or fp32"
            )
        return wanted
    return pick_precision(wanted, device)


def _planned(
    variants: Sequence[Variant], inputs: Inputs, precisions: Mapping[str, str], options: Options
) -> list[Trial]:
    seeds = options.seeds or variants[0].resolved.recipe.train.seeds
    planned = trials(variants, inputs.corpus, seeds, inputs.causes(), precisions)
    if not options.mix_protocols:
        refuse_mixed({t.variant.name: [t.protocol] for t in planned})
    return planned


def rehearse(variants: Sequence[Variant], encoders: Encoders, corpus: Corpus) -> None:
    """Build every variant's model and run a step, so that what only that can tell comes first.

    Raises:
        RecipeError: With the faults of every variant.
    """
    faults: dict[Fault, None] = {}
    for variant in variants:
        dims = encoders.dims(variant)
        if dims is None:
            continue
        try:
            target = corpus.target
            model = build(
                variant.resolved,
                dims,
                len(target.names),
                seed=0,
                rehearsal=True,
                target=target.kind,
            )
            step(model, dims, torch.from_numpy(target.pair()))
            variant.resolved.metrics()
        except RecipeError as error:
            faults |= dict.fromkeys(error.faults)
        except MertkError:
            raise
        except (Exception, SystemExit):
            # A fault of a component's code: its trials fail with a traceback, the others go on.
            continue
    if faults:
        raise RecipeError(variants[0].resolved.source, list(faults))


def step(model: Model, dims: Mapping[str, int], labels: Tensor) -> None:
    """Run one training step on noise: what parts do not fit each other is told before any work.

    Args:
        model: The model.
        dims: Channels of its streams.
        labels: Of two clips.
    """
    streams = {
        name: Stream(torch.randn(2, 3, dim), torch.ones(2, 3, dtype=torch.bool))
        for name, dim in dims.items()
    }
    with drawing(0):
        model(streams, labels)


class _Runner:
    """Decides what is missing, and is the only one who writes results.

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
        self.records: dict[tuple[str, Key], Record] = {}
        self.failed: dict[tuple[str, Key], str] = {}
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
            self.records[_place(trial)] = known
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
                self.failed[_place(trial)] = result.told
                self.screen.say(f"failed: {job.label}: {result.told} (see {where})")
                return
            self.records[_place(trial)] = record = self.results.write(trial, result)
            Checkpoint(job.checkpoint).remove()
            self.screen.say(f"{job.label}: {_told(record)}")

    def rows(self, variants: Sequence[Variant], planned: Sequence[Trial]) -> list[Row]:
        """One row per variant, its trials in the order of the plan."""
        return [self._row(v, [t for t in planned if t.variant is v]) for v in variants]

    def _row(self, variant: Variant, planned: Sequence[Trial]) -> Row:
        found = {_place(t)[1]: self.records.get(_place(t)) for t in planned}
        return row(
            variant.name,
            {k: record for k, record in found.items() if record is not None},
            variant.resolved.metrics(),
            failed=sum(_place(t) in self.failed for t in planned),
            selected_on_test=variant.resolved.recipe.selects_on_test,
            note=variant.note,
            pretrained_on=declared(variant.resolved),
        )


def _told(record: Record) -> str:
    """One line on a finished trial."""
    pick = record.facts["picks"]["selected"]
    scores = ", ".join(f"{k.upper()} {v:.3f}" for k, v in pick["scores"].items() if v is not None)
    return f"{scores} at epoch {pick['epoch']}, {record.facts['cost']['seconds']:.0f} s"


def _place(trial: Trial) -> tuple[str, Key]:
    return trial.variant.name, (trial.fold, trial.seed)
