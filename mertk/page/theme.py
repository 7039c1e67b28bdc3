"""Colours of the page and its pictures on light and dark ground, as CSS variables.

Colours of groups are told apart with the common kinds of colour blindness too, and stand out from
the ground with a contrast of 3 at least; pictures never tell groups apart by colour alone.
"""

from typing import Final, NamedTuple


class Colour(NamedTuple):
    """One colour, on light and on dark ground, as `#rrggbb`."""

    light: str
    dark: str


COLOURS: Final[dict[str, Colour]] = {
    "paper": Colour("#ffffff", "#15181c"),
    "ink": Colour("#1b1f24", "#e8eaed"),
    "muted": Colour("#59616b", "#a3abb5"),
    "grid": Colour("#dde1e6", "#343a42"),
    "heat": Colour("#083d77", "#5aa9f5"),
    "bad": Colour("#c0392b", "#ff8f80"),
    "c1": Colour("#1283c8", "#6ed0ff"),
    "c2": Colour("#dd7a1a", "#b87416"),
    "c3": Colour("#1f9d78", "#79eeb0"),
    "c4": Colour("#7a1268", "#c4457c"),
    "c5": Colour("#5a3800", "#f7ea5a"),
    "c6": Colour("#6f2bea", "#7558e0"),
}
"""By the name of its CSS variable. `heat` is what cells of a heat map are painted with, more or
less opaque; `c1` to `c6` are groups."""

GROUPS: Final = tuple(name for name in COLOURS if name.startswith("c"))

SEQUENTIAL: Final = "cividis"
"""Of matplotlib's colour maps, one that grows evenly lighter, also for the colour-blind."""


def variables() -> str:
    """CSS that gives every colour: light, in print too, and dark where a screen asks for it."""
    light = ";".join(f"--{name}:{colour.light}" for name, colour in COLOURS.items())
    dark = ";".join(f"--{name}:{colour.dark}" for name, colour in COLOURS.items())
    return (
        f":root{{color-scheme:light dark;{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    )


def variable(name: str) -> str:
    """How a style refers to a colour; where the page does not give it, the light one."""
    fallback = "currentColor" if name == "ink" else COLOURS[name].light
    return f"var(--{name}, {fallback})"
