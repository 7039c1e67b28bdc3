"""Rows and comparisons -> tables and JSON; never trains, never imports torch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from mertk.amounts import mean, number, probability, spread
from mertk.comparing import Comparison, compare, unpaired
from mertk.contamination import contaminated, notices, unknown
from mertk.pooled import named
from mertk.records import PICKS
from mertk.rows import Row
from mertk.score import summary
from mertk.stats import Interval

Json = Any
SYNTHETIC = "SYNTHETIC DATA: these numbers say nothing about real emotion"
SELECTED_ON_TEST = (
    "selected on test: the epoch was picked by the clips it is scored on, as most published "
    "numbers were; an honest number is lower"
)
SPREAD = "mean ± standard deviation over n trials (folds x seeds)"
ABSENT = "classes without a test clip, so that scores over classes are over the others:"
INTERVAL = (
    "95%: interval of the score, or the difference, of all clips pooled over folds; speakers, or "
    "folds with one seed, and fits are taken for drawn by chance"
)


@dataclass(frozen=True)
class Table:
    """What a screen shows.

    Args:
        header: Column names.
        cells: Row by row.
        left: Columns of words.
    """

    header: Sequence[str]
    cells: Sequence[Sequence[str]]
    left: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """Some rows, of which the first is what the others are compared with.

    Args:
        rows: One per system, scored by the same metrics.
    """

    rows: Sequence[Row]

    @cached_property
    def comparisons(self) -> Mapping[str, Sequence[Comparison | None]]:
        """Per metric, each row but the first against the first."""
        first, *others = self.rows
        return {metric: compare(first, others, metric) for metric in first.measures}

    def tables(self) -> Iterator[Table]:
        """One table for a single row; otherwise one per metric, with differences."""
        if len(self.rows) == 1:
            yield self._scores()
            return
        for metric in self.rows[0].measures:
            yield self._differences(metric)

    def _scores(self) -> Table:
        (this,) = self.rows
        header, cells = ["variant"], [_name(this)]
        for metric, values in this.metrics.items():
            header += [metric.upper(), "95%"]
            cells += [spread(list(values.values())), ends(this.intervals.get(metric))]
        return Table([*header, "n"], [[*cells, _count(this)]])

    def _differences(self, metric: str) -> Table:
        header = ["variant", metric.upper(), f"Δ{metric.upper()}", "95%", "p", "verdict", "n"]
        cells = []
        compared = [[""] * 4, *map(_compared, self.comparisons[metric])]
        for this, found in zip(self.rows, compared, strict=True):
            told = [_name(this), spread(list(this.metrics[metric].values()))]
            cells.append([*told, *found, _count(this)])
        return Table(header, cells, left=("verdict",))

    def picks(self) -> Table:
        """What choosing the epoch by the test clips would have added."""
        first = next(iter(self.rows[0].measures))
        header = ["variant", f"{first.upper()} selected", "last epoch", "picked on test", "gap"]
        cells = []
        for this in self.rows:
            means = {pick: mean(this.picks[pick][first].values()) for pick in PICKS}
            told = ["-" if value is None else number(value) for value in means.values()]
            honest, best = means["selected"], means["test_best"]
            gap = "-" if honest is None or best is None else number(best - honest, sign=True)
            cells.append([_name(this), *told, gap])
        return Table(header, cells)

    def protocols(self) -> list[str]:
        """Ids of everything that is told, each once."""
        return list(dict.fromkeys(one for this in self.rows for one in this.protocols))

    def legend(self) -> list[str]:
        """What a reader has to know about intervals and tests."""
        if len(self.rows) == 1:
            found = list(self.rows[0].intervals.values())
            told = [*_said(found), *self.uncovered(), *self.absent()]
            return [SPREAD, INTERVAL, *told, *self._protocol()]
        compared = [c for each in self.comparisons.values() for c in each if c is not None]
        found = [c.difference.interval for c in compared]
        return [
            f"{SPREAD}; Δ: difference from {self.rows[0].variant}",
            INTERVAL,
            "p: two-sided, corrected after Holm over the rows of a table",
            *_detectable(self.comparisons),
            *_said(found),
            *_unpaired(compared),
            *self._uncompared(),
            *self.absent(),
            *self._protocol(),
        ]

    def uncovered(self) -> list[str]:
        """Which trials are in a row's means and in none of its intervals."""
        why = "in no interval, since not every seed has finished the fold"
        return [f"{r.variant}: {why}: {named(r.uncovered)}" for r in self.rows if r.uncovered]

    def absent(self) -> list[str]:
        """Which classes some fold does not test."""
        found = {fold: gone for row in self.rows for fold, gone in row.absent.items()}
        told = [f"{fold}: {', '.join(gone)}" for fold, gone in found.items()]
        told[4:] = [f"and in {len(told) - 4} more folds"] if len(told) > 4 else []
        return [f"{ABSENT} {'; '.join(told)}"] if told else []

    def _uncompared(self) -> list[str]:
        first, *others = self.rows
        found = next(iter(self.comparisons.values()))
        return [
            f"{this.variant}: not compared with {first.variant}: {unpaired(this, first)}"
            for this, one in zip(others, found, strict=True)
            if one is None
        ]

    def _protocol(self) -> list[str]:
        ids = self.protocols()
        marked = any(this.selected_on_test for this in self.rows)
        told = [f"protocol{'s' if len(ids) > 1 else ''}: {', '.join(ids)}"] if ids else []
        return [*told, *[SELECTED_ON_TEST] * marked, *self.contamination()]

    def contamination(self) -> list[str]:
        """Whether an encoder may have met the test clips, each line once."""
        known = [(row.corpus, row.pretrained_on) for row in self.rows]
        lines = (line for name, said in known if name is not None for line in notices(name, said))
        return list(dict.fromkeys(lines))

    def as_json(self) -> list[dict[str, Json]]:
        """One object per row; each but the first tells its differences from the first."""
        told = [_as_json(this) for this in self.rows]
        for place, this in enumerate(self.rows[1:]):
            told[place + 1]["difference"] = {
                metric: {
                    **summary(this.differences(self.rows[0], metric)),
                    **_comparison(found[place], unpaired(this, self.rows[0])),
                }
                for metric, found in self.comparisons.items()
            }
        return told


def _name(this: Row) -> str:
    return this.variant + (" [selected on test]" if this.selected_on_test else "")


def _count(this: Row) -> str:
    return f"{len(this.records)}" + (f" ({this.failed} failed)" if this.failed else "")


def _compared(found: Comparison | None) -> list[str]:
    if found is None:
        return ["-", "-", "-", "undecided"]
    estimate = found.difference.interval.estimate
    return [
        "-" if estimate is None else number(estimate, sign=True),
        ends(found.difference.interval, sign=True),
        "-" if found.p is None else probability(found.p),
        found.verdict,
    ]


def ends(found: Interval | None, *, sign: bool = False) -> str:
    """The ends of an interval, `.771 to .853`; `-` where there is none."""
    if found is None or found.low is None or found.high is None:
        return "-"
    return f"{number(found.low, sign=sign)} to {number(found.high, sign=sign)}"


def _said(found: Sequence[Interval]) -> list[str]:
    """Why there is no interval, and what is to be known of those there are, each once."""
    reasons = [f"no interval: {i.reason}" for i in found if i.reason]
    return list(dict.fromkeys([*reasons, *(note for i in found for note in i.notes)]))


def _detectable(comparisons: Mapping[str, Sequence[Comparison | None]]) -> Iterator[str]:
    found = {
        metric: [c.difference.detectable for c in each if c and c.difference.detectable]
        for metric, each in comparisons.items()
    }
    told = ", ".join(f"{m.upper()} {number(max(v))}" for m, v in found.items() if v)
    if told:
        yield f"a true difference of {told} would be found with a probability of 80%"


def _unpaired(compared: Sequence[Comparison]) -> Iterator[str]:
    trials = dict.fromkeys(key for c in compared for key in c.left_out)
    if trials:
        yield f"without a partner, so in no difference: {named(list(trials))}"


def _as_json(this: Row) -> dict[str, Json]:
    told: dict[str, Json] = {
        "variant": this.variant,
        "trials": len(this.records),
        "failed": this.failed,
        "selected_on_test": this.selected_on_test,
        "protocols": this.protocols,
        "metrics": {
            m: {**summary(list(v.values())), "interval": _interval(this.intervals.get(m))}
            for m, v in this.metrics.items()
        },
        "picks": {
            pick: {m: summary(list(v.values()))["mean"] for m, v in scored.items()}
            for pick, scored in this.picks.items()
        },
        "folds": [fold for fold, _ in this.records],
        "seeds": [seed for _, seed in this.records],
        "uncovered": [list(key) for key in this.uncovered],
        "absent": this.absent,
    }
    if this.pretrained_on and this.corpus is not None:
        told["pre_training"] = {
            "corpus": this.corpus,
            "contaminated": contaminated(this.corpus, this.pretrained_on),
            "unknown": unknown(this.corpus, this.pretrained_on),
            "declared": this.pretrained_on,
        }
    if this.note:
        told["note"] = this.note
    return told


def _interval(found: Interval | None) -> Json:
    return None if found is None else asdict(found)


def _comparison(found: Comparison | None, reason: str) -> dict[str, Json]:
    if found is None:
        return {"verdict": "undecided", "reason": reason}
    return {
        "interval": asdict(found.difference.interval),
        "p": found.difference.p,
        "p_holm": found.p,
        "verdict": found.verdict,
        "detectable": found.difference.detectable,
        "over_folds": asdict(found.folds),
        "mcnemar": asdict(found.clips),
        "left_out": [list(key) for key in found.left_out],
    }
