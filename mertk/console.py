"""What a person sees while and after a run; the only place that knows rich."""

import logging
import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

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

Advance = Callable[[int], None]


class _Console(Console):
    """Falls silent where nobody listens any more: what is being done goes on."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


class Screen:
    """Progress on stderr, results on stdout; no bars where stderr is not a terminal.

    It also shows what the core and plugins log below `mertk`, from `info` on.
    """

    def __init__(self) -> None:
        self._err = _Console(stderr=True, highlight=False)
        self._out = _Console(highlight=False)
        # A table in a file or a pipe is not cut to the width of a terminal that is not there.
        if not sys.stdout.isatty():
            self._out.width = 120
        self._progress: Progress | None = None
        _show_log(self)

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Advance]:
        """A progress bar, shown inside the `with`; bars nest. Yields how to advance it."""
        if not self._err.is_terminal:
            yield lambda _: None
            return
        outermost = self._progress is None
        progress = self._progress or self._started()
        task = progress.add_task(escape(label), total=total)
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
        )
        self._progress.start()
        return self._progress

    def say(self, text: str) -> None:
        """One line on stderr that stays."""
        with suppress(OSError):  # a message that cannot be shown is no reason to stop
            self._err.print(escape(text), soft_wrap=True)

    def table(
        self,
        title: str,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        notes: Sequence[str] = (),
        left: Collection[str] = (),
    ) -> None:
        """A table on stdout with notes below it; the first column and those in `left` are words."""
        table = Table(title=escape(title), title_justify="left", header_style="bold")
        for name in header:
            words = name in (header[0], *left)
            table.add_column(escape(name), justify="left" if words else "right")
        for row in rows:
            table.add_row(*map(escape, row))
        self._out.print(table)
        for note in notes:
            self._out.print(escape(note), soft_wrap=not self._out.is_terminal)


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
