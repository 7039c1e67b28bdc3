"""Honest validation: which clips of a fold train, which choose the epoch, which are scored."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mertk.contracts import Clip, Fold
from mertk.errors import CorpusError
from mertk.recipe import Select
from mertk.target import Classes, Target


@dataclass(frozen=True)
class Split:
    """One fold with its validation part, in the order of the corpus.

    Args:
        train: Clip ids that train.
        valid: Clip ids that choose the epoch; the test clips where the recipe selects on test.
        test: Clip ids that are scored.
        held_out: Speakers that were held out for validation.
    """

    train: tuple[str, ...]
    valid: tuple[str, ...]
    test: tuple[str, ...]
    held_out: tuple[str, ...] = ()


def check_folds(clips: Sequence[Clip], folds: Sequence[Fold], *, shared_speakers: bool) -> None:
    """Refuse folds that leak.

    Raises:
        CorpusError: A fold is empty, names an unknown clip, or has a clip or (unless
            `shared_speakers`) a speaker in more than one part.
    """
    speaker = {c.id: c.speaker for c in clips}
    faults: list[str] = []
    for fold in folds:
        parts = {"train": fold.train, "valid": fold.valid, "test": fold.test}
        faults += [f"{fold.name}: no clip in {n}" for n in ("train", "test") if not parts[n]]
        unknown = sorted(set().union(*parts.values()) - set(speaker))
        if unknown:
            faults.append(f"{fold.name}: unknown clip {unknown[0]!r} and {len(unknown) - 1} more")
            continue
        for a, b in (("train", "test"), ("train", "valid"), ("valid", "test")):
            faults += _overlaps(fold.name, a, b, parts[a] & parts[b], "clip")
            if not shared_speakers and b == "test":
                common = {speaker[i] for i in parts[a]} & {speaker[i] for i in parts[b]}
                faults += _overlaps(fold.name, a, b, common, "speaker")
    if faults:
        raise CorpusError("the folds leak or are empty:\n  " + "\n  ".join(faults))


def _overlaps(fold: str, a: str, b: str, common: Iterable[str], what: str) -> list[str]:
    names = sorted(name or "(unknown)" for name in common)
    if not names:
        return []
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    hint = "; `dataset.shared_speakers: allow` accepts that" if what == "speaker" else ""
    return [f"{fold}: {what} in both {a} and {b}: {shown}{hint}"]


CLASSES: Final = Classes()


def split(
    fold: Fold, clips: Sequence[Clip], select: Select, seed: int, target: Target = CLASSES
) -> Split:
    """Carve the validation part out of a fold by the recipe's rule.

    The same fold, rule and seed give the same parts for every variant of a recipe. What is said
    here of a class holds of whatever a clip is an example of: a label, or a dimension that it is
    rated on.

    Raises:
        CorpusError: The rule cannot be met, with what could be.
    """
    inside = [c for c in clips if c.id in fold.train]
    rng = np.random.default_rng([seed, zlib.crc32(fold.name.encode())])
    test = tuple(c.id for c in clips if c.id in fold.test)
    held_out: tuple[str, ...] = ()
    if select.on == "test":
        # A part that the corpus itself publishes for validation is left aside: it never trains.
        return Split(tuple(c.id for c in inside), test, test)
    if select.on == "valid":
        if not fold.valid:
            raise CorpusError(
                f"{fold.name}: the corpus has no validation part of its own; use "
                "train.select.on=held_out_speaker or held_out_clips"
            )
        valid = set(fold.valid)
    elif select.on == "held_out_speaker":
        held_out = _speakers(inside, target, select.speakers, fold.name, rng)
        valid = {c.id for c in inside if c.speaker in held_out}
    else:
        valid = _share(inside, target, select.share, fold.name, rng)
    return Split(
        train=tuple(c.id for c in inside if c.id not in valid),
        valid=tuple(c.id for c in clips if c.id in valid),
        test=test,
        held_out=held_out,
    )


def _speakers(
    clips: Sequence[Clip], target: Target, count: int, fold: str, rng: np.random.Generator
) -> tuple[str, ...]:
    """Draw speakers such that every class still trains; among those, that most classes validate."""
    classes: dict[str, set[str]] = {}
    for clip in clips:
        classes.setdefault(clip.speaker, set()).update(target.examples(clip))
    if len(classes) <= count:
        raise CorpusError(
            f"{fold}: cannot hold out {count} of {len(classes)} training speakers; use "
            "train.select.on=held_out_clips, or fewer train.select.speakers"
        )
    everything = set().union(*classes.values())
    if "" in classes:
        raise CorpusError(
            f"{fold}: clips without a speaker cannot be kept apart by speaker; use "
            "train.select.on=held_out_clips"
        )
    names = sorted(classes)
    drawn = [tuple(rng.permutation(names)[:count].tolist()) for _ in range(50)]
    keeps = [d for d in drawn if _seen(classes, set(names) - set(d)) == everything]
    if not keeps:
        raise CorpusError(
            f"{fold}: whichever {count} speaker(s) are held out, a class is left without training "
            "clips; use train.select.on=held_out_clips"
        )
    return tuple(sorted(max(keeps, key=lambda d: len(_seen(classes, d)))))


def _seen(classes: Mapping[str, set[str]], speakers: Iterable[str]) -> set[str]:
    return set().union(*(classes[s] for s in speakers))


def _share(
    clips: Sequence[Clip], target: Target, share: float, fold: str, rng: np.random.Generator
) -> set[str]:
    """Draw the same share of every class, at least one clip where a class has two.

    Of clips that are examples of several things, those of the same things are together one class.
    """
    by_class: dict[str, list[str]] = {}
    for clip in clips:
        by_class.setdefault("|".join(sorted(target.examples(clip))), []).append(clip.id)
    chosen: set[str] = set()
    for name in sorted(by_class):
        ids = by_class[name]
        count = min(max(round(share * len(ids)), 1), len(ids) - 1)
        chosen |= set(rng.permutation(ids)[:count].tolist())
    if not chosen:
        raise CorpusError(f"{fold}: no class has two clips, so none can be held out")
    return chosen
