"""Numbers about pairs of clips, such as similarities, with the classes marked as blocks."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mertk.amounts import counted
from mertk.page.figures.heat import SCALE, ends, image, scale
from mertk.page.figures.names import shorten, told
from mertk.page.figures.parts import gutter, spread
from mertk.page.figures.picture import EDGE, LINE, SMALL, WIDE, Panel, Picture, drawing

NAMES: Final = 80


def matrix(
    values: NDArray[np.float32],
    labels: Sequence[int],
    classes: Sequence[str],
    *,
    title: str = "",
    limits: tuple[float, float] | None = None,
    axes: tuple[str, str] = ("", ""),
    label: str = "similarity",
) -> Picture:
    """Draw a [B, B] matrix of pairs of clips that stand class by class.

    Args:
        values: [B, B]; a number that is not finite is a hole.
        labels: [B] class of each clip; those of one class stand side by side.
        classes: Names by class index.
        title: Stands above.
        limits: Numbers of the darkest and the lightest colour, which matrices that are compared
            share; without them, the least and the largest number.
        axes: What the rows and the columns are, such as two streams.
        label: What the numbers are.

    Raises:
        ValueError: Shapes do not fit, the clips of a class lie apart, or no number is finite.
    """
    numbers, order = np.array(values, np.float64), np.asarray(labels).tolist()
    if numbers.shape != (len(order), len(order)):
        raise ValueError(f"values: shape {numbers.shape} does not fit {len(order)} labels")
    if not np.isfinite(numbers).any():
        raise ValueError("values: there is nothing to draw (no finite number)")
    blocks = list(_blocks(order))
    if len({label for label, _, _ in blocks}) < len(blocks):
        raise ValueError(f"labels: the clips of each class must stand side by side (got {order})")
    with drawing():
        named = [(classes[at], first, last) for at, first, last in blocks]
        return _drawn(numbers, named, title, limits or ends(numbers), axes, label)


def _blocks(labels: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Class, first clip and the one after the last."""
    begin = 0
    for label, run in groupby(labels):
        end = begin + len(list(run))
        yield label, begin, end
        begin = end


def _drawn(
    values: NDArray[np.float64],
    blocks: Sequence[tuple[str, int, int]],
    title: str,
    limits: tuple[float, float],
    streams: tuple[str, str],
    label: str,
) -> Picture:
    left = EDGE + gutter([name for name, _, _ in blocks], NAMES, SMALL) + 10
    side, head = WIDE - EDGE - left, LINE + 2 if any(streams) else 4
    panel = Panel(head + side + 8 + SCALE, title)
    axes = panel.axes(left, head, side, side)
    image(axes, values, limits)
    _lines(axes, blocks)
    step = side / len(values)
    middles = [head + step * (first + last) / 2 for _, first, last in blocks]
    for (name, _, _), y in zip(blocks, spread(middles, 12, head + side), strict=True):
        short = shorten(name, left - EDGE - 10, SMALL)
        panel.write(left - 8, y, short, side="right", size=SMALL, mark="name")
    if any(streams):
        told = f"rows: {streams[0]}, columns: {streams[1]}"
        told = shorten(told, side, SMALL)
        panel.write(left, head / 2 - 1, told, size=SMALL, colour="muted")
    scale(panel, left, head + side + 8, side, limits, label)
    return panel.done(_alt(values, blocks, label))


def _lines(axes: Axes, blocks: Sequence[tuple[str, int, int]]) -> None:
    """Between classes, light on dark, to be seen on every colour; and ticks beside the names."""
    for _, first, last in blocks:
        for at in {first, last} if first else {last}:
            for paint, thick in (("#000000", 1.8), ("#ffffff", 0.8)):
                if 0 < at < blocks[-1][2]:
                    axes.axhline(at, color=paint, linewidth=thick)
                    axes.axvline(at, color=paint, linewidth=thick)
    axes.set_yticks([(first + last) / 2 for _, first, last in blocks], ["" for _ in blocks])
    axes.tick_params(axis="y", length=4)


def _alt(values: NDArray[np.float64], blocks: Sequence[tuple[str, int, int]], label: str) -> str:
    own = np.zeros(values.shape, bool)
    for _, first, last in blocks:
        own[first:last, first:last] = True
    same = np.eye(len(values), dtype=bool)
    parts = [
        f"mean {name} {told(float(found.mean()))}"
        for name, where in (
            ("of a clip with itself", same),
            ("with another clip of its class", own & ~same),
            ("with a clip of another class", ~own),
        )
        if (found := values[where & np.isfinite(values)]).size
    ]
    if len(blocks) == 1:
        parts.append(f"all clips are {blocks[0][0]}")
    holes = int((~np.isfinite(values)).sum())
    if holes:
        parts.append(f"{counted(holes, 'pair')} without a number")
    classes = "1 class" if len(blocks) == 1 else f"{len(blocks)} classes"
    what = f"{label} of {len(values)} by {counted(len(values), 'clip')} of {classes}"
    return f"Matrix: {what}; " + "; ".join(parts) + "."
