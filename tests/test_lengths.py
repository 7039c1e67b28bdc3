"""Lengths come from the clip's own times first, then from the header of its media."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mertk import media
from mertk.contracts import Clip, MediaRef
from mertk.errors import CorpusError
from mertk.lengths import Lengths, known_lengths, lengths

GONE = Path("gone.wav")


def test_times_are_enough_and_the_file_need_not_be_there(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    soundfile.write(sound, np.zeros(1600), 16000)
    clips = [
        Clip("cut", {}, "", media={"audio": MediaRef(GONE, 1.5, 4.0)}),
        Clip("whole", {}, "", media={"audio": MediaRef(sound)}),
        Clip("rest", {}, "", media={"audio": MediaRef(sound, 0.025)}),
        Clip("film", {}, "", media={"audio": MediaRef(GONE), "video": MediaRef(GONE, 0.0, 2.0)}),
    ]
    found = lengths(clips)
    assert list(found) == ["cut", "whole", "rest", "film"]
    assert found == pytest.approx({"cut": 2.5, "whole": 0.1, "rest": 0.075, "film": 2.0})


def test_unknown_lengths_are_counted_and_the_first_are_named() -> None:
    clips = [Clip(str(i), {}, "", media={"audio": MediaRef(GONE)}) for i in range(4)]
    with pytest.raises(CorpusError, match=r"4 of 4 clips is unknown: 0: gone.wav: no such file"):
        lengths(clips)
    features = {"features": MediaRef(GONE)}
    with pytest.raises(CorpusError, match="1 of 1 clips is unknown: a: has neither sound nor"):
        lengths([Clip("a", {}, "", media=features)])


def test_asked_again_a_file_is_not_opened_again_whether_it_told_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    duration = media.duration
    monkeypatch.setattr(media, "duration", lambda ref: opened.append(ref.path) or duration(ref))
    sound = tmp_path / "a.wav"
    soundfile.write(sound, np.zeros(1600), 16000)
    clips = [Clip(p.stem, {}, "", media={"audio": MediaRef(p)}) for p in (sound, GONE)]
    told = Lengths()
    assert told(clips[:1]) == {"a": pytest.approx(0.1)}
    assert told(clips) == told(clips) == known_lengths(clips)
    assert sorted(opened) == sorted([sound, GONE] * 2)  # once by each
