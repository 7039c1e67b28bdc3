"""Log-mel spectrogram."""

import numpy as np
from numpy.typing import NDArray
from torch import nn

from mertk.contracts import Clip, Stream
from mertk_plugins._checks import above_zero, at_least_one
from mertk_plugins.encoders._mel import MelBank
from mertk_plugins.encoders._sound import check_seconds, sound_of
from mertk_plugins.encoders._steps import averaged, check_rate


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
        max_seconds: Sound is cut to its first so many seconds; None keeps all of it.
        steps_per_second: Average neighbouring steps to this rate; None keeps one per hop.

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
        max_seconds: float | None = None,
        steps_per_second: float | None = None,
    ) -> None:
        super().__init__()
        at_least_one("n_mels", n_mels)
        at_least_one("rate", rate)
        above_zero("window_ms", window_ms)
        above_zero("hop_ms", hop_ms)
        check_seconds(max_seconds)
        hop = max(1, round(rate * hop_ms / 1000))
        self.mel = MelBank(n_mels, rate, round(rate * window_ms / 1000), hop, top=rate / 2)
        self.native = rate / hop
        check_rate(steps_per_second, self.native)
        self.max_seconds = max_seconds
        self.steps_per_second = steps_per_second

    @property
    def dim(self) -> int:
        """Channels C: the mel bands."""
        return self.mel.bands

    def load(self, clip: Clip) -> NDArray[np.float32]:
        """Log-mel spectrogram of one clip [T, C]; [0, C] without sound."""
        sound = sound_of(clip, self.mel.rate, self.max_seconds)
        return self.mel(sound)[: self.mel.steps(len(sound))]

    def forward(self, stream: Stream) -> Stream:
        """Average [B, T, C] to the output rate."""
        return averaged(stream, self.native, self.steps_per_second)
