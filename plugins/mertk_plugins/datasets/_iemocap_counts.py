"""How many dialogues and turns IEMOCAP has, as published."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from mertk.published import Count
from mertk_plugins.datasets._iemocap_files import DIALOGUES, Utterance
from mertk_plugins.datasets._iemocap_target import Chosen

TURNS: Final = 10039
EMOTIONS: Final[Mapping[str, int]] = {
    "angry": 1103,
    "happy": 595,
    "neutral": 1708,
    "sad": 1084,
    "excited": 1041,
    "frustrated": 1849,
    "fearful": 40,
    "surprised": 107,
    "disgusted": 2,
    "other": 3,
}
"""Turns of each emotion in the release's labels; the others are undecided."""
SESSIONS: Final[Mapping[int, Mapping[str, int]]] = {
    1: {"angry": 229, "happy": 135, "excited": 143, "neutral": 384, "sad": 194},
    2: {"angry": 137, "happy": 117, "excited": 210, "neutral": 362, "sad": 197},
    3: {"angry": 240, "happy": 135, "excited": 151, "neutral": 320, "sad": 305},
    4: {"angry": 327, "happy": 65, "excited": 238, "neutral": 258, "sad": 143},
    5: {"angry": 170, "happy": 143, "excited": 299, "neutral": 384, "sad": 245},
}
"""The same by session, for the emotions of the usual four classes."""
STYLES: Final[Mapping[str, int]] = {"improvised": 2943, "scripted": 2588}
"""Turns of these emotions by style."""


def counts(
    dialogues: Mapping[int, int],
    turns: Sequence[Utterance],
    chosen: Chosen,
    style: str,
) -> list[Count]:
    """What is known of a copy and of the release.

    Args:
        dialogues: Label files by session.
        turns: Labelled turns of the style.
        chosen: Which of them are clips.
        style: all, improvised or scripted; of the latter two only the number of all turns of the
            usual four classes is published.
    """
    found = [Count(f"dialogues of session{n}", DIALOGUES[n], dialogues[n]) for n in DIALOGUES]
    everything = Count("labelled turns", TURNS, len(turns))
    if chosen.emotions is None:
        return [*found, *([everything] if style == "all" else [])]
    classes, merged = chosen.emotions, chosen.merged
    emotions = {e for e in EMOTIONS if chosen.has(e)}
    usual = emotions == set(SESSIONS[1])
    there = Counter(turn.emotion for turn in turns if turn.emotion in emotions)
    if style != "all":
        clips = [Count(f"{style} clips", STYLES[style], there.total())] if usual else []
        return [*found, *clips]
    return [
        *found,
        everything,
        Count("clips", sum(EMOTIONS[e] for e in emotions), there.total()),
        *_by_class(there, EMOTIONS, classes, merged, ""),
        *(
            count
            for n, published in SESSIONS.items()
            if usual
            for count in _by_class(
                Counter(turn.emotion for turn in turns if turn.session == n),
                published,
                classes,
                merged,
                f" of session{n}",
            )
        ),
    ]


def _by_class(
    there: Mapping[str, int],
    published: Mapping[str, int],
    classes: Collection[str],
    merged: Mapping[str, str],
    of: str,
) -> list[Count]:
    members = {name: [e for e in published if merged.get(e, e) == name] for name in classes}
    return [
        Count(f"{name} clips{of}", sum(published[e] for e in all_of), sum(there[e] for e in all_of))
        for name, all_of in members.items()
    ]
