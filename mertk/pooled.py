"""Kept predictions side by side, over the folds and seeds that all systems share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mertk.errors import MertkError
from mertk.records import Record
from mertk.stats import Design, design

Key = tuple[str, int]
"""A trial's fold and seed."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """What statistics are taken over: every clip of every shared fold, by every shared seed.

    Args:
        clips: [B] their ids.
        design: The clips, clustered by speaker.
        scores: Per system, [S, B, N]: class probabilities, or as the target is.
        folds: Shared by all systems and seeds, in order.
        seeds: Likewise.
        left_out: Trials that some system or seed lacks the partner of.
    """

    clips: tuple[str, ...]
    design: Design
    scores: Sequence[NDArray[np.float32]]
    folds: tuple[str, ...]
    seeds: tuple[int, ...]
    left_out: tuple[Key, ...]


def pool(*systems: Mapping[Key, Record]) -> Pooled | None:
    """Put the trials of one or more systems side by side; None where they share none.

    A fold counts where every seed of every system has finished it.

    Raises:
        MertkError: The systems were not scored on the same clips with the same labels.
    """
    folds, seeds = whole_folds([k for k in systems[0] if all(k in system for system in systems)])
    if not folds:
        return None
    _check_same([system[fold, seed] for system in systems for seed in seeds for fold in folds])
    first = [systems[0][fold, seeds[0]] for fold in folds]
    scores = [
        np.stack([np.concatenate([system[f, s].predictions()[1] for f in folds]) for s in seeds])
        for system in systems
    ]
    labels = np.concatenate([record.predictions()[0] for record in first])
    speakers = [name for record in first for name in _clusters(record)]
    where = np.repeat(np.arange(len(folds)), [len(record.clips) for record in first])
    used = {(fold, seed) for fold in folds for seed in seeds}
    left_out = dict.fromkeys(key for system in systems for key in system if key not in used)
    clips = tuple(clip for record in first for clip in record.clips)
    return Pooled(clips, design(labels, speakers, where), scores, folds, seeds, tuple(left_out))


def whole_folds(keys: Sequence[Key]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The folds that every seed among these trials has finished, and the seeds."""
    seeds, there = tuple(dict.fromkeys(seed for _, seed in keys)), set(keys)
    folds = dict.fromkeys(fold for fold, _ in keys)
    return tuple(f for f in folds if all((f, seed) in there for seed in seeds)), seeds


def named(keys: Sequence[Key], most: int = 4) -> str:
    """The first few trials in words, and how many more there are."""
    told = ", ".join(f"{fold} seed {seed}" for fold, seed in keys[:most])
    return told + (f" and {len(keys) - most} more" if len(keys) > most else "")


def _clusters(record: Record) -> list[str]:
    """Speakers; a clip whose speaker nobody knows stands for itself."""
    return [s or f"\0{clip}" for s, clip in zip(record.speakers, record.clips, strict=True)]


def _check_same(records: Sequence[Record]) -> None:
    """Hold all records of a fold to the same clips in the same order, with the same labels."""
    known: dict[str, Record] = {}
    for record in records:
        first = known.setdefault(record.facts["fold"], record)
        (own, said), (other, also) = first.predictions(), record.predictions()
        same_labels = np.array_equal(own, other, equal_nan=True)  # NaN: nobody rated it
        if first.clips != record.clips or not same_labels or said.shape != also.shape:
            raise MertkError(
                f"{first.folder} and {record.folder} were not scored on the same clips, so they "
                "cannot be compared; run both recipes on one protocol"
            )
