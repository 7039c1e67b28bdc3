"""The confusion matrix as a heat map of shares per true class."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from mertk.page.figures.names import shorten, width
from mertk.page.figures.parts import gutter
from mertk.page.figures.picture import EDGE, LINE, SIZE, SMALL, WIDE, Panel, Picture, drawing
from mertk.page.figures.svg import MARK, STANDS_FOR

NAMES: Final = 88
DARK: Final = 0.66
"""The share from which on a cell is so dark (light, on dark ground) that the colour of the paper is
read better on it than that of ink: either has a contrast of 3.5 there."""
ROOMY: Final = 38
"""Pixels a cell needs to hold the count below the percentage."""


def confusion(counts: NDArray[np.int64], classes: Sequence[str], *, title: str = "") -> Picture:
    """Draw which share of each true class (rows) is predicted as which class (columns), in percent.

    A class without clips is a row of dashes.

    Args:
        counts: [N, N] predictions by true and predicted class.
        classes: [N] names.
        title: Stands above.

    Raises:
        ValueError: The shapes do not fit, a count is negative, or all are 0.
    """
    counts = np.asarray(counts)
    if counts.shape != (len(classes), len(classes)):
        raise ValueError(f"counts: shape {counts.shape} does not fit {len(classes)} classes")
    if not counts.size or counts.min() < 0 or not counts.sum():
        raise ValueError("counts: there is nothing to draw (no clips, or a count below 0)")
    with drawing():
        return _drawn(counts, classes, title)


def _drawn(counts: NDArray[np.int64], classes: Sequence[str], title: str) -> Picture:
    totals = counts.sum(1)
    clips = max(width(text, SMALL) for text in ["clips", *map(str, totals)]) + 6
    left = EDGE + gutter(classes, NAMES) + 6
    cell = min(68.0, (WIDE - EDGE - clips - left) / len(classes))
    side, head = cell * len(classes), LINE + 2.0
    turned = any(width(name, SMALL) > cell - 4 for name in classes)
    foot = gutter(classes, NAMES, SMALL) + 6 if turned else LINE + 2.0
    panel = Panel(head + side + 3 + foot + LINE, title)
    axes = panel.whole()
    panel.write(EDGE, head / 2, "true", size=SMALL, colour="muted")
    panel.write(left + side + clips, head / 2, "clips", size=SMALL, colour="muted", side="right")
    for i, name in enumerate(classes):
        y = head + cell * (i + 0.5)
        panel.write(left - 6, y, shorten(name, left - EDGE - 6, SIZE), side="right", mark="name")
        told = str(totals[i])
        panel.write(left + side + clips, y, told, size=SMALL, colour="muted", side="right")
        _row(panel, axes, counts[i], (left, head + cell * i), cell, i)
        x = left + cell * (i + 0.5)
        if turned:
            short = shorten(name, foot - 6, SMALL)
            panel.write(x, head + side + 5, short, side="right", turned=90, size=SMALL)
        else:
            panel.write(x, head + side + 3 + LINE / 2, name, side="center", size=SMALL)
    y = head + side + 3 + foot + LINE / 2 - 1
    panel.write(left, y, "predicted, % of the true class", size=SMALL, colour="muted")
    return panel.done(_alt(counts, classes))


def _row(
    panel: Panel,
    axes: Axes,
    counts: NDArray[np.int64],
    corner: tuple[float, float],
    cell: float,
    right: int,
) -> None:
    total = int(counts.sum())
    for j, count in enumerate(counts.tolist()):
        x, y = corner[0] + cell * j, corner[1]
        share = count / total if total else 0.0
        frame = Rectangle(
            (x + 0.5, y + 0.5), cell - 1, cell - 1, edgecolor="none", gid=f"{MARK}cell"
        )
        frame.set(facecolor=STANDS_FOR["heat"], alpha=0.04 + 0.96 * share)
        axes.add_patch(frame)
        colour = "paper" if share >= DARK else "ink"
        text = f"{100 * share:.0f}" if count else "" if total else "–"
        both = cell >= ROOMY and count > 0
        middle = y + cell / 2
        panel.write(
            x + cell / 2,
            middle - (6 if both else 0),
            text,
            side="center",
            colour=colour if total else "muted",
            size=SIZE + 2 if both else SMALL if cell >= 24 else 9,
            weight="bold" if j == right else "normal",
            mark="share",
        )
        if both:
            told = str(count)
            panel.write(
                x + cell / 2,
                middle + 8,
                told,
                side="center",
                colour=colour,
                size=SMALL,
                mark="count",
            )


def _alt(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    totals = counts.sum(1)
    present = np.flatnonzero(totals)
    recall = np.diag(counts)[present] / totals[present]
    best, worst = present[recall.argmax()], present[recall.argmin()]
    parts = [
        f"Confusion matrix of {len(classes)} classes over {int(totals.sum())} predictions",
        f"most often right: {classes[best]}, {100 * recall.max():.0f}%",
        f"least often right: {classes[worst]}, {100 * recall.min():.0f}%",
    ]
    wrong = counts / np.maximum(totals, 1)[:, None]
    np.fill_diagonal(wrong, 0)
    if wrong.max() > 0:
        i, j = np.unravel_index(wrong.argmax(), wrong.shape)
        parts.append(
            f"most often mistaken: {classes[i]} for {classes[j]}, {100 * wrong.max():.0f}%"
        )
    if len(present) < len(classes):
        missing = [name for name, total in zip(classes, totals, strict=True) if not total]
        parts.append(f"without clips: {', '.join(missing)}")
    return "; ".join(parts) + "."
