"""What a person sees while and after a run; the only place that knows rich."""

import logging
import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from mertk.letters import visible
from mertk.outputs import let_go

Advance = Callable[[int], None]

UNBOUNDED = 10_000
"""Columns of what is no terminal."""
SPEED_PERIOD = 3600
"""Seconds that go into the time that a bar says remains; a trial may take many minutes."""


class _Console(Console):
    """Falls silent where nobody listens any more: what is being done goes on."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


class Screen:
    """Progress on stderr, results on stdout; no bars where stderr is not a terminal.

    It also shows what the core and plugins log below `mertk`, from `info` on.

    Args:
        silent: Show nothing of all that: another process does.
    """

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._err = _Console(stderr=True, highlight=False, quiet=silent)
        self._out = _Console(highlight=False, quiet=silent)
        # A table in a file or a pipe is not cut to the width of a terminal that is not there.
        if not sys.stdout.isatty():
            self._out.width = UNBOUNDED
        self._progress: Progress | None = None
        _show_log(self)

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Advance]:
        """A progress bar, shown inside the `with`; bars nest. Yields how to advance it."""
        if self._silent or not self._err.is_terminal:
            yield lambda _: None
            return
        outermost = self._progress is None
        progress = self._progress or self._started()
        task = progress.add_task(_shown(label), total=total)
        try:
            yield lambda count: _advance(progress, task, count)
        finally:
            progress.remove_task(task)
            if outermost:
                progress.stop()
                self._progress = None

    def _started(self) -> Progress:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._err,
            speed_estimate_period=SPEED_PERIOD,
        )
        self._progress.start()
        return self._progress

    def say(self, text: str) -> None:
        """One line on stderr that stays."""
        try:
            self._err.print(_shown(text), soft_wrap=True)
        except OSError:  # a message that cannot be shown is no reason to stop
            let_go(sys.stderr)

    def tell(self, text: str) -> None:
        """One line on stdout."""
        self._out.print(_shown(text), soft_wrap=not self._out.is_terminal)

    def table(
        self,
        title: str,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        notes: Sequence[str] = (),
        left: Collection[str] = (),
    ) -> None:
        """A table on stdout with notes below it; the first column and those in `left` are words.

        Numbers are never cut: where the terminal is too narrow for a table, its box goes, and then
        its columns, so that every row becomes some lines.
        """
        if title:
            self._out.print(_shown(title), style="italic", soft_wrap=not self._out.is_terminal)
        words = {header[0], *left}
        wide = self._out.options.update(width=UNBOUNDED)
        for boxed in (True, False):
            table = _table(header, rows, words, boxed=boxed)
            spare = self._out.width - self._out.measure(table, options=wide).minimum
            if spare >= 0:
                _widen(table, spare)
                self._out.print(table)
                break
        else:
            for line in _lines(header, rows):
                self._out.print(_shown(line))
        for note in notes:
            self.tell(note)


def _shown(text: str) -> str:
    return escape(visible(text))


def _table(
    header: Sequence[str], rows: Sequence[Sequence[str]], words: Collection[str], *, boxed: bool
) -> Table:
    """A table in which only words take several lines, broken between words."""
    table = Table(box=box.HEAVY_HEAD if boxed else None, header_style="bold", pad_edge=boxed)
    for name, cells in zip(header, zip(header, *rows, strict=True), strict=True):
        parts = [part for cell in cells for part in (cell.split() if name in words else [cell])]
        table.add_column(
            _shown(name),
            justify="left" if name in words else "right",
            min_width=max(map(cell_len, parts), default=0),
        )
    for row in rows:
        table.add_row(*map(_shown, row))
    return table


def _widen(table: Table, spare: int) -> None:
    """Share the spare width out among the columns whose words would take several lines.

    Left to itself, rich narrows columns below their least width and cuts off the last one.
    """
    columns = table.columns
    longest = [max(cell_len(str(c)) for c in (column.header, *column.cells)) for column in columns]
    widths = [column.min_width or 0 for column in columns]
    while spare and (asking := [i for i, w in enumerate(widths) if w < longest[i]]):
        for i in asking[:spare]:
            widths[i] += 1
        spare -= len(asking[:spare])
    for column, width in zip(columns, widths, strict=True):
        column.width = width


def _lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each row as a block: its first cell, and below it a line for every other that says something.

    >>> list(_lines(["variant", "UA", "n"], [["full", "0.583 ± 0.075", "5"]]))
    ['full', '  UA  0.583 ± 0.075', '  n   5']
    """
    width = max(map(len, header[1:]), default=0)
    for first, *rest in rows:
        yield first
        for name, cell in zip(header[1:], rest, strict=True):
            if cell:
                yield f"  {name:{width}}  {cell}"


def _advance(progress: Progress, task: TaskID, count: int) -> None:
    progress.advance(task, count)


class _Log(logging.Handler):
    """Has a screen say what is logged."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(logging.INFO)
        self.screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        self.screen.say(record.getMessage())


def _show_log(screen: Screen) -> None:
    logger = logging.getLogger("mertk")
    logger.setLevel(logging.INFO)
    for earlier in [handler for handler in logger.handlers if isinstance(handler, _Log)]:
        logger.removeHandler(earlier)
    logger.addHandler(_Log(screen))
