"""An encoder that does not notice what is done to its clips is told, and never a flat curve."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mertk import media
from mertk.contracts import Clip, MediaRef
from mertk.robustness.conditions import CONDITIONS
from mertk.robustness.probe import unnoticed

SOUND = [c for c in CONDITIONS if c.alters == "audio"]


class Reads:
    """Reads sound as mertk.media gives it."""

    modality = "audio"
    version = digest = ""
    dim = 1

    def load(self, clip: Clip) -> np.ndarray:
        return media.sound(clip.media["audio"], 16000)[:, None]

    def __call__(self, stream):
        return stream


class Opens(Reads):
    """Opens the file itself."""

    def load(self, clip: Clip) -> np.ndarray:
        return soundfile.read(clip.media["audio"].path)[0][:, None]


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    made = []
    for i, samples in enumerate([np.zeros(800), np.random.default_rng(0).normal(0, 0.1, 8000)]):
        soundfile.write(tmp_path / f"{i}.wav", samples, 16000)
        made.append(Clip(f"c{i}", {}, "F1", media={"audio": MediaRef(tmp_path / f"{i}.wav")}))
    return made


def test_an_encoder_that_opens_files_itself_is_named(clips) -> None:
    encoders = {"voice": Reads(), "own": Opens()}
    found = list(unnoticed(SOUND, encoders, clips))
    assert [one.name for one in found] == ["noise", "clipping", "band"]
    assert "what own loads stays the same; its encoder must read by mertk.media" in found[0].reason


def test_one_that_reads_by_mertk_media_notices_all_though_a_clip_is_silent(clips) -> None:
    assert not list(unnoticed(SOUND, {"voice": Reads()}, clips))


def test_what_alters_another_modality_asks_nothing_of_it(clips) -> None:
    others = [c for c in CONDITIONS if c.alters != "audio"]
    assert not list(unnoticed(others, {"own": Opens()}, clips))


def test_media_that_cannot_be_read_are_left_to_whoever_reads_all_clips(tmp_path: Path) -> None:
    gone = Clip("gone", {}, "F1", media={"audio": MediaRef(tmp_path / "gone.wav")})
    assert not list(unnoticed(SOUND, {"voice": Reads()}, [gone]))
