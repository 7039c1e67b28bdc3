"""Is there anything to hear?"""

from collections.abc import Iterator
from math import isfinite
from typing import Final

from mertk.contracts import Clip
from mertk.doctor.findings import Examined, Finding
from mertk.media import Heard

SILENCE: Final = -70.0
"""Decibels below full scale that the loudest tenth of a second of a clip stays under where it is
silent. Only the loudest tenth counts, so that pauses before and after the words do not. The
quietest of RAVDESS's 1440 trials has -56, their median is -31; rounding to 16 bits alone makes
-101."""


def heard(examined: Examined) -> Iterator[tuple[Clip, Heard]]:
    """The clips whose sound could be read."""
    for clip in examined.corpus.clips:
        ref = clip.media.get("audio")
        fact = examined.media.heard.get(ref) if ref else None
        if isinstance(fact, Heard):
            yield clip, fact


def silent(examined: Examined) -> Iterator[Finding]:
    """Sound without anything in it."""
    for clip, sound in heard(examined):
        if sound.level < SILENCE:
            level = f"{sound.level:.0f} dB" if isfinite(sound.level) else "digital silence"
            yield Finding(
                f"its loudest tenth of a second: {level}",
                (clip.id,),
                (clip.media["audio"].path,),
                exclude=(clip.id,),
            )
