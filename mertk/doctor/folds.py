"""Do the folds keep apart what must be kept apart, and can each be learned and scored?"""

from collections.abc import Iterator
from itertools import combinations

from mertk.doctor.findings import Examined, Finding
from mertk.target import target_of


def unfolded(examined: Examined) -> Iterator[Finding]:
    """The dataset makes no folds of this copy."""
    if examined.corpus.unfolded:
        yield Finding(examined.corpus.unfolded)
    elif not examined.corpus.folds:
        yield Finding("the dataset has no fold")


def parts(examined: Examined) -> Iterator[Finding]:
    """A fold with an empty part, a clip that is not there, or a clip in two parts."""
    for fold in examined.corpus.folds:
        sides = {"train": fold.train, "valid": fold.valid, "test": fold.test}
        for name in ("train", "test"):
            if not sides[name]:
                yield Finding(f"{fold.name}: no clip in {name}")
        if stray := frozenset().union(*sides.values()) - examined.clips.keys():
            yield Finding(f"{fold.name}: names clips that are not there", tuple(sorted(stray)))
        for a, b in combinations(sides, 2):
            if both := sides[a] & sides[b]:
                yield Finding(f"{fold.name}: in {a} and in {b}", tuple(sorted(both)))


def speakers(examined: Examined) -> Iterator[Finding]:
    """A speaker who is trained (or chosen) on and tested on in one fold."""
    allowed = examined.corpus.shared_speakers
    for fold in examined.corpus.folds:
        taught = (fold.train | fold.valid) & examined.clips.keys()
        heard = {examined.clips[i].speaker for i in taught}
        tested: dict[str, list[str]] = {}
        for clip in examined.corpus.clips:
            if clip.id in fold.test and clip.speaker and clip.speaker in heard:
                tested.setdefault(clip.speaker, []).append(clip.id)
        for speaker, clips in sorted(tested.items()):
            yield Finding(
                f"{fold.name}: {speaker} is tested on, and in train or valid",
                tuple(clips),
                severity="note" if allowed else None,
            )


def classes(examined: Examined) -> Iterator[Finding]:
    """A fold that lacks a class: it cannot be learned, or its recall cannot be scored.

    Likewise a label, or a dimension that no clip is rated on.
    """
    target = target_of(examined.corpus.card)
    shows = {
        i: target.examples(clip) for i, clip in examined.clips.items() if not target.fault(clip)
    }
    for fold in examined.corpus.folds:
        trained, tested = (
            frozenset[str]().union(*(shows.get(i, frozenset()) for i in part))
            for part in (fold.train, fold.test)
        )
        for name in examined.corpus.card.classes:
            if trained and name not in trained:
                yield Finding(f"{fold.name}: no training clip is {name}")
            if tested and name not in tested:
                yield Finding(f"{fold.name}: no test clip is {name}", severity="warning")


def unknown_speakers(examined: Examined) -> Iterator[Finding]:
    """Clips of which nobody knows who talks."""
    unknown = tuple(clip.id for clip in examined.corpus.clips if not clip.speaker)
    if unknown:
        yield Finding(
            f"{len(unknown)} of {len(examined.corpus.clips)} clips",
            unknown,
            severity="note" if examined.corpus.shared_speakers else None,
        )
