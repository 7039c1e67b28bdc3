"""Modalities that are missing: each subset of them from every clip, or some from some clips.

A stream that is missing has no real step, as in a clip that never had the modality. What an encoder
looks up by clip id goes missing like any other.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from mertk.robustness.condition import Condition
from mertk.robustness.draws import share_of

RATES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
FEATURES: Final = "features"


def grouped(modalities: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Streams by what goes missing together: two encoders that read one modality lose both.

    What is looked up by clip id says nothing of its modality but by the name of its stream.

    Args:
        modalities: What each stream's encoder reads.
    """
    groups: dict[str, tuple[str, ...]] = {}
    for stream, modality in modalities.items():
        group = stream if modality == FEATURES else modality
        groups[group] = (*groups.get(group, ()), stream)
    return groups


def absences(groups: Sequence[str]) -> list[Condition]:
    """Each subset that can be missing while something is left, then the rates."""
    several = (subset for size in range(1, len(groups)) for subset in combinations(groups, size))
    return [*map(_without, several), _at_rates()]


def _without(gone: tuple[str, ...]) -> Condition:
    def loses(_: str, present: Sequence[str], __: float) -> frozenset[str]:
        lost = frozenset(gone).intersection(present)
        return lost if len(lost) < len(present) else frozenset()

    told = " and ".join(gone)
    meaning = f"no clip has {told}, but for clips that have nothing else"
    return Condition(f"without {'+'.join(gone)}", meaning, "", (1.0,), loses=loses)


def _at_rates() -> Condition:
    """Each modality of each clip is lost with one probability; the last one stays.

    What is lost at one rate is lost at every higher one.
    """

    def loses(clip: str, present: Sequence[str], rate: float) -> frozenset[str]:
        lots = {group: share_of("missing", clip, group) for group in present}
        lost = {group for group, lot in lots.items() if lot < rate}
        if lost and len(lost) == len(present):
            lost.remove(max(lots, key=lots.__getitem__))
        return frozenset(lost)

    meaning = "each modality of each clip missing with this probability; one of a clip stays"
    return Condition("missing", meaning, "", RATES, loses=loses)
