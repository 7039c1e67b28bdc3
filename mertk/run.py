"""The pipeline, readable top to bottom: corpus -> features -> trials -> results -> rows."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from mertk.console import Screen
from mertk.contamination import declared
from mertk.contracts import Stream
from mertk.corpus import open_corpus
from mertk.errors import Fault, MertkError, RecipeError
from mertk.following import follow
from mertk.forecast import Forecast
from mertk.home import home
from mertk.inputs import Inputs, gather
from mertk.lengths import known_lengths
from mertk.model import Model, build
from mertk.plan import Corpus, Trial, trials
from mertk.protocol import refuse_mixed
from mertk.records import Record
from mertk.resolved import RANKING
from mertk.results import Results
from mertk.rows import Row, row
from mertk.seeds import drawing
from mertk.sources import Encoders
from mertk.store import Store
from mertk.train.checkpoint import Checkpoint
from mertk.train.device import pick_device, pick_precision
from mertk.train.team import Team, join
from mertk.trial import Setting, conduct
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
    """

    seeds: tuple[int, ...] = ()
    folds: tuple[str, ...] = ()
    results: Path = Path("results")
    device: str = "auto"
    redo: bool = False
    dry: bool = False
    mix_protocols: bool = False
    picks: bool = False


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
    full = variants[0].resolved
    encoders_of = [e for v in variants for e in v.resolved.recipe.encoders.values()]
    team = join(options.device, shares=any(spec.train for spec in encoders_of))
    device = pick_device(options.device, team)
    precisions = {
        v.name: pick_precision(v.resolved.recipe.train.precision, device) for v in variants
    }
    with team.first():  # what it computes and keeps, the others read
        corpus = open_corpus(full, options.folds)
        encoders = Encoders(variants)
        rehearse(variants, encoders, corpus)
        inputs = gather(
            encoders,
            corpus,
            Store(home() / "features"),
            device,
            screen,
            skip_broken=full.recipe.dataset.broken == "skip",
            dry=options.dry,
        )
    corpus = inputs.corpus
    seeds = options.seeds or full.recipe.train.seeds
    planned = trials(variants, corpus, seeds, inputs.causes(), precisions)
    if not options.mix_protocols:
        refuse_mixed({t.variant.name: [t.protocol] for t in planned})
    results = Results(options.results)
    if options.dry:
        team.leave()
        there = sum(results.find(t) is not None for t in planned)
        return Finished(corpus, [], planned, there, inputs.forecasts, inputs.shortage)
    runner = _Runner(inputs, results, device, precisions, options, screen, team)
    if not team.main:
        follow(team, planned, lambda trial: runner.setting(trial.variant), results.scratch)
        return Finished(corpus, [], planned, 0)
    runner.run(planned)
    rows = runner.rows(variants, planned)
    return Finished(corpus, rows, planned, runner.reused, inputs.forecasts, inputs.shortage)


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
    def __init__(
        self,
        inputs: Inputs,
        results: Results,
        device: torch.device,
        precisions: Mapping[str, str],
        options: Options,
        screen: Screen,
        team: Team,
    ) -> None:
        self.team = team
        self.inputs, self.results = inputs, results
        self.device, self.precisions = device, precisions
        self.options, self.screen = options, screen
        self.records: dict[tuple[str, Key], Record] = {}
        self.failed: dict[tuple[str, Key], str] = {}
        self.reused = 0

    def run(self, planned: Sequence[Trial]) -> None:
        """Do what is missing; what another process is at comes last."""
        with self.screen.bar("trials", len(planned)) as advance:
            busy = []
            for trial in planned:
                if self._take(trial, wait=False):
                    advance(1)
                else:
                    busy.append(trial)
            for trial in busy:
                self._take(trial, wait=True)
                advance(1)
        self.team.call("")  # nothing more
        self.team.leave()

    def _take(self, trial: Trial, *, wait: bool) -> bool:
        """Bring one trial to a result; False where another process holds it."""
        known = None if self.options.redo else self.results.find(trial)
        if known is None:
            with self.results.claim(trial, wait=wait) as mine:
                if not mine:
                    return False
                known = None if self.options.redo else self.results.find(trial)
                if known is None:
                    self._conduct(trial)
                    return True
        self.results.tidy(trial)
        self.reused += 1
        self.records[_place(trial)] = known
        return True

    def _conduct(self, trial: Trial) -> None:
        checkpoint = Checkpoint(self.results.scratch(trial))
        if self.options.redo:
            checkpoint.remove()
        setting = self.setting(trial.variant)
        epochs = trial.variant.resolved.recipe.train.epochs
        label = f"{trial.variant.name} {trial.fold} seed {trial.seed}"
        self.team.call(trial.key)
        try:
            with self.screen.bar(label, epochs) as advance:
                outcome = conduct(trial, setting, checkpoint, advance)
        except MertkError:
            raise
        except (Exception, SystemExit) as error:  # a component's fault costs its own trials
            if not self.team.failed_together():
                error.add_note("all processes end with the first that fails; see what others say")
                raise
            where = self.results.fail(trial, traceback.format_exc())
            self.failed[_place(trial)] = str(error)
            first = str(error).partition("\n")[0]
            self.screen.say(f"failed: {label}: {type(error).__name__}: {first} (see {where})")
            return
        self.records[_place(trial)] = record = self.results.write(trial, outcome)
        checkpoint.remove()
        self.screen.say(f"{label}: {_told(record)}")

    @cached_property
    def seconds(self) -> Mapping[str, float]:
        """How long clips are; no reason to read anything where every trial is there."""
        return known_lengths(self.inputs.corpus.clips)

    def setting(self, variant: Variant) -> Setting:
        """What the trials of a variant share."""
        return Setting(
            corpus=self.inputs.corpus,
            inputs=self.inputs.of(variant),
            dims=self.inputs.dims(variant),
            seconds=self.seconds,
            metrics=variant.resolved.metrics(),
            ranking=variant.resolved.build(RANKING),
            device=self.device,
            precision=self.precisions[variant.name],
            team=self.team,
        )

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
