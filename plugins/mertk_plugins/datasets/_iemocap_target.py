"""Which turns of IEMOCAP are clips, and what is predicted of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mertk.contracts import TargetKind
from mertk.errors import did_you_mean
from mertk_plugins.datasets._iemocap_files import CODES

CLASSES: Final[Mapping[int, tuple[str, ...]]] = {
    4: ("angry", "happy", "neutral", "sad"),
    6: ("angry", "happy", "neutral", "sad", "excited", "frustrated"),
}
DIMENSIONS: Final = ("valence", "arousal", "dominance")


@dataclass(frozen=True)
class Chosen:
    """What is chosen.

    Args:
        outputs: The names of what is predicted.
        emotions: Turns of these are clips, after merging; all are where it is None.
        merged: Emotion -> the class that it counts as.
    """

    outputs: tuple[str, ...]
    emotions: tuple[str, ...] | None
    merged: Mapping[str, str]

    def emotion(self, original: str) -> str:
        """What an emotion of the release counts as."""
        return self.merged.get(original, original)

    def has(self, original: str) -> bool:
        """Whether turns of an emotion of the release are clips."""
        return self.emotions is None or self.emotion(original) in self.emotions


def choose(
    target: TargetKind, classes: int | Sequence[str] | None, merge_excited: bool | None
) -> Chosen:
    """Read the arguments of that name.

    Raises:
        ValueError: `classes` names no emotion or one twice, or contradicts `merge_excited`.
    """
    names = _names(target, classes)
    if names is not None:
        _check(names)
    if merge_excited and "excited" in (names or ()):
        raise ValueError("merge_excited: excited is a class of its own (True); use False")
    if merge_excited and "happy" not in (names or ()):
        raise ValueError("merge_excited: happy is no class (True); use False")
    merges = "happy" in (names or ()) and "excited" not in (names or ())
    merged = {"excited": "happy"} if (merges if merge_excited is None else merge_excited) else {}
    return Chosen(DIMENSIONS if target == "dimensions" else names or (), names, merged)


def _names(target: TargetKind, classes: int | Sequence[str] | None) -> tuple[str, ...] | None:
    if classes is None:
        return CLASSES[4] if target == "classes" else None
    return CLASSES[classes] if isinstance(classes, int) else tuple(classes)


def _check(names: Sequence[str]) -> None:
    known = [name for name in CODES.values() if name != "undecided"]
    for name in names:
        if name not in known:
            raise ValueError(f"classes: no emotion named {name!r}{did_you_mean(name, known)}")
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"classes: must be two or more, each once ({', '.join(names)})")
