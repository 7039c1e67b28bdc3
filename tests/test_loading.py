"""Long clips that come in parts: the numbers of the whole, and never the whole in memory."""

import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from mertk import filling, loading
from mertk.encode import BadEncoding
from mertk.errors import MediaError
from mertk.extract import BrokenMedia, fill
from mertk.store import Store
from tests.store_toys import IDENTITY, Toy, make_clips, numbers

PART = 4
LENGTHS = [3, 60, 4, 41, 8, 5, 2]  # of which two are long


class Parted(Toy):
    """The toy without what it tells of its batch, in parts of four numbers."""

    dim = 1

    def parts(self, clip):
        loaded = self.load(clip)
        for start in range(0, max(1, len(loaded)), PART):
            yield loaded[start : start + PART]

    def __call__(self, stream):
        out = super().__call__(stream)
        return replace(out, x=out.x[..., :1] * 2)


class Whole(Parted):
    parts = None


@pytest.fixture(autouse=True)
def little(monkeypatch):
    monkeypatch.setattr(loading, "LONG_BYTES", 40 * 4)
    monkeypatch.setattr(filling, "BLOCK_CLIPS", 3)


@pytest.fixture
def clips(tmp_path):
    return make_clips(tmp_path / "media", LENGTHS)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def contents(store):
    (folder,) = (path for path in store.root.iterdir() if path.is_dir())
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def rows(ragged):
    return [ragged.batch(torch.tensor([row])).x[0, :, 0].tolist() for row in range(len(ragged))]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_long_clip_is_stored_as_if_it_had_come_as_a_whole(store, tmp_path, clips, dtype):
    told = []
    ragged = fill(store, Parted(), IDENTITY, clips, dtype=dtype, advance=told.append)
    assert sum(told) == len(clips)
    other = Store(tmp_path / "other")
    fill(other, Whole(), IDENTITY, clips, dtype=dtype)
    assert contents(store) == contents(other)
    if dtype == "float32":
        assert rows(ragged) == [[2 * n for n in numbers(clip)] for clip in clips]


def test_only_long_clips_go_in_parts(store, clips):
    seen = []

    class Watched(Parted):
        def __call__(self, stream):
            seen.append(tuple(stream.x.shape[:2]))
            return super().__call__(stream)

    fill(store, Watched(), IDENTITY, clips)
    parts = [(1, PART)] * 15 + [(1, PART)] * 10 + [(1, 1)]
    assert sorted(seen) == sorted([*parts, (2, 4), (2, 8), (1, 2)])


def test_no_more_than_a_few_parts_are_in_memory(store, tmp_path):
    made, most = [], []

    class Part(np.ndarray):
        pass

    class Endless(Parted):
        def parts(self, clip):
            for _ in range(100):
                part = np.zeros((PART, 1), np.float32).view(Part)
                made.append(weakref.ref(part))
                most.append(sum(one() is not None for one in made))
                yield part

    (ragged,) = rows(fill(store, Endless(), IDENTITY, make_clips(tmp_path / "media", [9])))
    assert len(ragged) == 100 * PART
    assert len(most) == 100
    assert max(most) <= 40 // PART + 5  # what makes it long, and a few ahead


def test_a_clip_that_breaks_behind_some_parts_is_broken(store, clips):
    class Breaks(Parted):
        def parts(self, clip):
            for number, part in enumerate(super().parts(clip)):
                if number == 12:
                    raise MediaError("film.mp4", "breaks off")
                yield part

    with pytest.raises(BrokenMedia, match="clip1: film.mp4: breaks off") as told:
        fill(store, Breaks(), IDENTITY, clips)
    assert list(told.value.clips) == ["clip1"]
    sound = [clip for clip in clips if clip.id != "clip1"]
    assert rows(fill(store, Parted(), IDENTITY, sound))[2] == [2 * n for n in numbers(clips[3])]


@pytest.mark.parametrize("number", [0, 12])
def test_what_is_wrong_with_any_part_is_told(store, clips, number):
    def spoilt(change, error, match):
        class Spoilt(Parted):
            def parts(self, clip):
                for at, part in enumerate(super().parts(clip)):
                    yield change(part) if (at, clip.id) == (number, "clip1") else part

        with pytest.raises(error, match=match) as told:
            fill(store, Spoilt(), IDENTITY, clips)
        return told.value

    spoilt(lambda part: part * np.nan, BrokenMedia, "clip1: .*1.raw: holds NaN or infinity")
    if number:  # within what is read at once numpy joins them
        spoilt(lambda part: part.astype(np.float64), BadEncoding, "'clip1' as float64 .*as float32")
    error = spoilt(lambda part: 1 / 0, ZeroDivisionError, "division")
    assert error.__notes__ == ["while toy loaded the clip 'clip1'"]


def test_what_a_trained_encoder_loads_is_kept_whole(store, clips):
    ragged = fill(store, Parted(), IDENTITY, clips, stage="input")
    assert rows(ragged) == [numbers(clip) for clip in clips]


def test_a_damaged_long_clip_is_computed_again_to_the_same_numbers(store, clips, caplog):
    fill(store, Parted(), IDENTITY, clips)
    (path,) = store.root.glob("*/data.bin")
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes([whole[40] ^ 16]) + whole[41:])
    assert rows(fill(store, Parted(), IDENTITY, clips))[1] == [2 * n for n in numbers(clips[1])]
    assert "(clips clip1)" in caplog.text
