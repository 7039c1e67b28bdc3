"""Reliability curves: how often a model is right, by how sure it is."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from mertk.describe.calibration import Reliability
from mertk.page.figures.names import shorten, told
from mertk.page.figures.parts import Legend, Style, number_axis, style
from mertk.page.figures.picture import EDGE, LINE, SMALL, WIDE, Panel, Picture, drawing
from mertk.page.figures.svg import MARK, STANDS_FOR


def reliability(curves: Mapping[str, Reliability], *, title: str = "") -> Picture:
    """Draw accuracy over confidence for each curve, and below it how many predictions it rests on.

    Args:
        curves: By name, such as before and after temperature scaling.
        title: Stands above.

    Raises:
        ValueError: There is no curve, or one rests on no prediction.
    """
    empty = [name for name, curve in curves.items() if not curve.clips.sum()]
    if not curves or empty:
        raise ValueError(f"curves: there is nothing to draw ({', '.join(empty) or '0 curves'})")
    with drawing():
        return _drawn(curves, title)


def _drawn(curves: Mapping[str, Reliability], title: str) -> Picture:
    styles = [style(i) for i in range(len(curves))]
    entries = [
        (f"{name}: ECE {told(curve.ece)}", how)
        for (name, curve), how in zip(curves.items(), styles, strict=True)
    ]
    legend = Legend([*entries, ("perfect", Style("muted", line="--"))], WIDE - 2 * EDGE)
    head, side, left, bars = LINE + 4, 230, 50, 46
    across = WIDE - left - 14
    panel = Panel(head + side + 10 + LINE + bars + 2 * LINE + 8 + legend.down, title)
    upper = panel.axes(left, head, across, side)
    upper.plot([0, 1], [0, 1], color=STANDS_FOR["muted"], linestyle="--", linewidth=1.2)
    lower = panel.axes(left, head + side + 10 + LINE, across, bars)
    for at, (curve, how) in enumerate(zip(curves.values(), styles, strict=True)):
        _curve(upper, curve, how)
        _counts(lower, curve, how, at, len(curves))
    _frame(upper, lower)
    panel.write(EDGE, head / 2 - 1, "share that is right", size=SMALL)
    panel.write(EDGE, head + side + 8 + LINE / 2, "share of the predictions", size=SMALL)
    below = head + side + 10 + LINE + bars
    sure = shorten("probability of the predicted class", across, SMALL)
    panel.write(left, below + LINE + 10, sure, size=SMALL)
    legend.draw(panel, below + 2 * LINE + 6)
    return panel.done(_alt(curves))


def _curve(axes: Axes, curve: Reliability, how: Style) -> None:
    filled = curve.clips > 0
    axes.plot(
        curve.confidence[filled],
        curve.accuracy[filled],
        color=how.paint,
        marker=how.marker,
        linestyle=how.line,
        markersize=5,
        linewidth=1.8,
        clip_on=False,
        zorder=3,
        gid=f"{MARK}curve",
    )


def _counts(axes: Axes, curve: Reliability, how: Style, at: int, of: int) -> None:
    """One bar per bin, beside those of the other curves."""
    wide = np.diff(curve.edges)
    axes.bar(
        curve.edges[:-1] + wide * (0.1 + 0.8 * at / of),
        curve.clips / curve.clips.sum(),
        wide * 0.8 / of,
        align="edge",
        color=how.paint,
        linewidth=0,
    )


def _frame(upper: Axes, lower: Axes) -> None:
    for axes in (upper, lower):
        axes.set_xlim(0, 1)
        number_axis(axes, "x")
    upper.set_ylim(0, 1)
    upper.tick_params(axis="x", labelbottom=False)
    number_axis(upper, "y")
    number_axis(lower, "y", ticks=2)


def _alt(curves: Mapping[str, Reliability]) -> str:
    parts = []
    for name, curve in curves.items():
        share = curve.clips / curve.clips.sum()
        sure = float(np.nansum(curve.confidence * share))
        right = float(np.nansum(curve.accuracy * share))
        parts.append(
            f"{name}: expected calibration error {told(curve.ece)}, on average {told(sure)} sure "
            f"and {told(right)} right, over {int(curve.clips.sum())} predictions"
        )
    return "Reliability curve. " + "; ".join(parts) + "."
