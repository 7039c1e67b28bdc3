"""Learning curves: a mean line and the range of the trials, over epochs."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mertk.amounts import counted
from mertk.page.figures.names import shorten, told
from mertk.page.figures.parts import Legend, Style, band, limits, number_axis, style
from mertk.page.figures.picture import EDGE, LINE, SIZE, SMALL, WIDE, Panel, Picture, drawing
from mertk.page.figures.svg import MARK, STANDS_FOR

Trials = Sequence[Sequence[float]]


def curves(
    series: Mapping[str, Trials],
    *,
    label: str,
    marks: Mapping[str, Sequence[int | None]] | None = None,
    title: str = "",
) -> Picture:
    """Draw each series as the mean of its trials over epochs, within the range they span.

    Trials may have different numbers of epochs: the mean is then of those that still ran. A value
    that is not finite is left out of it.

    Args:
        series: Name -> the values of each trial, one per epoch.
        label: What the values are.
        marks: Name -> per trial the epoch, counted from 1, that was selected; marked on the trial's
            own curve.
        title: Stands above.

    Raises:
        ValueError: No series has a finite value, or a mark is at an epoch that its trial lacks.
    """
    arrays = {name: _array(trials) for name, trials in series.items()}
    if not any(np.isfinite(array).any() for array in arrays.values()):
        raise ValueError(f"series: there is nothing to draw ({len(arrays)} without a finite value)")
    points = {name: _marked(name, series[name], marks or {}) for name in series}
    with drawing():
        return _drawn(arrays, label, points, title)


def _array(trials: Trials) -> NDArray[np.float64]:
    """[S, E], NaN after the end of a trial and where a value is not finite."""
    found = np.full((len(trials), max(map(len, trials), default=0)), np.nan)
    for row, trial in zip(found, trials, strict=True):
        row[: len(trial)] = np.asarray(trial, np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def _marked(
    name: str, trials: Trials, marks: Mapping[str, Sequence[int | None]]
) -> list[tuple[int, float]]:
    """Epoch and value of each selected epoch."""
    found = []
    for trial, epoch in zip(trials, marks.get(name, [None] * len(trials)), strict=True):
        if epoch is None:
            continue
        if not 1 <= epoch <= len(trial):
            raise ValueError(f"marks: {name} has no epoch {epoch} (it has {len(trial)})")
        found.append((epoch, float(trial[epoch - 1])))
    return found


def _drawn(
    arrays: Mapping[str, NDArray[np.float64]],
    label: str,
    points: Mapping[str, Sequence[tuple[int, float]]],
    title: str,
) -> Picture:
    styles = {name: style(i) for i, name in enumerate(arrays)}
    entries = [(name, Style(how.colour, line=how.line)) for name, how in styles.items()]
    marked = any(points.values())
    if marked:
        entries.append(("selected epoch", Style("ink", "o", hollow=True)))
    legend = Legend(entries if len(entries) > 1 else [], WIDE - 2 * EDGE)
    head, body, left = LINE + 4, 170, 46
    panel = Panel(head + body + 2 * LINE + 8 + legend.down, title)
    axes = panel.axes(left, head, WIDE - left - 10, body)
    longest = max(array.shape[1] for array in arrays.values())
    number_axis(axes, "y")
    number_axis(axes, "x", ticks=6, whole=True)
    axes.set_xlim((1, longest) if longest > 1 else (0.5, 1.5))
    if longest == 1:
        axes.set_xticks([1])
    axes.grid(False, axis="x")
    _lines(axes, arrays, styles, points)
    panel.write(EDGE, head / 2 - 1, shorten(label, WIDE - 2 * EDGE, SMALL), size=SMALL)
    panel.write(left, head + body + LINE + 10, "epoch", size=SMALL, colour="muted")
    legend.draw(panel, head + body + 2 * LINE + 6)
    return panel.done(_alt(arrays, label, points))


def _lines(
    axes: Axes,
    arrays: Mapping[str, NDArray[np.float64]],
    styles: Mapping[str, Style],
    points: Mapping[str, Sequence[tuple[int, float]]],
) -> None:
    everything = np.concatenate([array.ravel() for array in arrays.values()])
    axes.set_ylim(limits(everything[np.isfinite(everything)].tolist()))
    for name, array in arrays.items():
        band(axes, np.arange(1, array.shape[1] + 1, dtype=np.float64), array, styles[name])
        if points[name]:
            axes.plot(
                *zip(*points[name], strict=True),
                linestyle="none",
                marker="o",
                markersize=SIZE / 2,
                markerfacecolor=STANDS_FOR["paper"],
                markeredgecolor=styles[name].paint,
                markeredgewidth=1.5,
                clip_on=False,
                zorder=4,
                gid=f"{MARK}selected",
            )


def _alt(
    arrays: Mapping[str, NDArray[np.float64]],
    label: str,
    points: Mapping[str, Sequence[tuple[int, float]]],
) -> str:
    parts = []
    for name, array in arrays.items():
        known = np.isfinite(array).any(0)
        if not known.any():
            parts.append(f"{name}: no value")
            continue
        means = {int(e): float(np.nanmean(array[:, e])) for e in np.flatnonzero(known)}
        low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
        first, last = min(means), max(means)
        said = f"{name}, mean of {counted(len(array), 'trial')}: "
        said += f"{told(means[first])} at epoch {first + 1}"
        if last > first:
            said += f", {told(means[last])} at epoch {last + 1}, "
            said += (
                f"lowest {told(means[low])} at {low + 1}, highest {told(means[high])} at {high + 1}"
            )
        if points[name]:
            said += f", selected epochs {', '.join(str(e) for e, _ in points[name])}"
        parts.append(said)
    return f"{label} over epochs. " + "; ".join(parts) + "."
