"""What comparisons say, in sentences."""

from collections.abc import Iterator, Sequence

from mertk.amounts import counted, number, probability
from mertk.comparing import Comparison, unpaired
from mertk.page.gather import Board, System
from mertk.report import Report, ends

WORDS = {
    "better": "{own} is better than {base}",
    "worse": "{own} is worse than {base}",
    "inside noise": "{own} and {base} cannot be told apart",
    "undecided": "nothing can be said of {own} and {base}",
}


def answers(board: Board) -> Iterator[str]:
    """A sentence per comparison, by the first metric: systems first, then what parts add."""
    first, *others = board.systems
    yield from _told(first, others, board.report)
    for full, *variants in board.ablations.values():
        yield from _told(full, variants, Report([full.row, *(v.row for v in variants)]))


def _told(base: System, others: Sequence[System], report: Report) -> Iterator[str]:
    metric = next(iter(base.row.measures))
    for system, found in zip(others, report.comparisons[metric], strict=True):
        yield _sentence(base, system, metric, found)


def _sentence(base: System, system: System, metric: str, found: Comparison | None) -> str:
    if found is None:
        why = unpaired(system.row, base.row)
        return f"{system.name!r} and {base.name!r} are not compared: {why}."
    said = WORDS[found.verdict].format(own=repr(system.name), base=repr(base.name))
    interval = found.difference.interval
    if interval.estimate is None:
        return f"{said}: no difference of {metric.upper()} can be computed ({interval.reason})."
    told = [f"{metric.upper()} {number(interval.estimate, sign=True)}"]
    if interval.low is not None:
        told.append(f"95% {ends(interval, sign=True)}")
    if found.p is not None:
        told.append(f"p {probability(found.p)}")
    shared = len(system.row.differences(base.row, metric))
    told.append(counted(shared, "shared trial"))
    out = f"{said}: {', '.join(told)}."
    least = found.difference.detectable
    if found.verdict == "inside noise" and least is not None:
        out += f" A true difference of {number(least)} would have been found with 80% probability."
    return out
