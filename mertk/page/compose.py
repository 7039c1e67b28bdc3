"""Boards -> a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mertk.baselines.measure import Standing
from mertk.page.answers import answers
from mertk.page.blocks import Page, Section, Words
from mertk.page.gather import Board, System
from mertk.page.sections.costs import cost, provenance
from mertk.page.sections.inside import inside, names_classes
from mertk.page.sections.predictions import predicted
from mertk.page.sections.robust import robust
from mertk.page.sections.scores import ablation, differences, leaderboard, optimism, standing
from mertk.report import SELECTED_ON_TEST, SYNTHETIC


@dataclass(frozen=True)
class Ground:
    """What is known of a protocol's corpus beside its trials.

    Args:
        standings: What needs no media, and what people reach.
        missing: Why something of it is not known.
    """

    standings: Sequence[Standing] = ()
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class Wishes:
    """What a page is to show.

    Args:
        title: Its heading.
        clips: Whose attention is shown; the first of each class where none is named.
        grounds: By protocol.
    """

    title: str
    clips: Sequence[str] = ()
    grounds: Mapping[str, Ground] = field(default_factory=dict)


def compose(boards: Sequence[Board], wishes: Wishes) -> Page:
    """Put a page together: an answer first, then everything it rests on."""
    lead = [Words(text) for board in boards for text in answers(board)]
    return Page(wishes.title, lead, [_board(board, wishes) for board in boards])


def _board(board: Board, wishes: Wishes) -> Section:
    ground = wishes.grounds.get(board.protocol, Ground())
    parts = [leaderboard(board, ground.standings)]
    if len(board.systems) > 1:
        first = board.systems[0].name
        parts.append(differences(board.report, f"Against {first}", f"Every system against {first}"))
    parts += [ablation(name, systems) for name, systems in board.ablations.items()]
    parts.append(optimism({s.name: s for s in board.every}))
    parts.append(standing(board, ground.standings, ground.missing))
    parts += [_system(system, wishes) for system in board.systems]
    parts += [cost(board), provenance(board)]
    about = Words(f"{board.corpus['title']}: everything below is scored under one protocol.")
    return Section(board.protocol, [about, *_warnings(board)], parts)


def _warnings(board: Board) -> list[Words]:
    told = [SYNTHETIC] if board.corpus["synthetic"] else []
    told += [SELECTED_ON_TEST] if any(s.row.selected_on_test for s in board.every) else []
    failed = [f"{s.name}: {s.kept.failed}" for s in board.every if s.kept.failed]
    if failed:
        told.append(f"trials that failed and are in no number: {', '.join(failed)}")
    return [Words(text[0].upper() + text[1:] + ".", strong=True) for text in told]


def _system(system: System, wishes: Wishes) -> Section:
    said = predicted(system) if names_classes(system.records[0]) else []
    parts = [*said, robust(system), *inside(system, wishes.clips)]
    return Section(f"A closer look at {system.name}", (), parts)
