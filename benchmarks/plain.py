"""Models with drawn weights, the loops that people write around them, and generated media.

The references of `extraction.py`: transformers' own processor and model, one clip after another,
`numpy.save` for each.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import torch
from step import MEAN_S, MEDIAN_S
from torch import Tensor
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    Wav2Vec2FeatureExtractor,
    WavLMConfig,
    WavLMModel,
    WhisperConfig,
    WhisperFeatureExtractor,
)
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from mertk.contracts import Clip, MediaRef
from mertk.encode import pad
from mertk_plugins.encoders.clip import CLIP
from mertk_plugins.encoders.wavlm import WavLM
from mertk_plugins.encoders.whisper import Whisper

RATE, SIDE = 16000, 112
Loop = Callable[[Path], Tensor]

# models


def save_whisper(folder: Path, layers: int | None) -> None:
    """Whisper tiny's shape."""
    config = WhisperConfig(
        d_model=384, encoder_layers=layers or 4, encoder_attention_heads=6, encoder_ffn_dim=1536
    )
    WhisperEncoder(config).save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)


def save_wavlm(folder: Path, layers: int | None) -> None:
    """WavLM base's shape."""
    WavLMModel(WavLMConfig(num_hidden_layers=layers or 12)).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=False).save_pretrained(folder)


def save_clip(folder: Path, layers: int | None) -> None:
    """ViT-B/32's shape."""
    CLIPVisionModelWithProjection(CLIPVisionConfig(num_hidden_layers=layers or 12)).save_pretrained(
        folder
    )
    CLIPImageProcessor().save_pretrained(folder)


# the plain loops


def plain_whisper(folder: Path, device: str) -> Loop:
    processor = WhisperFeatureExtractor.from_pretrained(folder)
    return _plain_sound(processor, WhisperEncoder.from_pretrained(folder), device)


def plain_wavlm(folder: Path, device: str) -> Loop:
    processor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    return _plain_sound(processor, WavLMModel.from_pretrained(folder), device)


def _plain_sound(processor: Any, model: Any, device: str) -> Loop:
    model.to(device).eval()

    def encode(path: Path) -> Tensor:
        sound, rate = soundfile.read(path, dtype="float32")
        inputs = processor(sound, sampling_rate=rate, return_tensors="pt").to(device)
        return model(inputs[processor.model_input_names[0]]).last_hidden_state[0]

    return encode


def plain_clip(folder: Path, device: str) -> Loop:
    processor = CLIPImageProcessor.from_pretrained(folder)
    model = CLIPVisionModelWithProjection.from_pretrained(folder).to(device).eval()

    def encode(path: Path) -> Tensor:
        with av.open(str(path)) as film:
            pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        inputs = processor(pictures, return_tensors="pt").to(device)
        return model(inputs.pixel_values).image_embeds

    return encode


def plain_component(encoder: Any, device: str) -> Loop:
    """The loop around the component itself."""
    encoder.to(device).eval()

    def encode(path: Path) -> Tensor:
        clip = Clip("", {}, "", media={encoder.modality: MediaRef(path)})
        return encoder(pad([encoder.load(clip)]).to(device)).x[0]

    return encode


# media


def lengths(clips: int) -> list[float]:
    """Seconds, as quantiles of IEMOCAP's: a few clips already have them. In drawn order."""
    random = torch.Generator().manual_seed(0)
    spread = math.sqrt(2 * math.log(MEAN_S / MEDIAN_S))
    normal = torch.special.ndtri((torch.randperm(clips, generator=random) + 0.5) / clips)
    seconds: list[float] = (MEDIAN_S * (normal * spread).exp()).clamp(0.5, 30).tolist()
    return seconds


def write_sound(path: Path, seconds: float, seed: int, _: float) -> None:
    """Noise under a slow envelope; in pieces, so that it may be long."""
    random = np.random.default_rng(seed)
    left = round(seconds * RATE)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        while left > 0:
            count = min(left, 60 * RATE)
            slow = 0.1 * (1 + np.sin(np.arange(count) * 2 * np.pi / RATE))
            file.write(random.standard_normal(count).astype(np.float32) * slow * 0.3)
            left -= count


def write_film(path: Path, seconds: float, seed: int, rate: float) -> None:
    """A few bright squares that move."""
    random = np.random.default_rng(seed)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=round(rate))
        stream.width = stream.height = SIDE
        for _ in range(max(1, round(seconds * rate))):
            small = random.integers(0, 255, (7, 7, 3), np.uint8)
            picture = np.kron(small, np.ones((SIDE // 7, SIDE // 7, 1), np.uint8))
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode())


# models with their media and loops


@dataclass(frozen=True)
class Kind:
    """A model, its files, and the loop that people write."""

    modality: str
    suffix: str
    save: Callable[[Path, int | None], None]
    write: Callable[[Path, float, int, float], None]
    component: Callable[[Path], Any]
    plain: Callable[[Path, str], Loop]


def _whisper(folder: Path) -> Whisper:
    return Whisper(str(folder), max_seconds=None)


def _wavlm(folder: Path) -> WavLM:
    return WavLM(str(folder), max_seconds=None)


def _clip(folder: Path) -> CLIP:
    return CLIP(str(folder), max_frames=None)


KINDS = {
    "whisper": Kind("audio", ".wav", save_whisper, write_sound, _whisper, plain_whisper),
    "wavlm": Kind("audio", ".wav", save_wavlm, write_sound, _wavlm, plain_wavlm),
    "clip": Kind("video", ".mp4", save_clip, write_film, _clip, plain_clip),
}


def write_clips(
    kind: Kind, folder: Path, seconds: Sequence[float], *, seed: int = 0, rate: float = 10
) -> list[Clip]:
    """Clips of these lengths, seconds; films with so many pictures a second."""
    folder.mkdir()
    clips = []
    for i, length in enumerate(seconds):
        path = folder / f"{i}{kind.suffix}"
        kind.write(path, length, seed + i, rate)
        clips.append(Clip(str(i), {}, "", media={kind.modality: MediaRef(path)}))
    return clips
