"""Whisper's speech encoder."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from mertk.contracts import Clip, Pretraining, Stream
from mertk_plugins._checks import divides
from mertk_plugins.encoders._arguments import (
    Channels,
    Checkpoint,
    Heads,
    Layer,
    Layers,
    Seed,
    SoundSeconds,
    StepsPerSecond,
    TrialSeed,
)
from mertk_plugins.encoders._layers import layer_index
from mertk_plugins.encoders._mel import MelBank
from mertk_plugins.encoders._pretraining import by_checkpoint
from mertk_plugins.encoders._sound import SoundReader
from mertk_plugins.encoders._steps import Pace, by_windows, mask_of, unpadded
from mertk_plugins.encoders._unused import of_small_models
from mertk_plugins.encoders._weights import Loaded, obtain, pretrained

_RANGE = 8.0  # the log-mel spectrogram keeps this many powers of ten below its maximum


class Whisper(nn.Module):
    """Encoder of Whisper: sound at 16 kHz -> a hidden state, 50 steps per second.

    The log-mel spectrogram of the real sound goes through two convolutions, gets the first of the
    model's positions, and runs through the transformer. What a clip gives does not depend on its
    padding: padded frames are 0 before each convolution and are not attended to.

    Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", ICML
        2023, section 2.2. The layers are those of transformers' `WhisperEncoder`.
    Differs: Whisper pads every sound with silence to 30 s and attends to it; this runs on the
        real length, several times faster on utterances. On a full 30 s both give the same. Sound
        that is longer than the model's window goes through window by window, each as a clip of its
        own, and their steps stand side by side.

    Raises:
        ValueError: A number is out of range, or sizes are given beside a checkpoint.
        PluginError: The checkpoint is missing, damaged or no Whisper.
    """

    modality = "audio"
    version = "1"

    def __init__(
        self,
        checkpoint: Checkpoint = "openai/whisper-large-v3",
        layer: Layer = None,
        max_seconds: SoundSeconds = 30.0,
        steps_per_second: StepsPerSecond = None,
        channels: Channels = None,
        layers: Layers = None,
        heads: Heads = None,
        seed: Seed = None,
        trial_seed: TrialSeed = None,
    ) -> None:
        super().__init__()
        sizes = {"channels": channels, "layers": layers, "heads": heads}
        loaded = obtain(checkpoint, _trained, _small, seed, trial_seed, **sizes)
        extractor = loaded.preprocessor
        self.model = loaded.model
        self.digest = loaded.digest
        self.sound = SoundReader(extractor.sampling_rate, max_seconds)
        rate, hop = self.sound.rate, extractor.hop_length
        self.mel = MelBank(extractor.feature_size, rate, extractor.n_fft, hop, top=8000.0)
        self.window: int = extractor.n_samples
        self.pace = Pace(rate / hop / self.model.conv2.stride[0], steps_per_second)
        self.dim: int = self.model.config.d_model
        self.depth = layer_index(layer, self.model.config.encoder_layers)
        self.model.layers = self.model.layers[: self.depth]
        if self.depth < self.model.config.encoder_layers:
            self.model.layer_norm = nn.Identity()  # it belongs behind the last layer

    @classmethod
    def pretraining(cls, arguments: Mapping[str, Any]) -> Pretraining:
        """What its checkpoint was trained on, as far as published."""
        return by_checkpoint(arguments)

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, str]:
        """Sizes and the seed beside a checkpoint."""
        return of_small_models(arguments)

    def steps_in(self, seconds: float) -> float:
        """About how many steps a clip that long comes to."""
        return self.pace.steps_in(self.sound.heard(seconds))

    def load(self, clip: Clip) -> NDArray[np.float32]:
        """Log-mel spectrogram of one clip [T, M], 100 steps per second; [0, M] without sound."""
        sound = self.sound(clip)
        if not len(sound):
            return np.zeros((0, self.mel.bands), np.float32)
        windows = range(0, len(sound), self.window)
        return np.concatenate([self._spectrogram(sound[i : i + self.window]) for i in windows])

    def _spectrogram(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of one window [T], T > 0."""
        mel = self.mel(sound, self.window)[: self.window // self.mel.hop]
        floor = mel.max() - _RANGE
        scaled: NDArray[np.float32] = np.maximum(mel, floor) / 4 + 1
        return scaled[: self.mel.steps(len(sound))]

    def checkpoint_activations(self) -> None:
        """Compute what happens within its layers again when gradients need it."""
        self.model.activation_checkpointing_enable({"use_reentrant": False})

    def forward(self, stream: Stream) -> Stream:
        """Encode log-mel spectrograms [B, T, M] -> [B, T', C]."""
        window = self.window // self.mel.hop
        return self.pace(by_windows(stream, self.dim, window, self._encode))

    def _encode(self, stream: Stream) -> Stream:
        model = self.model
        hidden, mask = self._front(stream)
        hidden = hidden + model.embed_positions.weight[: hidden.shape[1]]
        hidden = nn.functional.dropout(hidden, model.dropout, self.training)
        whole = unpadded(stream)
        seen = None if whole else mask[:, None, None].expand(-1, -1, mask.shape[1], -1)
        for layer in model.layers:
            hidden = layer(hidden, seen)
        hidden = model.layer_norm(hidden)
        return Stream(hidden * mask.unsqueeze(-1), mask)

    def _front(self, stream: Stream) -> tuple[Tensor, Tensor]:
        """Log-mel spectrograms [B, T, M] -> features [B, T', C] and their mask."""
        conv1, conv2 = self.model.conv1, self.model.conv2
        real = stream.mask.unsqueeze(1)
        # At a clip's end the convolutions must meet zeros, as they do where no padding follows.
        hidden = nn.functional.gelu(conv1(stream.x.transpose(1, 2) * real)) * real
        hidden = nn.functional.gelu(conv2(hidden)).transpose(1, 2)
        steps = (stream.mask.sum(1) - 1) // conv2.stride[0] + 1
        return hidden, mask_of(steps, hidden.shape[1])


def _trained(checkpoint: str) -> Loaded:
    return pretrained(
        checkpoint,
        "whisper",
        WhisperEncoder,
        WhisperFeatureExtractor,
        # The decoder beside it is as large and would be loaded for nothing.
        key_mapping={r"^(model\.)?encoder\.": ""},
        attn_implementation="sdpa",
    )


def _small(channels: int, layers: int, heads: int) -> Loaded:
    divides("heads", heads, "channels", channels)
    config = WhisperConfig(
        d_model=channels,
        encoder_layers=layers,
        encoder_attention_heads=heads,
        encoder_ffn_dim=2 * channels,
        attn_implementation="sdpa",
    )
    return Loaded(WhisperEncoder(config), WhisperFeatureExtractor())
