"""Where one stream looks in another: weights over time."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mertk.amounts import counted
from mertk.page.figures.heat import SCALE, ends, image, scale
from mertk.page.figures.names import short, shorten
from mertk.page.figures.parts import number_axis
from mertk.page.figures.picture import LINE, SMALL, WIDE, Panel, Picture, drawing
from mertk.page.figures.svg import MARK, STANDS_FOR

LEFT = 50
Floats = NDArray[np.float64]
Seconds = tuple[float, float] | None


def attention(
    weights: NDArray[np.float32],
    *,
    stream: str,
    other: str,
    seconds: Seconds = None,
    title: str = "",
) -> Picture:
    """Draw how much every step of one stream looks at every step of another.

    Where one of them has a single step, a line over the steps of the other; else a heat map with
    the stream that looks from top to bottom, and the one that is looked at from left to right.

    Args:
        weights: [T, T'], from the steps of `stream` to those of `other`.
        stream: The one that looks.
        other: The one that is looked at.
        seconds: How long each of them is; without it, time is counted in steps.
        title: Stands above.

    Raises:
        ValueError: Not a matrix, or no weight is finite.
    """
    numbers = np.array(weights, np.float64)
    if numbers.ndim != 2 or not np.isfinite(numbers).any():
        raise ValueError(
            f"weights: there is nothing to draw (shape {numbers.shape}, "
            f"{int(np.isfinite(numbers).sum())} finite numbers)"
        )
    with drawing():
        draw = _line if 1 in numbers.shape else _map
        return draw(numbers, stream, other, seconds, title)


def _map(weights: Floats, stream: str, other: str, seconds: Seconds, title: str) -> Picture:
    head, side = LINE + 4, WIDE - LEFT - 12
    body = round(min(side, max(110, side * weights.shape[0] / weights.shape[1])))
    panel = Panel(head + body + 2 * LINE + 12 + SCALE, title)
    axes = panel.axes(LEFT, head, side, body)
    bounds = ends(weights)
    image(axes, weights, bounds)
    number_axis(axes, "x", whole=seconds is None)
    number_axis(axes, "y", ticks=4, whole=seconds is None)
    axes.grid(False)
    _in_seconds(axes, weights, seconds)
    unit = "seconds" if seconds else "steps"
    for text, y in (
        (f"{stream}, {unit}, downwards", head / 2 - 1),
        (f"{other}, {unit}", head + body + LINE + 10),
    ):
        panel.write(LEFT, y, shorten(text, side, SMALL), size=SMALL, mark="axis")
    scale(panel, LEFT, head + body + 2 * LINE + 10, side, bounds, "weight")
    return panel.done(_alt(weights, stream, other, seconds))


def _in_seconds(axes: Axes, weights: Floats, seconds: Seconds) -> None:
    """Stretch the image over the length of the clips."""
    if seconds:
        axes.images[0].set_extent((0, seconds[1], seconds[0], 0))
    down, across = seconds or weights.shape
    axes.set(xlim=(0, across), ylim=(down, 0))


def _line(weights: Floats, stream: str, other: str, seconds: Seconds, title: str) -> Picture:
    onto = weights.shape[0] == 1
    values, length = weights.ravel(), None if seconds is None else seconds[1 if onto else 0]
    head, body = LINE + 4, 120
    panel = Panel(head + body + 2 * LINE + 6, title)
    axes = panel.axes(LEFT, head, WIDE - LEFT - 12, body)
    edges = np.linspace(0, length or len(values), len(values) + 1)
    # Steps drawn as such: each weight holds from the beginning of its step to the end.
    axes.stairs(values, edges, color=STANDS_FOR["c1"], linewidth=1.6, gid=f"{MARK}weights")
    axes.stairs(values, edges, color=STANDS_FOR["c1"], alpha=0.18, fill=True)
    top = float(np.nanmax(values))
    axes.set(xlim=(0, edges[-1]), ylim=(min(0.0, float(np.nanmin(values))), top * 1.08 or 1))
    number_axis(axes, "x", ticks=6, whole=length is None)
    number_axis(axes, "y", ticks=4)
    axes.grid(False, axis="x")
    told = f"weight of {other}" if onto else f"weight that {stream} gives {other}"
    panel.write(LEFT, head / 2 - 1, shorten(told, WIDE - LEFT, SMALL), size=SMALL)
    along = f"{other if onto else stream}, {'seconds' if length else 'steps'}"
    along = shorten(along, WIDE - LEFT, SMALL)
    panel.write(LEFT, head + body + LINE + 10, along, size=SMALL, mark="axis")
    return panel.done(_alt(weights, stream, other, seconds))


def _alt(weights: Floats, stream: str, other: str, seconds: Seconds) -> str:
    steps, others = weights.shape
    total = np.where(np.isfinite(weights), weights, 0).mean(0)
    best = int(total.argmax())
    where = f"step {best + 1} of {others}"
    if seconds:
        each = seconds[1] / others
        where += f" ({each * best:.2f} to {each * (best + 1):.2f} s)"
    return (
        f"Attention of {stream} ({counted(steps, 'step')}) to {other} ({counted(others, 'step')}): "
        f"most goes to {where}, on average {short(float(total[best]))} where even attention would "
        f"give {short(1 / others)}; weights from {short(float(np.nanmin(weights)))} to "
        f"{short(float(np.nanmax(weights)))}."
    )
