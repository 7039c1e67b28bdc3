"""Log-mel spectrograms."""

import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_FLOOR = 1e-10  # power below which the logarithm stays where it is
_AT_ONCE = 4096  # steps whose spectra are in memory together


@dataclass(frozen=True)
class MelBank:
    """Sound -> logarithm (base 10) of its power in mel bands.

    y_tm = log10 max(1e-10, sum_f M_mf |STFT(sound)_tf|^2)

    Step t is centred on sample t * hop under a Hann window; sound is mirrored at its beginning and
    followed by silence. Mel scale and areas are those of Slaney's Auditory Toolbox.

    Args:
        bands: Mel bands, from 0 Hz to half the rate, or to `top`.
        rate: Samples per second.
        window: Samples under the window.
        hop: Samples from step to step.
        top: Upper end of the bands, Hz.

    Raises:
        ValueError: The window is too short to tell so many bands apart.
    """

    bands: int
    rate: int
    window: int
    hop: int
    top: float
    filters: NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from transformers.audio_utils import mel_filter_bank

        with warnings.catch_warnings(action="ignore"):
            filters = mel_filter_bank(
                num_frequency_bins=1 + self.window // 2,
                num_mel_filters=self.bands,
                min_frequency=0.0,
                max_frequency=self.top,
                sampling_rate=self.rate,
                norm="slaney",
                mel_scale="slaney",
            )
        if not (filters > 0).any(axis=0).all():
            raise ValueError(
                f"n_mels: {self.bands} bands are too many for a window of {self.window} samples; "
                "ask for fewer bands or a longer window"
            )
        object.__setattr__(self, "filters", filters)

    def steps(self, samples: int) -> int:
        """Steps whose centre lies in a sound of so many samples."""
        return -(-samples // self.hop)

    def __call__(self, sound: NDArray[np.float32], room: int | None = None) -> NDArray[np.float32]:
        """Sound [T] -> [T', bands], with the steps after its end that still see some of it.

        Args:
            sound: The samples.
            room: Samples that sound and silence fill at most; there the sound is mirrored again.
        """
        silence = self.window + self.hop
        if room is not None:
            silence = min(silence, room - len(sound))
        ended = np.concatenate([sound, np.zeros(silence, sound.dtype)])
        padded = np.pad(ended, self.window // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.window)[:: self.hop]
        parts = [self._bands(frames[i : i + _AT_ONCE]) for i in range(0, len(frames), _AT_ONCE)]
        return np.concatenate(parts)

    def _bands(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        hann = np.hanning(self.window + 1)[:-1]
        power = np.abs(np.fft.rfft(frames * hann)) ** 2
        return np.log10(np.maximum(power @ self.filters, _FLOOR)).astype(np.float32)
