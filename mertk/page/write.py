"""A page on disk: the HTML file, and every table as Markdown, CSV and LaTeX."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mertk.errors import MertkError
from mertk.page.blocks import Page, slug
from mertk.page.gather import Board
from mertk.page.html import render
from mertk.page.tabular import csv_text, latex, markdown, scores_csv

INDEX = "index.html"


def write(page: Page, boards: Sequence[Board], folder: Path) -> list[Path]:
    """Write everything; a file is there as a whole or not at all.

    Returns:
        The files, the page first.

    Raises:
        MertkError: The folder cannot be written to.
    """
    written = []
    try:
        for name, text in _files(page, boards):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.tmp")
            try:
                temporary.write_text(text, encoding="utf-8", newline="")
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)  # there only where it could not be written whole
            written.append(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MertkError(f"{folder}: cannot be written ({reason}); choose another --out") from error
    return written


def _files(page: Page, boards: Sequence[Board]) -> Iterator[tuple[str, str]]:
    yield INDEX, render(page)
    for name, block in page.tables():
        yield f"tables/{name}.md", markdown(block.table, block.caption)
        yield f"tables/{name}.csv", csv_text(block.table)
        yield f"tables/{name}.tex", latex(block.table, block.caption)
    for board in boards:
        yield f"tables/{slug(board.protocol)}-trials.csv", scores_csv(board)
