"""Acoustic features of openSMILE."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from mertk.contracts import Clip, Pretraining, Stream
from mertk.errors import PluginError
from mertk_plugins.encoders._arguments import SoundSeconds, StepsPerSecond
from mertk_plugins.encoders._pretraining import NO_WEIGHTS
from mertk_plugins.encoders._sound import SoundReader
from mertk_plugins.encoders._steps import Pace

_SHORTEST = 0.1  # seconds; the widest window of the feature sets is 60 ms
_NATIVE = 100.0  # low-level descriptors per second


class OpenSmile(nn.Module):
    """Expert acoustic features: sound -> one vector per clip, or a sequence of descriptors.

    Needs `pip install 'mertk[opensmile]'`; openSMILE is free for research only.

    Source: Eyben, Wöllmer and Schuller, "openSMILE", ACM Multimedia 2010; Eyben et al., "The
        Geneva Minimalistic Acoustic Parameter Set (GeMAPS)", IEEE TAFFC 2016.
    Differs: sound shorter than 0.1 s is padded with silence to that, openSMILE gives nothing for
        it.

    Args:
        feature_set: Which features: eGeMAPSv02 has 88 functionals and 25 descriptors,
            ComParE_2016 has 6373 and 65.
        level: `functionals` over the whole clip, one step; or low-level descriptors (`lld`), 100
            steps per second.
        rate: Samples per second the sound is brought to.

    Raises:
        ValueError: A number is out of range.
        PluginError: The package is not installed.
    """

    modality = "audio"
    version = "1"

    def __init__(
        self,
        feature_set: Literal["eGeMAPSv02", "GeMAPSv01b", "ComParE_2016", "emobase"] = "eGeMAPSv02",
        level: Literal["functionals", "lld"] = "functionals",
        rate: int = 16000,
        max_seconds: SoundSeconds = None,
        steps_per_second: StepsPerSecond = None,
    ) -> None:
        super().__init__()
        self.sound = SoundReader(rate, max_seconds)
        self.pace = Pace(_NATIVE, steps_per_second)
        if steps_per_second is not None and level == "functionals":
            raise ValueError(
                f"steps_per_second: functionals are one step per clip (got {steps_per_second:g}); "
                "leave it out, or say `level: lld`"
            )
        try:
            import opensmile
        except ImportError as error:
            raise PluginError(
                "'opensmile' needs the package opensmile, which is not installed or does not load "
                f"({error}); pip install 'mertk[opensmile]'"
            ) from None
        levels = opensmile.FeatureLevel
        self.smile = opensmile.Smile(
            feature_set=opensmile.FeatureSet[feature_set],
            feature_level=levels.Functionals
            if level == "functionals"
            else levels.LowLevelDescriptors,
        )
        self.level = level
        self.dim: int = len(self.smile.feature_names)
        self.digest = f"opensmile {opensmile.__version__}"

    @classmethod
    def pretraining(cls, _: Mapping[str, Any]) -> Pretraining:
        """Nothing: it has no weights."""
        return NO_WEIGHTS

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, str]:
        """The rate of what is one step per clip."""
        why = "functionals are one step per clip; leave it out, or say `level: lld`"
        return {"steps_per_second": why} if arguments["level"] == "functionals" else {}

    def steps_in(self, seconds: float) -> float:
        """About how many steps a clip that long comes to; one of functionals."""
        if self.level == "functionals":
            return 1.0
        return self.pace.steps_in(self.sound.heard(seconds))

    def load(self, clip: Clip) -> NDArray[np.float32]:
        """Features of one clip [T, C]; [0, C] without sound."""
        sound = self.sound(clip)
        if not len(sound):
            return np.zeros((0, self.dim), np.float32)
        sound = np.pad(sound, (0, max(0, round(_SHORTEST * self.sound.rate) - len(sound))))
        features: NDArray[np.float32]
        features = self.smile.process_signal(sound, self.sound.rate).to_numpy(np.float32)
        return features

    def forward(self, stream: Stream) -> Stream:
        """Average descriptors [B, T, C] to the output rate."""
        return self.pace(stream)
