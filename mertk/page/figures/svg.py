"""What matplotlib draws -> SVG that stands inside a page: its colours, no clashing names."""

import hashlib
import re
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from mertk.page.theme import COLOURS, variable

NAMESPACE: Final = "http://www.w3.org/2000/svg"
STANDS_FOR: Final = {name: f"#fe01{i:02x}" for i, name in enumerate(COLOURS)}
"""The colours matplotlib is told: each stands for one of the theme's."""
MARK: Final = "as-"
"""Begins the gid of an artist whose rest becomes the class of its element."""

_COLOUR = re.compile("|".join(STANDS_FOR.values()))
_NAMES = {value: name for name, value in STANDS_FOR.items()}
_FONT = re.compile(r"font-family: [^;]*(; |$)")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")


def inline(source: str, alt: str) -> tuple[str, str]:
    """Turn a whole SVG document into an element of a page.

    Args:
        source: As matplotlib writes it.
        alt: What those read who cannot see it.

    Returns:
        The element, and what all its ids begin with: a digest of the picture.
    """
    root = ElementTree.fromstring(source)
    key = f"p{hashlib.sha1((source + alt).encode()).hexdigest()[:10]}"
    for element in root.iter():
        _tidy(element)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in ("metadata", "style"):
                parent.remove(child)
    _rename(root, key)
    _, _, across, down = root.attrib["viewBox"].split()
    root.attrib = {
        "xmlns": NAMESPACE,
        "class": "picture",
        "role": "img",
        "aria-label": alt,
        "viewBox": root.attrib["viewBox"],
        "width": across,
        "height": down,
        "style": "stroke-linejoin: round; stroke-linecap: butt; max-width: 100%; height: auto; "
        "font-family: var(--font, system-ui, sans-serif)",
    }
    return ElementTree.tostring(root, encoding="unicode").strip(), key


def _tidy(element: Element) -> None:
    """Drop namespaces, which HTML has none of; give colours and fonts over to the page."""
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    if style := element.get("style"):
        style = _COLOUR.sub(lambda found: variable(_NAMES[found[0]]), style)
        element.set("style", _FONT.sub("", style))
    for blank in ("text", "tail"):
        if element.tag != "text" and not (getattr(element, blank) or "x").strip():
            setattr(element, blank, None)
    if element.tag == "text":
        element.tail = None
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]


def _rename(root: Element, key: str) -> None:
    """Keep ids that are referred to, under a name of their own; the others are of no use."""
    used = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "href" and value.startswith("#"):
                used.add(value[1:])
                element.set(name, f"#{key}-{value[1:]}")
            elif found := _REFERENCE.findall(value):
                used.update(found)
                element.set(name, _REFERENCE.sub(rf"url(#{key}-\1)", value))
    for element in root.iter():
        name = element.attrib.pop("id", "")
        if name.startswith(MARK):
            element.set("class", name.removeprefix(MARK))
        elif name in used:
            element.set("id", f"{key}-{name}")
