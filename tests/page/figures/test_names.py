"""Names fit their place, and lose no more than they must."""

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.font_manager import findfont

from mertk.page.figures.names import FONT, clean, shorten, signed, some, told, width, wrap


def test_a_width_is_that_of_the_font() -> None:
    font = TTFont(findfont(FONT))
    units, advances, glyphs = font["head"].unitsPerEm, font["hmtx"], font.getBestCmap()
    text = "Foal-Net, 0.714 – Straße"
    expected = sum(advances[glyphs[ord(letter)]][0] for letter in text) / units
    assert width(text, 11) == pytest.approx(11 * expected, rel=0.01)
    assert width("日", 10) == 10


def test_a_long_name_keeps_its_ends() -> None:
    assert shorten("short", 100, 10) == "short"
    found = shorten("foalnet without the middle part", 90, 10)
    assert found.startswith("foal")
    assert found.endswith("part")
    assert found.count("…") == 1


@given(text=st.text(max_size=80), most=st.floats(12, 300))
def test_a_shortened_name_is_never_too_wide(text: str, most: float) -> None:
    assert width(shorten(text, most, 11), 11) <= most
    assert all(width(line, 11) <= most for line in wrap(text, most, 11))
    assert len(wrap(text, most, 11)) <= 2


def test_a_text_that_fits_into_two_lines_loses_nothing() -> None:
    text = "Similarity of sound and picture before and after AVEL"
    assert " ".join(wrap(text, 200, 12)) == text
    assert len(wrap(text * 9, 200, 12)) == 2


def test_a_name_becomes_one_line_without_what_xml_cannot_hold() -> None:
    assert clean(" a\n b\x00\ud800 ") == r"a b\x00\ud800"


def test_numbers_and_lists_are_short() -> None:
    assert (told(0.71449), told(-12.34), told(float("nan"))) == ("0.714", "−12.3", "–")
    assert (signed(0.02), signed(-0.02), signed(0.0)) == ("+0.020", "−0.020", "0.000")
    assert some(["a", "b", "c"], 2) == "a, b and 1 more"
