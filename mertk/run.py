"""The pipeline, readable top to bottom: corpus -> features -> trials -> results -> rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor

from mertk.console import Advance, Screen
from mertk.contamination import declared
from mertk.contracts import Stream
from mertk.corpus import open_corpus
from mertk.errors import Fault, MertkError, RecipeError
from mertk.executors.bench import Bench
from mertk.executors.choice import HERE, PROCESSES, SLURM, Choice
from mertk.executors.jobs import Executor
from mertk.executors.lodging import JOBS, clear
from mertk.executors.opening import filling_of, given, open_executor
from mertk.executors.runner import Runner, where_in_plan
from mertk.executors.shared import Shared
from mertk.executors.together import follow
from mertk.forecast import Forecast
from mertk.home import home
from mertk.inputs import Inputs, gather
from mertk.model import Model, build
from mertk.plan import Corpus, Trial, trials
from mertk.protocol import refuse_mixed
from mertk.results import Results
from mertk.rows import Row, row
from mertk.seeds import drawing
from mertk.sources import Encoders
from mertk.store import Store
from mertk.train.device import pick_device, pick_precision
from mertk.train.team import join
from mertk.variants import Variant


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
        forecasts: Per encoder, what the store lacked of it.
        shortage: What is to be said of the room on the disk for that.
    """

    corpus: Corpus
    rows: Sequence[Row]
    planned: Sequence[Trial]
    reused: int
    forecasts: Sequence[Forecast] = ()
    shortage: str = ""


def run_all(variants: Sequence[Variant], options: Options, screen: Screen) -> Finished:
    """Bring every trial of every variant to a result; do only what is missing.

    Raises:
        MertkError: Something the user can mend. What was finished before is kept.
    """
    # Components may leave the folder in which the command was given.
    options = replace(options, results=options.results.absolute())
    if options.dry:  # nothing is conducted anywhere
        options = replace(options, place=HERE)
    trained = any(e.train for v in variants for e in v.resolved.recipe.encoders.values())
    team = join(options.device, shares=trained)
    own_device = pick_device(options.device, team)
    place, device = given(options.place, own_device)
    precisions = {v.name: _precision(v, device) for v in variants}
    by_name = {v.name: v for v in variants}
    with open_executor(place, by_name, options.results, screen, team) as executor:
        results = Results(options.results)
        plan = _Plan(variants, precisions, options)
        # Of several processes each could see something else.
        finished = partial(plan.finished, results) if team.size == 1 else _never
        with team.first():  # what it computes and keeps, the others read
            inputs = _inputs(variants, options, executor, (own_device, device), screen, finished)
        planned = plan(inputs)
        if options.dry:
            team.leave()
            there = sum(results.find(t) is not None for t in planned)
            return Finished(inputs.corpus, [], planned, there, inputs.forecasts, inputs.shortage)
        shared = cache(lambda: Shared.of(variants, inputs, device, precisions))
        if not team.main:
            bench = cache(lambda: Bench(shared(), by_name, team))
            follow(team, planned, bench, results.scratch)
            return Finished(inputs.corpus, [], planned, 0)
        if place.executor != SLURM:  # it lets jobs of killed runs go on until it submits its own
            clear(options.results / JOBS)
        runner = Runner(results, executor, shared, screen, redo=options.redo)
        with inputs.held():
            runner.run(planned)
        team.call("")  # nothing more
        team.leave()
    with screen.bar("intervals", len(variants)) as advance:
        rows = _rows(variants, planned, runner, advance)
    return Finished(inputs.corpus, rows, planned, runner.reused, inputs.forecasts, inputs.shortage)


def _inputs(
    variants: Sequence[Variant],
    options: Options,
    executor: Executor,
    devices: tuple[torch.device, torch.device],
    screen: Screen,
    suffice: Callable[[Inputs], bool],
) -> Inputs:
    """Open the corpus, try every model on noise, and have the store hold the features.

    Args:
        variants: The recipes.
        options: What the command line says.
        executor: Computes features, where it can.
        devices: Of this process, and of those that conduct trials.
        screen: Shows progress.
        suffice: Whether no features are wanted.
    """
    with screen.bar("opening the corpus, trying the models", 1):
        corpus = open_corpus(variants[0].resolved, options.folds)
        encoders = Encoders(variants)
        rehearse(variants, encoders, corpus)
    here, there = devices
    return gather(
        encoders,
        corpus,
        Store(home() / "features"),
        here,
        screen,
        filling=filling_of(executor, variants, encoders, there),
        mapped=options.place.executor in (PROCESSES, SLURM),
        skip_broken=variants[0].resolved.recipe.dataset.broken == "skip",
        dry=options.dry,
        suffice=suffice,
    )


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


class _Plan:
    """The trials of what the encoders bring, worked out once for one corpus."""

    def __init__(
        self, variants: Sequence[Variant], precisions: Mapping[str, str], options: Options
    ) -> None:
        self.variants, self.precisions, self.options = variants, precisions, options
        self._corpus: Corpus | None = None
        self._trials: list[Trial] = []

    def __call__(self, inputs: Inputs) -> list[Trial]:
        if inputs.corpus is not self._corpus:
            seeds = self.options.seeds or self.variants[0].resolved.recipe.train.seeds
            causes = inputs.causes()
            planned = trials(self.variants, inputs.corpus, seeds, causes, self.precisions)
            if not self.options.mix_protocols:
                refuse_mixed({t.variant.name: [t.protocol] for t in planned})
            self._corpus, self._trials = inputs.corpus, planned
        return self._trials

    def finished(self, results: Results, inputs: Inputs) -> bool:
        """Whether every trial is there, and none is to be repeated."""
        if self.options.dry or self.options.redo:
            return False
        return all(results.find(trial) is not None for trial in self(inputs))


def _never(_: Inputs) -> bool:
    return False


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


def _rows(
    variants: Sequence[Variant], planned: Sequence[Trial], runner: Runner, advance: Advance
) -> list[Row]:
    """One row per variant, its trials in the order of the plan."""
    rows = []
    for variant in variants:
        rows.append(_row(variant, [t for t in planned if t.variant is variant], runner))
        advance(1)
    return rows


def _row(variant: Variant, planned: Sequence[Trial], runner: Runner) -> Row:
    found = {(t.fold, t.seed): runner.records.get(where_in_plan(t)) for t in planned}
    return row(
        variant.name,
        {k: record for k, record in found.items() if record is not None},
        variant.resolved.metrics(),
        failed=sum(where_in_plan(t) in runner.failed for t in planned),
        selected_on_test=variant.resolved.recipe.selects_on_test,
        note=variant.note,
        pretrained_on=declared(variant.resolved),
    )
