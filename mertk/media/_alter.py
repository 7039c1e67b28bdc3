"""What may be done to media after they are decoded: names, levels, and who draws what.

What is drawn comes from the alteration's own seed, frame by frame or sample by sample from the
beginning of the clip: a higher level then hits what a lower one hits, and more.
"""

from typing import Final, Literal

import numpy as np

from mertk.contracts import Alteration, MediaRef

ALTERED: Final = 1
"""Changed whenever an alteration gives other numbers: part of every key of altered media."""

ALTERATIONS: Final = {
    "noise": ("audio", "white noise; signal to noise ratio, decibels"),
    "clip": ("audio", "the loudest samples are cut off; share of all that are not 0"),
    "band": ("audio", "low-pass; hertz above which nothing is left"),
    "drop": ("video", "frames are lost, the one before stays; share of all"),
    "black": ("video", "frames are black; share of all"),
    "blur": ("video", "Gaussian; standard deviation as share of the picture's height"),
    "shift": ("video", "pictures come too early; seconds"),
}
"""Name -> the modality it is done to, and what its level means."""

_SHARES: Final = frozenset({"clip", "drop", "black"})


def alterations(ref: MediaRef, modality: Literal["audio", "video"]) -> tuple[Alteration, ...]:
    """Those that a clip asks for.

    Raises:
        ValueError: One is not known, not of this modality, or its level makes no sense.
    """
    for one in ref.alter:
        known = [name for name, (of, _) in ALTERATIONS.items() if of == modality]
        if one.what not in known:
            told = ", ".join(known)
            raise ValueError(f"alter: {modality} knows no {one.what!r}; there are: {told}")
        if not _sensible(one):
            raise ValueError(f"alter: {one.what} has no level {one.level:g}")
    return ref.alter


def draws(one: Alteration) -> np.random.Generator:
    """What an alteration draws from."""
    return np.random.default_rng(one.seed)


def _sensible(one: Alteration) -> bool:
    if not np.isfinite(one.level):
        return False
    if one.what in _SHARES:
        return 0 <= one.level <= 1
    return one.level > 0 if one.what == "band" else one.level >= 0 or one.what == "noise"
