"""Are the media there, and can they be decoded?"""

from collections.abc import Iterator
from pathlib import Path

from mertk.doctor.findings import Examined, Finding
from mertk.errors import MediaError


def missing(examined: Examined) -> Iterator[Finding]:
    """A file that clips name and that is not there."""
    wanted: dict[Path, list[str]] = {}
    for clip in examined.corpus.clips:
        for path in dict.fromkeys(ref.path for ref in clip.media.values()):
            if path in examined.media.missing:
                wanted.setdefault(path, []).append(clip.id)
    for path, clips in wanted.items():
        yield Finding("no such file", tuple(clips), (path,), exclude=tuple(clips))


def broken(examined: Examined) -> Iterator[Finding]:
    """Media that cannot be decoded as a clip's part of them asks."""
    for clip in examined.corpus.clips:
        faults: dict[str, Path] = {}
        for modality, facts in (("audio", examined.media.heard), ("video", examined.media.seen)):
            ref = clip.media.get(modality)
            fact = facts.get(ref) if ref else None
            if isinstance(fact, MediaError):
                faults.setdefault(fact.what, fact.path)
        for what, path in faults.items():
            yield Finding(what, (clip.id,), (path,), exclude=(clip.id,))
