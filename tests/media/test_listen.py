"""What can be heard in parts of a file is what `sound` gives, measured; the file is read once."""

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk import media
from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media import Heard, _listen
from tests.media.making import RATE, cut_file, noise, tone, write_sound
from tests.media.test_broken import BROKEN


def heard(ref: MediaRef) -> Heard:
    (fact,) = media.listen([ref])
    assert isinstance(fact, Heard), fact
    return fact


def level(samples: np.ndarray) -> float:
    """Restated: the fourth loudest frame of 25 ms, without its mean."""
    frames = [samples[i : i + RATE // 40] for i in range(0, len(samples), RATE // 40)]
    powers = sorted(float(np.var(f)) for f in frames if len(f) == RATE // 40)[-4:]
    return 10 * math.log10(powers[0])


@pytest.mark.parametrize("kind", ["wav", "flac", "mkv", "wav in disguise"])
def test_parts_are_measured_as_sound_gives_them(sounds: dict[str, Path], kind: str) -> None:
    parts = [(0.0, None), (0.5, 1.25), (0.5, 1.25), (1.0, 2.05), (0.25, 0.6), (1.5, None)]
    refs = [MediaRef(sounds[kind], start, end) for start, end in parts]
    facts = media.listen(refs)
    for ref, fact in zip(refs, facts, strict=True):
        samples = media.sound(ref, RATE)
        there = samples[: round((2 - ref.start) * RATE)]  # `sound` adds silence up to the end
        assert isinstance(fact, Heard)
        assert fact.seconds == pytest.approx(len(there) / RATE, abs=1e-3)
        assert fact.level == pytest.approx(level(there), abs=0.01)
    assert facts[1] == facts[2]
    assert len({fact.digest for fact in facts if isinstance(fact, Heard)}) == len(parts) - 1


def test_the_digest_is_of_the_sound_not_of_the_file(sounds: dict[str, Path]) -> None:
    for ref in ((0.0, None), (0.5, 1.25)):
        digests = {heard(MediaRef(sounds[k], *ref)).digest for k in ("wav", "flac", "mkv")}
        assert len(digests) == 1


@given(amplitude=st.floats(1e-4, 1.0), offset=st.floats(-0.5, 0.5))
@settings(max_examples=20, deadline=None)
def test_a_sine_has_its_level_whatever_the_offset(
    tmp_path_factory: pytest.TempPathFactory, amplitude: float, offset: float
) -> None:
    path = tmp_path_factory.mktemp("sine") / "sine.wav"
    soundfile.write(path, amplitude * tone(400, 1, RATE) + offset, RATE, subtype="DOUBLE")
    expected = 20 * math.log10(amplitude) - 10 * math.log10(2)
    assert heard(MediaRef(path)).level == pytest.approx(expected, abs=0.05)


def test_silence_a_click_and_a_very_short_sound(tmp_path: Path) -> None:
    samples = np.zeros(RATE, np.float32)
    soundfile.write(tmp_path / "silence.wav", samples, RATE)
    assert heard(MediaRef(tmp_path / "silence.wav")).level == -math.inf
    samples[100] = 1.0
    soundfile.write(tmp_path / "click.wav", samples, RATE)
    assert heard(MediaRef(tmp_path / "click.wav")).level == -math.inf
    soundfile.write(tmp_path / "short.wav", noise(0.01), RATE)
    short = heard(MediaRef(tmp_path / "short.wav"))
    assert (short.seconds, short.level > -20) == (0.01, True)


@pytest.mark.parametrize("case", BROKEN)
def test_what_a_clip_asks_wrongly_is_named_and_the_others_are_heard(
    sounds: dict[str, Path], tmp_path: Path, case: str
) -> None:
    make, message = BROKEN[case]
    for kind in ("wav", "mkv"):
        ref, good = make(tmp_path, sounds[kind]), MediaRef(sounds[kind], 0.5, 1.0)
        wrong, *right = media.listen([ref, *([good] if ref.path == good.path else [])])
        if case.startswith("crop"):
            continue  # the picture's business, and refused all the same
        with pytest.raises(MediaError, match=message):
            raise wrong  # type: ignore[misc]
        assert all(isinstance(fact, Heard) for fact in right)


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_parts_before_the_damage_are_heard(
    sounds: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"noise.{kind}"
    path.write_bytes(sounds[kind].read_bytes())
    short = cut_file(path, 0.5)
    whole, early, late = media.listen(
        [MediaRef(short), MediaRef(short, 0.1, 0.6), MediaRef(short, 1.4, 1.8)]
    )
    assert early == heard(MediaRef(sounds[kind], 0.1, 0.6))
    for fact in (whole, late):
        assert isinstance(fact, MediaError)


def test_a_file_is_decoded_once_however_many_parts_it_has(
    sounds: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    blocks = _listen._blocks
    monkeypatch.setattr(_listen, "_blocks", lambda *a: (passes.append(a), blocks(*a))[1])
    facts = media.listen([MediaRef(sounds["mkv"], n / 100, n / 100 + 0.5) for n in range(150)])
    assert len(passes) == 1
    assert all(isinstance(fact, Heard) for fact in facts)


def test_samples_that_are_not_numbers_are_broken(tmp_path: Path) -> None:
    samples = noise(1)
    samples[500] = math.nan
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    first, second = media.listen(
        [MediaRef(tmp_path / "nan.wav", 0.0, 0.4), MediaRef(tmp_path / "nan.wav", 0.5)]
    )
    assert isinstance(first, MediaError)
    assert isinstance(second, Heard)


def test_sound_in_a_lossy_film_has_its_length_and_level(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "tone.mp4", "aac", tone(400, 2, RATE) / 2)
    fact = heard(MediaRef(path))
    assert fact.seconds == pytest.approx(2, abs=0.1)
    assert fact.level == pytest.approx(-9.0, abs=0.5)
