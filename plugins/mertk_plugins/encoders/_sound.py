"""What the sound encoders share: reading a clip's sound."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mertk import media
from mertk.contracts import Clip
from mertk_plugins._checks import a_count, above_zero


@dataclass(frozen=True)
class SoundReader:
    """Reads a clip's sound.

    Args:
        rate: Samples per second it is brought to.
        max_seconds: Only so much of its beginning; None for all.

    Raises:
        ValueError: A number is out of range.
    """

    rate: int
    max_seconds: float | None

    def __post_init__(self) -> None:
        a_count("rate", self.rate)
        if self.max_seconds is not None:
            above_zero("max_seconds", self.max_seconds)

    def heard(self, seconds: float) -> float:
        """Seconds that are read of a clip that lasts so long."""
        return seconds if self.max_seconds is None else min(seconds, self.max_seconds)

    def __call__(self, clip: Clip) -> NDArray[np.float32]:
        """The sound of one clip [T]; [0] where it has none.

        Raises:
            MediaError: The file cannot be read.
        """
        ref = clip.media.get("audio")
        if ref is None:
            return np.zeros(0, np.float32)
        return media.sound(ref, self.rate, self.max_seconds)
