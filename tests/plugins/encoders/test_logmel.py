"""Log-mel: the numbers of an independent implementation, at the rate and width asked for."""

import numpy as np
import pytest
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from mertk.encode import pad
from mertk_plugins.encoders import _mel
from mertk_plugins.encoders.logmel import LogMel
from tests.plugins.encoders.files import RATE, chirp, sound_clip
from tests.plugins.encoders.kits import HearingTests


class TestLogMel(HearingTests):
    component = LogMel


class TestTenStepsPerSecond(HearingTests):
    component = LogMel
    given = {
        "n_mels": 23,
        "rate": 8000,
        "window_ms": 32.0,
        "steps_per_second": 10.0,
    }


@pytest.mark.parametrize(("n_mels", "window", "hop"), [(80, 400, 160), (40, 512, 200)])
def test_it_equals_transformers(n_mels, window, hop, tmp_path):
    samples = chirp(0.7)
    encoder = LogMel(n_mels, window_ms=window / 16, hop_ms=hop / 16)
    filters = mel_filter_bank(
        1 + window // 2, n_mels, 0.0, RATE / 2, RATE, norm="slaney", mel_scale="slaney"
    )
    expected = spectrogram(
        np.pad(samples, (0, window)),
        window_function(window, "hann"),
        window,
        hop,
        power=2.0,
        mel_filters=filters,
        log_mel="log10",
    ).T
    loaded = encoder.load(sound_clip(tmp_path, "clip", samples))
    assert loaded.shape == (-(-len(samples) // hop), n_mels)
    np.testing.assert_allclose(loaded, expected[: len(loaded)], atol=1e-4)


def test_long_sound_is_analysed_piece_by_piece_to_the_same_numbers(tmp_path, monkeypatch):
    clip = sound_clip(tmp_path, "clip", chirp(2.0))
    whole = LogMel().load(clip)
    monkeypatch.setattr(_mel, "_AT_ONCE", 7)
    np.testing.assert_allclose(LogMel().load(clip), whole, rtol=1e-6, atol=1e-6)


def test_a_tone_is_loudest_in_its_own_band(tmp_path):
    bands = []
    for pitch in (300.0, 1000.0, 4000.0):
        tone = np.sin(2 * np.pi * pitch * np.arange(RATE) / RATE).astype(np.float32)
        loaded = LogMel().load(sound_clip(tmp_path, f"{pitch:g}", tone))
        bands.append(loaded.mean(0).argmax())
    assert bands == sorted(bands)
    assert len(set(bands)) == 3


def test_silence_lies_on_the_floor(tmp_path):
    loaded = LogMel().load(sound_clip(tmp_path, "silence", np.zeros(RATE, np.float32)))
    assert (loaded == -10).all()


def test_ten_steps_per_second_average_ten_hops(tmp_path):
    clip = sound_clip(tmp_path, "clip", chirp(1.0))
    fine, coarse = LogMel(), LogMel(steps_per_second=10)
    out = coarse(pad([coarse.load(clip)])).x[0].numpy()
    np.testing.assert_allclose(out, fine.load(clip).reshape(10, 10, 80).mean(1), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_mels": 0}, r"n_mels: must be at least 1 \(got 0\)"),
        ({"n_mels": 300}, r"n_mels: 300 bands are too many for a window of 400 samples; .* fewer"),
        ({"window_ms": 0.0}, r"window_ms: .*above 0"),
        ({"hop_ms": -1.0}, r"hop_ms: .*above 0"),
        ({"steps_per_second": 101.0}, r"steps_per_second: .* 100 steps .*\(got 101\)"),
        ({"max_seconds": 0.0}, r"max_seconds: .*above 0"),
    ],
)
def test_wrong_values_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LogMel(**arguments)
