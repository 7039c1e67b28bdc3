import errno
import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk import append
from mertk.blocks import RECORD, StoreError
from mertk.keys import MISSING
from mertk.store import Store

IDENTITY = {"name": "./my encoder.py:Gated", "arguments": {"layer": 3}}


def key(i):
    return i.to_bytes(16, "big")


def never():
    raise AssertionError("the shape of a step is known")


def sequence(length, shape=(2,), dtype="float32", seed=0):
    random = np.random.default_rng([seed, length])
    return (random.normal(size=(length, *shape)) * 50).astype(dtype)


@pytest.fixture
def shelf(tmp_path):
    return Store(tmp_path / "store").shelf(IDENTITY)


def put(shelf, *blocks):
    with shelf.writing() as writer:
        for block in blocks:
            writer.append(list(block), list(block.values()))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def held(shelf, keys):
    ragged = shelf.read(keys, empty=never)
    return [
        ragged.values[start : start + length].numpy()
        for start, length in zip(ragged.starts, ragged.lengths, strict=True)
    ]


@given(
    st.lists(st.lists(st.integers(0, 6), max_size=4), max_size=5),
    st.sampled_from([(), (1,), (3,), (3, 2, 2)]),
    st.sampled_from(["float32", "float16", "float64", "uint8", "int64", "bool"]),
)
@settings(max_examples=60, deadline=None)
def test_what_is_read_is_what_was_written(tmp_path_factory, lengths, shape, dtype):
    shelf = Store(tmp_path_factory.mktemp("store")).shelf(IDENTITY)
    everything, blocks = {}, []
    for block_lengths in lengths:
        blocks.append({})
        for length in block_lengths:
            i = len(everything)
            everything[key(i)] = blocks[-1][key(i)] = sequence(length, shape, dtype, seed=i)
    put(shelf, *blocks[:2])
    put(shelf, *blocks[2:])
    order = [*reversed(everything), MISSING, *everything]
    if not any(map(len, everything.values())):
        ragged = shelf.read(order, empty=lambda: np.zeros((0, *shape), dtype))
        assert ragged.values.shape == (0, *shape)
        assert not ragged.lengths.any()
        return
    everything[MISSING] = np.zeros((0, *shape), dtype)
    for found, wanted in zip(held(shelf, order), map(everything.get, order), strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
    assert shelf.damaged(order) == []


OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="only Linux tells a process's open files")
def test_a_shelf_is_one_open_file_however_many_clips_it_holds(shelf):
    put(shelf, {key(i): sequence(5, seed=i) for i in range(100)})
    before = len(list(OPEN_FILES.iterdir()))
    ragged = shelf.read([key(i) for i in range(100)], empty=never)
    assert len(ragged.values) == 500
    assert len(list(OPEN_FILES.iterdir())) - before <= 1


def test_missing_names_each_absent_key_once_in_order(shelf):
    put(shelf, {key(1): sequence(2)})
    assert shelf.missing([key(3), key(1), MISSING, key(2), key(3)]) == [key(3), key(2)]


def test_reading_what_is_not_stored_is_an_error(shelf):
    put(shelf, {key(1): sequence(2)})
    with pytest.raises(KeyError):
        shelf.read([key(2)], empty=never)


def test_the_folder_tells_what_lies_in_it(shelf, tmp_path):
    put(shelf, {key(1): sequence(2, (4, 3), "float16")})
    assert shelf.folder.parent == tmp_path / "store"
    assert shelf.folder.name.startswith("my_encoder.py_Gated-")
    meta = json.loads((shelf.folder / "meta.json").read_text())
    assert meta["identity"]["arguments"] == {"layer": 3}
    assert (meta["dtype"], meta["shape"]) == ("float16", [4, 3])


def test_a_sequence_of_another_shape_or_type_is_refused_and_harms_nothing(shelf):
    put(shelf, {key(1): sequence(2)})
    before = contents(shelf.folder)
    for other in (sequence(2, (3,)), sequence(2, dtype="float16")):
        with pytest.raises(
            StoreError, match=r"holds steps of float32 \[2\].*`version`; if not, delete"
        ):
            put(shelf, {key(2): other})
    assert contents(shelf.folder) == before


BLOCKS = [
    {key(1): sequence(3), key(2): sequence(0), key(3): sequence(2)},
    {key(4): sequence(4)},
    {key(5): sequence(1), key(6): sequence(5)},
]
STORED_AFTER = [set(), {1, 2, 3}, {1, 2, 3, 4}, {1, 2, 3, 4, 5, 6}]
DATA_ENDS = [0, 5 * 8, 9 * 8, 15 * 8]
INDEX_ENDS = [0, 3 * 48, 4 * 48, 6 * 48]


def refill(shelf):
    """Write every block that is not there, as an extraction would."""
    for block in BLOCKS:
        if shelf.missing(list(block)):
            put(shelf, block)


@pytest.fixture
def whole(shelf):
    refill(shelf)
    return contents(shelf.folder)


@pytest.mark.parametrize("name", ["data.bin", "index.bin"])
def test_a_file_torn_at_any_byte_costs_whole_blocks_and_is_mended_by_the_next_writer(
    shelf, whole, name
):
    ends = DATA_ENDS if name == "data.bin" else INDEX_ENDS
    assert len(whole[name]) == ends[-1]
    for size in sorted({*range(0, ends[-1], 7), *ends, *(end - 1 for end in ends[1:])}):
        (shelf.folder / name).write_bytes(whole[name][:size])
        blocks = sum(size >= end for end in ends) - 1
        missing = shelf.missing([key(i) for i in range(1, 7)])
        assert {key(i) for i in STORED_AFTER[blocks]}.isdisjoint(missing)
        assert len(missing) == 6 - len(STORED_AFTER[blocks])
        for i in STORED_AFTER[blocks]:
            wanted = {k: v for block in BLOCKS for k, v in block.items()}[key(i)]
            np.testing.assert_array_equal(held(shelf, [key(i)])[0], wanted)
        refill(shelf)
        assert contents(shelf.folder) == whole


@pytest.mark.parametrize("junk", [b"\0", b"\0" * 48, b"\xff" * 200])
@pytest.mark.parametrize("name", ["data.bin", "index.bin"])
def test_junk_behind_the_last_block_is_ignored_and_cut_off(shelf, whole, name, junk):
    with (shelf.folder / name).open("ab") as file:
        file.write(junk)
    (shelf.folder / "meta.tmp").write_text("{")
    assert shelf.missing([key(i) for i in range(1, 7)]) == []
    put(shelf)
    assert contents(shelf.folder) == whole


def test_a_flipped_bit_in_the_index_never_gives_wrong_steps(shelf, whole):
    for byte in range(len(whole["index.bin"])):
        spoilt = bytearray(whole["index.bin"])
        spoilt[byte] ^= 4
        (shelf.folder / "index.bin").write_bytes(spoilt)
        blocks = sum(byte >= end for end in INDEX_ENDS) - 1
        missing = shelf.missing([key(i) for i in range(1, 7)])
        assert len(missing) == 6 - len(STORED_AFTER[blocks])
    refill(shelf)
    assert contents(shelf.folder) == whole


def test_a_flipped_bit_in_the_data_is_found_by_its_checksum(shelf, whole):
    spoilt = bytearray(whole["data.bin"])
    spoilt[6 * 8 + 1] ^= 4
    (shelf.folder / "data.bin").write_bytes(spoilt)
    assert shelf.damaged([key(i) for i in range(9)]) == [key(4)]
    assert shelf.damaged([key(5)]) == []


def test_a_newer_sequence_takes_the_place_of_one_with_its_key(shelf, whole):
    spoilt = bytearray(whole["data.bin"])
    spoilt[6 * 8 + 1] ^= 4
    (shelf.folder / "data.bin").write_bytes(spoilt)
    put(shelf, {key(4): sequence(4)})
    assert shelf.damaged([key(4)]) == []
    np.testing.assert_array_equal(held(shelf, [key(4)])[0], sequence(4))
    assert shelf.blocks([key(4)]) == [[key(4)]]


def test_blocks_are_told_as_they_were_written(shelf, whole):
    blocks = [list(block) for block in BLOCKS]
    assert shelf.blocks([key(i) for i in (6, 2, 5)]) == [blocks[0], blocks[2]]
    assert shelf.blocks([]) == []


def test_a_lost_meta_file_costs_the_computation_only(shelf, whole):
    (shelf.folder / "meta.json").unlink()
    assert len(shelf.missing([key(i) for i in range(1, 7)])) == 6
    refill(shelf)
    assert contents(shelf.folder) == whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"identity": {}, "dtype": "object", "shape": [1]}',
        '{"identity": {}, "dtype": "float32", "shape": [Infinity]}',
        pytest.param("[" * 200_000, id="too deep"),
    ],
)
def test_a_meta_file_that_was_tampered_with_is_named_with_the_way_out(shelf, whole, text):
    (shelf.folder / "meta.json").write_text(text)
    with pytest.raises(StoreError, match=r"meta.json: is not as it was written.*delete the folder"):
        shelf.missing([key(1)])


def test_a_step_larger_than_any_memory_holds_nothing(shelf, whole):
    path = shelf.folder / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "shape": [2**40, 2**40]}))
    assert shelf.missing([key(1)]) == [key(1)]


def test_a_folder_of_another_encoder_is_not_believed(shelf, whole):
    path = shelf.folder / "meta.json"
    meta = json.loads(path.read_text())
    meta["identity"]["arguments"]["layer"] = 4
    path.write_text(json.dumps(meta))
    with pytest.raises(StoreError, match="speaks of another encoder"):
        shelf.read([key(1)], empty=never)


class Full:
    """A disk that has so many bytes left."""

    def __init__(self, left, number=errno.ENOSPC):
        self.left, self.number = left, number

    def write(self, file, view):
        taken = min(len(view), self.left, 7)  # short writes, as real ones may be
        if not taken:
            raise OSError(self.number, os.strerror(self.number))
        self.left -= taken
        return os.write(file, view[:taken])


def test_a_disk_that_fills_up_at_any_byte_loses_nothing_that_was_stored(
    shelf, tmp_path, monkeypatch
):
    refill(shelf)
    whole = contents(shelf.folder)
    needed = DATA_ENDS[-1] + INDEX_ENDS[-1]
    costs = [a + b for a, b in zip(DATA_ENDS, INDEX_ENDS, strict=True)]
    for left in range(0, needed, 5):
        tried = Store(tmp_path / str(left)).shelf(IDENTITY)
        with monkeypatch.context() as patch:
            disk = Full(left)
            patch.setattr(append, "os", _WithWrite(disk.write))
            with pytest.raises(StoreError, match=r"no space for 0\.00 MiB more.*is kept") as told:
                refill(tried)
        assert str(tried.folder) in str(told.value)
        blocks = sum(left >= cost for cost in costs) - 1
        assert len(tried.missing([key(i) for i in range(1, 7)])) == 6 - len(STORED_AFTER[blocks])
        sizes = {name: len(raw) for name, raw in contents(tried.folder).items()}
        assert sizes["data.bin"] == DATA_ENDS[blocks]
        assert sizes["index.bin"] == INDEX_ENDS[blocks]
        refill(tried)
        assert contents(tried.folder) == whole


class _WithWrite:
    """The os module with another write."""

    def __init__(self, write):
        self.write = write

    def __getattr__(self, name):
        return getattr(os, name)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "occupied").write_text("")
    shelf = Store(tmp_path / "occupied" / "store").shelf(IDENTITY)
    with pytest.raises(StoreError, match=r"occupied.*cannot be written to \(Not a directory\)"):
        put(shelf, {key(1): sequence(2)})


def test_a_read_only_folder_is_named_and_can_still_be_read(shelf, whole, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreError, match=r"cannot be written to \(Read-only file system\)"):
        put(shelf, {key(9): sequence(2)})
    monkeypatch.undo()
    assert contents(shelf.folder) == whole


def test_the_record_format_is_what_folders_out_there_hold(shelf):
    # A change here must raise mertk.store.FORMAT.
    put(shelf, {key(258): np.array([[1.5, -2.0]], np.float32), key(1): sequence(0)})
    assert RECORD.itemsize == 48
    raw = (shelf.folder / "index.bin").read_bytes()
    assert raw[:16] == key(258)
    assert [int.from_bytes(raw[a:b], "little") for a, b in pairwise([16, 24, 32])] == [0, 1]
    assert int.from_bytes(raw[40:44], "little") == 1
    assert (shelf.folder / "data.bin").read_bytes() == bytes.fromhex("0000c03f000000c0")
