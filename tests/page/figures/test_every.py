"""What holds of every picture: it stands in a page, is safe, the same each time, says itself."""

import re
import threading
from collections.abc import Callable
from itertools import combinations
from xml.etree.ElementTree import Element

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.page.figures import Picture
from mertk.page.figures.names import width
from mertk.page.figures.picture import BOLD, WIDE
from mertk.page.theme import COLOURS
from tests.page.figures.reading import SVG, ids, texts, tree
from tests.page.figures.samples import SAMPLES

EACH = pytest.mark.parametrize("draw", SAMPLES.values(), ids=SAMPLES)
Draw = Callable[[str], Picture]


def box(text: Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a line of text that is level or turned upwards."""
    style = text.attrib["style"]
    size = float(re.search(r"font-size: ([\d.]+)px", style)[1])
    long = width(text.text or "", size) * (BOLD if "font-weight" in style else 1)
    before = (
        long
        * {"start": 0, "middle": 0.5, "end": 1}[
            (re.search(r"text-anchor: (\w+)", style) or ["", "start"])[1]
        ]
    )
    x, y = (float(text.attrib[name]) for name in ("x", "y"))
    if "rotate(-90" in text.get("transform", ""):
        return x - 0.75 * size, y + before - long, x, y + before
    return x - before, y - 0.75 * size, x - before + long, y


@EACH
def test_it_is_one_svg_element_with_a_label(draw: Draw) -> None:
    picture = draw("foalnet")
    root = tree(picture)
    assert root.tag == f"{SVG}svg"
    assert picture.svg.startswith("<svg")
    assert (root.get("role"), root.get("aria-label")) == ("img", picture.alt)
    assert root.attrib["viewBox"].split()[2] == root.attrib["width"] == str(WIDE)
    assert re.search(r"\d", picture.alt)


@EACH
def test_it_brings_no_style_sheet_and_no_namespaced_name_into_the_page(draw: Draw) -> None:
    svg = draw("foalnet").svg
    assert not re.search(r"<style|<metadata|<\?xml|<!DOCTYPE|xlink|<\w+:", svg)


@EACH
def test_names_from_outside_are_text(draw: Draw) -> None:
    for name in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "$x_1$", r"\frac{"):
        picture = draw(name)
        tags = {e.tag.removeprefix(SVG) for e in tree(picture).iter()}
        assert tags <= {"svg", "g", "path", "defs", "use", "text", "clipPath", "rect", "image"}
        assert "<script" not in picture.svg
        assert any(t.startswith(name[0]) for t in texts(picture))
        assert name in picture.alt or draw is SAMPLES["matrix"] or name[0] in picture.alt


@EACH
def test_it_is_drawn_the_same_each_time(draw: Draw) -> None:
    assert draw("foalnet") == draw("foalnet")


@EACH
def test_letters_without_a_glyph_and_control_characters_are_no_fault(draw: Draw) -> None:
    picture = draw("日本語 🙂\ud800\x00\x1b[31m\ufffe\n\tend")
    assert any("日" in text for text in texts(picture))
    assert "\x00" not in picture.svg
    picture.svg.encode()


@EACH
def test_it_takes_every_colour_from_the_page(draw: Draw) -> None:
    svg = draw("foalnet").svg
    assert "#fe01" not in svg
    alone = re.sub(r"var\(--(\w+), [^)]*\)", "", svg)
    assert set(re.findall(r"#[0-9a-f]{6}\b", alone)) <= {"#ffffff", "#000000"}
    assert set(re.findall(r"var\(--(\w+)", svg)) - {"font"} <= set(COLOURS)


@EACH
def test_letters_are_large_enough_for_a_phone(draw: Draw) -> None:
    sizes = [float(n) for n in re.findall(r"font-size: ([\d.]+)px", draw("foalnet").svg)]
    assert sizes
    assert min(sizes) >= 9


@EACH
def test_texts_stay_in_the_panel_and_off_each_other(draw: Draw) -> None:
    root = tree(draw("a name that is much too long for any place in a picture " * 3))
    across, down = (float(n) for n in root.attrib["viewBox"].split()[2:])
    boxes = [box(element) for element in root.iter(f"{SVG}text")]
    assert boxes
    for left, top, right, bottom in boxes:
        assert -1 <= left < right <= across + 1
        assert -1 <= top < bottom <= down + 1
    for a, b in combinations(boxes, 2):
        wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        assert wide < 1 or high < 1


def test_ids_of_different_pictures_differ_and_all_references_lead_somewhere() -> None:
    pictures = [draw(name) for draw in SAMPLES.values() for name in ("a", "z")]
    names = [name for picture in pictures for name in ids(picture)]
    assert len(names) == len(set(names)) > 20
    for picture in pictures:
        used = set(re.findall(r'(?:url\(#|href="#)([^)"]*)', picture.svg))
        assert used == set(ids(picture))


def test_a_picture_that_is_shown_twice_can_have_other_ids() -> None:
    picture = SAMPLES["scatter"]("a")
    again = picture.placed("second")
    assert again.alt == picture.alt
    assert ids(again)
    assert not set(ids(again)) & set(ids(picture))


def test_matplotlib_keeps_its_settings_and_pyplot_stays_out() -> None:
    before = dict(matplotlib.rcParams)
    SAMPLES["curves"]("a")
    assert dict(matplotlib.rcParams) == before


def test_what_others_set_of_matplotlib_changes_no_picture() -> None:
    expected = SAMPLES["curves"]("a")
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.grid": True, "font.size": 30}):
        assert SAMPLES["curves"]("a") == expected


def test_it_is_drawn_in_a_thread_too() -> None:
    found: list[Picture] = []
    thread = threading.Thread(target=lambda: found.append(SAMPLES["ranks"]("a")))
    thread.start()
    thread.join()
    assert found == [SAMPLES["ranks"]("a")]


@settings(max_examples=40, deadline=None)
@given(name=st.text(max_size=60))
def test_any_name_makes_a_picture_that_can_be_parsed(name: str) -> None:
    tree(SAMPLES["slices"](name))
