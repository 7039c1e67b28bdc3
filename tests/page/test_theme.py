"""Colours can be read and told apart, on light and on dark ground, by the colour-blind too."""

from itertools import combinations

import numpy as np
import pytest

from mertk.page.figures.confusion import DARK
from mertk.page.theme import COLOURS, GROUPS, variables

GROUNDS = pytest.mark.parametrize("ground", [0, 1], ids=["light", "dark"])

# Machado, Oliveira, Fernandes 2009: severity 1.0, in linear RGB.
SIGHTS = {
    "usual": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    dark, light = sorted(float(XYZ[1] @ linear(c)) for c in (a, b))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    x, y, z = np.cbrt(np.clip(XYZ @ rgb / [0.9505, 1, 1.089], 1e-4, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@GROUNDS
def test_text_can_be_read_and_marks_be_seen(ground: int) -> None:
    paper = COLOURS["paper"][ground]
    for name in ("ink", "muted", "bad"):
        assert contrast(COLOURS[name][ground], paper) >= 4.5
    for name in (*GROUPS, "heat"):
        assert contrast(COLOURS[name][ground], paper) >= 3


@GROUNDS
def test_text_can_be_read_on_every_shade_of_a_heat_map(ground: int) -> None:
    paper, heat = (
        np.array([int(COLOURS[name][ground][i : i + 2], 16) for i in (1, 3, 5)])
        for name in ("paper", "heat")
    )
    for share in np.linspace(0, 1, 101):
        alpha = 0.04 + 0.96 * share
        cell = "#" + "".join(f"{round(v):02x}" for v in alpha * heat + (1 - alpha) * paper)
        text = COLOURS["paper" if share >= DARK else "ink"][ground]
        assert contrast(text, cell) >= 3.5


@GROUNDS
@pytest.mark.parametrize("sight", SIGHTS)
def test_groups_are_told_apart(ground: int, sight: str) -> None:
    seen = [lab(np.clip(SIGHTS[sight] @ linear(COLOURS[n][ground]), 0, 1)) for n in GROUPS]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 25


def test_print_is_light_and_every_variable_is_given_twice() -> None:
    css = variables()
    assert css.count("@media screen and (prefers-color-scheme:dark)") == 1
    assert all(css.count(f"--{name}:") == 2 for name in COLOURS)
