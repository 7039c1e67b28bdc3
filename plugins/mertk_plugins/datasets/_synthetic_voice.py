"""A voice made of pulses, breath and resonances: what says how aroused somebody talks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy  # loads `scipy.signal` when it is first used, which takes a while
from numpy.typing import NDArray

Samples = NDArray[np.float64]

RATE: Final = 16000
VOWELS: Final = ((730, 1090, 2440), (270, 2290, 3010), (570, 840, 2410), (530, 1840, 2480))  # hertz


@dataclass(frozen=True)
class Throat:
    """One actor's voice.

    Args:
        pitch: Hertz.
        length: Scale of the resonances; shorter throats have higher ones.
        loudness: Factor.
    """

    pitch: float
    length: float
    loudness: float


def draw_throat(gender: str, rng: np.random.Generator) -> Throat:
    """A voice of a woman (F) or a man (M)."""
    pitch, length = {"F": (205.0, 1.15), "M": (118.0, 1.0)}[gender]
    return Throat(
        pitch=pitch * 2 ** rng.normal(0, 0.12),
        length=length * 2 ** rng.normal(0, 0.04),
        loudness=2 ** rng.normal(0, 0.2),
    )


def speak(
    throat: Throat, seconds: float, arousal: float, valence: float, rng: np.random.Generator
) -> Samples:
    """One turn, [T] at 16 kHz.

    Args:
        throat: Who speaks.
        seconds: How long.
        arousal: About -1 to 1: higher, louder, brighter, faster.
        valence: About -1 to 1: whether the pitch rises or falls to the end.
        rng: Draws everything else.
    """
    time = np.arange(round(seconds * RATE)) / RATE
    rate = 3.6 * 2 ** (0.35 * arousal)  # syllables per second
    phase = rate * time + rng.uniform(0, 1)
    syllable = phase.astype(int)
    octaves = 0.25 * arousal + 0.5 * valence * (time / seconds - 0.5)
    octaves += (0.12 + 0.06 * arousal) * rng.normal(size=syllable[-1] + 1)[syllable]
    octaves = scipy.signal.lfilter([0.002], [1, -0.998], octaves - octaves[0]) + octaves[0]
    pulses = _pulses(throat.pitch * 2**octaves, brightness=0.75 + 0.2 * np.tanh(arousal))
    breath = 0.02 * 2 ** (-0.5 * arousal) * rng.normal(size=len(time))
    length = throat.length * 2 ** (0.12 * valence)  # a smile shortens the throat
    spoken = _resonate(pulses + breath, syllable, length, rng)
    envelope = np.sin(np.pi * (phase % 1)) ** 1.5
    stress = 2 ** (0.4 * rng.normal(size=syllable[-1] + 1)[syllable])
    loud = 0.12 * throat.loudness * 10 ** (0.3 * arousal)
    sound: Samples = loud * envelope * stress * spoken / (np.std(spoken) + 1e-9)
    return sound


def _pulses(pitch: Samples, brightness: float) -> Samples:
    """Glottal pulses; `brightness` in 0..1 is how little the upper harmonics are damped."""
    saw = 2 * (np.cumsum(pitch / RATE) % 1) - 1
    damping = 1 - brightness
    return np.asarray(scipy.signal.lfilter([1 - damping], [1, -damping], saw))


def _resonate(
    source: Samples, syllable: NDArray[np.int_], length: float, rng: np.random.Generator
) -> Samples:
    """Give every syllable one of two vowels."""
    said = rng.choice(len(VOWELS), size=2, replace=False)
    which = rng.integers(0, 2, size=syllable[-1] + 1)[syllable]
    both = [_vowel(source, [length * f for f in VOWELS[v]]) for v in said]
    return np.where(which == 0, *both)


def _vowel(source: Samples, formants: Sequence[float]) -> Samples:
    for formant in formants:
        radius = np.exp(-np.pi * 90 / RATE)
        middle = -2 * radius * np.cos(2 * np.pi * formant / RATE)
        source = np.asarray(
            scipy.signal.lfilter([1 + middle + radius**2], [1, middle, radius**2], source)
        )
    return source
