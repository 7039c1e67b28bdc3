"""Sound comes out at the exact sample, mixed and resampled as it should be."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk import media
from mertk.contracts import MediaRef
from tests.media.making import FPS, RATE, noise, numbered, tone, write_sound


@pytest.mark.parametrize("kind", ["wav", "flac", "mkv", "wav in disguise"])
@settings(max_examples=25, deadline=None)
@given(bounds=st.tuples(st.integers(0, 31900), st.integers(1, 32000)))
def test_sound_is_cut_at_the_exact_sample(
    sounds: dict[str, Path], kind: str, bounds: tuple[int, int]
) -> None:
    first, length = bounds
    stop = min(32000, first + length)
    cut = media.sound(MediaRef(sounds[kind], first / RATE, stop / RATE), RATE)
    assert cut.dtype == np.float32
    np.testing.assert_array_equal(cut, noise(2)[first:stop])


@pytest.mark.parametrize("kind", ["wav", "flac", "mkv"])
def test_a_clip_without_an_end_gives_the_rest_of_the_file(
    sounds: dict[str, Path], kind: str
) -> None:
    rest = media.sound(MediaRef(sounds[kind], 0.75), RATE)
    np.testing.assert_array_equal(rest, noise(2)[12000:])


@pytest.mark.parametrize("kind", ["wav", "flac", "mkv"])
@pytest.mark.parametrize("end", [None, 1.9])
def test_max_seconds_cuts_and_never_stretches(
    sounds: dict[str, Path], kind: str, end: float | None
) -> None:
    ref = MediaRef(sounds[kind], 1.0, end)
    np.testing.assert_array_equal(media.sound(ref, RATE, 0.5), noise(2)[16000:24000])
    assert len(media.sound(ref, RATE, 60)) == (16000 if end is None else 14400)


@pytest.mark.parametrize("native", [8000, 22050, 44100, 48000])
def test_resampling_keeps_a_tone_and_its_length(tmp_path: Path, native: int) -> None:
    soundfile.write(tmp_path / "tone.wav", 0.5 * tone(1000, 1, native), native, subtype="FLOAT")
    heard = media.sound(MediaRef(tmp_path / "tone.wav", 0.0, 1.0), RATE)
    assert heard.shape == (RATE,)
    inner = slice(400, -400)
    np.testing.assert_allclose(heard[inner], 0.5 * tone(1000, 1, RATE)[inner], atol=2e-4)


def test_resampling_lets_nothing_above_the_new_nyquist_rate_through(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "high.wav", tone(8200, 1, 48000), 48000, subtype="FLOAT")
    heard = media.sound(MediaRef(tmp_path / "high.wav"), RATE)
    assert np.abs(heard[400:-400]).max() < 10 ** (-80 / 20)


def test_two_channels_are_averaged(tmp_path: Path) -> None:
    left, right = noise(1, seed=1), noise(1, seed=2)
    stereo = np.stack([left, right], 1)
    soundfile.write(tmp_path / "two.wav", stereo, RATE, subtype="FLOAT")
    write_sound(tmp_path / "two.mkv", "pcm_s16le", stereo, layout="stereo")
    for name in ("two.wav", "two.mkv"):
        heard = media.sound(MediaRef(tmp_path / name), RATE)
        np.testing.assert_allclose(heard, (left + right) / 2, atol=1 / 32768)


@pytest.mark.parametrize("name", ["surround.mkv", "surround.wav"])
def test_surround_sound_is_mixed_with_the_voice_in_front_and_without_the_bass_channel(
    tmp_path: Path, name: str
) -> None:
    def level(channel: int) -> float:
        six = np.zeros((RATE, 6), np.float32)
        six[:, channel] = noise(1)
        path = tmp_path / f"{channel}{name}"
        if path.suffix == ".wav":
            soundfile.write(path, six, RATE, subtype="PCM_16")
        else:
            write_sound(path, "pcm_s16le", six, layout="5.1")
        return float(media.sound(MediaRef(path), RATE).std() / noise(1).std())

    left, right, centre, bass = (level(channel) for channel in range(4))
    assert left == pytest.approx(right, rel=1e-3)
    assert centre == pytest.approx(2**0.5 * left, rel=1e-2)
    assert bass == 0


@pytest.mark.parametrize(
    ("name", "codec"), [("a.m4a", "aac"), ("a.mkv", "aac"), ("a.mp3", "libmp3lame")]
)
def test_lossy_sound_stays_in_its_place(tmp_path: Path, name: str, codec: str) -> None:
    speech = np.convolve(noise(3), np.hanning(9) / 4.5, "same").astype(np.float32)
    path = write_sound(tmp_path / name, codec, speech)
    whole = media.sound(MediaRef(path), RATE)
    part = media.sound(MediaRef(path, 1.5, 2.25), RATE)
    assert part.shape == (12000,)
    np.testing.assert_allclose(part, whole[24000:36000], atol=1e-3)
    lags = np.correlate(whole[20000:30000], speech[21000:29000], "valid")
    assert int(lags.argmax()) == 1000


def test_sound_that_begins_late_is_preceded_by_silence(tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as out:
        picture = out.add_stream("mpeg4", rate=FPS)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        voice = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(numbered(index), format="rgb24")
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        samples = (noise(1) * 32768).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, RATE
        out.mux(voice.encode(frame))
        out.mux(voice.encode(None))
    heard = media.sound(MediaRef(path, 0.5, 2.0), RATE)
    assert not heard[:8000].any()
    np.testing.assert_array_equal(heard[8000:], noise(1))
