"""Is anything there twice?

Told from what was decoded, so that a copy in another container or lossless format is found; one
that was encoded anew is not.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from mertk.contracts import Clip
from mertk.doctor.findings import Examined, Finding
from mertk.doctor.pictures import BLACK, seen
from mertk.doctor.sound import SILENCE, heard
from mertk.target import target_of


def same_sound(examined: Examined) -> Iterator[Finding]:
    """Clips with the very same sound; silent ones are told of as such."""
    loud = ((clip, s.digest) for clip, s in heard(examined) if s.level >= SILENCE)
    return _twins(examined, "audio", loud)


def same_pictures(examined: Examined) -> Iterator[Finding]:
    """Clips with the very same pictures; black ones are told of as such."""
    lit = ((clip, s.digest) for clip, s in seen(examined) if s.black < BLACK * s.frames)
    return _twins(examined, "video", lit)


def _twins(
    examined: Examined, modality: str, digests: Iterable[tuple[Clip, str]]
) -> Iterator[Finding]:
    target = target_of(examined.corpus.card)
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip, digest in digests:
        groups[digest].append(clip)
    for clips in groups.values():
        ids = tuple(clip.id for clip in clips)
        if len(ids) < 2:
            continue
        labels = sorted({target.fault(clip) or str(target.told(clip)) for clip in clips})
        leaks = examined.leaked(ids, ids)
        what = [
            f"{len(ids)} clips with the same {WORDS[modality]}",
            *(["in train and test"] if leaks else []),
            *([f"labelled {', '.join(labels)}"] if len(labels) > 1 else []),
        ]
        yield Finding(
            ", ".join(what),
            ids,
            tuple(clip.media[modality].path for clip in clips),
            # Where their labels differ nobody knows which is right.
            exclude=ids if len(labels) > 1 else ids[1:],
            severity="severe" if leaks or len(labels) > 1 else None,
        )


WORDS: Final = {"audio": "sound", "video": "pictures"}
