"""Scores under a growing disturbance."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mertk.amounts import counted
from mertk.page.figures.names import short, shorten, told
from mertk.page.figures.parts import Legend, Style, band, finite, limits, number_axis, style
from mertk.page.figures.picture import EDGE, LINE, SMALL, WIDE, Panel, Picture, drawing
from mertk.page.figures.svg import MARK

Floats = NDArray[np.float64]


def robustness(
    levels: Sequence[float],
    scores: Mapping[str, Sequence[Sequence[float]]],
    *,
    unit: str,
    clean: Mapping[str, float] | None = None,
    label: str = "score",
    title: str = "",
) -> Picture:
    """Draw scores over the level of a disturbance: the mean of the trials within their range.

    Args:
        levels: [L], from mild to strong; growing or, as with signal to noise, falling.
        scores: Name -> per trial [L] scores; one that is not finite is left out of the mean.
        unit: What the levels are, such as `signal to noise, dB`.
        clean: Name -> the score without disturbance, a thin line.
        label: What the scores are.
        title: Stands above.

    Raises:
        ValueError: The levels neither grow nor fall, a trial has not L scores, or none is finite.
    """
    steps = np.diff(np.asarray(levels, np.float64))
    if not len(levels) or not ((steps > 0).all() or (steps < 0).all()):
        raise ValueError(f"levels: they must grow or fall, one at least (got {list(levels)})")
    wrong = [n for n, trials in scores.items() if any(len(t) != len(levels) for t in trials)]
    if wrong:
        raise ValueError(f"scores: not one per level ({len(levels)}): {', '.join(wrong)}")
    arrays = {n: np.array(t, np.float64).reshape(-1, len(levels)) for n, t in scores.items()}
    if not any(np.isfinite(array).any() for array in arrays.values()):
        raise ValueError(f"scores: there is nothing to draw ({len(arrays)} without a finite score)")
    known = {name: value for name, value in (clean or {}).items() if finite(value)}
    with drawing():
        return _drawn(np.asarray(levels, np.float64), arrays, unit, known, label, title)


def _drawn(
    levels: Floats,
    arrays: Mapping[str, Floats],
    unit: str,
    clean: Mapping[str, float],
    label: str,
    title: str,
) -> Picture:
    styles = {name: style(i) for i, name in enumerate(dict.fromkeys([*arrays, *clean]))}
    entries = [(name, styles[name]) for name in arrays]
    if clean:
        entries.append(("without disturbance", Style("muted", line=(0, (1, 2)))))
    legend = Legend(entries if len(entries) > 1 else [], WIDE - 2 * EDGE)
    head, body, left = LINE + 4, 170, 50
    panel = Panel(head + body + 2 * LINE + 8 + legend.down, title)
    axes = panel.axes(left, head, WIDE - left - 14, body)
    shown = np.concatenate([*(a.ravel() for a in arrays.values()), list(clean.values())])
    axes.set_ylim(limits(shown[np.isfinite(shown)].tolist()))
    ends = limits(levels.tolist(), 0.04)
    axes.set_xlim(ends if levels[-1] >= levels[0] else ends[::-1])
    number_axis(axes, "y")
    number_axis(axes, "x")
    axes.set_xticks(levels)
    axes.grid(False, axis="x")
    for name, value in clean.items():
        dots = (0, (1, 2))
        axes.axhline(value, color=styles[name].paint, ls=dots, lw=1.4, gid=f"{MARK}clean")
    for name, array in arrays.items():
        how = styles[name]
        band(axes, levels, array, how)
        known = np.isfinite(array).any(0)
        mean = [np.nanmean(array[:, i]) for i in np.flatnonzero(known)]
        axes.plot(levels[known], mean, how.marker, color=how.paint, ms=5, gid=f"{MARK}point")
    panel.write(EDGE, head / 2 - 1, shorten(label, WIDE - 2 * EDGE, SMALL), size=SMALL)
    panel.write(left, head + body + LINE + 10, shorten(unit, WIDE - left, SMALL), size=SMALL)
    legend.draw(panel, head + body + 2 * LINE + 6)
    return panel.done(_alt(levels, arrays, unit, clean, label))


def _alt(
    levels: Floats,
    arrays: Mapping[str, Floats],
    unit: str,
    clean: Mapping[str, float],
    label: str,
) -> str:
    parts = []
    for name, array in arrays.items():
        known = np.flatnonzero(np.isfinite(array).any(0))
        said = [f"without disturbance {told(clean[name])}"] if name in clean else []
        ends = dict.fromkeys((known[0], known[-1])) if len(known) else {}
        said += [f"{told(float(np.nanmean(array[:, i])))} at {short(levels[i])}" for i in ends]
        if len(known) < len(levels):
            said.append(f"no score at {len(levels) - len(known)} of {len(levels)} levels")
        parts.append(f"{name}, mean of {counted(len(array), 'trial')}: {', '.join(said)}")
    return f"{label} over {unit}. " + "; ".join(parts) + "."
