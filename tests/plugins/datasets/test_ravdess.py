"""RAVDESS in its release layout: a small tree that the test writes, and the real one beside."""

from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mertk.contracts import Stream
from mertk.errors import CorpusError
from mertk.testing import DatasetTests
from mertk_plugins.datasets.ravdess import EMOTIONS, RAVDESS
from mertk_plugins.encoders.table import Table
from tests.shared import SHARED, needs_shared

REAL = SHARED / "data/ravdess"
FEATURES = Path("features/au_mfcc.npz")


def names(actors: range = range(1, 25), channel: int = 1) -> list[str]:
    """The last six fields of every recorded trial, restated from the corpus' description."""
    return [
        f"{channel:02}-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}"
        for actor in actors
        for emotion in range(1, 9 if channel == 1 else 7)
        for intensity, statement, repetition in product((1, 2), repeat=3)
        if not (emotion == 1 and intensity == 2) and not (channel == 2 and actor == 18)
    ]


def write(root: Path, *files: str) -> None:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.encode())


def audio(trials: list[str], folder: str = "", kind: str = "03", ending: str = "wav") -> list[str]:
    return [f"{folder}Actor_{t[-2:]}/{kind}-{t}.{ending}" for t in trials]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("RAVDESS")
    write(root, *audio(names(), "Audio_Speech_Actors_01-24/"))
    return root


class TestRAVDESS(DatasetTests):
    component = RAVDESS

    @pytest.fixture
    def arguments(self, tree: Path) -> dict[str, object]:
        return {"root": tree}


class TestFourClasses(DatasetTests):
    component = RAVDESS

    @pytest.fixture
    def arguments(self, tree: Path) -> dict[str, object]:
        return {"root": tree, "classes": 4}


def test_speech_has_1440_trials_192_of_each_class_but_96_neutral(tree: Path) -> None:
    clips = RAVDESS(tree).clips()
    assert [clip.id for clip in clips] == names()
    counts = Counter(clip.labels["emotion"] for clip in clips)
    assert counts == {**dict.fromkeys(EMOTIONS, 192), "neutral": 96}


def test_four_classes_leave_calm_out(tree: Path) -> None:
    source = RAVDESS(tree, classes=4)
    assert source.card.classes == ("neutral", "happy", "sad", "angry")
    counts = Counter(clip.labels["emotion"] for clip in source.clips())
    assert counts == {"neutral": 96, "happy": 192, "sad": 192, "angry": 192}


def test_the_fields_of_a_name_become_label_speaker_group_and_text(tree: Path) -> None:
    clip = {clip.id: clip for clip in RAVDESS(tree).clips()}["01-06-02-02-01-12"]
    assert clip.labels == {"emotion": "fearful"}
    assert clip.speaker == "actor12"
    assert clip.text == "Dogs are sitting by the door"
    assert clip.group == {
        "channel": "speech",
        "intensity": "strong",
        "statement": "dogs",
        "repetition": "1",
        "gender": "female",
    }
    assert clip.media["audio"].path.name == "03-01-06-02-02-01-12.wav"


def test_odd_actors_are_male(tree: Path) -> None:
    genders = {(int(c.speaker[-2:]) % 2, c.group["gender"]) for c in RAVDESS(tree).clips()}
    assert genders == {(1, "male"), (0, "female")}


def test_the_folds_are_emoboxs(tree: Path) -> None:
    source = RAVDESS(tree)
    speaker = {clip.id: int(clip.speaker[-2:]) for clip in source.clips()}
    tested = [{speaker[i] for i in fold.test} for fold in source.folds()]
    assert tested == [
        {1, 11, 20, 21},
        {4, 10, 12, 14},
        {8, 9, 19, 23},
        {3, 5, 7, 24},
        {2, 15, 16, 18},
        {6, 13, 17, 22},
    ]
    assert [fold.name for fold in source.folds()] == [f"fold{n}" for n in range(1, 7)]
    assert all(len(fold.test) == 240 and len(fold.train) == 1200 for fold in source.folds())


def test_song_has_1012_trials_of_six_emotions_and_no_actor_18(tmp_path: Path) -> None:
    write(tmp_path, *audio(names(channel=2)), *audio(names()))
    clips = RAVDESS(tmp_path, channel="song", classes=6).clips()
    assert len(clips) == 1012
    assert {clip.group["channel"] for clip in clips} == {"song"}
    assert "actor18" not in {clip.speaker for clip in clips}
    assert len(RAVDESS(tmp_path, channel="both").clips()) == 1440 + 1012


def test_eight_classes_are_refused_for_song(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^classes: disgust and surprised were not sung"):
        RAVDESS(tmp_path, channel="song")


def test_the_files_of_a_trial_are_one_clip(tmp_path: Path) -> None:
    trials = names()
    write(tmp_path, *audio(trials), *audio(trials, kind="01", ending="mp4"))
    write(tmp_path, *audio(trials, kind="02", ending="mp4"))
    clips = RAVDESS(tmp_path, modalities=["audio", "video"]).clips()
    assert len(clips) == 1440
    assert clips[0].media["audio"].path.name == "03-01-01-01-01-01-01.wav"
    assert clips[0].media["video"].path.name == "01-01-01-01-01-01-01.mp4"


def test_sound_comes_from_the_video_file_where_there_is_no_other(tmp_path: Path) -> None:
    write(tmp_path, *audio(names(), kind="01", ending="mp4"))
    media = RAVDESS(tmp_path).clips()[0].media
    assert media["audio"].path.name == "01-01-01-01-01-01-01.mp4"


def test_a_silent_video_file_gives_no_sound(tmp_path: Path) -> None:
    write(tmp_path, *audio(names(), kind="02", ending="mp4"))
    assert RAVDESS(tmp_path, modalities=["video"]).clips()[0].media.keys() == {"video"}
    with pytest.raises(CorpusError, match="audio: no file of any of 1440 trials"):
        RAVDESS(tmp_path).clips()


def test_face_crops_are_read_only_where_they_are_asked_for(tmp_path: Path) -> None:
    trials = names()
    write(tmp_path, *audio(trials), *audio(trials, kind="01", ending="mp4"))
    crops = [f"crops/Actor_{t[-2:]}/01-{t}_facecroppad.avi" for t in trials]
    write(tmp_path, *crops)
    both = ["audio", "video"]
    original = RAVDESS(tmp_path, modalities=both).clips()[7].media
    assert original["video"].path.suffix == ".mp4"
    cropped = RAVDESS(tmp_path, modalities=both, video=Path("crops")).clips()[7].media
    assert cropped["video"].path.name == (f"01-{trials[7]}_facecroppad.avi")
    assert cropped["audio"].path.suffix == ".wav"


def test_an_archive_unpacked_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path, *audio(names()))
    for file in sorted(tmp_path.rglob("*.wav")):
        copy = tmp_path / "again" / file.relative_to(tmp_path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    clips = RAVDESS(tmp_path).clips()
    assert len(clips) == 1440
    assert clips[0].media["audio"].path == tmp_path / "Actor_01/03-01-01-01-01-01-01.wav"


def test_two_versions_of_the_same_sound_are_not_chosen_from_by_chance(tmp_path: Path) -> None:
    write(tmp_path, *audio(names(), "48k/"), *audio(names(), "16k-mono/"))
    with pytest.raises(CorpusError, match=r"trial 01-.*: two different files for its audio.*16k"):
        RAVDESS(tmp_path).clips()
    clips = RAVDESS(tmp_path, audio=Path("48k")).clips()
    assert clips[0].media["audio"].path.parent.parent.name == "48k"


def test_a_missing_folder_says_what_was_looked_for_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nowhere: no such folder.*Actor_NN.*Zenodo.*1188976"):
        RAVDESS(tmp_path / "nowhere").clips()


def test_an_empty_folder_says_what_was_looked_for_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as error:
        RAVDESS(tmp_path).clips()
    for told in (str(tmp_path), "no file of any of 1440", "03,01}-CC-EE", "Zenodo", "1188976"):
        assert told in str(error.value)
    assert "missing: drop" not in str(error.value)


def test_an_incomplete_corpus_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    write(tmp_path, *audio(names()[5:]))
    with pytest.raises(CorpusError, match=r"5 of 1440 trials have no file \(01-01-01-01-01-01, "):
        RAVDESS(tmp_path).clips()


def test_what_is_missing_is_told_for_each_medium(tmp_path: Path) -> None:
    write(tmp_path, *audio(names()[1:]), *audio(names()[:9], kind="01", ending="mp4"))
    with pytest.raises(CorpusError) as error:
        RAVDESS(tmp_path, modalities=["audio", "video"], audio=Path("Actor_01")).clips()
    assert "audio: 1380 of 1440" in str(error.value)
    assert "video: 1431 of 1440" in str(error.value)


def test_drop_leaves_out_trials_that_lack_a_medium(tmp_path: Path) -> None:
    write(tmp_path, *audio(names()), *audio(names(range(1, 5)), kind="01", ending="mp4"))
    source = RAVDESS(tmp_path, modalities=["audio", "video"], missing="drop")
    assert len(source.clips()) == 4 * 60
    assert [fold.name for fold in source.folds()] == ["fold1", "fold2", "fold4", "fold5"]


def test_keep_keeps_them_without_it(tmp_path: Path) -> None:
    write(tmp_path, *audio(names()[:-1]), *audio(names()[:60], kind="01", ending="mp4"))
    source = RAVDESS(tmp_path, modalities=["audio", "video"], missing="keep")
    assert len(source.clips()) == 1439
    assert [len(clip.media) for clip in source.clips()] == [2] * 60 + [1] * 1379


def test_dropping_everything_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, *audio(names()))
    with pytest.raises(CorpusError, match="video: no file of any of 1440"):
        RAVDESS(tmp_path, modalities=["audio", "video"], missing="drop").clips()


def test_actors_of_one_fold_only_leave_none_to_train_on(tmp_path: Path) -> None:
    write(tmp_path, *audio(names(range(5, 6))))
    with pytest.raises(CorpusError, match="only actors of fold4, and none to train on"):
        RAVDESS(tmp_path, missing="drop").folds()


def test_links_are_followed_and_a_loop_ends(tmp_path: Path) -> None:
    write(tmp_path / "disk", *audio(names()))
    root = tmp_path / "root"
    root.mkdir()
    (root / "speech").symlink_to(tmp_path / "disk")
    (tmp_path / "disk/loop").symlink_to(tmp_path / "disk")
    assert len(RAVDESS(root).clips()) == 1440


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, *audio(names()), "Actor_01/._03-01-01-01-01-01-01.wav", "readme.txt")
    write(tmp_path, "Actor_01/03-01-01-01-01-01-01.wav.part", "Actor_01/03-01-01-01-01-01.wav")
    assert len(RAVDESS(tmp_path).clips()) == 1440


def test_precomputed_features_stand_in_for_media(tmp_path: Path) -> None:
    write(tmp_path, "au.npz")
    clips = RAVDESS(tmp_path, modalities=[], features=Path("au.npz")).clips()
    assert len(clips) == 1440
    assert {clip.media["features"].path for clip in clips} == {tmp_path / "au.npz"}
    with pytest.raises(CorpusError, match=r"none\.npz: no such file; give `features` relative"):
        RAVDESS(tmp_path, modalities=[], features=Path("none.npz")).clips()


def test_clips_without_any_media_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^modalities: clips without media"):
        RAVDESS(tmp_path, modalities=[])


@needs_shared
def test_the_real_corpus_has_1440_trials() -> None:
    clips = RAVDESS(REAL, features=FEATURES).clips()
    counts = Counter(clip.labels["emotion"] for clip in clips)
    assert counts == {**dict.fromkeys(EMOTIONS, 192), "neutral": 96}
    assert len({clip.media["audio"].path for clip in clips}) == 1440
    assert all(clip.media.keys() == {"audio", "features"} for clip in clips)


@needs_shared
def test_the_real_videos_of_actor_5_are_five_originals_or_sixty_crops() -> None:
    both = ["audio", "video"]
    assert len(RAVDESS(REAL, modalities=both, missing="drop").clips()) == 5
    crops = RAVDESS(REAL, modalities=both, missing="drop", video=Path("face_crops")).clips()
    assert len(crops) == 60
    assert {clip.media["audio"].path.suffix for clip in crops} == {".flac"}


@needs_shared
@pytest.mark.parametrize(("classes", "ua", "wa"), [(8, 0.560, 0.558), (4, 0.758, 0.766)])
def test_action_units_give_the_measured_accuracy(classes: int, ua: float, wa: float) -> None:
    """Logistic regression over the six folds, each fold's accuracy averaged."""
    source = RAVDESS(REAL, classes=classes, features=FEATURES)
    table = Table(key="01-{id}", keys="key", values="visual")
    x = {clip.id: table.load(clip) for clip in source.clips()}
    y = {clip.id: source.card.classes.index(clip.labels["emotion"]) for clip in source.clips()}
    assert {sequence.shape for sequence in x.values()} == {(1, 35)}
    scores = []
    for fold in source.folds():
        train, test = sorted(fold.train), sorted(fold.test)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced"))
        model.fit(np.concatenate([x[i] for i in train]), [y[i] for i in train])
        predicted = model.predict(np.concatenate([x[i] for i in test]))
        truth = [y[i] for i in test]
        scores.append((balanced_accuracy_score(truth, predicted), accuracy_score(truth, predicted)))
    assert np.mean(scores, axis=0) == pytest.approx([ua, wa], abs=0.002)


@needs_shared
def test_the_table_reads_the_real_features() -> None:
    clip = RAVDESS(REAL, features=FEATURES).clips()[-1]
    with np.load(REAL / FEATURES) as arrays:
        row = list(arrays["key"]).index(f"01-{clip.id}")
        expected = arrays["visual"][row]
    found = Table(key="01-{id}", keys="key", values="visual").load(clip)
    np.testing.assert_array_equal(found, expected[None])
    stream = Stream(found, None)  # type: ignore[arg-type]
    assert Table()(stream) is stream
