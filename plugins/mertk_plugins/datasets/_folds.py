"""Folds that keep groups (speakers, dialogues) whole and classes even."""

from collections import Counter
from collections.abc import Sequence


def deal(groups: Sequence[str], classes: Sequence[str], k: int) -> list[set[str]]:
    """Deal groups out to k parts so that every part holds about the same share of each class.

    The largest group goes first, each to the part where it makes the classes least uneven: where
    the sum over classes of (count in the part / count in all)^2 grows least; to the smaller part
    where that is equal. The result depends on which group and class the clips are of, not on the
    order of clips, nor on chance, and is part of the published protocol: do not improve it.

    Args:
        groups: The group of each clip.
        classes: The class of each clip.
        k: Number of parts, at most the number of groups.

    Returns:
        The groups of each part; no part is empty.
    """
    totals = Counter(classes)
    counts: dict[str, Counter[str]] = {}
    for group, name in zip(groups, classes, strict=True):
        counts.setdefault(group, Counter())[name] += 1
    if not 1 <= k <= len(counts):
        raise ValueError(f"k: {len(counts)} groups do not make that many parts ({k})")
    parts: list[set[str]] = [set() for _ in range(k)]
    held: list[Counter[str]] = [Counter() for _ in range(k)]
    for group in sorted(counts, key=lambda g: (-counts[g].total(), g)):
        incoming = counts[group]

        def growth(part: int, incoming: Counter[str] = incoming) -> tuple[float, int, int]:
            # (h + n)^2 - h^2 is 2hn + n^2, of which n^2 is the same for every part.
            cross = sum(
                held[part][name] * incoming[name] / totals[name] ** 2 for name in sorted(incoming)
            )
            return cross, held[part].total(), part

        best = min(range(k), key=growth)
        parts[best].add(group)
        held[best] += incoming
    return parts
