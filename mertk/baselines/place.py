"""Where a score stands between what needs no media and what people reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mertk.baselines.measure import Standing


@dataclass(frozen=True)
class Place:
    """A score's place.

    Args:
        floor: The best baseline without media.
        ceiling: What people reach; None where the corpus does not tell.
        share: 0 at the floor, 1 at the ceiling, beyond where the score is; None where there is no
            ceiling above the floor.
    """

    floor: Standing
    ceiling: Standing | None
    share: float | None


def place(value: float, standings: Sequence[Standing], metric: Literal["ua", "wa"]) -> Place:
    """Put a score, 0 to 1 and pooled over the same folds, between floor and ceiling.

    Raises:
        ValueError: No baseline without media is among the standings.
    """

    def reached(standing: Standing) -> float:
        return float(getattr(standing.pooled, metric))

    floors = [s for s in standings if not s.people]
    if not floors:
        raise ValueError("standings: none without media (0); measure the corpus first")
    floor = max(floors, key=reached)
    ceiling = max((s for s in standings if s.people), key=reached, default=None)
    if ceiling is None or reached(ceiling) <= reached(floor):
        return Place(floor, ceiling, None)
    span = reached(ceiling) - reached(floor)
    return Place(floor, ceiling, (value - reached(floor)) / span)
