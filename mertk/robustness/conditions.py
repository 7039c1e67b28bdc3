"""The conditions that change media and words, as a table."""

from dataclasses import replace
from typing import Final

from mertk.contracts import Alteration, Clip
from mertk.robustness.condition import Condition
from mertk.robustness.draws import seed_of
from mertk.robustness.words import misspelt, without_words


def _media(
    name: str,
    modality: str,
    what: str,
    meaning: str,
    unit: str,
    levels: tuple[float, ...],
    *,
    drawn: bool = False,
    also: tuple[str, ...] = (),
) -> Condition:
    """A condition that `mertk.media` brings about; what is drawn is seeded by the clip's id."""

    def alter(clip: Clip, level: float) -> Clip:
        ref = clip.media.get(modality)
        if ref is None:
            return clip
        one = Alteration(what, level, seed_of(name, clip.id) if drawn else 0)
        changed = replace(ref, alter=(*ref.alter, one))
        return replace(clip, media={**clip.media, modality: changed})

    reads = frozenset((modality, *also))
    word = {"audio": "sound", "video": "pictures"}[modality]
    return Condition(
        name, meaning, unit, levels, modality, reads, alter, idle=f"no clip has {word}"
    )


def _wrong_side(clip: Clip, _: float) -> Clip:
    """The clip with the part of the picture that mirrors its own: whoever sits beside it."""
    ref = clip.media.get("video")
    if ref is None or ref.crop is None:
        return clip
    left, top, right, bottom = ref.crop
    changed = replace(ref, crop=(1 - right, top, 1 - left, bottom))
    return replace(clip, media={**clip.media, "video": changed})


def _fewer_words(clip: Clip, level: float) -> Clip:
    seed = seed_of("words", clip.id)
    return clip if not clip.text else replace(clip, text=without_words(clip.text, level, seed))


def _other_letters(clip: Clip, level: float) -> Clip:
    seed = seed_of("letters", clip.id)
    return clip if not clip.text else replace(clip, text=misspelt(clip.text, level, seed))


CONDITIONS: Final = (
    _media(
        *("noise", "audio", "noise", "white noise over the sound"),
        *("dB SNR", (20.0, 15.0, 10.0, 5.0, 0.0)),
        drawn=True,
    ),
    _media(
        *("clipping", "audio", "clip", "the loudest samples cut off"),
        *("of samples", (0.05, 0.1, 0.2, 0.4)),
    ),
    _media(
        *("band", "audio", "band", "nothing of the sound left above a frequency"),
        *("Hz", (4000.0, 2000.0, 1000.0, 500.0)),
    ),
    _media(
        *("drop", "video", "drop", "frames lost, the one before stays"),
        *("of frames", (0.2, 0.4, 0.6, 0.8)),
        drawn=True,
    ),
    _media(
        *("black", "video", "black", "frames black"),
        *("of frames", (0.2, 0.4, 0.6, 0.8)),
        drawn=True,
    ),
    _media(
        *("blur", "video", "blur", "Gaussian blur, its deviation as share of the picture's height"),
        *("of height", (0.01, 0.02, 0.04, 0.08)),
    ),
    Condition(
        *("side", "the other side of the picture: the face of whoever sits beside", "", (1.0,)),
        alters="video",
        reads=frozenset({"video"}),
        alter=_wrong_side,
        idle="no clip shows one side of a picture",
    ),
    _media(
        *("shift", "video", "shift", "sound late against the pictures"),
        *("s", (0.1, 0.2, 0.4, 0.8)),
        also=("audio",),
    ),
    Condition(
        *("words", "words lost", "of words", (0.2, 0.4, 0.6, 0.8)),
        alters="text",
        reads=frozenset({"text"}),
        alter=_fewer_words,
        idle="no clip has several words",
    ),
    Condition(
        *("letters", "letters replaced by others", "of letters", (0.05, 0.1, 0.2, 0.4)),
        alters="text",
        reads=frozenset({"text"}),
        alter=_other_letters,
        idle="no clip has words",
    ),
)
"""Every one of them; what is missing altogether (`mertk.robustness.absence`) comes beside them."""
