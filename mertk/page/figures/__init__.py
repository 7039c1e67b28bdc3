"""The pictures of a page: each function draws one panel from plain numbers, as inline SVG."""

from mertk.page.figures.attention import attention
from mertk.page.figures.confusion import confusion
from mertk.page.figures.curves import curves
from mertk.page.figures.intervals import Bar, Part, intervals, slices
from mertk.page.figures.matrix import matrix
from mertk.page.figures.picture import Picture
from mertk.page.figures.ranks import critical_difference
from mertk.page.figures.reliability import reliability
from mertk.page.figures.robustness import robustness
from mertk.page.figures.scatter import scatter

__all__ = [
    "Bar",
    "Part",
    "Picture",
    "attention",
    "confusion",
    "critical_difference",
    "curves",
    "intervals",
    "matrix",
    "reliability",
    "robustness",
    "scatter",
    "slices",
]
