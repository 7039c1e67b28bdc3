"""Who scores how much: leaderboard, differences, ablations, and what picking on test would add."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mertk.amounts import number, spread
from mertk.baselines.measure import Standing
from mertk.baselines.place import place
from mertk.comparing import Comparison
from mertk.page.blocks import Block, Panels, Section, Tabled, Words
from mertk.page.figures import Bar, intervals
from mertk.page.gather import Board, System
from mertk.report import INTERVAL, SPREAD, Report, Table, ends
from mertk.score import chance

MARKS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
"""Below which p, corrected, a score bears which mark."""
MARKED = "* p < .05, ** p < .01, *** p < .001, corrected after Holm, against "
PLACED = ("ua", "wa")


def leaderboard(board: Board, standings: Sequence[Standing]) -> Section:
    """Every system with its intervals, beside chance and what needs no media."""
    report = board.report
    first = report.rows[0]
    notes = [SPREAD, INTERVAL, *report.uncovered(), *report.absent(), *report.contamination()]
    if len(report.rows) > 1:
        notes.append(MARKED + first.variant)
    pictures = [
        intervals(
            _bars(report, metric), label=metric.upper(), lines=_lines(board, metric, standings)
        )
        for metric in first.measures
    ]
    return Section(
        "Leaderboard",
        [
            Tabled(marked(report), "Scores of every system at its honestly selected epoch.", notes),
            Panels(pictures, "Scores of all clips pooled over folds, with 95% intervals."),
        ],
    )


def marked(report: Report) -> Table:
    """One row per system: mean and spread of each metric, marked where it differs from the first.

    What a paper prints; the first system bears no mark.
    """
    header, cells = ["system"], [[this.variant] for this in report.rows]
    for metric in report.rows[0].measures:
        header += [metric.upper(), "95%"]
        found: list[Comparison | None] = [None, *report.comparisons[metric]]
        for row, this, compared in zip(cells, report.rows, found, strict=True):
            row += [
                spread(list(this.metrics[metric].values())) + _mark(compared),
                ends(this.intervals.get(metric)),
            ]
    header += ["trials", "failed"]
    for row, this in zip(cells, report.rows, strict=True):
        row += [str(len(this.records)), str(this.failed)]
    return Table(header, cells)


def _mark(found: Comparison | None) -> str:
    if found is None or found.p is None:
        return ""
    p = found.p
    return next((mark for limit, mark in MARKS if p < limit), "")


def _bars(report: Report, metric: str) -> list[Bar]:
    found = [(this, this.intervals.get(metric)) for this in report.rows]
    return [
        Bar(this.variant, None) if i is None else Bar(this.variant, i.estimate, i.low, i.high)
        for this, i in found
    ]


def _lines(board: Board, metric: str, standings: Sequence[Standing]) -> dict[str, float]:
    """Where chance, the best score without media and people stand, as far as that is known."""
    row = board.systems[0].row
    classes = board.corpus["classes"]
    assert isinstance(classes, Sequence)
    levels = chance({metric: row.measures[metric]}, len(classes))
    found = {"guessing": levels[metric]} if metric in levels else {}
    if metric not in PLACED:
        return found
    reached = {s.name: float(getattr(s.pooled, metric)) for s in standings if not s.people}
    if reached:
        best = max(reached, key=lambda name: reached[name])
        found[f"no media: {best}"] = reached[best]
    found |= {s.name: float(getattr(s.pooled, metric)) for s in standings if s.people}
    return found


def standing(board: Board, standings: Sequence[Standing], missing: Sequence[str]) -> Section:
    """What the corpus gives away without media, what people reach, and where the systems are.

    Args:
        board: The systems.
        standings: What was measured; may be empty.
        missing: Why something was not.
    """
    blocks: list[Block] = [Words(f"Not known: {reason}.") for reason in missing]
    if standings:
        cells = [
            [s.name, f"{number(s.pooled.ua)}", f"{number(s.pooled.wa)}", s.meaning]
            for s in standings
        ]
        table = Table(["baseline", "UA", "WA", "meaning"], cells, left=("meaning",))
        blocks.append(Tabled(table, "What can be scored with no media at all, and by people."))
        blocks += [Words(text) for text in _places(board, standings)]
    return Section("Between shortcuts and people", blocks)


def _places(board: Board, standings: Sequence[Standing]) -> Iterator[str]:
    for metric in (m for m in PLACED if m in board.systems[0].row.measures):
        for system in board.systems:
            interval = system.row.intervals.get(metric)
            if interval is None or interval.estimate is None:
                continue
            at = place(interval.estimate, standings, metric)  # type: ignore[arg-type]
            floor = float(getattr(at.floor.pooled, metric))
            told = f"{system.name}: {metric.upper()} {number(interval.estimate)}, "
            told += f"{number(interval.estimate - floor, sign=True)} from {at.floor.name!r}"
            if at.share is not None and at.ceiling is not None:
                told += f", {at.share:.0%} of the way to {at.ceiling.name!r}"
            yield f"{told}."


def differences(report: Report, title: str, caption: str) -> Section:
    """Each system against the first: table and intervals around 0."""
    told = list(zip(report.rows[0].measures, report.tables(), strict=True))
    tables = [
        Tabled(table, f"{caption} ({metric.upper()}).", report.legend() if last else ())
        for (metric, table), last in zip(told, [False] * (len(told) - 1) + [True], strict=True)
    ]
    pictures = [
        intervals(list(_around_zero(report, metric)), label=f"Δ{metric.upper()}", zero=True)
        for metric in report.rows[0].measures
    ]
    notes = [Words(f"{row.variant}: {row.note}.") for row in report.rows if row.note]
    shown = Panels(pictures, f"Differences from {report.rows[0].variant}, with 95% intervals.")
    return Section(title, [*tables, shown, *notes])


def _around_zero(report: Report, metric: str) -> Iterator[Bar]:
    for this, found in zip(report.rows[1:], report.comparisons[metric], strict=True):
        i = None if found is None else found.difference.interval
        yield Bar(this.variant, None) if i is None else Bar(this.variant, i.estimate, i.low, i.high)


def ablation(name: str, systems: Sequence[System]) -> Section:
    """What leaving parts out or swapping them does to one recipe."""
    names = [s.name.removeprefix(f"{s.recipe}: ") for s in systems]
    rows = [replace(s.row, variant=n) for s, n in zip(systems, names, strict=True)]
    caption = f"{name} as given, and with parts left out or swapped"
    return differences(Report(rows), f"Ablation of {name}", caption)


def optimism(systems: Mapping[str, System]) -> Section:
    """What the same fits would have scored had the test clips picked the epoch."""
    report = Report([s.row for s in systems.values()])
    words = (
        "The same training runs, scored at the epoch that the recipe's rule selects, at the last "
        "epoch, and at the one that the test clips would have picked. The gap is what choosing on "
        "the test clips, as most published numbers were, adds to an honest score."
    )
    return Section(
        "Selection optimism", [Words(words), Tabled(report.picks(), "Scores by rule of selection.")]
    )
