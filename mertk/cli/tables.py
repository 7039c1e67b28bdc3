"""A report on the screen."""

from collections.abc import Sequence

from mertk.console import Screen
from mertk.report import Report


def show(screen: Screen, title: str, report: Report, notes: Sequence[str], picks: bool) -> None:
    """Put a report on the screen: its tables, then what a reader has to know."""
    tables = list(report.tables())
    if picks:
        tables.append(report.picks())
    for place, table in enumerate(tables):
        last = place == len(tables) - 1
        screen.table(
            "" if place else title,
            table.header,
            table.cells,
            [*report.legend(), *notes] if last else [],
            left=table.left,
        )
