"""The critical-difference diagram: mean ranks of systems, and which cannot be told apart."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from mertk.page.figures.names import shorten, some, width
from mertk.page.figures.parts import gutter
from mertk.page.figures.picture import EDGE, LINE, SIZE, SMALL, WIDE, Panel, Picture, Side, drawing
from mertk.page.figures.svg import MARK, STANDS_FOR
from mertk.stats import Ranking

ROW: Final = 19
NAMES: Final = 96


def critical_difference(names: Sequence[str], ranking: Ranking, *, title: str = "") -> Picture:
    """Draw mean ranks on a line, the best at the left; bars join systems that do not differ.

    Without a critical difference, as with a single corpus, there are neither bars nor a ruler, and
    the picture says why.

    Source: Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006,
    Figure 1.

    Args:
        names: [K] systems.
        ranking: Their mean ranks, as `mertk.stats.friedman` gives them.
        title: Stands above.

    Raises:
        ValueError: There is no system, or there are not K names.
    """
    if not names or len(names) != len(ranking.ranks):
        raise ValueError(f"names: {len(names)} do not name {len(ranking.ranks)} ranked systems")
    with drawing():
        return _drawn(names, ranking, title)


def _drawn(names: Sequence[str], ranking: Ranking, title: str) -> Picture:
    count = len(names)
    order = np.argsort(ranking.ranks, kind="stable").tolist()
    told = [f"{ranking.ranks[i]:.2f}" for i in range(count)]
    numbers = max(width(text, SMALL) for text in told) + 5
    half = math.ceil(count / 2)
    room = [gutter([names[i] for i in side], NAMES) for side in (order[:half], order[half:])]
    left, right = EDGE + room[0] + numbers + 6, WIDE - EDGE - room[1] - numbers - 6
    head = 2 * LINE + 10.0 if ranking.critical or ranking.reason else 4
    axis = head + LINE + 4
    bars = axis + 8 + 7 * len(ranking.groups)
    panel = Panel(bars + ROW * half + 6, title)
    axes = panel.whole()

    def place(rank: float) -> float:
        return left + (right - left) * (rank - 1) / max(count - 1, 1)

    _ruler(panel, axes, ranking, (right - left) / max(count - 1, 1), left, axis, count)
    for i, group in enumerate(ranking.groups):
        ends = [place(ranking.ranks[k]) for k in (group[0], group[-1])]
        y = axis + 8 + 7 * i
        across = [ends[0] - 3, ends[1] + 3]
        axes.plot(across, [y, y], color=STANDS_FOR["c1"], linewidth=4, gid=f"{MARK}bar")
    for at, k in enumerate(order):
        best = at < half
        row = at if best else count - 1 - at
        y, x, end = bars + ROW * (row + 0.5), place(ranking.ranks[k]), left if best else right
        axes.plot([x, x, end], [axis, y, y], color=STANDS_FOR["muted"], lw=1.1, gid=f"{MARK}stem")
        side: Side = "right" if best else "left"
        away = -1 if best else 1
        panel.write(end + 4 * away, y, told[k], side=side, size=SMALL, colour="muted")
        name = shorten(names[k], room[0 if best else 1], SIZE)
        panel.write(end + (4 + numbers) * away, y, name, side=side, mark="name")
    return panel.done(_alt(names, ranking, order))


def _ruler(
    panel: Panel, axes: Axes, ranking: Ranking, step: float, left: float, axis: float, count: int
) -> None:
    """The line of ranks, and above it how long the critical difference is."""
    right = left + step * (count - 1)
    axes.plot([left, right], [axis, axis], color=STANDS_FOR["ink"], linewidth=1.4)
    labelled = range(1, count + 1, math.ceil(16 / step)) if step else [1]
    for rank in range(1, count + 1):
        x = left + step * (rank - 1)
        axes.plot([x, x], [axis - 4, axis], color=STANDS_FOR["ink"], linewidth=1.2)
        if rank not in labelled:
            continue
        panel.write(x, axis - 11, str(rank), side="center", size=SMALL, colour="muted")
    if ranking.critical is None:
        if ranking.reason:
            panel.write(EDGE, LINE / 2, shorten(ranking.reason, WIDE - 2 * EDGE, SMALL), size=SMALL)
        return
    end, y = left + step * ranking.critical, LINE + 6
    axes.plot([left, end], [y, y], color=STANDS_FOR["ink"], linewidth=1.4, gid=f"{MARK}cd")
    for x in (left, end):
        axes.plot([x, x], [y - 4, y + 4], color=STANDS_FOR["ink"], linewidth=1.4)
    text = f"critical difference {ranking.critical:.2f}"
    panel.write(min(left, WIDE - EDGE - width(text, SMALL)), LINE / 2 - 1, text, size=SMALL)


def _alt(names: Sequence[str], ranking: Ranking, order: Sequence[int]) -> str:
    ranked = some([f"{names[k]} {ranking.ranks[k]:.2f}" for k in order], 12)
    parts = [f"Mean ranks from best to worst: {ranked}"]
    if ranking.critical is None:
        parts.append(f"no critical difference: {ranking.reason}")
    else:
        parts.append(f"critical difference {ranking.critical:.2f}")
        groups = [" to ".join((names[g[0]], names[g[-1]])) for g in ranking.groups]
        parts.append(f"not told apart: {'; '.join(groups)}" if groups else "all are told apart")
    return "; ".join(parts) + "."
