"""What the sound encoders share: reading a clip's sound."""

import numpy as np
from numpy.typing import NDArray

from mertk import media
from mertk.contracts import Clip
from mertk_plugins._checks import above_zero


def sound_of(clip: Clip, rate: int, max_seconds: float | None) -> NDArray[np.float32]:
    """A clip's sound [T]; [0] where it has none.

    Raises:
        MediaError: The file cannot be read.
    """
    ref = clip.media.get("audio")
    if ref is None:
        return np.zeros(0, np.float32)
    return media.sound(ref, rate, max_seconds)


def check_seconds(max_seconds: float | None) -> None:
    """Refuse a length that is not positive.

    Raises:
        ValueError: It is zero, negative or not a number.
    """
    if max_seconds is not None:
        above_zero("max_seconds", max_seconds)
