"""Curves -> tables and JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

from mertk.contracts import Metric
from mertk.pooled import named, whole_folds
from mertk.records import Record
from mertk.robustness.drops import drops, extremes
from mertk.robustness.kept import Curve, Key
from mertk.score import summary
from mertk.stats import Difference

Json = Any
AREA: Final = (
    "area: under the curve from clean to the most severe level, the levels at equal steps, as "
    "share of the clean score; 1 loses nothing; one level is no curve"
)


@dataclass(frozen=True)
class Line:
    """One level of one condition, by one metric.

    Args:
        condition: Its name; '' below its first level.
        level: With its unit.
        scores: Of the trials.
        drop: From the clips as they are; None where no fold has every seed.
        area: Of the trials; empty below the first level.
    """

    condition: str
    level: str
    scores: Sequence[float]
    drop: Difference | None
    area: Sequence[float]


@dataclass(frozen=True)
class Matrix:
    """A run under several conditions.

    Args:
        curves: One per condition.
        records: The trials that they are of.
        metrics: By name.
    """

    curves: Sequence[Curve]
    records: Mapping[Key, Record]
    metrics: Mapping[str, Metric]

    @cached_property
    def drops(self) -> list[list[dict[str, Difference | None]]]:
        """Per curve, level and metric, the paired difference from clean."""
        return [drops(curve, self.records, self.metrics) for curve in self.curves]

    def lines(self, metric: str) -> Iterator[Line]:
        """Every level of every condition."""
        for curve, found in zip(self.curves, self.drops, strict=True):
            for place, level in enumerate(curve.levels):
                yield Line(
                    condition="" if place else curve.condition,
                    level=f"{level:g} {curve.unit}".strip() if len(curve.levels) > 1 else "",
                    scores=curve.scores[place][metric],
                    drop=found[place][metric],
                    area=[] if place else curve.area[metric],
                )

    def notes(self) -> list[str]:
        """What the conditions mean, and which of them cost most and least."""
        told = [AREA, *(f"{curve.condition}: {curve.meaning}" for curve in self.curves)]
        for name, metric in self.metrics.items():
            ends = extremes(self.curves, name)
            if ends is not None:
                low, high = (curve.condition for curve in ends)
                worst, best = (low, high) if metric.higher_is_better else (high, low)
                told.append(f"{name.upper()}: {worst} costs most, {best} least, by area")
        return [*told, *self._lacking(), *self._said()]

    def _lacking(self) -> Iterator[str]:
        """Trials that a curve or its differences are without."""
        for curve in self.curves:
            if len(curve.trials) < len(self.records):
                yield (
                    f"{curve.condition}: of {len(curve.trials)} trials of {len(self.records)}, "
                    "others have not finished all of its levels; run mertk robustness again"
                )
        left = {
            k: None for c in self.curves for k in c.trials if k[0] not in whole_folds(c.trials)[0]
        }
        if left:
            yield (
                "in no difference from clean, since not every seed has finished the fold: "
                f"{named(list(left))}"
            )

    def _said(self) -> list[str]:
        """Why there is no interval, and what is to be known of those there are, each once."""
        levels = (level for by_level in self.drops for level in by_level)
        found = [one.interval for level in levels for one in level.values() if one]
        reasons = [f"no interval: {interval.reason}" for interval in found if interval.reason]
        return list(dict.fromkeys([*reasons, *(note for i in found for note in i.notes)]))

    def as_json(self) -> list[dict[str, Json]]:
        """One object per condition."""
        return [
            {
                "name": curve.condition,
                "meaning": curve.meaning,
                "unit": curve.unit,
                "trials": [list(key) for key in curve.trials],
                "clean": {m: summary(list(curve.clean[m])) for m in self.metrics},
                "levels": [
                    {
                        "level": level,
                        "metrics": {
                            m: {**summary(list(scores[m])), "drop": _drop(found[m])}
                            for m in self.metrics
                        },
                    }
                    for level, scores, found in zip(
                        curve.levels, curve.scores, by_level, strict=True
                    )
                ],
                "area": {m: summary(curve.area[m]) for m in self.metrics},
            }
            for curve, by_level in zip(self.curves, self.drops, strict=True)
        ]


def _drop(found: Difference | None) -> Json:
    return None if found is None else {**asdict(found.interval), "p": found.p}
