"""A page as one self-contained HTML file: it loads nothing, and runs no script."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mertk import __version__
from mertk.letters import visible
from mertk.page.blocks import Page, Section, slug, unique
from mertk.page.figures import Picture
from mertk.page.theme import variables

_HERE: Final = Path(__file__).parent
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A browser holds the page to what it says of itself; pictures inside SVG are data."""


def render(page: Page) -> str:
    """The page as HTML; whatever comes from a corpus, a recipe or a plugin is escaped."""
    names = Names()
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (_HERE / "style.css").read_text(encoding="utf-8")
    return environment.get_template("template.html").render(
        page=page,
        contents=[_entry(section, names, ()) for section in page.sections],
        style=Markup(variables() + style),
        policy=POLICY,
        version=__version__,
        svg=names.svg,
    )


def _shown(value: object) -> str:
    return value if isinstance(value, Markup) else visible(str(value))


class Names:
    """Gives every section and every picture of a page an id of its own."""

    def __init__(self) -> None:
        self.taken = {"main"}

    def of(self, text: str) -> str:
        """An id that no other element of the page has."""
        name = unique(slug(text), self.taken)
        self.taken.add(name)
        return name

    def svg(self, picture: Picture) -> Markup:
        """A picture as an element; matplotlib has escaped what is written in it."""
        key = self.of(picture.key)
        shown = picture if key == picture.key else picture.placed(key)
        return Markup(shown.svg)


def _entry(section: Section, names: Names, above: tuple[str, ...]) -> dict[str, object]:
    path = (*above, section.title)
    return {
        "id": names.of(" ".join(path)),
        "section": section,
        "level": min(len(path) + 1, 6),
        "parts": [_entry(part, names, path) for part in section.parts],
    }
