"""One of every picture, for what holds of all of them; `name` is a name from outside."""

from collections.abc import Callable

import numpy as np

from mertk.describe.calibration import reliability as curve
from mertk.page import figures
from mertk.page.figures import Bar, Part, Picture
from mertk.stats import friedman

RNG = np.random.default_rng(0)
NOISE = RNG.random((30, 30))
LABELS = np.array([0, 0, 1, 1])
SCORES = np.array([[0.8, 0.2], [0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])

SAMPLES: dict[str, Callable[[str], Picture]] = {
    "intervals": lambda name: figures.intervals(
        [Bar(name, 0.5, 0.4, 0.6), Bar("other", None)], label=name, lines={name: 0.25}, title=name
    ),
    "slices": lambda name: figures.slices(
        [Part(name, 0.5, 0.4, 0.6, clips=9), Part("b", 0.7, clips=2)], label=name, worst=name
    ),
    "confusion": lambda name: figures.confusion(np.array([[3, 1], [0, 2]]), [name, "b"]),
    "curves": lambda name: figures.curves(
        {name: [[2, 1, 0.5], [2.2, 1.2]], "b": [[1, 1, 1]]}, label=name, marks={name: [3, 2]}
    ),
    "matrix": lambda name: figures.matrix(
        NOISE[:4, :4], LABELS, [name, "b"], title=name, limits=(0, 1), axes=(name, name), label=name
    ),
    "scatter": lambda name: figures.scatter(NOISE[:, :2], [name] * 20 + ["b"] * 10, title=name),
    "attention": lambda name: figures.attention(NOISE, stream=name, other=name, title=name),
    "line": lambda name: figures.attention(
        NOISE[:1], stream=name, other=name, seconds=(1, 2), title=name
    ),
    "reliability": lambda name: figures.reliability({name: curve(LABELS, SCORES)}, title=name),
    "robustness": lambda name: figures.robustness(
        [0.1, 0.5], {name: [[0.6, 0.5], [0.7, 0.4]]}, unit=name, clean={name: 0.7}, label=name
    ),
    "ranks": lambda name: figures.critical_difference(
        [name, "b", "c"], friedman(NOISE[:5, :3]), title=name
    ),
}
