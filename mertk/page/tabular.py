"""Tables as Markdown, CSV and LaTeX."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from mertk.letters import visible
from mertk.page.gather import Board
from mertk.records import PICKS
from mertk.report import Table

LATEX = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "Δ": r"$\Delta$",
    "×": r"$\times$",
    "−": "$-$",
}


def markdown(table: Table, caption: str) -> str:
    """A table of GitHub's kind of Markdown, below its caption."""
    rows = [table.header, _rule(table), *table.cells]
    lines = [f"| {' | '.join(_piped(cell) for cell in row)} |" for row in rows]
    return "\n".join([_piped(caption), "", *lines, ""])


def _rule(table: Table) -> list[str]:
    words = {table.header[0], *table.left}
    return ["---" if name in words else "---:" for name in table.header]


def _piped(cell: str) -> str:
    for letter in "\\|<`*_[&~":  # nothing from a corpus becomes a link, emphasis or an element
        cell = cell.replace(letter, f"\\{letter}")
    return visible(" ".join(cell.split()))


def csv_text(table: Table) -> str:
    """The cells as shown, with their header."""
    return _csv([table.header, *table.cells])


def latex(table: Table, caption: str) -> str:
    r"""A booktabs table; needs `\usepackage{booktabs}`."""
    words = {table.header[0], *table.left}
    columns = "".join("l" if name in words else "r" for name in table.header)
    body = map(_tex_row, table.cells)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{tex(caption)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            _tex_row(table.header),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _tex_row(cells: Sequence[str]) -> str:
    told = " & ".join(map(tex, cells))
    # Behind the end of a line or a rule, LaTeX would read these as its argument.
    return ("{}" if told.startswith(("[", "*")) else "") + told + r" \\"


def tex(text: str) -> str:
    """Text that LaTeX takes as it is meant."""
    return "".join(LATEX.get(letter, letter) for letter in visible(" ".join(text.split())))


def scores_csv(board: Board) -> str:
    """Every score of every trial: system, fold, seed, pick, metric, value."""
    header = ["system", "fold", "seed", "pick", "metric", "value"]
    return _csv([header, *_scores(board)])


def _scores(board: Board) -> Iterator[list[str]]:
    for system in board.every:
        for pick in PICKS:
            for metric, values in system.row.picks[pick].items():
                for (fold, seed), value in values.items():
                    yield [system.name, fold, str(seed), pick, metric, repr(value)]


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
