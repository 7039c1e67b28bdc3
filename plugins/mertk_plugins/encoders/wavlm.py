"""WavLM."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMModel

from mertk.contracts import Clip, Pretraining, Stream
from mertk.seeds import drawing
from mertk_plugins._checks import above_zero, divides
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
from mertk_plugins.encoders._augment import spec_augment
from mertk_plugins.encoders._hub import NONE
from mertk_plugins.encoders._layers import layer_index
from mertk_plugins.encoders._pretraining import by_checkpoint
from mertk_plugins.encoders._sound import SoundReader
from mertk_plugins.encoders._steps import Pace, by_windows, mask_of, on_device, unpadded
from mertk_plugins.encoders._unused import of_small_models
from mertk_plugins.encoders._wavlm_attention import attend_at_once
from mertk_plugins.encoders._weights import Loaded, obtain, pretrained


class WavLM(nn.Module):
    """WavLM speech model: sound at 16 kHz -> a hidden state, 50 steps per second.

    The waveform (zero mean and unit variance over the clip, where the checkpoint was trained so)
    goes through 7 convolutions that step 320 samples, then through a transformer with gated
    relative position bias. What a clip gives does not depend on its padding: lengths follow the
    convolutions, padded steps are not attended to, and statistics that run over time (the base
    models' group norm) are taken over clips of equal length only.

    Source: Chen et al., "WavLM: Large-Scale Self-Supervised Pre-Training for Full Stack Speech
        Processing", IEEE JSTSP 2022, section III. The model is transformers' `WavLMModel`,
        its attention computed at once (`_wavlm_attention`).
    Differs: SpecAugment and LayerDrop, which transformers turns on in training, are off unless
        asked for. Sound shorter than the convolutions' reach (25 ms) is padded with silence to
        one step. Sound that is longer than a window goes through window by window.

    Args:
        window_seconds: Longer sound is cut into windows of so many seconds, of which none attends
            to another; their steps stand side by side, and no step is lost between them. Statistics
            that run over time (the base models' group norm) are each window's own.
        freeze_front: Keep the convolutions fixed where the encoder is trained; they then run once
            per clip, not once per epoch.
        spec_augment: In training, mask spans of time as the checkpoint's configuration says.
        layer_drop: In training, skip layers as often as the checkpoint's configuration says.

    Raises:
        ValueError: A number is out of range, or sizes are given beside a checkpoint.
        PluginError: The checkpoint is missing, damaged or no WavLM.
    """

    modality = "audio"
    version = "2"

    def __init__(
        self,
        checkpoint: Checkpoint = "microsoft/wavlm-large",
        layer: Layer = None,
        max_seconds: SoundSeconds = 6.0,
        window_seconds: float = 30.0,
        steps_per_second: StepsPerSecond = None,
        freeze_front: bool = True,
        spec_augment: bool = False,
        layer_drop: bool = False,
        channels: Channels = None,
        layers: Layers = None,
        heads: Heads = None,
        seed: Seed = None,
        trial_seed: TrialSeed = None,
    ) -> None:
        super().__init__()
        sizes = {"channels": channels, "layers": layers, "heads": heads}
        draw = partial(_small, front_seed=(seed or 0) if freeze_front else None)
        loaded = obtain(checkpoint, _trained, draw, seed, trial_seed, **sizes)
        self.model = loaded.model
        self.digest = loaded.digest
        self.sound = SoundReader(loaded.preprocessor.sampling_rate, max_seconds)
        self.normalize: bool = loaded.preprocessor.do_normalize
        self.spec_augment = spec_augment
        config = self.model.config
        self.dim: int = config.hidden_size
        hop = math.prod(config.conv_stride)
        self.pace = Pace(self.sound.rate / hop, steps_per_second)
        above_zero("window_seconds", window_seconds)
        self.hop, self.window = hop, max(1, round(self.sound.rate * window_seconds / hop))
        _cut(self.model, layer_index(layer, config.num_hidden_layers))
        attend_at_once(self.model)
        self.frozen_front = freeze_front
        if freeze_front:
            self.model.freeze_feature_encoder()
        if not layer_drop:
            config.layerdrop = 0.0
        # What stands for masked spans learns nothing where none is masked.
        self.model.masked_spec_embed.requires_grad_(spec_augment)

    @classmethod
    def pretraining(cls, arguments: Mapping[str, Any]) -> Pretraining:
        """What its checkpoint was trained on, as far as published."""
        return by_checkpoint(arguments)

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, str]:
        """What a checkpoint brings, what only training reads, and windows of short clips."""
        idle = {**of_small_models(arguments), **_of_training(arguments, place)}
        most = arguments["max_seconds"]
        if most is not None and most <= arguments["window_seconds"]:
            idle["window_seconds"] = "`max_seconds` keeps no more than one window; leave this out"
        return idle

    def steps_in(self, seconds: float) -> float:
        """About how many steps a clip that long comes to."""
        return self.pace.steps_in(self.sound.heard(seconds))

    def load(self, clip: Clip) -> NDArray[np.float32]:
        """Waveform of one clip [T, 1]; [0, 1] where it has no sound."""
        sound = self.sound(clip)
        if self.normalize and len(sound):
            sound = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
        return sound[:, None]

    def checkpoint_activations(self) -> None:
        """Compute what happens within its layers again when gradients need it."""
        self.model.activation_checkpointing_enable({"use_reentrant": False})

    def forward(self, stream: Stream) -> Stream:
        """Encode waveforms [B, T, 1] -> [B, T', C]."""
        return self.back(self.front(stream))

    def front(self, stream: Stream) -> Stream:
        """The convolutions: waveforms [B, T, 1] -> features [B, T', F], 50 steps per second."""
        config = self.model.config
        reach, window = _reach(config), self.window * self.hop
        # A step sees a little of the next window, so that the same steps come out as of the whole.
        beyond = reach - self.hop
        return by_windows(
            stream, config.conv_dim[-1], window, self._convolve, beyond=beyond, least=reach
        )

    def back(self, stream: Stream) -> Stream:
        """The transformer: features [B, T', F] -> [B, T'', C]."""
        return self.pace(by_windows(stream, self.dim, self.window, self._transform))

    def _convolve(self, stream: Stream) -> Stream:
        config = self.model.config
        reach = _reach(config)
        samples = [max(length, reach) for length in stream.steps()]
        sound = nn.functional.pad(stream.x[..., 0], (0, max(0, reach - stream.x.shape[1])))
        steps = tuple(_steps(config, length) for length in samples)
        features = self._features(sound, samples, max(steps))
        mask = mask_of(on_device(steps, sound.device), features.shape[1])
        return Stream(features * mask.unsqueeze(-1), mask, steps)

    def _transform(self, stream: Stream) -> Stream:
        mask = stream.mask
        hidden, _ = self.model.feature_projection(stream.x)
        if self.spec_augment and self.training:
            hidden = spec_augment(hidden, mask, self.model)
        seen = None if unpadded(stream) else mask
        hidden = self.model.encoder(hidden, attention_mask=seen).last_hidden_state
        return Stream(hidden * mask.unsqueeze(-1), mask)

    def _features(self, sound: Tensor, samples: Sequence[int], steps: int) -> Tensor:
        """Sound [B, T] -> features [B, steps, C]."""
        front = self.model.feature_extractor
        if self.model.config.feat_extract_norm != "group":
            features: Tensor = front(sound)
            return features.transpose(1, 2)
        # Group norm takes its statistics over time, where padding would count.
        out = sound.new_zeros(len(sound), steps, self.model.config.conv_dim[-1])
        for length in sorted(set(samples)):
            rows = on_device([i for i, n in enumerate(samples) if n == length], sound.device)
            features = front(sound[rows, :length]).transpose(1, 2)
            out[rows, : features.shape[1]] = features.to(out.dtype)
        return out


def _of_training(arguments: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, str]:
    if place["train"]:
        return {}
    asked = [name for name in ("spec_augment", "layer_drop") if arguments[name]]
    if arguments["checkpoint"] != NONE:  # without one it also says what the front is drawn from
        asked.append("freeze_front")
    why = "only training reads it, and this encoder is frozen; leave it out, or say `train: true`"
    return dict.fromkeys(asked, why)


def _steps(config: Any, samples: int) -> int:
    """Steps that the convolutions make of so many samples."""
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        samples = (samples - kernel) // stride + 1
    return samples


def _reach(config: Any) -> int:
    """Samples that one step of the convolutions sees."""
    samples = 1
    for kernel, stride in zip(config.conv_kernel[::-1], config.conv_stride[::-1], strict=True):
        samples = (samples - 1) * stride + kernel
    return samples


def _cut(model: Any, layers: int) -> None:
    """Leave the layers above `layers` out; what comes out of it is then the last hidden state."""
    if layers == model.config.num_hidden_layers:
        return
    model.encoder.layers = model.encoder.layers[:layers]
    if model.config.do_stable_layer_norm:
        model.encoder.layer_norm = nn.Identity()


def _trained(checkpoint: str) -> Loaded:
    return pretrained(checkpoint, "wavlm", WavLMModel, Wav2Vec2FeatureExtractor)


def _small(channels: int, layers: int, heads: int, front_seed: int | None) -> Loaded:
    divides("heads", heads, "channels", channels)
    config = WavLMConfig(
        hidden_size=channels,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=2 * channels,
        conv_dim=(max(16, channels // 2),) * 7,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=32,
        num_conv_pos_embedding_groups=heads,
    )
    model = WavLMModel(config)
    if front_seed is not None:
        # What a fixed front gives is kept for all trials, so no trial's seed may decide it.
        with drawing(front_seed):
            model.feature_extractor = WavLMModel(config).feature_extractor
    return Loaded(model, Wav2Vec2FeatureExtractor())
