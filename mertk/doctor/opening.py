"""Open the dataset that the command line names, as far as it can be opened."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mertk.check import resolve_dataset
from mertk.contracts import Card, Clip, DatasetSource, Fold
from mertk.errors import CorpusError, did_you_mean
from mertk.published import Count, Counted, Knowing, Tolerant
from mertk.registry import Registry
from mertk.resolved import ResolvedDataset
from mertk.subject import dataset_draft


@dataclass(frozen=True)
class Opened:
    """A corpus before anything of it is checked.

    Args:
        card: What it is.
        clips: Its clips in order, without those that `dataset.exclude` names.
        folds: Its folds, without those clips; none where it cannot make any.
        counts: What it should hold as published, and what it holds.
        knows: Whether a media file that no clip names belongs to it all the same.
        excluded: Clips that `dataset.exclude` names.
        incomplete: Why it was refused as a whole, where it could only be opened as incomplete.
        unfolded: Why it makes no folds.
        shared_speakers: Whether the recipe accepts speakers on both sides of a fold.
    """

    card: Card
    clips: Sequence[Clip]
    folds: Sequence[Fold] = ()
    counts: Sequence[Count] = ()
    knows: Callable[[Path], bool] = lambda _: False
    excluded: Sequence[str] = ()
    incomplete: str = ""
    unfolded: str = ""
    shared_speakers: bool = False


def open_dataset(named: str, assignments: Iterable[str], registry: Registry) -> Opened:
    """Open a dataset.

    Args:
        named: A registered dataset, `package.module:Class`, or a recipe by path or shipped name.
        assignments: `argument=value` of the dataset, with or without `dataset.` before it.
        registry: Where names are looked up.

    Raises:
        MertkError: Nothing is called so, an argument is wrong, or nothing of the corpus can be
            opened.
    """
    dataset = resolve_dataset(dataset_draft(named, assignments, registry), registry)
    spec = dataset.spec
    source, clips, incomplete = _source(dataset)
    folds, unfolded = _folds(source)
    return _without(
        spec.exclude,
        Opened(
            card=source.card,
            clips=clips,
            folds=folds,
            counts=source.counts() if isinstance(source, Counted) else (),
            knows=source.knows if isinstance(source, Knowing) else lambda _: False,
            incomplete=incomplete,
            unfolded=unfolded,
            shared_speakers=spec.shared_speakers == "allow",
        ),
    )


def _source(dataset: ResolvedDataset) -> tuple[DatasetSource, Sequence[Clip], str]:
    made = dataset.build()
    try:
        return made, tuple(made.clips()), ""
    except CorpusError as error:
        lenient = dataset.but(made.tolerant if isinstance(made, Tolerant) else {})
        if lenient == dataset:
            raise
        made = lenient.build()
        try:
            return made, tuple(made.clips()), str(error)
        except CorpusError:
            raise error from None


def _folds(source: DatasetSource) -> tuple[Sequence[Fold], str]:
    try:
        return tuple(source.folds()), ""
    except CorpusError as error:
        return (), str(error)


def _without(exclude: Sequence[str], opened: Opened) -> Opened:
    known = {clip.id for clip in opened.clips}
    for name in exclude:
        if name not in known:
            near = did_you_mean(name, known)
            raise CorpusError(f"dataset.exclude: there is no clip {name!r}{near}")
    gone = frozenset(exclude)
    files = {
        os.path.realpath(ref.path)
        for clip in opened.clips
        if clip.id in gone
        for ref in clip.media.values()
    }
    return replace(
        opened,
        clips=tuple(c for c in opened.clips if c.id not in gone),
        folds=tuple(
            Fold(f.name, f.train - gone, f.test - gone, f.valid - gone) for f in opened.folds
        ),
        knows=lambda path: os.path.realpath(path) in files or opened.knows(path),
        excluded=tuple(exclude),
    )
