"""An image of numbers with a scale below it."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mertk.page.figures.names import short, shorten
from mertk.page.figures.picture import LINE, SMALL, Panel
from mertk.page.theme import SEQUENTIAL

SCALE = 10 + LINE
"""Pixels that a scale takes, its numbers included."""


def image(axes: Axes, values: NDArray[np.float64], limits: tuple[float, float]) -> None:
    """Fill the axes with [R, C] numbers; a number that is not finite leaves a hole."""
    colours = colormaps[SEQUENTIAL].with_extremes(bad=(0, 0, 0, 0))
    axes.imshow(
        np.ma.masked_invalid(values),
        cmap=colours,
        vmin=limits[0],
        vmax=limits[1],
        interpolation="none",
        aspect="auto",
        extent=(0, values.shape[1], values.shape[0], 0),
    )
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def scale(
    panel: Panel, left: float, top: float, wide: float, limits: tuple[float, float], label: str
) -> None:
    """Draw which colour is which number."""
    axes = panel.axes(left, top, wide, 8)
    image(axes, np.linspace(0, 1, 64)[None], (0, 1))
    y = top + 9 + LINE / 2
    panel.write(left, y, short(limits[0]), size=SMALL, colour="muted")
    what = shorten(label, wide - 120, SMALL)
    panel.write(left + wide / 2, y, what, size=SMALL, colour="muted", side="center")
    panel.write(left + wide, y, short(limits[1]), size=SMALL, colour="muted", side="right")


def ends(values: NDArray[np.float64]) -> tuple[float, float]:
    """The least and the largest finite number, made different where they are the same."""
    known = values[np.isfinite(values)]
    low, high = float(known.min()), float(known.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)
