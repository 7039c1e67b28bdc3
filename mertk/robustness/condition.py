"""A condition: what happens to clips, at levels from mild to severe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mertk.contracts import Clip

VERSION: Final = 1
"""Changed whenever a condition does something else, or has other levels: what was kept of an
earlier one is then done again."""


def as_it_is(clip: Clip, _: float) -> Clip:
    """The clip."""
    return clip


def nothing(_: str, __: Sequence[str], ___: float) -> frozenset[str]:
    """No modality."""
    return frozenset()


@dataclass(frozen=True)
class Condition:
    """What happens to clips.

    Args:
        name: Short; its first word chooses it on the command line.
        meaning: What it is.
        unit: Of its levels; may be ''.
        levels: From mild to severe, at about equal steps of how it is perceived.
        alters: The modality whose media or words it changes; '' where it changes none.
        reads: Modalities that encoders must read from the clips' own media or text, all of them.
        alter: (clip, level) -> the clip as it is then.
        loses: (clip id, modalities it has, level) -> those that are missing then.
        idle: Why it changes no clip, where it changes none.
    """

    name: str
    meaning: str
    unit: str
    levels: tuple[float, ...]
    alters: str = ""
    reads: frozenset[str] = frozenset()
    alter: Callable[[Clip, float], Clip] = as_it_is
    loses: Callable[[str, Sequence[str], float], frozenset[str]] = nothing
    idle: str = ""

    def told(self, level: float) -> str:
        """A level with its unit; '' where there is nothing to tell."""
        return f"{level:g} {self.unit}".strip() if len(self.levels) > 1 else ""
