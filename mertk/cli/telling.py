"""What `mertk run` and `mertk ablate` tell at the end."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mertk.amounts import counted, number
from mertk.cli.tables import show
from mertk.console import Screen
from mertk.contamination import declared, notices
from mertk.report import SELECTED_ON_TEST, SYNTHETIC, Report
from mertk.run import Finished, Options
from mertk.score import chance
from mertk.variants import Variant

Json = Any


class Telling:
    """The end of a run, for a person or a machine."""

    def __init__(self, variants: Sequence[Variant], finished: Finished, options: Options) -> None:
        self.variants, self.finished, self.options = variants, finished, options
        self.full = variants[0].resolved
        self.report = Report(finished.rows)

    def as_json(self) -> dict[str, Json]:
        """One object: what ran, where the results lie, one row per variant."""
        told: dict[str, Json] = {
            "recipe": self.full.recipe.name,
            "fingerprint": self.full.fingerprint,
            "results": str(self.options.results),
            "dataset": self.full.recipe.dataset.use,
            "synthetic": self.finished.corpus.card.synthetic,
            "left_out": dict(self.finished.corpus.left_out),
            "reused": self.finished.reused,
            "features": [asdict(one) for one in self.finished.forecasts],
            "chance": self._chance(),
            "rows": self.report.as_json() if self.finished.rows else [],
        }
        if self.options.dry:
            told["plan"] = [
                {"variant": t.variant.name, "fold": t.fold, "seed": t.seed, "key": t.key}
                for t in self.finished.planned
            ]
        return told

    def plan(self, screen: Screen) -> None:
        """What a dry run would do."""
        corpus, planned = self.finished.corpus, self.finished.planned
        counts = [
            [v.name, v.resolved.fingerprint, str(sum(t.variant is v for t in planned))]
            for v in self.variants
        ]
        there = f"{self.finished.reused} of {len(planned)} trials are there already"
        screen.table(
            f"{self.full.recipe.name} on {corpus.card.title}: nothing was run",
            ["variant", "fingerprint", "trials"],
            counts,
            [
                f"{len(corpus.clips)} clips, {counted(len(corpus.folds), 'fold')}; {there}",
                *map(str, self.finished.forecasts),
                *filter(None, [self.finished.shortage]),
                *[SELECTED_ON_TEST] * any(v.resolved.recipe.selects_on_test for v in self.variants),
                *self._contamination(),
                *self._notes(),
            ],
        )

    def _contamination(self) -> list[str]:
        card = self.finished.corpus.card
        name = self.full.recipe.dataset.corpus or card.corpus
        told = (line for v in self.variants for line in notices(name, declared(v.resolved)))
        return [] if card.synthetic else list(dict.fromkeys(told))

    def results(self, screen: Screen) -> None:
        """The tables of scores."""
        recipe = self.full.recipe
        title = f"{recipe.name} on {self.finished.corpus.card.title}"
        show(screen, title, self.report, [*self._legend(), *self._notes()], self.options.picks)

    def _legend(self) -> list[str]:
        parts, specs = self.full.parts, self.full.recipe.metrics
        told_of = {spec.title: parts[f"metrics.{i}"].entry for i, spec in enumerate(specs)}
        meant = {title: e.summary for title, e in told_of.items() if e.summary}
        told = (
            ["; ".join(f"{m.upper()}: {summary}" for m, summary in meant.items())] if meant else []
        )
        levels = ", ".join(f"{m.upper()} {number(level)}" for m, level in self._chance().items())
        if levels:
            told.append(f"guessing among {len(self._classes)} classes: {levels}")
        return told

    @property
    def _classes(self) -> Sequence[str]:
        return self.finished.corpus.card.classes

    def _chance(self) -> dict[str, float]:
        return chance(self.full.metrics(), len(self._classes))

    def _notes(self) -> list[str]:
        corpus = self.finished.corpus
        notes = [f"{v.name}: {v.note}" for v in self.variants if v.note]
        uneven = [r for r in self.finished.rows if r.failed]
        if uneven:
            notes.append(
                "failed trials: a row with some is the mean over other trials than the rest"
            )
        if corpus.left_out:
            notes.append(f"{len(corpus.left_out)} clips are left out of all folds")
        if corpus.card.synthetic:
            notes.append(SYNTHETIC)
        if self.finished.rows:
            reused = f" (there before: {counted(self.finished.reused, 'trial')})"
            place = self.options.results / self.full.recipe.name
            notes.append(f"results: {place}{reused if self.finished.reused else ''}")
        return notes
