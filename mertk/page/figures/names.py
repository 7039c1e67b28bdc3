"""Names as a picture can hold them: no wider than their place, and nothing that breaks XML."""

import bisect
import math
import unicodedata
from functools import lru_cache
from typing import Final

from matplotlib.font_manager import findfont, get_font

from mertk.letters import visible

FONT: Final = "DejaVu Sans"
"""Comes with matplotlib, and is wider than what browsers use: what fits in it fits in theirs."""


@lru_cache(maxsize=4096)
def _advance(letter: str) -> float:
    """In units of the font size."""
    font = get_font(findfont(FONT))
    index = font.get_char_index(ord(letter))
    if not index or unicodedata.east_asian_width(letter) in "WF":
        return 1.0 if not unicodedata.combining(letter) else 0.0
    font.set_size(100, 72)
    return float(font.load_glyph(index).linearHoriAdvance / 65536 / 100)


def width(text: str, size: float) -> float:
    """How wide a line of text is, in pixels, in a font of `size` pixels."""
    return sum(map(_advance, text)) * size


def clean(text: str) -> str:
    """A name as one line, without letters that cannot be shown."""
    return visible(" ".join(str(text).split()))


def shorten(text: str, most: float, size: float) -> str:
    """A name no wider than `most` pixels: its beginning and end with an ellipsis between."""
    text = clean(text)
    if width(text, size) <= most:
        return text

    def short(kept: int) -> str:
        head = math.ceil(kept / 2)
        return f"{text[:head].rstrip()}…{text[len(text) - (kept - head) :].lstrip()}"

    longer = range(len(text))
    return short(max(bisect.bisect(longer, most, key=lambda kept: width(short(kept), size)) - 1, 0))


def wrap(text: str, most: float, size: float, lines: int = 2) -> list[str]:
    """A text in lines no wider than `most` pixels; what does not fit into the last is shortened."""
    words, found = clean(text).split(" "), [""]
    while words and len(found) <= lines:
        longer = f"{found[-1]} {words[0]}".strip()
        if found[-1] and width(longer, size) > most:
            if len(found) == lines:
                found[-1] = " ".join([found[-1], *words])
                break
            found.append("")
        else:
            found[-1] = longer
            words.pop(0)
    return [shorten(line, most, size) for line in found if line]


def told(value: float) -> str:
    """A number as pictures print it: three digits after the point, or fewer where it is large."""
    if not math.isfinite(value):
        return "–"
    digits = 3 if abs(value) < 10 else 1
    return f"{value:.{digits}f}".replace("-", "−")


def short(value: float) -> str:
    """A number with three digits that count, as at an axis; thousands are written out."""
    whole = 1000 <= abs(value) < 1_000_000
    return (f"{value:.0f}" if whole else f"{value:.3g}").replace("-", "−")


def signed(value: float) -> str:
    """A difference, with its sign."""
    return f"+{told(value)}" if value > 0 else told(value)


def some(names: list[str], most: int = 4) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(clean, names[:most])) + more
