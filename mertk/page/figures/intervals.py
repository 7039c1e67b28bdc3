"""Dots with intervals, a row each: scores beside what chance and people reach; differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from matplotlib.axes import Axes

from mertk.amounts import counted
from mertk.page.figures.names import shorten, signed, some, told, width
from mertk.page.figures.parts import (
    LINES,
    Legend,
    Style,
    between,
    finite,
    gutter,
    limits,
    number_axis,
)
from mertk.page.figures.picture import EDGE, LINE, SIZE, SMALL, WIDE, Panel, Picture, drawing
from mertk.page.figures.svg import MARK, STANDS_FOR

ROW: Final = 22
NAMES: Final = 132
"""Pixels that names may take."""


@dataclass(frozen=True)
class Bar:
    """One row.

    Args:
        name: What it is of; shortened in the picture where it is long.
        estimate: None or NaN where there is none: the row then says so.
        low: None where there is no interval, as `high`.
        high: The other end.
    """

    name: str
    estimate: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Part(Bar):
    """One slice of the test clips.

    Args:
        clips: How many clips it has.
    """

    clips: int = field(kw_only=True)


def intervals(
    rows: Sequence[Bar],
    *,
    label: str,
    lines: Mapping[str, float] | None = None,
    zero: bool = False,
    title: str = "",
) -> Picture:
    """Draw a dot and an interval for every row, in the order given.

    Args:
        rows: At least one.
        label: What the numbers are, such as `UA`.
        lines: Name -> where a line stands for comparison, such as chance.
        zero: Whether the numbers are differences: there is a line at 0, and the dot of an interval
            that holds 0 is hollow.
        title: Stands above.

    Raises:
        ValueError: There is no row.
    """
    with drawing():
        return _drawn(rows, label, lines or {}, title, zero=zero)


def slices(
    rows: Sequence[Part],
    *,
    label: str,
    worst: str | None = None,
    lines: Mapping[str, float] | None = None,
    title: str = "",
) -> Picture:
    """As `intervals`, with the number of clips of each row, and one row marked as the worst.

    Args:
        rows: At least one.
        label: What the numbers are.
        worst: The name of the worst row; None where there is none.
        lines: Name -> where a line stands, such as the score of all clips.
        title: Stands above.

    Raises:
        ValueError: There is no row.
    """
    with drawing():
        return _drawn(rows, label, lines or {}, title, worst=worst)


def _drawn(
    rows: Sequence[Bar],
    label: str,
    lines: Mapping[str, float],
    title: str,
    *,
    zero: bool = False,
    worst: str | None = None,
) -> Picture:
    if not rows:
        raise ValueError("rows: there is nothing to draw (0 rows)")
    lines = {name: value for name, value in lines.items() if finite(value)}
    legend = Legend(
        [
            (f"{name} {told(value)}", Style("muted", line=LINES[1:][i % (len(LINES) - 1)]))
            for i, (name, value) in enumerate(lines.items())
        ],
        WIDE - 2 * EDGE,
    )
    head, body = LINE + 3 if _counted(rows) else 2, ROW * len(rows)
    panel = Panel(head + body + 2 * LINE + 6 + legend.down, title)
    values = _values(panel, rows, head, zero=zero, worst=worst)
    left = EDGE + gutter([row.name for row in rows], NAMES) + 8
    axes = panel.axes(left, head, WIDE - values - 6 - left, body)
    _scale(axes, rows, lines, zero=zero)
    for value, (_, how) in zip(lines.values(), legend.entries, strict=True):
        axes.axvline(value, color=how.paint, linestyle=how.line, linewidth=1.3, gid=f"{MARK}line")
    for i, row in enumerate(rows):
        _row(axes, i, row, zero=zero, worst=row.name == worst)
        name = shorten(row.name, left - EDGE - 8, SIZE)
        colour = "bad" if row.name == worst else "ink"
        panel.write(
            left - 8, head + ROW * (i + 0.5), name, side="right", colour=colour, mark="name"
        )
    panel.write(left, head + body + LINE + 10, shorten(label, WIDE - left, SMALL), size=SMALL)
    legend.draw(panel, head + body + 2 * LINE + 4)
    return panel.done(_alt(rows, label, lines, zero=zero, worst=worst))


def _counted(rows: Sequence[Bar]) -> bool:
    return any(isinstance(row, Part) for row in rows)


def _values(
    panel: Panel, rows: Sequence[Bar], head: float, *, zero: bool, worst: str | None
) -> float:
    """Write the columns at the right; returns how wide they are."""
    write = signed if zero else told
    columns = [("", [write(row.estimate) if finite(row.estimate) else "–" for row in rows])]
    if _counted(rows):
        columns.insert(0, ("clips", [str(r.clips) if isinstance(r, Part) else "" for r in rows]))
    right = float(WIDE - EDGE)
    for name, cells in reversed(columns):
        if name:
            panel.write(right, head / 2, name, side="right", colour="muted", size=SMALL)
        for i, (cell, row) in enumerate(zip(cells, rows, strict=True)):
            colour = "muted" if name else "bad" if row.name == worst else "ink"
            y = head + ROW * (i + 0.5)
            panel.write(right, y, cell, side="right", colour=colour, size=SMALL, mark="value")
        right -= max(width(text, SMALL) for text in [name, *cells]) + 8
    return WIDE - right


def _scale(axes: Axes, rows: Sequence[Bar], lines: Mapping[str, float], *, zero: bool) -> None:
    ends = [end for row in rows for end in (row.estimate, row.low, row.high)]
    shown = [end for end in ends if end is not None and finite(end)]
    shown += [*lines.values(), *([0.0] if zero or not (shown or lines) else [])]
    axes.set(xlim=limits(shown), ylim=(len(rows) - 0.5, -0.5), yticks=[])
    axes.spines["left"].set_visible(False)
    number_axis(axes, "x")
    if zero:
        axes.axvline(0, color=STANDS_FOR["ink"], linewidth=1.2, gid=f"{MARK}zero")


def _row(axes: Axes, i: int, row: Bar, *, zero: bool, worst: bool) -> None:
    axes.axhline(i, color=STANDS_FOR["grid"], linewidth=0.6)
    paint = STANDS_FOR["bad" if worst else "c1"]
    hollow = False
    if finite(row.low) and finite(row.high):
        axes.plot([row.low, row.high], [i, i], color=paint, linewidth=2.2, gid=f"{MARK}interval")
        hollow = zero and row.low <= 0 <= row.high
    if finite(row.estimate):
        axes.plot(
            [row.estimate],
            [i],
            marker="D" if worst else "o",
            markersize=7,
            markerfacecolor=STANDS_FOR["paper"] if hollow else paint,
            markeredgecolor=paint,
            markeredgewidth=1.8,
            linestyle="none",
            clip_on=False,
            zorder=3,
            gid=f"{MARK}{'hollow' if hollow else 'dot'}",
        )


def _alt(
    rows: Sequence[Bar],
    label: str,
    lines: Mapping[str, float],
    *,
    zero: bool,
    worst: str | None,
) -> str:
    known = [(row.estimate, row) for row in rows if finite(row.estimate)]
    write = signed if zero else told
    parts = [f"{label}, {counted(len(rows), 'row')}"]
    if len(known) == 1:
        value, row = known[0]
        parts.append(f"{row.name} {write(value)}{between(row.low, row.high)}")
    elif known:
        for word, (value, row) in (
            ("highest", max(known, key=lambda k: k[0])),
            ("lowest", min(known, key=lambda k: k[0])),
        ):
            parts.append(f"{word} {row.name} {write(value)}{between(row.low, row.high)}")
    if zero:
        above = sum(row.low is not None and row.low > 0 for row in rows)
        below = sum(row.high is not None and row.high < 0 for row in rows)
        parts.append(f"{above} wholly above 0, {below} wholly below")
    if worst is not None:
        parts.append(f"marked as worst: {worst}")
    if lines:
        parts.append("lines at " + ", ".join(f"{n} {told(v)}" for n, v in lines.items()))
    if without := [row.name for row in rows if not finite(row.estimate)]:
        parts.append(f"without a value: {some(without)}")
    return "; ".join(parts) + "."
