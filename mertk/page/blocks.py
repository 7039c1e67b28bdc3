"""What a page is made of: sections of paragraphs, tables, pictures and listings."""

import itertools
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from mertk.page.figures import Picture
from mertk.report import Table

LONGEST = 120
"""Letters of a file's name that are taken from headings: a disk takes no more than 255."""


@dataclass(frozen=True)
class Words:
    """A paragraph.

    Args:
        text: What it says.
        strong: Whether nobody may miss it.
    """

    text: str
    strong: bool = False
    kind: str = field(default="words", init=False)


@dataclass(frozen=True)
class Tabled:
    """A table with its caption; it also becomes files of its own.

    Args:
        table: Header and cells.
        caption: What it tells, in one sentence.
        notes: What a reader has to know.
    """

    table: Table
    caption: str
    notes: Sequence[str] = ()
    kind: str = field(default="table", init=False)

    def __post_init__(self) -> None:
        if not self.table.cells:
            raise ValueError(f"{self.caption}: a table without rows (0)")


@dataclass(frozen=True)
class Panels:
    """Pictures side by side.

    Args:
        pictures: In order.
        caption: What they show together.
    """

    pictures: Sequence[Picture]
    caption: str
    kind: str = field(default="panels", init=False)


@dataclass(frozen=True)
class Listing:
    """Text as it stands in a file, folded away.

    Args:
        title: What it is.
        text: The text.
    """

    title: str
    text: str
    kind: str = field(default="listing", init=False)


Block = Words | Tabled | Panels | Listing


@dataclass(frozen=True)
class Section:
    """A part of a page under one heading.

    Args:
        title: The heading.
        blocks: What stands below it.
        parts: Sections below this one.
    """

    title: str
    blocks: Sequence[Block] = ()
    parts: Sequence["Section"] = ()


@dataclass(frozen=True)
class Page:
    """Everything that is shown.

    Args:
        title: The heading.
        lead: What the page says, in sentences.
        sections: In order.
    """

    title: str
    lead: Sequence[Words]
    sections: Sequence[Section]

    def tables(self) -> list[tuple[str, Tabled]]:
        """Every table with a name of its own, fit for a file."""
        found: dict[str, Tabled] = {}
        for section in self.sections:
            for path, block in _tables(section, ()):
                found[unique(slug(" ".join(path)), found)] = block
        return list(found.items())


def _tables(section: Section, above: tuple[str, ...]) -> list[tuple[tuple[str, ...], Tabled]]:
    path = (*above, section.title)
    own = [(path, block) for block in section.blocks if isinstance(block, Tabled)]
    return own + [found for part in section.parts for found in _tables(part, path)]


def unique(name: str, taken: Container[str]) -> str:
    """The name, with a number behind it where it is taken."""
    numbered = (f"{name}-{count}" for count in itertools.count(2))
    return next(n for n in itertools.chain([name], numbered) if n not in taken)


def slug(text: str) -> str:
    """The text as part of an address or a file's name: `LONGEST` letters, digits and hyphens.

    >>> slug("ravdess-8c-6f@c2f6: Selection optimism")
    'ravdess-8c-6f-c2f6-selection-optimism'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return plain[:LONGEST].rstrip("-") or "part"
