"""How long clips are: told by their times, or by the header of their media."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mertk import media
from mertk.contracts import Clip
from mertk.errors import CorpusError, MediaError
from mertk.threads import default_workers, map_ahead

MODALITIES: Final = ("audio", "video")
SHOWN: Final = 3

Seconds = Callable[[Sequence[Clip]], Mapping[str, float]]
"""Tells the lengths of clips by their ids, as far as they can be told."""


def lengths(clips: Sequence[Clip]) -> Mapping[str, float]:
    """Seconds by clip id, in the order of the clips. No media is decoded.

    A clip whose sound or pictures are cut out of a file is as long as the cut, and the file need
    not be there; of any other the header of the sound is read, or else of the film.

    Raises:
        CorpusError: Clips have neither sound nor pictures, or headers cannot be read; with how
            many, and the first of them.
    """
    by_id = _lengths(clips)
    faults = [f"{i}: {why}" for i, why in by_id.items() if not isinstance(why, float)]
    if faults:
        shown = "; ".join(faults[:SHOWN]) + ("; ..." if len(faults) > SHOWN else "")
        raise CorpusError(f"the length of {len(faults)} of {len(clips)} clips is unknown: {shown}")
    return {i: seconds for i, seconds in by_id.items() if isinstance(seconds, float)}


def known_lengths(clips: Sequence[Clip]) -> Mapping[str, float]:
    """Seconds by clip id, of those clips whose length can be told."""
    return Lengths()(clips)


@dataclass
class Lengths:
    """`known_lengths` of the clips of one corpus, asked several times: each is looked up once."""

    _told: dict[str, float | str] = field(default_factory=dict)

    def __call__(self, clips: Sequence[Clip]) -> Mapping[str, float]:
        """Seconds by clip id, of those clips whose length can be told."""
        self._told |= _lengths([clip for clip in clips if clip.id not in self._told])
        told = {clip.id: self._told[clip.id] for clip in clips}
        return {i: seconds for i, seconds in told.items() if isinstance(seconds, float)}


def _lengths(clips: Sequence[Clip]) -> dict[str, float | str]:
    """Seconds by clip id, or why they cannot be told."""
    workers = default_workers()
    found = map_ahead(_length, clips, workers=workers, depth=lambda: 4 * workers)
    return {clip.id: seconds for clip, seconds in zip(clips, found, strict=True)}


def _length(clip: Clip) -> float | str:
    refs = [clip.media[m] for m in MODALITIES if m in clip.media]
    if not refs:
        return "has neither sound nor pictures"
    for ref in refs:
        if ref.end is not None and ref.end > ref.start:
            return ref.end - ref.start
    try:
        return float(media.duration(refs[0]))
    except MediaError as error:
        return str(error)
