"""IEMOCAP's folds: by session, by speaker, or by session and what is played."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mertk.contracts import Clip, Fold
from mertk.errors import CorpusError
from mertk_plugins.datasets._folds import deal

PLAYED: Final[Mapping[str, int]] = {"all": 11, "improvised": 8, "scripted": 3}
"""How many improvised scenarios and scripts there are, by style."""
SCENARIO_GROUPS: Final = 3


def leave_one_out(clips: Sequence[Clip], of: Callable[[Clip], str]) -> list[Fold]:
    """One fold for each thing that `of` tells of a clip: it is tested, the others train."""
    everyone = frozenset(clip.id for clip in clips)
    tests = {
        name: frozenset(clip.id for clip in clips if of(clip) == name)
        for name in sorted({of(clip) for clip in clips})
    }
    return [Fold(name, everyone - test, test) for name, test in tests.items()]


def across_scenarios(clips: Sequence[Clip], classes: Sequence[str], groups: int) -> list[Fold]:
    """Folds of which no speaker, no scenario and no script stands on both sides.

    Scenarios and scripts are dealt out to groups that hold about the same share of each class. A
    fold tests one session's clips of one group and trains on the other sessions' clips of the other
    groups; what is of the same session or the same group stays aside. Every clip is tested once.

    Args:
        clips: All clips.
        classes: Their classes.
        groups: How many.

    Raises:
        CorpusError: So many things are not played.
    """
    played = [script(clip) for clip in clips]
    if groups > len(set(played)):
        raise CorpusError(
            f"dataset.scenario_groups: only {len(set(played))} scenarios and scripts are played in "
            f"this copy ({groups}); use fewer, or `folds: session`"
        )
    parts = deal(played, classes, groups)
    number = {name: n for n, part in enumerate(parts, start=1) for name in part}
    place = {clip.id: (clip.group["session"], number[script(clip)]) for clip in clips}
    return [
        Fold(
            f"{session}-scenarios{group}",
            train=frozenset(i for i, (s, g) in place.items() if s != session and g != group),
            test=frozenset(i for i, where in place.items() if where == (session, group)),
        )
        for session, group in sorted(set(place.values()))
    ]


def script(clip: Clip) -> str:
    """What is played: an improvised scenario, or a whole script of which scenarios are parts."""
    return re.sub(r"_\d$", "", clip.group["scenario"])
