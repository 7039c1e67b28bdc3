"""What `mertk reproduce` tells."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mertk.console import Screen
from mertk.report import SELECTED_ON_TEST, SYNTHETIC
from mertk.reproducing import Followed, Reproduction, Scored, Standing, complete
from mertk.stats import Equivalence
from mertk.variants import FULL

Json = Any
COLUMNS = (
    "same rule: the epoch that the test clips picked, as published; honest: the one that the run's "
    "own rule picked; gap: what picking by the test clips adds; mean over folds, and over seeds ± "
    "their standard deviation"
)
TESTED = (
    "verdict: two one-sided tests, at 5% each, of `same rule` against the published number, which "
    "is taken as fixed though another fit would have moved it as well; lower, higher: a two-sided "
    "test at 5% finds a difference; undecided: neither. Clips and speakers are those of the "
    "published number, so only fits are taken for drawn by chance. Every number is tested by itself"
)
WITHIN = (
    "90%: interval of the difference; within: the smallest margin by which it would be equivalent"
)
FOLLOWS = (
    "follows: whose value this run has, as far as paper and code are known; -: not known, or not "
    "in this recipe; none: no value, which is one"
)


@dataclass(frozen=True)
class Told:
    """A reproduction and where it comes from.

    Args:
        found: The reproduction.
        run: A folder of results, or a recipe that has not been run.
        recipe: Every default written in.
        results: Where results lie.
        finished: Whether there is a run, of whatever variant.
        notes: What else a reader has to know.
    """

    found: Reproduction
    run: str
    recipe: Mapping[str, Json]
    results: str
    finished: bool
    notes: Sequence[str] = ()

    @property
    def title(self) -> str:
        """What it is of."""
        finished = "" if self.finished else " (no finished run)"
        return f"{self.found.target.title} against {self.run}{finished}"

    def command(self) -> str:
        """What makes the rows that are missing, or a run of this protocol; '' where all is there.

        Rows that no variant of the recipe makes are not counted.
        """
        target, name = self.found.target, str(self.recipe.get("name"))
        variants = {FULL, *self.recipe.get("ablations", {})}
        lacks = any(
            line.name not in self.found.records and variants.intersection(line.variants)
            for line in target.rows
        )
        if not lacks and not self.found.mismatches:
            return ""
        if not self.finished:
            name = self.run
        elif self.found.mismatches and name not in target.recipes:
            name = target.recipes[0]
        needs = "".join(f" --set {each}" for each in target.needs)
        where = "" if self.results == "results" else f" --results {self.results}"
        return f"mertk ablate {name}{needs}{where}"


def as_json(told: Told) -> dict[str, Json]:
    """One object; scores are shares of 1."""
    found, target = told.found, told.found.target
    return {
        "target": target.model_dump(mode="json", include={"name", "title", "source", "protocol"}),
        "margin": {"points": found.margin, "why": _why(found)},
        "run": told.run,
        "finished": told.finished,
        "synthetic": found.synthetic,
        "selected_on_test": found.selected_on_test,
        "mismatches": list(found.mismatches),
        "rows": [_standing(standing, found.margin) for standing in found.standings],
        "settings": [_setting(each) for each in found.settings],
        "remarks": list(target.remarks),
        "to_run": told.command(),
    }


def _standing(this: Standing, margin: float) -> dict[str, Json]:
    tested = this.equivalence
    return {
        "row": this.line.name,
        "metric": this.metric,
        "published": this.published,
        "same_rule": None if this.same_rule is None else asdict(this.same_rule),
        "honest": None if this.honest is None else asdict(this.honest),
        "gap": this.gap,
        "equivalence": None
        if tested is None
        else {**asdict(tested), "least_margin": tested.least_margin},
        "verdict": None if tested is None else _verdict(tested, margin),
        "reason": this.reason,
    }


def _setting(this: Followed) -> dict[str, Json]:
    return {
        "name": this.setting.name,
        "where": this.setting.where,
        **this.setting.said,
        **({"here": this.values[0]} if this.values else {}),
        "follows": this.follows,
        "note": this.setting.note,
    }


def show(screen: Screen, told: Told) -> None:
    """Scores by metric, settings, and what a reader has to know."""
    found, title = told.found, told.title
    for metric in found.target.metrics:
        rows = [_cells(s, found.margin) for s in found.standings if s.metric == metric]
        header = [f"{metric.upper()} in %", "published", "same rule", "honest", "gap"]
        header += ["difference", "90%", "within", "verdict"]
        if not told.finished:  # there is nothing to put between
            header, rows = _ends(header), list(map(_ends, rows))
        screen.table(title, header, rows, left=("verdict",))
        title = ""
    words = ["paper", "code", "this run", "follows"]
    rows = [
        [s.setting.name, _said(s, "paper"), _said(s, "code"), _value(s.values), s.follows]
        for s in found.settings
    ]
    screen.table("", ["setting", *words], rows, list(_notes(told)), left=words)


def _ends(cells: Sequence[str]) -> list[str]:
    """Row, published and verdict."""
    return [*cells[:2], cells[-1]]


def _cells(this: Standing, margin: float) -> list[str]:
    tested = this.equivalence
    cells = [this.line.name, _percent(this.published), _scored(this.same_rule)]
    cells += [_scored(this.honest), "-" if this.gap is None else _percent(this.gap, sign=True)]
    if tested is None:
        return [*cells, "-", "-", "-", this.reason]
    cells.append(_percent(tested.difference, sign=True))
    if tested.low is None or tested.high is None or tested.least_margin is None:
        return [*cells, "-", "-", f"{tested.verdict}: {tested.reason}"]
    ends = f"{_percent(tested.low, sign=True)} to {_percent(tested.high, sign=True)}"
    return [*cells, ends, f"±{_percent(tested.least_margin)}", _verdict(tested, margin)]


def _verdict(tested: Equivalence, margin: float) -> str:
    words = {
        "equivalent": f"equivalent within ±{margin:g}",
        "lower": "different (lower)",
        "higher": "different (higher)",
    }
    return words.get(tested.verdict, tested.verdict)


def _percent(share: float, *, sign: bool = False) -> str:
    return f"{100 * share:+.2f}" if sign else f"{100 * share:.2f}"


def _scored(this: Scored | None) -> str:
    if this is None:
        return "-"
    return _percent(this.mean) + ("" if this.spread is None else f" ± {_percent(this.spread)}")


def _said(this: Followed, who: str) -> str:
    said = this.setting.said
    return _value([said[who]] if who in said else [])


def _value(values: Sequence[Json]) -> str:
    if not values:
        return "-"
    (value,) = values
    if isinstance(value, list):
        return ", ".join(_value([each]) for each in value)
    words = {None: "none", True: "yes", False: "no"}
    if value is None or isinstance(value, bool):
        return words[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _why(found: Reproduction) -> str:
    own = found.margin == found.target.margin.points
    return found.target.margin.why if own else "as asked for"


def _notes(told: Told) -> Iterator[str]:
    found, target = told.found, told.found.target
    source = target.source
    named = [source.paper, f"doi {source.doi}" * bool(source.doi)]
    named += [f"arXiv {source.arxiv}" * bool(source.arxiv), source.code]
    yield f"published: {'; '.join(n for n in named if n)}"
    yield f"published protocol: {target.protocol.words}"
    yield f"margin: ±{found.margin:g} points, {_why(found)}"
    if told.finished:
        yield from (COLUMNS, TESTED, WITHIN)
        yield from _of_the_run(told)
    yield FOLLOWS
    counts = Counter(each.follows for each in found.settings)
    yield f"settings: {', '.join(f'{n} {whom}' for whom, n in counts.items())}"
    for each in found.settings:
        if each.setting.note and each.follows != "both":
            yield f"{each.setting.name}: {each.setting.note}"
    yield from target.remarks
    if told.command():
        yield f"to make what is missing here: {told.command()}"


def _of_the_run(told: Told) -> Iterator[str]:
    found = told.found
    if found.mismatches:
        yield "NO REPRODUCTION, so nothing is tested:"
        yield from (f"  {what}" for what in found.mismatches)
    counts = dict.fromkeys(len(s.same_rule.seeds) for s in found.standings if s.same_rule)
    seeds = " and ".join(str(count) for count in sorted(counts))
    if seeds:
        yield f"seeds: {seeds} here, {found.target.protocol.seeds} published"
    if found.selected_on_test:
        yield f"{SELECTED_ON_TEST}; so both columns are what they are, and neither is honest"
    for name, records in found.records.items():
        _, complete_seeds = complete(records)
        left_out = sorted({seed for _, seed in records} - set(complete_seeds))
        if left_out:
            named = ", ".join(map(str, left_out))
            yield f"{name}: left out, since not every fold is finished: seed {named}"
    tested = [s.equivalence for s in found.standings if s.equivalence is not None]
    yield from dict.fromkeys(each.note for each in tested if each.note)
    yield from told.notes
    if found.synthetic:
        yield SYNTHETIC
