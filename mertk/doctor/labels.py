"""Labels, and which media they belong to."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from mertk.doctor.findings import Examined, Finding
from mertk.home import home
from mertk.target import target_of


def same_id(examined: Examined) -> Iterator[Finding]:
    """An id that several clips have."""
    for name, count in Counter(clip.id for clip in examined.corpus.clips).items():
        if count > 1:
            yield Finding(f"stands {count} times", (name,))


def no_class(examined: Examined) -> Iterator[Finding]:
    """A label that is none of the classes, or no number where numbers are predicted."""
    target = target_of(examined.corpus.card)
    for clip in examined.corpus.clips:
        if fault := target.fault(clip):
            yield Finding(fault, (clip.id,), exclude=(clip.id,))


def empty_class(examined: Examined) -> Iterator[Finding]:
    """A class or label that no clip has, a dimension that none is rated on."""
    target = target_of(examined.corpus.card)
    clips = [clip for clip in examined.corpus.clips if not target.fault(clip)]
    there = frozenset[str]().union(*(target.examples(clip) for clip in clips))
    for name in examined.corpus.card.classes:
        if name not in there:
            yield Finding(f"{name!r} has no clip")


def unheard(examined: Examined) -> Iterator[Finding]:
    """A label whose clip lacks what other clips have: sound, pictures, text."""
    has = {
        clip.id: {*clip.media, *(["text"] if clip.text is not None else [])}
        for clip in examined.corpus.clips
    }
    usual = set().union(*has.values())
    for clip, modalities in has.items():
        if not modalities:
            yield Finding("has nothing at all", (clip,), exclude=(clip,), severity="severe")
        elif lacking := sorted(usual - modalities):
            yield Finding(f"has no {', no '.join(lacking)}", (clip,))


def unlabelled(examined: Examined) -> Iterator[Finding]:
    """A media file beside the clips' that no clip names, of a format that they have there.

    Only folders that hold some clip's media are looked into. What the dataset knows, such as files
    of classes that were left out, is passed over; so are names that begin with a dot, and what
    mertk wrote itself.
    """
    own = os.path.realpath(home())
    named: dict[str, set[str]] = defaultdict(set)
    for clip in examined.corpus.clips:
        for modality in clip.media.keys() & {"audio", "video"}:
            path = clip.media[modality].path
            folder = os.path.realpath(path.parent)
            if not Path(folder).is_relative_to(own):
                named[folder].add(path.name)
    for folder, names in sorted(named.items()):
        formats = {Path(name).suffix.lower() for name in names}
        for path in sorted(_listed(Path(folder))):
            fits = path.suffix.lower() in formats and path.name not in names
            if fits and not path.name.startswith(".") and not examined.corpus.knows(path):
                yield Finding("no clip names it", paths=(path,))


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []  # a missing folder is told of the files in it
