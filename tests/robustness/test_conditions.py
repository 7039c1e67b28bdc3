"""What a condition does to a clip: pure data, drawn by the clip's id."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk import media
from mertk.contracts import Clip, MediaRef
from mertk.robustness.conditions import CONDITIONS
from mertk.store import Store

BY_NAME = {condition.name: condition for condition in CONDITIONS}
LEFT = (0.0, 0.1, 0.5, 0.9)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    for name in ("a.wav", "a.avi"):
        (tmp_path / name).write_bytes(b"some media")
    sound, film = MediaRef(tmp_path / "a.wav"), MediaRef(tmp_path / "a.avi", 1.0, 2.0, LEFT)
    text = "kids are talking by the door and dogs are sitting by the door " * 4
    return Clip("a", {"emotion": "sad"}, "F1", media={"audio": sound, "video": film}, text=text)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: c.name)
def test_each_level_changes_what_its_encoders_read_and_nothing_else(condition, clip, tmp_path):
    store = Store(tmp_path / "store")
    keys = {
        modality: [store.keys(modality, [clip])[0]]
        + [store.keys(modality, [condition.alter(clip, level)])[0] for level in condition.levels]
        for modality in ("audio", "video", "text")
    }
    changed = {modality for modality, found in keys.items() if len(set(found)) > 1}
    assert changed
    assert changed <= condition.reads
    for modality in changed:
        assert len(set(keys[modality])) == 1 + len(condition.levels), "levels are kept apart"
    same = replace(condition.alter(clip, condition.levels[0]), media=clip.media, text=clip.text)
    assert same == clip


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: c.name)
def test_a_clip_comes_out_the_same_whenever_it_is_asked_for(condition, clip):
    other = replace(clip, id="b")
    first = [condition.alter(c, condition.levels[-1]) for c in (clip, other)]
    again = [condition.alter(c, condition.levels[-1]) for c in (other, clip)]
    assert first == again[::-1]


@pytest.mark.parametrize("name", ["noise", "drop", "black"])
def test_what_is_drawn_differs_from_clip_to_clip_and_not_from_level_to_level(name, clip):
    condition = BY_NAME[name]
    (modality,) = condition.reads
    seeds = {
        (c.id, condition.alter(c, level).media[modality].alter[0].seed)
        for c in (clip, replace(clip, id="b"))
        for level in condition.levels
    }
    assert len(seeds) == len({seed for _, seed in seeds}) == 2


@pytest.mark.parametrize("name", ["clipping", "band", "blur", "shift", "side"])
def test_what_is_not_drawn_lets_clips_of_one_file_share_their_features(name, clip, tmp_path):
    condition = BY_NAME[name]
    pair = [condition.alter(c, condition.levels[0]) for c in (clip, replace(clip, id="b"))]
    for modality in ("audio", "video"):
        one, other = Store(tmp_path / "store").keys(modality, pair)
        assert one == other


def test_every_alteration_of_media_is_used_and_its_levels_make_sense(clip):
    used = set()
    for condition in CONDITIONS:
        for level in condition.levels:
            for modality, ref in condition.alter(clip, level).media.items():
                for one in ref.alter:
                    assert media.ALTERATIONS[one.what][0] == modality
                    used.add(one.what)
    assert used == set(media.ALTERATIONS)


def test_the_wrong_side_mirrors_the_crop_and_leaves_whole_pictures(clip):
    wrong = BY_NAME["side"].alter(clip, 1.0)
    assert wrong.media["video"].crop == (0.5, 0.1, 1.0, 0.9)
    assert BY_NAME["side"].alter(wrong, 1.0) == clip
    whole = replace(clip, media={"video": MediaRef(Path("a.avi"))})
    assert BY_NAME["side"].alter(whole, 1.0) == whole


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: c.name)
def test_a_clip_that_lacks_what_is_changed_stays_as_it_is(condition):
    bare = Clip("a", {"emotion": "sad"}, "F1")
    assert condition.alter(bare, condition.levels[-1]) == bare


TEXT = " ".join(f"word{i}" for i in range(400))


@settings(deadline=None)
@given(name=st.text(min_size=1))
def test_words_that_are_lost_are_as_many_as_asked_for_in_order_and_nested(name: str) -> None:
    condition = BY_NAME["words"]
    clip = Clip(name, {}, "F1", text=TEXT)
    left = [condition.alter(clip, level).text.split() for level in condition.levels]
    for level, words in zip(condition.levels, left, strict=True):
        assert 1 - len(words) / 400 == pytest.approx(level, abs=0.12)
        assert words == [w for w in TEXT.split() if w in set(words)]
    assert all(set(more) < set(less) for less, more in itertools.pairwise(left))


def test_one_word_stays() -> None:
    for i in range(30):
        assert BY_NAME["words"].alter(Clip(f"c{i}", {}, "", text="yes"), 0.8).text == "yes"


def test_letters_that_are_replaced_are_as_many_as_asked_for_and_spaces_stay(clip) -> None:
    condition = BY_NAME["letters"]
    long = replace(clip, text=TEXT)
    plain = np.array(list(TEXT))
    for level in condition.levels:
        said = np.array(list(condition.alter(long, level).text))
        assert len(said) == len(plain)
        assert ((said == " ") == (plain == " ")).all()
        share = (said != plain)[plain != " "].mean()
        assert share == pytest.approx(level, abs=0.04)
