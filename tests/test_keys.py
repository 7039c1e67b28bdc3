import shutil
from dataclasses import replace

import pytest

from mertk.contracts import Alteration, Clip, MediaRef
from mertk.errors import MediaError
from mertk.keys import FEATURES, MISSING, clip_keys, identity_key
from mertk.store import Store

IDENTITY = {"name": "wavlm", "arguments": {"layer": 3}, "version": "1", "digest": "abc"}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"arguments": {"layer": 4}},
        {"arguments": {"layer": 3, "rate": 10.0}},
        {"version": "2"},
        {"digest": "abd"},
        {"stage": "input"},
        {"dtype": "float16"},
        {"precision": "bf16"},
    ],
)
def test_every_cause_of_an_encoder_changes_its_key(change):
    assert identity_key(IDENTITY | change) != identity_key(IDENTITY)


def test_the_order_in_which_causes_are_written_changes_nothing():
    assert identity_key(dict(reversed(IDENTITY.items()))) == identity_key(IDENTITY)
    assert identity_key(IDENTITY | {"a": (1, 2)}) == identity_key(IDENTITY | {"a": [1, 2]})


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "sound.wav"
    path.write_bytes(b"some sound")
    ref = MediaRef(path, 1.0, 2.5, (0.0, 0.0, 0.5, 1.0))
    return Clip("a", {"emotion": "sad"}, "F1", {"session": "1"}, {"audio": ref}, "hello")


def key(store, clip, modality="audio"):
    return store.keys(modality, [clip])[0]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.mark.parametrize(
    "change",
    [
        {"start": 1.5},
        {"end": 3.0},
        {"end": None},
        {"crop": None},
        {"crop": (0.0, 0.0, 0.5, 0.9)},
        {"alter": (Alteration("noise", 10.0),)},
    ],
)
def test_every_part_of_what_is_read_changes_the_clips_key(store, clip, change):
    ref = replace(clip.media["audio"], **change)
    assert key(store, replace(clip, media={"audio": ref})) != key(store, clip)


def test_alterations_differ_by_name_level_seed_and_order(store, clip):
    noise, clipping = Alteration("noise", 10.0), Alteration("clip", 0.1)
    asked = [
        *[(noise,), (clipping,), (noise, clipping), (clipping, noise)],
        *[(replace(noise, level=9.0),), (replace(noise, seed=1),)],
    ]
    refs = [replace(clip.media["audio"], alter=alter) for alter in asked]
    found = store.keys("audio", [replace(clip, media={"audio": ref}) for ref in refs])
    assert len(set(found)) == len(asked)


def test_media_as_they_are_keep_the_keys_they_had_before_there_were_alterations(store, clip):
    assert key(store, clip).hex() == "f261ffc64f5b7c71dc276697cd3bb9ed"


def test_other_content_of_the_same_size_changes_the_key(store, clip):
    before = key(store, clip)
    clip.media["audio"].path.write_bytes(b"SOME SOUND")
    assert key(store, clip) != before


def test_neither_path_nor_time_nor_label_nor_speaker_changes_the_key(store, clip, tmp_path):
    moved = tmp_path / "elsewhere" / "renamed.bin"
    moved.parent.mkdir()
    shutil.copy(clip.media["audio"].path, moved)
    there = replace(
        clip,
        id="b",
        labels={},
        speaker="M1",
        group={},
        text=None,
        media={"audio": replace(clip.media["audio"], path=moved)},
    )
    assert key(store, there) == key(store, clip)


def test_times_written_as_whole_numbers_are_the_same_times(store, clip):
    ref = replace(clip.media["audio"], start=1)
    assert key(store, replace(clip, media={"audio": ref})) == key(store, clip)


def test_text_is_keyed_by_the_words_alone(store, clip):
    assert key(store, clip, "text") == key(store, replace(clip, id="b", media={}), "text")
    assert key(store, clip, "text") != key(store, replace(clip, text="hello!"), "text")
    assert key(store, replace(clip, text=""), "text") != MISSING
    assert len(key(store, replace(clip, text="\ud800"), "text")) == 16


def test_a_clip_that_lacks_the_modality_is_marked(store, clip):
    assert key(store, clip, "video") == MISSING
    assert key(store, replace(clip, text=None), "text") == MISSING


@pytest.mark.parametrize("change", [{"id": "b"}, {"speaker": "M1"}, {"group": {"session": "2"}}])
def test_features_are_keyed_by_what_they_are_looked_up_by(store, clip, change):
    with_file = replace(clip, media={FEATURES: clip.media["audio"]})
    without = replace(clip, media={})
    for one in (with_file, without):
        assert key(store, replace(one, **change), FEATURES) != key(store, one, FEATURES)
    assert key(store, with_file, FEATURES) != key(store, without, FEATURES)
    assert key(store, replace(without, text="other"), FEATURES) == key(store, without, FEATURES)


def test_a_file_that_is_not_there_is_told_in_place_of_its_key(store, clip, tmp_path):
    gone = replace(clip, id="gone", media={"audio": MediaRef(tmp_path / "gone.wav")})
    found = clip_keys("audio", [gone, clip], store.digests)
    assert isinstance(found[0], MediaError)
    assert "gone.wav" in str(found[0])
    assert found[1] == key(store, clip)
    features = replace(gone, media={FEATURES: gone.media["audio"]})
    assert isinstance(key(store, features, FEATURES), MediaError)
