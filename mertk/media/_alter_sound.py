"""Noise, clipping and band limits: sound as a bad microphone or line leaves it."""

from functools import lru_cache
from typing import Final

import numpy as np
import scipy  # loads `scipy.signal` when it is first used, which takes a while
from numpy.typing import NDArray

from mertk.contracts import Alteration, MediaRef
from mertk.media._alter import alterations, draws

Samples = NDArray[np.float32]

_STOP: Final = 60.0  # decibels by which what lies above the band is weakened
_SLOPE: Final = 0.1  # width of the filter's slope below the band's end, as share of it


def altered(ref: MediaRef, samples: Samples, rate: int) -> Samples:
    """Sound of a clip [T] with what the clip asks for done to it, in order; as many samples.

    Nothing is cut off at full scale, whatever is added.

    Raises:
        ValueError: Something is asked for that cannot be done to sound.
    """
    for one in alterations(ref, "audio"):
        if one.what == "noise":
            samples = _noisy(samples, one)
        elif one.what == "clip":
            samples = _clipped(samples, one.level)
        else:
            samples = _limited(samples, one.level, rate)
    return samples


def _noisy(samples: Samples, one: Alteration) -> Samples:
    """White noise over the whole band, scaled to the signal's power without its mean.

    Silence stays silent: no ratio to it exists.
    """
    power = float(samples.var(dtype=np.float64)) if len(samples) else 0.0
    if not power:
        return samples
    drawn = draws(one).standard_normal(len(samples), np.float32)
    now = float(np.square(drawn, dtype=np.float64).mean())
    noisy: Samples = samples + drawn * np.float32(np.sqrt(power / now / 10 ** (one.level / 10)))
    return noisy


def _clipped(samples: Samples, share: float) -> Samples:
    """The share of samples that are furthest from 0 is cut off at one height."""
    heights = np.abs(samples)
    heard = heights[heights > 0]
    if not len(heard):
        return samples
    ceiling = np.float32(np.quantile(heard, 1 - share))
    return samples.clip(-ceiling, ceiling)


def _limited(samples: Samples, end: float, rate: int) -> Samples:
    """A low-pass without delay, whose stop band begins at the end of the band."""
    if end >= rate / 2 or not len(samples):
        return samples
    limited: Samples = scipy.signal.oaconvolve(samples, _lowpass(end / (rate / 2)), mode="same")
    return limited.astype(np.float32, copy=False)


@lru_cache(maxsize=16)
def _lowpass(end: float) -> Samples:
    width = _SLOPE * end
    taps, beta = scipy.signal.kaiserord(_STOP, width)
    found = scipy.signal.firwin(taps | 1, end - width / 2, window=("kaiser", beta))
    return found.astype(np.float32)
