"""What is done to media after decoding measures as what was asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.signal import welch

from mertk import media
from mertk.contracts import Alteration, MediaRef
from tests.media.making import FPS, FRAMES, RATE, noise, number, tone


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> MediaRef:
    """Two seconds of a buzz in noise, with a pause of digital silence."""
    samples = 0.2 * tone(220, 2, RATE) + 0.3 * noise(2)
    samples[:8000] = 0
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return MediaRef(path)


def heard(ref: MediaRef, what: str, level: float, seed: int = 0, rate: int = RATE) -> np.ndarray:
    return media.sound(replace(ref, alter=(Alteration(what, level, seed),)), rate)


def shown(ref: MediaRef, what: str, level: float, seed: int = 0, **how) -> list[int]:
    asked = replace(ref, alter=(Alteration(what, level, seed),))
    return [number(p) for p in media.pictures(asked, **how)]


@pytest.mark.parametrize("rate", [RATE, 8000])
@settings(max_examples=20, deadline=None)
@given(level=st.floats(-10, 40), seed=st.integers(0, 2**63 - 1))
def test_noise_has_the_ratio_that_is_asked_for(voice, rate: int, level: float, seed: int) -> None:
    plain = media.sound(voice, rate)
    added = heard(voice, "noise", level, seed, rate).astype(np.float64) - plain
    measured = 10 * np.log10(plain.var(dtype=np.float64) / added.var())
    assert measured == pytest.approx(level, abs=0.1)


def test_noise_is_white_and_another_for_another_seed(voice) -> None:
    plain = media.sound(voice, RATE)
    one, other = (heard(voice, "noise", 0, seed) - plain for seed in (1, 2))
    _, power = welch(one, RATE, nperseg=512)
    assert 10 * np.log10(power[2:-2].max() / power[2:-2].min()) < 5
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.05


@pytest.mark.parametrize("share", [0.05, 0.1, 0.4, 1.0])
def test_the_share_that_is_asked_for_stands_at_the_ceiling(voice, share: float) -> None:
    plain, cut = media.sound(voice, RATE), heard(voice, "clip", share)
    ceiling = np.abs(cut).max()
    there = np.abs(cut[plain != 0]) >= ceiling
    assert there.mean() == pytest.approx(share, abs=1e-3)
    below = np.abs(plain) < ceiling
    np.testing.assert_array_equal(cut[below], plain[below])
    assert (np.sign(cut) == np.sign(plain)).all()


@pytest.mark.parametrize("end", [500.0, 1000.0, 4000.0])
def test_nothing_is_left_above_the_band_and_all_below(voice, end: float) -> None:
    hertz, before = welch(media.sound(voice, RATE), RATE, nperseg=4096)
    _, after = welch(heard(voice, "band", end), RATE, nperseg=4096)
    change = 10 * np.log10(after / before)
    assert change[hertz > end * 1.01].max() < -30
    assert np.abs(change[(hertz > 20) & (hertz < end * 0.85)]).max() < 0.5


def test_a_band_delays_nothing_and_one_above_the_rate_changes_nothing(voice) -> None:
    plain, dull = media.sound(voice, RATE), heard(voice, "band", 1000)
    assert int(np.correlate(plain, dull[500:-500], "valid").argmax()) == 500
    np.testing.assert_array_equal(heard(voice, "band", 8000), plain)


@pytest.mark.parametrize(("what", "level"), [("noise", 10), ("clip", 0.1), ("band", 1000)])
def test_silence_and_single_samples_stay_what_they_are(tmp_path: Path, what: str, level) -> None:
    for count in (1, 400):
        soundfile.write(tmp_path / "none.wav", np.zeros(count, np.float32), RATE)
        got = heard(MediaRef(tmp_path / "none.wav"), what, level)
        np.testing.assert_array_equal(got, np.zeros(count, np.float32))


def test_alterations_are_done_in_their_order(voice) -> None:
    noisy, dull = Alteration("noise", 0, 1), Alteration("band", 1000)
    first = media.sound(replace(voice, alter=(noisy, dull)), RATE)
    last = media.sound(replace(voice, alter=(dull, noisy)), RATE)
    hertz, power = welch(np.stack([first, last]), RATE)
    above = power[:, hertz > 2000].sum(1)
    assert above[0] < above[1] / 1000


@settings(max_examples=15, deadline=None)
@given(level=st.floats(0, 1), seed=st.integers(0, 2**63 - 1))
def test_lost_frames_are_as_many_as_asked_for_and_the_first_stays(films, level, seed) -> None:
    ref = MediaRef(films["avi"])
    left = shown(ref, "drop", level, seed)
    assert left[0] == 0
    assert left == sorted(set(left))
    spread = (level * (1 - level) / FRAMES) ** 0.5
    assert 1 - len(left) / FRAMES == pytest.approx(level, abs=5 * spread + 1.01 / FRAMES)
    held = shown(ref, "drop", level, seed, fps=FPS)
    assert len(held) == FRAMES, "the grid stays as long as the clip"
    assert set(held) == set(left)


@pytest.mark.parametrize("what", ["drop", "black"])
def test_a_higher_level_hits_what_a_lower_one_hits_and_more(films, what: str) -> None:
    ref = MediaRef(films["avi"])

    def hit(level: float) -> set[int]:
        frames = shown(ref, what, level, seed=5)
        left = set(frames) if what == "drop" else {i for i, n in enumerate(frames) if n == i}
        return set(range(FRAMES)) - left

    assert hit(0.2) < hit(0.5) < hit(0.8)


def test_black_frames_are_black_and_as_many_as_asked_for(films) -> None:
    ref = replace(MediaRef(films["mp4"]), alter=(Alteration("black", 0.5, 3),))
    frames = list(media.pictures(ref))
    dark = np.array([not frame.any() for frame in frames])
    assert len(frames) == FRAMES
    assert dark.mean() == pytest.approx(0.5, abs=0.2)
    assert all(number(frames[i]) == i for i in np.flatnonzero(~dark))


def test_blur_is_a_gaussian_of_the_stated_width(films) -> None:
    ref = MediaRef(films["mp4"], 2.0, 2.1)
    (sharp, *_), (soft, *_) = (
        list(media.pictures(r)) for r in (ref, replace(ref, alter=(Alteration("blur", 1 / 12),)))
    )
    assert soft.shape == sharp.shape
    assert soft.flags.writeable, "what takes pictures may write into them"
    sigma = len(sharp) / 12
    expected = gaussian_filter(sharp.astype(float), (sigma, sigma, 0), mode="nearest")
    assert np.abs(soft - expected).mean() < 3
    rows = [np.hanning(64) * (p[24, :, 1] - p[24, :, 1].mean()) for p in (sharp, soft)]
    fine = [np.abs(np.fft.rfft(row))[10:].sum() for row in rows]
    assert fine[1] < fine[0] / 10


def test_pictures_come_too_early_and_the_last_one_stays(films) -> None:
    ref = MediaRef(films["avi"], 1.0, 2.0)
    assert shown(ref, "shift", 4 / FPS) == list(range(19, 34))
    late = MediaRef(films["avi"], 3.5, 4.0)
    assert shown(late, "shift", 0.4, fps=FPS) == [*[59] * 8]
    assert shown(MediaRef(films["avi"], 3.5), "shift", 9.0) == [59]


def test_the_same_is_done_whatever_is_decoded_before_and_in_whichever_order(films, voice) -> None:
    film = MediaRef(films["mkv"])
    parts = [(film, "drop"), (film, "black")]
    before = [shown(ref, what, 0.5, seed=9) for ref, what in parts]
    again = [shown(ref, what, 0.5, seed=9) for ref, what in reversed(parts)]
    assert before == again[::-1]
    np.testing.assert_array_equal(heard(voice, "noise", 5, 1), heard(voice, "noise", 5, 1))


@pytest.mark.parametrize(
    ("what", "level", "message"),
    [
        ("blurr", 1, "audio knows no 'blurr'; there are: noise, clip, band"),
        ("blur", 1, "audio knows no 'blur'"),
        ("clip", 1.5, "clip has no level 1.5"),
        ("noise", float("nan"), "noise has no level nan"),
        ("band", 0, "band has no level 0"),
    ],
)
def test_what_cannot_be_done_is_refused(voice, what: str, level: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        heard(voice, what, level)
