"""Folds that keep groups (speakers, dialogues) whole and classes even."""

from collections import Counter
from collections.abc import Sequence

from mertk.contracts import Fold
from mertk.errors import CorpusError
from mertk_plugins.datasets._cells import safe


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


def tested_on(name: str, ids: Sequence[str], tested: Sequence[bool]) -> Fold:
    """The fold that tests some clips and trains on all others."""
    test = frozenset(i for i, is_tested in zip(ids, tested, strict=True) if is_tested)
    return Fold(name, frozenset(ids) - test, test)


def one_each(ids: Sequence[str], values: Sequence[str], what: str, source: str) -> list[Fold]:
    """A fold per value, which tests the clips that have it.

    Args:
        ids: Of the clips.
        values: What each has.
        what: What a value is, such as `speaker`.
        source: What messages call the corpus.

    Raises:
        CorpusError: There is one value only, or one that cannot name a fold.
    """
    names = sorted(set(values))
    if len(names) < 2:
        raise CorpusError(f"{source}: one {what} only ({names[0]!r}); folds need two")
    unsafe = [name for name in names if not safe(name) or "," in name]
    if unsafe:
        raise CorpusError(
            f"{source}: {what} {unsafe[0]!r} cannot name a fold; use no comma, / or \\"
        )
    return [tested_on(name, ids, [value == name for value in values]) for name in names]


def published(ids: Sequence[str], parts: Sequence[str], source: str) -> Fold:
    """The fold that a corpus publishes.

    Args:
        ids: Of the clips.
        parts: `train`, `valid` or `test` for each.
        source: What messages call the corpus.

    Raises:
        CorpusError: No clip trains, or none is tested.
    """
    found: dict[str, set[str]] = {"train": set(), "valid": set(), "test": set()}
    for clip, part in zip(ids, parts, strict=True):
        found[part].add(clip)
    for part in ("train", "test"):
        if not found[part]:
            raise CorpusError(f"{source}: split: no row says {part!r}")
    return Fold("split", **{part: frozenset(clips) for part, clips in found.items()})
