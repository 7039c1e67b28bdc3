"""What several pictures are made of: styles of groups, legends, frames of axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from mertk.page.figures.names import short, shorten, told, width
from mertk.page.figures.picture import EDGE, LINE, SIZE, SMALL, Panel
from mertk.page.figures.svg import MARK, STANDS_FOR
from mertk.page.theme import GROUPS

MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
"""One more than there are colours, so that 42 groups differ in colour or in shape."""
LINES: Final[tuple[Any, ...]] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 3)))
SAMPLE: Final = 24
"""Pixels that the sample before a legend's name takes."""


@dataclass(frozen=True)
class Style:
    """How one group is drawn: the name of its colour, matplotlib's marker and line style,
    and whether the marker is hollow."""

    colour: str
    marker: str = ""
    line: Any = ""
    hollow: bool = False

    @property
    def paint(self) -> str:
        """The colour as matplotlib is told it."""
        return STANDS_FOR[self.colour]


def style(group: int) -> Style:
    """How the group with this number is drawn in every picture."""
    return Style(
        GROUPS[group % len(GROUPS)], MARKERS[group % len(MARKERS)], LINES[group % len(LINES)]
    )


@dataclass(frozen=True)
class Legend:
    """Names with samples of how they are drawn, in as many columns as fit.

    Args:
        entries: The names and their styles.
        wide: Pixels across.
    """

    entries: Sequence[tuple[str, Style]]
    wide: float

    @property
    def _columns(self) -> int:
        longest = max((width(name, SMALL) for name, _ in self.entries), default=0)
        return max(1, min(4, len(self.entries), int(self.wide / (longest + SAMPLE + 8))))

    @property
    def down(self) -> float:
        """How high it is."""
        return math.ceil(len(self.entries) / self._columns) * LINE

    def draw(self, panel: Panel, top: float, left: float = EDGE) -> None:
        """Draw it below `top`."""
        axes = panel.whole()
        rows, each = math.ceil(self.down / LINE), self.wide / self._columns
        for i, (name, how) in enumerate(self.entries):
            x, y = left + (i // rows) * each, top + (i % rows + 0.5) * LINE
            across = [x, x + SAMPLE / 2, x + SAMPLE - 5] if how.line else [x + SAMPLE / 2]
            axes.add_line(
                Line2D(
                    across,
                    [y] * len(across),
                    color=how.paint,
                    linestyle=how.line or "none",
                    linewidth=1.8,
                    marker=how.marker or None,
                    markersize=5,
                    markerfacecolor=STANDS_FOR["paper"] if how.hollow else how.paint,
                    markeredgewidth=1.5 if how.hollow else 1,
                    markevery=[len(across) // 2],
                    gid=f"{MARK}legend",
                )
            )
            panel.write(x + SAMPLE, y, shorten(name, each - SAMPLE - 4, SMALL), size=SMALL)


def number_axis(axes: Axes, which: str, *, ticks: int = 5, whole: bool = False) -> None:
    """Give an axis a few ticks with short numbers, and lines across."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(
        MaxNLocator(ticks, integer=whole, min_n_ticks=2, steps=[1, 2, 2.5, 5, 10])
    )
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(round(value, 12))))
    axes.grid(True, axis="x" if which == "x" else "y")
    axes.tick_params(axis="both", length=0, pad=4)


def limits(values: Sequence[float], pad: float = 0.06) -> tuple[float, float]:
    """Both ends of an axis that holds these finite values, with some air."""
    low, high = min(values), max(values)
    air = (high - low) * pad or max(abs(high) * pad, 0.01)
    return low - air, high + air


def band(axes: Axes, x: NDArray[np.float64], trials: NDArray[np.float64], how: Style) -> None:
    """Draw the mean of several trials [S, X] and the range they span.

    A trial that has no number at some place leaves it to the others; where none has, there is a
    gap. One that stands alone between gaps is a dot.
    """
    known = np.isfinite(trials)
    count = known.sum(0)
    total = np.where(known, trials, 0).sum(0)
    mean = np.divide(total, count, out=np.full(len(x), np.nan), where=count > 0)
    if (count > 1).any():
        low = np.where(known, trials, np.inf).min(0, initial=np.inf)
        high = np.where(known, trials, -np.inf).max(0, initial=-np.inf)
        axes.fill_between(
            x, low, high, where=(count > 0).tolist(), color=how.paint, alpha=0.18, linewidth=0
        )
    axes.plot(x, mean, color=how.paint, linestyle=how.line, linewidth=1.8, gid=f"{MARK}mean")
    padded = np.concatenate([[False], count > 0, [False]])
    alone = padded[1:-1] & ~padded[:-2] & ~padded[2:]
    if alone.any():
        axes.plot(x[alone], mean[alone], how.marker, color=how.paint, ms=5, gid=f"{MARK}alone")


def spread(places: Sequence[float], gap: float, high: float) -> list[float]:
    """Move growing places of labels apart, `gap` at least, as near as they can be below `high`."""
    found = list(places)
    for i in range(1, len(found)):
        found[i] = max(found[i], found[i - 1] + gap)
    for i in reversed(range(len(found))):
        found[i] = min(found[i], high - gap / 2 - gap * (len(found) - 1 - i))
    return found


def finite(value: float | None) -> TypeGuard[float]:
    """Whether there is a number to draw."""
    return value is not None and math.isfinite(value)


def gutter(names: Sequence[str], most: float, size: float = SIZE) -> float:
    """Pixels that a column of names takes, up to `most`."""
    return min(most, max((width(name, size) for name in names), default=0) + 2)


def between(low: float | None, high: float | None) -> str:
    """An interval as an alternative text tells it; '' where there is none."""
    return f" ({told(low)} to {told(high)})" if finite(low) and finite(high) else ""
