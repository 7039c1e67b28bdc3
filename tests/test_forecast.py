import logging
from pathlib import Path

import numpy as np
import pytest

from mertk.append import Watching
from mertk.blocks import StoreError
from mertk.contracts import Clip, Foreseeing, MediaRef, PartedEncoder, Recomputing
from mertk.errors import MertkError
from mertk.extract import shelf_of
from mertk.forecast import Forecast, Watch, forecast, lines, room, shortage
from mertk.keys import MISSING
from mertk.store import Store

MIB = 1 << 20


class Toy:
    modality, version, digest, dim = "audio", "1", "", 8

    def load(self, clip):
        raise AssertionError("nothing is loaded")

    def __call__(self, stream):
        raise AssertionError("nothing is computed")


class Paced(Toy):
    def steps_in(self, seconds):
        return 50 * min(seconds, 6)


class Unpaced(Toy):
    def steps_in(self, seconds):
        return None


def key(i):
    return i.to_bytes(16, "big")


def clips(*seconds):
    refs = [MediaRef(Path("none.wav"), 0.0, end) for end in seconds]
    return [Clip(str(i), {}, "", media={"audio": ref}) for i, ref in enumerate(refs)]


def shelf(tmp_path, stage="output", dtype="float32", stored=0):
    found = shelf_of(Store(tmp_path), {"name": "Toy"}, stage, dtype)
    if stored:
        with found.writing() as writer:
            numbers = [np.ones((10, 8), np.float32)] * stored
            writer.append([key(100 + i) for i in range(stored)], numbers)
    return found


def test_lengths_and_steps_per_second_say_what_will_be_stored(tmp_path):
    some = clips(2.0, 4.0, 60.0)
    keys = [key(i) for i in range(3)]
    told = forecast("Toy", Paced(), shelf(tmp_path), some, keys)
    assert told == Forecast("Toy", 3, 3, 50 * (2 + 4 + 6) * 8 * 4.0)
    half = forecast("Toy", Paced(), shelf(tmp_path, dtype="float16"), some, keys)
    assert half.nbytes == told.nbytes / 2


def test_a_clip_of_unknown_length_counts_as_the_others_do(tmp_path):
    keys = [key(i) for i in range(2)]
    assert forecast("Toy", Paced(), shelf(tmp_path), clips(2.0, None), keys).nbytes == 2 * 100 * 32


def test_what_is_stored_missing_or_read_by_several_clips_is_not_lacking(tmp_path):
    keys = [key(1), key(100), MISSING, key(1)]
    told = forecast("Toy", Paced(), shelf(tmp_path, stored=1), clips(2.0, 2.0, 2.0, 2.0), keys)
    assert (told.clips, told.lacking, told.nbytes) == (2, 1, 100 * 32)


@pytest.mark.parametrize("encoder", [Toy(), Unpaced()])
def test_else_what_others_took_says_it_and_with_none_nothing_does(tmp_path, encoder):
    keys = [key(i) for i in range(3)]
    told = forecast("Toy", encoder, shelf(tmp_path), clips(1.0, 1.0, 1.0), keys)
    assert told.nbytes is None
    assert str(told).endswith("3 of 3 clips are to be computed, nothing tells how much yet")
    told = forecast("Toy", encoder, shelf(tmp_path, stored=4), clips(1.0, 1.0, 1.0), keys)
    assert (told.nbytes, told.by) == (3 * 10 * 32, "others")


class Unread(Toy):
    """As `table` is where the dataset names its files: nothing is known before a clip is read."""

    @property
    def dim(self):
        raise MertkError("its channels are known once a clip was read")


def test_an_encoder_that_knows_no_dim_yet_is_not_asked_for_it(tmp_path):
    assert forecast("Toy", Unread(), shelf(tmp_path), clips(2.0), [key(0)]).nbytes is None
    assert not isinstance(Unread(), Foreseeing | PartedEncoder | Recomputing)


def test_where_the_index_of_others_is_damaged_from_its_beginning_nothing_says_it(tmp_path):
    spoilt = shelf(tmp_path, stored=2)
    (spoilt.folder / "index.bin").write_bytes(bytes(96))
    told = forecast("Toy", Toy(), spoilt, clips(2.0), [key(0)])
    assert told == Forecast("Toy", 1, 1, None)


def test_steps_of_a_frozen_front_are_not_those_of_the_output(tmp_path):
    told = forecast("Toy", Paced(), shelf(tmp_path, "front"), clips(1.0), [key(0)])
    assert told.nbytes is None


@pytest.mark.parametrize(
    ("nbytes", "by", "said", "hopeless"),
    [
        (50 * MIB, "lengths", False, False),
        (95 * MIB, "lengths", True, False),
        (105 * MIB, "lengths", True, False),
        (120 * MIB, "lengths", True, True),
        (190 * MIB, "others", True, False),
        (210 * MIB, "others", True, True),
    ],
)
def test_a_disk_that_is_nearly_full_is_told_and_one_that_cannot_do_refused(
    tmp_path, monkeypatch, nbytes, by, said, hopeless
):
    monkeypatch.setattr("mertk.forecast.room", lambda _: 100 * MIB)
    told, cannot = shortage([Forecast("Toy", 9, 9, float(nbytes), by)], tmp_path)
    assert (bool(told), cannot) == (said, hopeless)


def test_all_encoders_share_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("mertk.forecast.room", lambda _: 100 * MIB)
    one = Forecast("Toy", 9, 9, 60.0 * MIB)
    assert shortage([one], tmp_path) == ("", False)
    assert "takes about 120.0 MiB, and 100.0 MiB are free" in shortage([one, one], tmp_path)[0]


def test_room_is_that_of_the_disk_where_a_folder_will_lie(tmp_path):
    assert room(tmp_path / "not" / "there") == pytest.approx(room(tmp_path), rel=0.1)


def test_only_what_lacks_something_is_told():
    told = [Forecast("A", 9, 0, 0.0), Forecast("B", 9, 4, 3.0 * MIB)]
    assert list(lines(told)) == ["features: B: 4 of 9 clips are to be computed, about 3.0 MiB"]


def test_the_first_block_tells_what_is_still_to_come(monkeypatch, tmp_path, caplog):
    caplog.set_level(logging.INFO, "mertk")
    monkeypatch.setattr("mertk.forecast.room", lambda _: 1000 * MIB)
    small: Watching = Watch("Small", tmp_path, lacking=30)
    small(10, MIB)
    watch: Watching = Watch("Toy", tmp_path, lacking=30)
    watch(10, 200 * MIB)
    watch(10, 200 * MIB)
    assert [r.getMessage() for r in caplog.records] == [
        "Toy: 20 of 30 clips are to be computed, about 400.0 MiB; 1000.0 MiB are free"
    ]


def test_an_extraction_stops_where_what_is_to_come_cannot_fit(monkeypatch, tmp_path):
    monkeypatch.setattr("mertk.forecast.room", lambda _: 100 * MIB)
    there = shelf(tmp_path)
    with (
        pytest.raises(
            StoreError, match="and 100.0 MiB are free; .* what was stored before is kept"
        ),
        there.writing(Watch("Toy", there.folder, lacking=10**9)) as writer,
    ):
        writer.append([key(0)], [np.ones((10, 8), np.float32)])
    assert there.missing([key(0)]) == []


@pytest.mark.parametrize("name", ["wavlm", "whisper", "logmel", "opensmile", "clip", "timm"])
def test_encoders_that_come_with_mertk_foresee(name):
    from mertk.registry import discover

    assert callable(getattr(discover().entries["encoders"][name].load(), "steps_in", None))
