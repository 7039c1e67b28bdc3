"""Are clips as long as utterances are, and sound as long as pictures?"""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from mertk.doctor.findings import Examined, Finding
from mertk.doctor.pictures import seen
from mertk.doctor.sound import heard

SHORT: Final = 0.2
"""Seconds, a syllable. The shortest of RAVDESS's trials has 2.9."""
LONG: Final = 30.0
"""Seconds that no clip is too long for: Whisper takes in as many."""
LONG_TIMES: Final = 10.0
"""Times the corpus's median beyond which a clip that is also longer than that is far too long.
IEMOCAP's longest turn has 34 s at a median of 3.6, and is one utterance; clips that were cut
wrongly (CREMA-D's 1064_IEO_DIS_MD: 61 s; minutes in MELD) lie beyond both."""
APART: Final = 0.5
"""Seconds that sound and picture may end apart. Containers and cutters round by up to 0.1 s, and
the films of RAVDESS and CREMA-D by 0.02; half a second is two syllables whose face is missing."""


def too_short(examined: Examined) -> Iterator[Finding]:
    """Media that hold no utterance."""
    for clip, path, word, seconds in _lengths(examined):
        if seconds < SHORT:
            what = f"{seconds:.2f} s of {word}"
            yield Finding(what, (clip,), (path,), exclude=(clip,))


def too_long(examined: Examined) -> Iterator[Finding]:
    """Media that must hold more than their utterance."""
    lengths = list(_lengths(examined))
    usual = {
        word: median(seconds for _, _, w, seconds in lengths if w == word)
        for word in {word for _, _, word, _ in lengths}
    }
    for clip, path, word, seconds in lengths:
        if seconds > max(LONG, LONG_TIMES * usual[word]):
            what = f"{seconds:.1f} s of {word}, the median is {usual[word]:.1f}"
            yield Finding(what, (clip,), (path,), exclude=(clip,))


def apart(examined: Examined) -> Iterator[Finding]:
    """Sound and picture of different length."""
    films = {clip.id: film.seconds for clip, film in seen(examined)}
    for clip, sound in heard(examined):
        if clip.id in films and abs(sound.seconds - films[clip.id]) > APART:
            yield Finding(
                f"{sound.seconds:.2f} s of sound, {films[clip.id]:.2f} s of pictures",
                (clip.id,),
                tuple(dict.fromkeys(clip.media[m].path for m in ("audio", "video"))),
            )


def _lengths(examined: Examined) -> Iterator[tuple[str, Path, str, float]]:
    for clip, sound in heard(examined):
        yield clip.id, clip.media["audio"].path, "sound", sound.seconds
    for clip, film in seen(examined):
        yield clip.id, clip.media["video"].path, "pictures", film.seconds
