"""A map of vectors in two dimensions, a mark for every group."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mertk.amounts import counted
from mertk.page.figures.names import some
from mertk.page.figures.parts import Legend, Style, limits, style
from mertk.page.figures.picture import EDGE, WIDE, Panel, Picture, drawing
from mertk.page.figures.svg import MARK, STANDS_FOR

Points = NDArray[np.float64]


def scatter(
    points: NDArray[np.float32],
    groups: Sequence[str],
    *,
    title: str = "",
    order: Sequence[str] = (),
) -> Picture:
    """Draw points, marked by group. The axes have no numbers, since those of a map mean nothing.

    A point that is not finite is left out, and counted in the text.

    Args:
        points: [B, 2].
        groups: [B] the name of each point's group.
        title: Stands above.
        order: Names that come first, so that a group looks alike in pictures that share it.

    Raises:
        ValueError: The shapes do not fit, or no point is finite.
    """
    places = np.array(points, np.float64)
    if places.shape != (len(groups), 2):
        raise ValueError(f"points: shape {places.shape} does not fit {len(groups)} groups")
    known = np.isfinite(places).all(1)
    if not known.any():
        raise ValueError("points: there is nothing to draw (no finite point)")
    own = np.array(groups, dtype=object)[known]
    with drawing():
        return _drawn(places[known], own.tolist(), title, order, int((~known).sum()))


def _drawn(
    points: Points, groups: Sequence[str], title: str, order: Sequence[str], left_out: int
) -> Picture:
    present = set(groups)
    styles = {name: style(i) for i, name in enumerate(dict.fromkeys([*order, *sorted(present)]))}
    styles = {name: how for name, how in styles.items() if name in present}
    legend = Legend([(n, Style(s.colour, s.marker)) for n, s in styles.items()], WIDE - 2 * EDGE)
    side = WIDE - 2 * EDGE - 20
    panel = Panel(side + 10 + legend.down + EDGE, title)
    axes = panel.axes(EDGE + 10, 2, side, side)
    axes.set(xticks=[], yticks=[], xlim=limits(points[:, 0].tolist()))
    axes.set_ylim(limits(points[:, 1].tolist()))
    for spine in axes.spines.values():
        spine.set(visible=True, color=STANDS_FOR["grid"])
    size = 6.0 if len(points) <= 400 else 4.5
    names = np.array(groups, dtype=object)
    for name, how in styles.items():
        mine = points[names == name]
        axes.plot(
            mine[:, 0],
            mine[:, 1],
            how.marker,
            color=how.paint,
            markersize=size,
            markeredgewidth=0.5,
            markeredgecolor=STANDS_FOR["paper"],
            gid=f"{MARK}points",
        )
    legend.draw(panel, side + 10)
    return panel.done(_alt(points, groups, list(styles), left_out))


def _alt(points: Points, groups: Sequence[str], names: list[str], left_out: int) -> str:
    counts = Counter(groups)
    sizes = some([f"{name} {counts[name]}" for name in names], 12)
    parts = [f"Map of {counted(len(points), 'point')} in {counted(len(names), 'group')}: {sizes}"]
    if len(points) > 1 and len(names) > 1:
        nearest: NDArray[np.int64] = np.asarray(cKDTree(points).query(points, k=2)[1])
        alike = np.mean([groups[i] == groups[_other(i, two)] for i, two in enumerate(nearest)])
        parts.append(f"the nearest point is of the same group for {100 * alike:.0f}%")
    if left_out:
        parts.append(f"{counted(left_out, 'point')} without finite coordinates left out")
    return "; ".join(parts) + "."


def _other(i: int, two: NDArray[np.int64]) -> int:
    """The nearest point that is not itself; of several at one place any may come first."""
    return int(two[1] if two[0] == i else two[0])
