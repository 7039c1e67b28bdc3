"""Which character separates the cells of a text table."""

import re


def delimiter(suffix: str, header: str) -> str:
    """A tab for `.tsv`; otherwise the comma, semicolon or tab that the header has most of."""
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    return "\t" if suffix.lower() == ".tsv" else max(",;\t", key=outside_quotes.count)
