"""Is there anything to see?"""

from collections.abc import Iterator
from typing import Final

from mertk.contracts import Clip
from mertk.doctor.findings import Examined, Finding
from mertk.media import Seen

BLACK: Final = 0.5
"""Share of black pictures from which a clip is black: less is a fade, or padding. Face crops of
RAVDESS that are in use end in up to 2 of 15 black pictures."""
FROZEN: Final = 0.5
"""Share of a clip for which nothing moves from which it is frozen. Two words can be spoken in the
other half; real films of RAVDESS and CREMA-D stand still for up to 6% of a clip, and face crops
that end in two black pictures for 13%."""
FROZEN_SECONDS: Final = 0.5
"""And for at least so long: a clip of few pictures may hold one twice."""


def seen(examined: Examined) -> Iterator[tuple[Clip, Seen]]:
    """The clips whose pictures could be read."""
    for clip in examined.corpus.clips:
        ref = clip.media.get("video")
        fact = examined.media.seen.get(ref) if ref else None
        if isinstance(fact, Seen):
            yield clip, fact


def black(examined: Examined) -> Iterator[Finding]:
    """At least half of a clip's pictures are black."""
    for clip, film in seen(examined):
        if film.black >= BLACK * film.frames:
            yield Finding(
                f"{film.black} of {film.frames} pictures are black",
                (clip.id,),
                (clip.media["video"].path,),
                exclude=(clip.id,),
            )


def partly_black(examined: Examined) -> Iterator[Finding]:
    """Some of a clip's pictures are black."""
    for clip, film in seen(examined):
        if 0 < film.black < BLACK * film.frames:
            yield Finding(
                f"{film.black} of {film.frames} pictures are black",
                (clip.id,),
                (clip.media["video"].path,),
            )


def frozen(examined: Examined) -> Iterator[Finding]:
    """For at least half of a clip nothing moves."""
    for clip, film in seen(examined):
        stands = film.still >= max(FROZEN_SECONDS, FROZEN * film.seconds)
        if film.frames > 1 and stands and film.black < BLACK * film.frames:
            yield Finding(
                f"nothing moves for {film.still:.1f} of {film.seconds:.1f} s",
                (clip.id,),
                (clip.media["video"].path,),
                exclude=(clip.id,),
            )
