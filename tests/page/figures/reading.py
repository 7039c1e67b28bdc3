"""Read a picture as a browser would: its elements, texts and marks."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from mertk.page.figures import Picture

SVG = "{http://www.w3.org/2000/svg}"


def tree(picture: Picture) -> Element:
    return ElementTree.fromstring(picture.svg)


def texts(picture: Picture) -> list[str]:
    return [element.text or "" for element in tree(picture).iter(f"{SVG}text")]


def marked(picture: Picture, name: str) -> list[Element]:
    return [element for element in tree(picture).iter() if element.get("class") == name]


def written(picture: Picture, name: str) -> list[str]:
    """Texts that are marked so, in order."""
    return [t.text or "" for g in marked(picture, name) for t in g.iter(f"{SVG}text")]


def places(element: Element) -> list[tuple[float, float]]:
    """Where the markers of an element are, in pixels."""
    uses = element.iter(f"{SVG}use")
    return [(float(use.attrib["x"]), float(use.attrib["y"])) for use in uses]


def line(element: Element) -> list[tuple[float, float]]:
    """The corners of the line that an element is."""
    path = next(e for e in element.iter(f"{SVG}path") if "clip-path" in e.attrib or e.get("style"))
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", path.attrib["d"])]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def ids(picture: Picture) -> list[str]:
    return [element.attrib["id"] for element in tree(picture).iter() if "id" in element.attrib]
