"""Log-mel spectrogram."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from mertk.contracts import Clip, Pretraining, Stream
from mertk_plugins._checks import a_count, above_zero
from mertk_plugins.encoders._arguments import SoundSeconds, StepsPerSecond
from mertk_plugins.encoders._mel import MelBank
from mertk_plugins.encoders._pretraining import NO_WEIGHTS
from mertk_plugins.encoders._sound import SoundReader
from mertk_plugins.encoders._steps import Pace


class LogMel(nn.Module):
    """Log-mel filterbank energies: sound -> one vector per hop.

    y_tm = log10 max(1e-10, sum_f M_mf |STFT(sound)_tf|^2)

    Step t is centred on its hop under a Hann window; mel scale and filters are those of Slaney's
    Auditory Toolbox, from 0 Hz to half the rate.

    Source: Davis and Mermelstein, IEEE TASSP 1980 (without their cosine transform); Slaney,
        "Auditory Toolbox", Interval Research 1998.

    Args:
        n_mels: Mel bands, the channels C.
        rate: Samples per second the sound is brought to.
        window_ms: Length of the window, milliseconds.
        hop_ms: From step to step, milliseconds.

    Raises:
        ValueError: A number is out of range, or the window is too short for so many bands.
    """

    modality = "audio"
    version = "1"
    digest = ""

    def __init__(
        self,
        n_mels: int = 80,
        rate: int = 16000,
        window_ms: float = 25.0,
        hop_ms: float = 10.0,
        max_seconds: SoundSeconds = None,
        steps_per_second: StepsPerSecond = None,
    ) -> None:
        super().__init__()
        a_count("n_mels", n_mels)
        above_zero("window_ms", window_ms)
        above_zero("hop_ms", hop_ms)
        self.sound = SoundReader(rate, max_seconds)
        hop = max(1, round(rate * hop_ms / 1000))
        self.mel = MelBank(n_mels, rate, round(rate * window_ms / 1000), hop, top=rate / 2)
        self.pace = Pace(rate / hop, steps_per_second)

    @classmethod
    def pretraining(cls, _: Mapping[str, Any]) -> Pretraining:
        """Nothing: it has no weights."""
        return NO_WEIGHTS

    @property
    def dim(self) -> int:
        """Channels C: the mel bands."""
        return self.mel.bands

    def steps_in(self, seconds: float) -> float:
        """About how many steps a clip that long comes to."""
        return self.pace.steps_in(self.sound.heard(seconds))

    def load(self, clip: Clip) -> NDArray[np.float32]:
        """Log-mel spectrogram of one clip [T, C]; [0, C] without sound."""
        sound = self.sound(clip)
        return self.mel(sound)[: self.mel.steps(len(sound))]

    def forward(self, stream: Stream) -> Stream:
        """Average [B, T, C] to the output rate."""
        return self.pace(stream)
