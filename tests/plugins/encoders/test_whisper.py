"""Whisper: transformers' encoder on a full window, and the real length on anything shorter."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperModel,
)

from mertk.contracts import Clip, MediaRef
from mertk.errors import PluginError
from mertk.media import sound
from mertk_plugins.encoders.whisper import Whisper
from tests.plugins.encoders.files import RATE, chirp, sound_clip, sound_clips
from tests.plugins.encoders.kits import HearingTests, encode
from tests.shared import SHARED, needs_shared

REAL = SHARED / "weights" / "whisper-tiny.en"
needs_weights = pytest.mark.skipif(not REAL.is_dir(), reason=f"no Whisper weights ({REAL.name})")
LAYERS = 3
SECONDS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete model as the hub has it, decoder included, with a window of four seconds."""
    path = tmp_path_factory.mktemp("whisper")
    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=32,
        encoder_layers=LAYERS,
        encoder_attention_heads=4,
        encoder_ffn_dim=48,
        decoder_layers=1,
        decoder_attention_heads=4,
        decoder_ffn_dim=48,
        vocab_size=60,
        pad_token_id=50,
        bos_token_id=50,
        eos_token_id=50,
        decoder_start_token_id=51,
        max_source_positions=50 * SECONDS,
        num_mel_bins=40,
    )
    model = WhisperForConditionalGeneration(config)
    with torch.no_grad():  # as a trained one: norms that are not the identity
        for name, parameter in model.named_parameters():
            if "embed_positions" not in name:
                parameter.add_(0.1 * torch.randn_like(parameter))
    model.half().save_pretrained(path)
    WhisperFeatureExtractor(feature_size=40, chunk_length=SECONDS).save_pretrained(path)
    return path


class TestFromAFolder(HearingTests):
    component = Whisper
    trainable = True

    @pytest.fixture
    def arguments(self, folder):
        return {"checkpoint": str(folder), "layer": 2, "steps_per_second": 10.0, "max_seconds": 4.0}


class TestInWindows(HearingTests):
    component = Whisper
    trainable = True

    @pytest.fixture
    def arguments(self, folder):
        return {"checkpoint": str(folder)}

    @pytest.fixture
    def clips(self, tmp_path):
        return sound_clips(tmp_path, (0.4, 4.3, 9.0))


def reference(folder: Path, samples: np.ndarray[Any, Any]) -> Any:
    """What transformers gives for a full window of mel features."""
    extractor = WhisperFeatureExtractor.from_pretrained(folder)
    mel = extractor(samples, sampling_rate=RATE, return_tensors="pt").input_features
    encoder = WhisperModel.from_pretrained(folder, dtype=torch.float32).eval().encoder
    with torch.inference_mode():
        return encoder(mel, output_hidden_states=True)


@pytest.mark.parametrize("layer", [None, *range(-LAYERS - 1, LAYERS + 1)])
def test_on_a_full_window_every_layer_equals_transformers(layer, folder, tmp_path):
    samples = chirp(SECONDS)
    clip = sound_clip(tmp_path, "full", samples)
    out = encode(Whisper(str(folder), layer=layer, max_seconds=SECONDS), clip)
    hidden = reference(folder, samples).hidden_states
    torch.testing.assert_close(out.x, hidden[-1 if layer is None else layer], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.0001, 0.01, 0.3, 1.2345, 3.999, 4.0, 5.0])
def test_the_spectrogram_equals_transformers_on_the_real_length(seconds, folder, tmp_path):
    samples = chirp(seconds)
    extractor = WhisperFeatureExtractor.from_pretrained(folder)
    window = extractor(samples, sampling_rate=RATE).input_features[0].T
    loaded = Whisper(str(folder), max_seconds=4.0).load(sound_clip(tmp_path, "clip", samples))
    assert loaded.dtype == np.float32
    assert len(loaded) == -(-min(len(samples), SECONDS * RATE) // 160)
    np.testing.assert_allclose(loaded, window[: len(loaded)], atol=2e-5)


def test_two_frames_of_10_ms_make_one_step(folder, tmp_path):
    clips = [sound_clip(tmp_path, f"n{n}", chirp(n / RATE)) for n in (1, 160, 161, 320, 321, 6400)]
    out = encode(Whisper(str(folder), max_seconds=4.0), *clips)
    assert out.mask.sum(1).tolist() == [1, 1, 1, 1, 2, 20]


def test_layers_above_the_one_asked_for_are_not_kept(folder):
    assert len(Whisper(str(folder), layer=1, max_seconds=4.0).model.layers) == 1


def test_half_precision_weights_become_single(folder):
    encoder = Whisper(str(folder), max_seconds=4.0)
    assert {p.dtype for p in encoder.parameters()} == {torch.float32}


def test_the_decoder_is_left_behind(folder):
    encoder = Whisper(str(folder), max_seconds=4.0)
    assert not any("decoder" in name for name, _ in encoder.named_parameters())


def test_sound_longer_than_the_models_window_goes_window_by_window(folder, tmp_path):
    samples = chirp(2 * SECONDS + 1.3)
    encoder = Whisper(str(folder), max_seconds=None)
    cuts = [samples[i : i + SECONDS * RATE] for i in range(0, len(samples), SECONDS * RATE)]
    clips = [sound_clip(tmp_path, f"cut{i}", cut) for i, cut in enumerate(cuts)]
    expected = torch.cat([encode(encoder, clip).x[0] for clip in clips])
    short = sound_clip(tmp_path, "short", chirp(0.7, 300.0))
    out = encode(encoder, sound_clip(tmp_path, "long", samples), short)
    assert out.mask.sum(1).tolist() == [465, 35]
    torch.testing.assert_close(out.x[0], expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(out.x[1, :35], encode(encoder, short).x[0], rtol=1e-5, atol=1e-5)
    assert encode(Whisper(str(folder), max_seconds=5.0), clips[0]).mask.sum() == 200


def test_a_checkpoint_without_its_preprocessor_is_refused(folder, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(folder / name)
    with pytest.raises(PluginError, match=r"lacks preprocessor_config.json; copy it beside config"):
        Whisper(str(tmp_path))


@needs_shared
@needs_weights
def test_real_weights_equal_transformers_on_a_full_window_of_real_speech(tmp_path):
    files = sorted((SHARED / "data/ravdess/audio_speech/Actor_05").glob("*.flac"))[:10]
    samples = np.concatenate([sound(MediaRef(file), RATE) for file in files])[: 30 * RATE]
    clip = sound_clip(tmp_path, "half a minute", samples)
    assert len(samples) == 30 * RATE
    hidden = reference(REAL, samples).hidden_states
    for layer, expected in ((3, hidden[3]), (None, hidden[4])):
        out = encode(Whisper(str(REAL), layer=layer), clip)
        torch.testing.assert_close(out.x, expected, rtol=1e-4, atol=1e-3)


@needs_shared
@needs_weights
def test_real_speech_does_not_depend_on_its_batch():
    files = sorted((SHARED / "data/ravdess/audio_speech/Actor_05").glob("*.flac"))[:6]
    clips = [Clip(f.stem, {}, "5", media={"audio": MediaRef(f)}) for f in files]
    encoder = Whisper(str(REAL), layer=3, max_seconds=6.0)
    together = encode(encoder, *clips)
    assert len(set(together.mask.sum(1).tolist())) > 3
    for row, clip in enumerate(clips):
        alone = encode(encoder, clip)
        real = together.x[row][together.mask[row]]
        torch.testing.assert_close(real, alone.x[0], rtol=1e-3, atol=1e-3)
