"""The generated corpus is whole, repeatable, read like the real one, and needs both senses."""

import errno
import hashlib
import logging
import multiprocessing
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import stft
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mertk import media
from mertk.contracts import Clip, MediaRef
from mertk.errors import CorpusError
from mertk.testing.datasets import DatasetTests
from mertk_plugins.datasets import iemocap_synthetic
from mertk_plugins.datasets.iemocap import IEMOCAP
from mertk_plugins.datasets.iemocap_synthetic import SyntheticIEMOCAP

SMALL = {"clips_per_emotion": 2, "dialogues": 2}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the corpora of this module are kept, so that each is written once."""
    return tmp_path_factory.mktemp("kept")


class TestConformance(DatasetTests):
    component = SyntheticIEMOCAP

    @pytest.fixture
    def arguments(self, kept: Path) -> dict[str, Any]:
        return {"root": kept, **SMALL}


class TestConformanceOfSpeakerFolds(DatasetTests):
    component = SyntheticIEMOCAP

    @pytest.fixture
    def arguments(self, kept: Path) -> dict[str, Any]:
        return {"root": kept, "folds": "speaker", **SMALL}


class TestConformanceOfScenarioFolds(DatasetTests):
    component = SyntheticIEMOCAP

    @pytest.fixture
    def arguments(self, kept: Path) -> dict[str, Any]:
        return {"root": kept, "folds": "scenario", "clips_per_emotion": 4, "dialogues": 4}


class TestConformanceOfDimensions(DatasetTests):
    component = SyntheticIEMOCAP

    @pytest.fixture
    def arguments(self, kept: Path) -> dict[str, Any]:
        return {"root": kept, "target": "dimensions", **SMALL}


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def small(root: Path, **arguments: Any) -> SyntheticIEMOCAP:
    return SyntheticIEMOCAP(root, **{**SMALL, **arguments})


@pytest.fixture
def copied(kept: Path, tmp_path: Path) -> SyntheticIEMOCAP:
    """A small corpus that a test may spoil."""
    source = small(kept)
    source.clips()
    shutil.copytree(source.folder, tmp_path / source.folder.name)
    return small(tmp_path)


# What it is


@pytest.fixture(scope="module")
def corpus(kept: Path) -> SyntheticIEMOCAP:
    return SyntheticIEMOCAP(kept)


def test_every_session_and_speaker_plays_every_emotion_equally(corpus: SyntheticIEMOCAP) -> None:
    clips = corpus.clips()
    assert len(clips) == 300
    played = Counter((c.group["session"], c.labels["emotion"]) for c in clips)
    assert set(played.values()) == {15}
    by_speaker = Counter((c.speaker, c.labels["emotion"]) for c in clips)
    assert len(by_speaker) == 40
    assert set(by_speaker.values()) == {7, 8}
    assert {c.group["style"] for c in clips} == {"improvised", "scripted"}
    assert min(media.duration(c.media["video"]) for c in clips) >= 1.199
    assert max(media.duration(c.media["video"]) for c in clips) <= 2.401


def test_dimensions_are_those_of_the_acting(corpus: SyntheticIEMOCAP) -> None:
    rated = SyntheticIEMOCAP(corpus.folder.parent, target="dimensions")
    assert rated.folder == corpus.folder
    clips = rated.clips()
    assert len(clips) == 300 + 20  # and those that raters disagreed on
    played: dict[str, list[list[Any]]] = {}
    for clip in clips:
        values = [clip.labels[name] for name in rated.card.classes]
        played.setdefault(str(clip.labels["emotion"]), []).append(values)
    means = {emotion: np.mean(values, axis=0) for emotion, values in played.items()}
    assert means["angry"][0] < 2 < 4 < means["excited"][0]
    assert means["sad"][1] < 2 < 4 < means["angry"][1]


def test_it_is_in_the_layout_of_the_release_and_small(corpus: SyntheticIEMOCAP) -> None:
    clips = corpus.clips()
    whole = IEMOCAP(corpus.folder / "IEMOCAP_full_release", partial=True)
    assert [c.id for c in whole.clips()] == [c.id for c in clips]
    files = [path for path in corpus.folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 60e6
    assert sum(path.suffix == ".avi" for path in files) == 20
    labels = (corpus.folder / "IEMOCAP_full_release/Session1/dialog/EmoEvaluation").glob("*.txt")
    lines = next(labels).read_text().splitlines()
    assert lines[0].startswith("%")
    assert any("\txxx\t" in line for line in lines)
    assert any(line.startswith("C-E2:\t") for line in lines)


def test_the_card_says_that_it_is_generated(corpus: SyntheticIEMOCAP) -> None:
    assert corpus.card.synthetic
    assert corpus.card.classes == ("angry", "happy", "neutral", "sad")


def test_sound_of_a_turn_is_the_same_alone_and_in_its_dialogue(corpus: SyntheticIEMOCAP) -> None:
    corpus.clips()
    whole = IEMOCAP(corpus.folder, partial=True, sound="dialogues").clips()
    for alone, inside in list(zip(corpus.clips(), whole, strict=True))[::40]:
        one = media.sound(alone.media["audio"], 16000)
        np.testing.assert_array_equal(media.sound(inside.media["audio"], 16000), one)
        assert len(one) == round(media.duration(alone.media["video"]) * 16000)
        assert 0.005 < one.std() < 0.5


def test_the_talker_moves_and_the_listener_does_not(corpus: SyntheticIEMOCAP) -> None:
    for clip in corpus.clips()[::20]:
        ref = clip.media["video"]
        other = (0.0, 0.0, 0.5, 1.0) if ref.crop == (0.5, 0.0, 1.0, 1.0) else (0.5, 0.0, 1.0, 1.0)

        def movement(crop: tuple[float, float, float, float], ref: MediaRef = ref) -> float:
            shown = [
                p.astype(float)
                for p in media.pictures(MediaRef(ref.path, ref.start, ref.end, crop))
            ]
            return float(np.abs(np.diff(shown, axis=0)).mean())

        assert movement(ref.crop or other) > 3 * movement(other)


# What it needs


def heard(clip: Clip) -> np.ndarray:
    """Means and spreads of 24 log band energies."""
    _, _, spectrum = stft(media.sound(clip.media["audio"], 16000), 16000, nperseg=400)
    bands = np.array_split(np.log(np.abs(spectrum) ** 2 + 1e-8), 24)
    energy = np.stack([band.mean(0) for band in bands])
    return np.concatenate([energy.mean(1), energy.std(1)])


def seen(clip: Clip) -> np.ndarray:
    """Means and spreads over time of a 9 by 9 mosaic."""
    shown = np.stack(list(media.pictures(clip.media["video"], fps=5)))[:, :153, :117]
    mosaic = shown.reshape(len(shown), 9, 17, 9, 13, 3).mean((2, 4))
    return np.concatenate([mosaic.mean(0).ravel(), mosaic.std(0).ravel()])


def said(clip: Clip, words: list[str]) -> np.ndarray:
    return np.array([word in (clip.text or "") for word in words], float)


def test_each_sense_tells_something_and_only_both_tell_most(corpus: SyntheticIEMOCAP) -> None:
    clips = corpus.clips()
    labels = np.array([corpus.card.classes.index(str(c.labels["emotion"])) for c in clips])
    words = sorted({w for c in clips for w in (c.text or "").split()})
    sound, sight = np.stack([heard(c) for c in clips]), np.stack([seen(c) for c in clips])
    text = np.stack([said(c, words) for c in clips])

    def score(features: np.ndarray) -> float:
        guessed = np.zeros_like(labels)
        for fold in corpus.folds():
            test = np.array([c.id in fold.test for c in clips])
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
            guessed[test] = model.fit(features[~test], labels[~test]).predict(features[test])
        return float(balanced_accuracy_score(labels, guessed))

    ua = {
        "sound": score(sound),
        "sight": score(sight),
        "text": score(text),
        "both": score(np.hstack([sound, sight])),
    }
    assert 0.5 < ua["sound"] < 0.72, ua
    assert 0.5 < ua["sight"] < 0.72, ua
    assert 0.4 < ua["text"] < 0.72, ua
    assert ua["both"] > 0.76, ua
    assert ua["both"] - max(ua["sound"], ua["sight"]) > 0.1, ua


# How it is written


def test_the_same_arguments_give_the_same_bytes_and_others_do_not(
    kept: Path, tmp_path: Path
) -> None:
    one, again, other = small(kept), small(tmp_path), small(tmp_path, seed=1)
    for corpus in (one, again, other):
        corpus.clips()
    assert one.folder.name == again.folder.name != other.folder.name
    assert content(one.folder) == content(again.folder)
    changed = content(other.folder)
    assert all(changed.get(n) != d for n, d in content(one.folder).items() if n.endswith(".wav"))


def test_it_says_that_it_is_being_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iemocap_synthetic, "write_release", lambda folder, **_: folder.mkdir())
    with caplog.at_level(logging.INFO, "mertk"):
        for _ in range(2):
            small(tmp_path)._written  # noqa: B018 - the second finds it
    (told,) = caplog.messages
    assert told.startswith(str(small(tmp_path).folder))
    assert "generating the synthetic corpus, some ten seconds, once" in told


def test_it_is_written_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(kept).clips()

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("written again")

    monkeypatch.setattr(iemocap_synthetic, "write_release", refuse)
    assert len(small(kept).clips()) == 40


@pytest.mark.parametrize("loss", ["a film", "part of a label file", "the listing"])
def test_what_was_lost_is_written_again(copied: SyntheticIEMOCAP, loss: str) -> None:
    before = content(copied.folder)
    if loss == "a film":
        next(copied.folder.rglob("*.avi")).unlink()
    elif loss == "part of a label file":
        path = next(copied.folder.rglob("EmoEvaluation/*.txt"))
        path.write_bytes(path.read_bytes()[:100])
    else:
        (copied.folder / "files.json").write_text("")
    assert len(copied.clips()) == 40
    assert content(copied.folder) == before


def test_a_process_that_was_killed_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    corpus = small(tmp_path)
    half = corpus.folder.with_name(f".{corpus.folder.name}.writing")
    (half / "IEMOCAP_full_release/Session1").mkdir(parents=True)
    assert len(corpus.clips()) == 40
    assert not half.exists()


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(folder: Path, **_: Any) -> None:
        folder.mkdir()
        (folder / "half").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(iemocap_synthetic, "write_release", fill)
    with pytest.raises(CorpusError, match=r"No space left on device.*MERTK_HOME"):
        small(tmp_path).clips()
    assert [path.suffix for path in tmp_path.iterdir()] in ([], [".lock"])


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CorpusError, match="cannot be written"):
        small(tmp_path / "file").clips()


def _ids(root: Path) -> list[str]:
    return [clip.id for clip in small(root).clips()]


def test_a_whole_corpus_is_read_where_no_lock_can_be_had(copied: SyntheticIEMOCAP) -> None:
    Path(f"{copied.folder}.lock").mkdir()
    assert len(copied.clips()) == 40


def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        one, other = pool.map(_ids, [tmp_path, tmp_path])
    assert one == other
    assert len(one) == 40


def test_it_is_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERTK_HOME", str(tmp_path))
    assert SyntheticIEMOCAP().folder.parent == tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clips_per_emotion": 1}, r"clips_per_emotion: .* \(1\)"),
        ({"dialogues": 0}, r"dialogues: .* \(0\)"),
        ({"dialogues": 16}, r"dialogues: .* at most clips_per_emotion \(16\)"),
        ({"seed": -1}, r"seed: .* \(-1\)"),
    ],
)
def test_wrong_sizes_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SyntheticIEMOCAP(**arguments)  # type: ignore[arg-type]
