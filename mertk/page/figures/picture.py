"""A picture: drawn by matplotlib on a panel measured in pixels, kept as SVG with a text."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mertk.page.figures.names import FONT, clean, wrap
from mertk.page.figures.svg import MARK, STANDS_FOR, inline

WIDE: Final = 360
"""Pixels across: a panel is read on a phone as it is."""
SIZE: Final = 11
SMALL: Final = 10
LINE: Final = 15
"""From one line of text to the next."""
EDGE: Final = 4
BOLD: Final = 1.16
"""How much wider bold letters are."""

_RC: Final[dict[Any, Any]] = {
    "figure.dpi": 72,
    "savefig.dpi": 72,
    "svg.fonttype": "none",
    "svg.hashsalt": "mertk",
    "svg.id": None,
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": [FONT],
    "font.size": SMALL,
    "path.simplify": False,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": False,
    "axes.facecolor": "none",
    "axes.edgecolor": STANDS_FOR["muted"],
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.autolimit_mode": "data",
    "grid.color": STANDS_FOR["grid"],
    "grid.linewidth": 1,
    "text.color": STANDS_FOR["ink"],
    "xtick.color": STANDS_FOR["muted"],
    "ytick.color": STANDS_FOR["muted"],
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "hatch.color": STANDS_FOR["muted"],
    "lines.solid_capstyle": "butt",
}

Side = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Picture:
    """A picture that stands inside a page.

    Args:
        svg: One `<svg>` element; it takes its colours from the variables of `mertk.page.theme`.
        alt: What is to be seen, with the numbers that matter; the element bears it as its label.
        key: What its ids begin with. Pictures that differ have different ones.
    """

    svg: str
    alt: str
    key: str

    def placed(self, key: str) -> "Picture":
        """The same with other ids, for a page that shows it twice."""
        return replace(self, svg=self.svg.replace(self.key, key), key=key)


class Panel:
    """Something to draw on; lengths are in pixels, from the top left.

    Args:
        down: How high it is, its title aside.
        title: Stands above, in two lines at most; may be ''.
        wide: How wide it is.
    """

    def __init__(self, down: float, title: str = "", wide: float = WIDE) -> None:
        lines = wrap(title, (wide - 2 * EDGE) / BOLD, SIZE + 1) if title else []
        self.top = len(lines) * (LINE + 1) + (6 if lines else 0)
        self.wide, self.down = wide, down + self.top
        self.figure = Figure((self.wide / 72, self.down / 72), dpi=72)
        self.figure.patch.set_visible(False)
        for i, line in enumerate(lines):
            y = (i + 0.5) * (LINE + 1) - self.top
            self.write(EDGE, y, line, size=SIZE + 1, weight="bold", mark="title")

    def axes(self, left: float, top: float, wide: float, down: float) -> Axes:
        """Axes whose frame is this rectangle."""
        bottom = self.down - self.top - top - down
        box = (left / self.wide, bottom / self.down, wide / self.wide, down / self.down)
        axes = self.figure.add_axes(box)
        axes.patch.set_visible(False)
        return axes

    def whole(self) -> Axes:
        """Axes over the whole panel below its title, in pixels, without a frame."""
        axes = self.axes(0, 0, self.wide, self.down - self.top)
        axes.set(xlim=(0, self.wide), ylim=(self.down - self.top, 0))
        axes.axis("off")
        return axes

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        colour: str = "ink",
        side: Side = "left",
        size: float = SIZE,
        turned: float = 0,
        weight: str = "normal",
        mark: str = "",
    ) -> None:
        """Write one line: `y` is the middle of its small letters, `side` the end that is at `x`."""
        rise = 0.34 * size
        across, below = (x + rise, y) if turned else (x, y + rise)
        self.figure.text(
            across / self.wide,
            1 - (self.top + below) / self.down,
            clean(text),
            color=STANDS_FOR[colour],
            ha=side,
            va="baseline",
            size=size,
            rotation=turned,
            rotation_mode="anchor",
            weight=weight,
            gid=MARK + mark if mark else None,
        )

    def done(self, alt: str) -> Picture:
        """Draw it."""
        drawn = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        self.figure.savefig(drawn, format="svg", metadata=nothing)
        alt = clean(alt)
        svg, key = inline(drawn.getvalue(), alt)
        return Picture(svg, alt, key)


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in this style, and leave matplotlib's settings as they were.

    Browsers bring the letters that matplotlib's own font lacks, so that it need not warn of them.
    """
    with matplotlib.rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"(?s)Glyph .* missing from font")
        yield
