"""Precomputed features: every format gives the same numbers, what is wrong is named."""

import csv
import os
import pickle
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from mertk.contracts import Clip, MediaRef
from mertk.errors import CorpusError, MediaError, MertkError
from mertk.testing import EncoderTests
from mertk_plugins.encoders import _tables
from mertk_plugins.encoders.table import Table

RNG = np.random.default_rng(0)
VECTORS = {f"clip{n}": RNG.normal(size=3).astype(np.float32) for n in range(4)}
SEQUENCES = {f"clip{n}": RNG.normal(size=(n + 1, 3)).astype(np.float32) for n in range(4)}
CHANNELS = ("AU01", "AU02", "AU04")

Arrays = dict[str, NDArray[np.float32]]


def clip(name: str = "clip1", **fields: Any) -> Clip:
    return Clip(name, {"emotion": "calm"}, fields.pop("speaker", "s1"), **fields)


def npz_rows(root: Path, arrays: Arrays) -> Table:
    rows = {key: np.atleast_2d(array) for key, array in arrays.items()}
    keys = [key for key, array in rows.items() for _ in array]
    np.savez(root / "t.npz", key=keys, au=np.concatenate(list(rows.values())))
    return Table(root / "t.npz", keys="key", values="au")


def npz_arrays(root: Path, arrays: Arrays) -> Table:
    np.savez_compressed(root / "t.npz", **arrays)
    return Table(root / "t.npz")


def npy_folder(root: Path, arrays: Arrays) -> Table:
    (root / "npy").mkdir()
    for key, array in arrays.items():
        np.save(root / f"npy/{key}.npy", array)
    return Table(root / "npy")


def columns_of(arrays: Arrays) -> list[dict[str, Any]]:
    return [
        {"id": key, "frame": step, **dict(zip(CHANNELS, map(float, row), strict=True)), "who": "x"}
        for key, array in arrays.items()
        for step, row in enumerate(np.atleast_2d(array))
    ]


def parquet_columns(root: Path, arrays: Arrays) -> Table:
    parquet.write_table(pa.Table.from_pylist(columns_of(arrays)), root / "t.parquet")
    return Table(root / "t.parquet", values="AU")


def parquet_lists(root: Path, arrays: Arrays) -> Table:
    cells = [{"key": key, "au": array.tolist(), "n": 1} for key, array in arrays.items()]
    parquet.write_table(pa.Table.from_pylist(cells), root / "t.parquet")
    return Table(root / "t.parquet", keys="key", values="au")


def csv_columns(root: Path, arrays: Arrays, **how: Any) -> Table:
    encoding = how.pop("encoding", "utf-8")
    with (root / "t.csv").open("w", newline="", encoding=encoding) as file:
        rows = columns_of(arrays)
        writer = csv.DictWriter(file, list(rows[0]), **how)
        writer.writeheader()
        writer.writerows(rows)
    return Table(root / "t.csv", values=list(CHANNELS))


def csv_excel(root: Path, arrays: Arrays) -> Table:
    return csv_columns(root, arrays, delimiter=";", encoding="utf-8-sig")


FORMATS = [npz_rows, npz_arrays, npy_folder, parquet_columns, parquet_lists, csv_columns, csv_excel]


class TestTable(EncoderTests):
    component = Table
    reads_media = False

    @pytest.fixture(params=[npz_rows, npz_arrays, npy_folder, parquet_columns, csv_columns])
    def arguments(self, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
        table = request.param(tmp_path, SEQUENCES)
        names = {"path": table.path, "keys": table.keys, "values": table.values}
        return {**names, "missing": "empty"}

    @pytest.fixture
    def clips(self) -> list[Clip]:
        return [clip(name) for name in SEQUENCES]


@pytest.mark.parametrize("arrays", [VECTORS, SEQUENCES], ids=["vectors", "sequences"])
@pytest.mark.parametrize("write", FORMATS)
def test_every_format_gives_the_same_numbers(tmp_path: Path, write: Any, arrays: Arrays) -> None:
    table = write(tmp_path, arrays)
    assert table.dim == 3
    for key, array in arrays.items():
        found = table.load(clip(key))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, np.atleast_2d(array), rtol=1e-6)


def test_an_npz_may_hold_sequences_of_one_length(tmp_path: Path) -> None:
    x = RNG.normal(size=(2, 5, 3))
    np.savez(tmp_path / "t.npz", id=[b"a", b"b"], x=x)
    found = Table(tmp_path / "t.npz", keys="id", values="x").load(clip("b"))
    np.testing.assert_array_equal(found, x[1].astype(np.float32))


def test_a_single_number_per_clip_is_one_channel(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", id=[7, 8], x=[0.5, 1.5])
    found = Table(tmp_path / "t.npz", keys="id", values="x").load(clip("8"))
    assert found.tolist() == [[1.5]]


def test_all_columns_but_the_keys_are_channels_by_default(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(",id,b,a\n0,007,1,2\n1,7,3,4\n")
    table = Table(tmp_path / "t.csv")
    assert table.load(clip("007")).tolist() == [[1.0, 2.0]]
    assert table.load(clip("7")).tolist() == [[3.0, 4.0]]


def test_a_list_of_columns_sets_their_order(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("id\ta\tb\nx\t1\t2\n")
    assert Table(tmp_path / "t.tsv", values=["b", "a"]).load(clip("x")).tolist() == [[2.0, 1.0]]


def test_the_key_is_filled_in_from_the_clip(tmp_path: Path) -> None:
    (tmp_path / "session1/s1").mkdir(parents=True)
    np.save(tmp_path / "session1/s1/x_clip1.npy", np.ones(2))
    table = Table(tmp_path, key="{session}/{speaker}/x_{id}")
    assert table.load(clip(group={"session": "session1"})).tolist() == [[1.0, 1.0]]
    with pytest.raises(MertkError, match=r"has no 'session'; there are: group, id, speaker"):
        table.load(clip(group={"group": "x"}))


def test_a_key_cannot_lead_out_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "secret.npy", np.ones(2))
    (tmp_path / "npy").mkdir()
    np.save(tmp_path / "npy/clip1.npy", np.ones(2))
    monkeypatch.chdir(tmp_path / "npy")
    for folder in (tmp_path / "npy", Path()):
        with pytest.raises(MediaError, match=r"no key '\.\./secret'"):
            Table(folder).load(clip("../secret"))


def test_without_a_path_the_datasets_file_is_read(tmp_path: Path) -> None:
    path = npz_rows(tmp_path, VECTORS).path
    assert path is not None
    table = Table(keys="key", values="au")
    with pytest.raises(MertkError, match="its channels are known once a clip was read"):
        _ = table.dim
    assert table.load(clip("clip3")).shape == (0, 0)
    found = table.load(clip("clip3", media={"features": MediaRef(path)}))
    np.testing.assert_array_equal(found, VECTORS["clip3"][None])
    assert table.dim == 3
    assert table.load(clip("clip3")).shape == (0, 3)
    assert table.digest == ""


def test_without_a_path_a_clip_may_have_an_array_of_its_own(tmp_path: Path) -> None:
    np.save(tmp_path / "any name.npy", SEQUENCES["clip2"])
    ref = MediaRef(tmp_path / "any name.npy")
    np.testing.assert_array_equal(Table().load(clip(media={"features": ref})), SEQUENCES["clip2"])
    with pytest.raises(MediaError, match="features cannot be cut at seconds"):
        Table().load(clip(media={"features": MediaRef(ref.path, 0.5)}))


@pytest.mark.parametrize("write", FORMATS)
def test_a_clip_that_is_missing_is_named_with_the_nearest_key(tmp_path: Path, write: Any) -> None:
    table = write(tmp_path, VECTORS)
    with pytest.raises(MediaError) as error:
        table.load(clip("clip_1"))
    assert error.value.path == table.path
    assert "no features of clip 'clip_1': no key 'clip_1'; did you mean 'clip1'?" in str(
        error.value
    )
    table.missing = "empty"
    assert table.dim == 3
    assert table.load(clip("clip_1")).shape == (0, 3)


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named(tmp_path: Path, write: Any, value: float) -> None:
    bad = SEQUENCES["clip2"].copy()
    bad[1, 2] = value
    table = write(tmp_path, {**SEQUENCES, "clip2": bad})
    channel = "AU04" if "columns" in write.__name__ or "excel" in write.__name__ else "2"
    told = f"clip2: 1 of 9 numbers are missing or infinite, the first in step 1, channel {channel};"
    with pytest.raises(MediaError, match=told):
        table.load(clip("clip2"))
    assert table.load(clip("clip3")).shape == (4, 3)


def test_an_empty_cell_is_a_missing_number(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,a,b\nx,1,\ny,1,2\n")
    with pytest.raises(MediaError, match=r"x: 1 of 2 numbers are missing .* channel b"):
        Table(tmp_path / "t.csv").load(clip("x"))


def test_what_float32_cannot_hold_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", clip1=[1e300])
    with pytest.raises(MediaError, match="1 of 1 numbers are missing or infinite"):
        Table(tmp_path / "t.npz").load(clip())


def test_a_pickled_npz_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", id=np.array(["clip1"]), x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(
        CorpusError, match=r"array 'x' cannot be used .it is pickled.*plain numbers"
    ):
        Table(tmp_path / "t.npz", keys="id", values="x").load(clip())
    np.savez(tmp_path / "u.npz", clip1=np.array([{"a": 1}], dtype=object))
    with pytest.raises(MediaError, match=r"array 'clip1' cannot be used .it is pickled"):
        Table(tmp_path / "u.npz").load(clip())


def test_a_pickled_npy_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "clip1.npy", np.array([{"a": 1}], dtype=object))
    with pytest.raises(MediaError, match="it is pickled, which could run anything"):
        Table(tmp_path).load(clip())
    (tmp_path / "clip1.npy").write_bytes(pickle.dumps([1.0]))
    with pytest.raises(MediaError, match="it is pickled"):
        Table(tmp_path).load(clip())


def test_words_are_no_features(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", clip1=["happy"])
    with pytest.raises(MediaError, match="it holds <U5, not numbers"):
        Table(tmp_path / "t.npz").load(clip())
    (tmp_path / "t.csv").write_text("id,a,rater\nclip1,1,anna\n")
    with pytest.raises(CorpusError, match=r"no numbers in column 'rater' \(string\); name the"):
        Table(tmp_path / "t.csv").load(clip())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"id,a\nx,1"])
def test_a_file_that_is_no_npz_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.npz").write_bytes(content)
    with pytest.raises(CorpusError, match=r"t\.npz: not an npz file"):
        Table(tmp_path / "t.npz").load(clip())


def test_a_single_array_called_npz_says_so(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.ones(3))
    (tmp_path / "t.npy").rename(tmp_path / "t.npz")
    with pytest.raises(CorpusError, match=r"t\.npz: not an npz file"):
        Table(tmp_path / "t.npz").load(clip())


def test_a_zip_file_of_something_else_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as file:
        file.writestr("clip1", b"weights")
    with pytest.raises(MediaError, match=r"array 'clip1' cannot be used .it is no array"):
        Table(tmp_path / "t.npz").load(clip())
    with pytest.raises(CorpusError, match="array 'clip1' is no list of keys"):
        Table(tmp_path / "t.npz", keys="clip1", values="clip1").load(clip())


def test_a_damaged_npz_says_which_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", clip1=np.arange(3000.0))
    content = bytearray((tmp_path / "t.npz").read_bytes())
    content[5000] ^= 0xFF
    (tmp_path / "t.npz").write_bytes(content)
    with pytest.raises(MediaError, match=r"array 'clip1' cannot be used .*CRC"):
        Table(tmp_path / "t.npz").load(clip())


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_a_file_that_is_no_table_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"id,a\nx,1,2\n")
    with pytest.raises(CorpusError, match=r"not a (Parquet file|CSV table)"):
        Table(tmp_path / name).load(clip())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"keys": "kye", "values": "au"}, r"keys: no array 'kye'; did you mean 'key'\?"),
        ({"keys": "key", "values": "visual"}, "values: no array 'visual'; there are: au, key, odd"),
        ({"keys": "key"}, "needs both `keys` and `values`"),
        ({"keys": "key", "values": ["au"]}, "needs both `keys` and `values`"),
        ({"keys": "au", "values": "au"}, "array 'au' is no list of keys"),
        ({"keys": "key", "values": "odd"}, r"4 'key' do not fit 'odd' of shape \(5,\)"),
    ],
)
def test_wrong_names_of_arrays_are_told(
    tmp_path: Path, arguments: dict[str, Any], told: str
) -> None:
    np.savez(tmp_path / "t.npz", key=list(VECTORS), au=np.ones((4, 2)), odd=np.ones(5))
    with pytest.raises(CorpusError, match=told):
        Table(tmp_path / "t.npz", **arguments).load(clip())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"keys": "Id"}, r"keys: no column 'Id' for the clips' keys; there are: AU01, AU02, id"),
        ({"values": ["AU01", "AU03"]}, r"values: no column 'AU03'; did you mean 'AU0\d'\?"),
        ({"values": "gaze"}, "values: no column whose name begins with 'gaze'"),
    ],
)
def test_wrong_names_of_columns_are_told(
    tmp_path: Path, arguments: dict[str, Any], told: str
) -> None:
    (tmp_path / "t.csv").write_text("id,AU01,AU02\nclip1,1,2\n")
    with pytest.raises(CorpusError, match=told):
        Table(tmp_path / "t.csv", **arguments).load(clip())


def test_a_key_that_comes_back_later_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,a\nx,1\nx,2\ny,3\nx,4\n")
    with pytest.raises(CorpusError, match="key 'x' comes back in row 4, after other keys"):
        Table(tmp_path / "t.csv").load(clip("x"))


def test_a_row_without_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,a\nx,1\n,2\n")
    with pytest.raises(CorpusError, match="1 rows have no 'id', the first is row 2"):
        Table(tmp_path / "t.csv").load(clip("x"))


def test_clips_must_have_the_same_channels(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", clip1=np.ones(2), clip2=np.ones(3), clip3=np.ones((1, 2, 3)))
    table = Table(tmp_path / "t.npz")
    table.load(clip("clip1"))
    with pytest.raises(MediaError, match="clip2: 3 channels, clips before it have 2"):
        table.load(clip("clip2"))
    with pytest.raises(MediaError, match=r"clip3: shape \(1, 2, 3\); expected \[C\] or \[T, C\]"):
        table.load(clip("clip3"))


def test_lists_of_different_lengths_are_refused(tmp_path: Path) -> None:
    cells = [
        {"id": "b", "x": None},
        {"id": "c", "x": [[1.0, 2.0]]},
        {"id": "a", "x": [[1.0], [1.0, 2.0]]},
    ]
    parquet.write_table(pa.Table.from_pylist(cells), tmp_path / "t.parquet")
    table = Table(tmp_path / "t.parquet", missing="empty")
    with pytest.raises(MediaError, match="a: no array of numbers"):
        table.load(clip("a"))
    assert table.load(clip("b")).shape == (0, 2)


def test_an_empty_table_says_so(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="the table is empty"):
        _ = Table(tmp_path).dim


@pytest.mark.parametrize("key", ["{id", "{}", "{0}", "{id.real}", "{id!x}x{", "all"])
def test_a_key_that_is_no_template_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"^key: no template"):
        Table(key=key)


def test_a_path_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.npz: no such table"):
        Table(tmp_path / "none.npz")
    (tmp_path / "t.npy").write_bytes(b"")
    with pytest.raises(ValueError, match=r"^path: no table by its name \(t\.npy\); use \.npz"):
        Table(tmp_path / "t.npy")


@pytest.mark.parametrize("write", [npz_rows, npy_folder])
def test_the_digest_changes_with_the_numbers_and_not_with_the_place(
    tmp_path: Path, write: Any
) -> None:
    digests = []
    for name, arrays in (("a", VECTORS), ("b", VECTORS), ("c", {**VECTORS, "clip0": np.ones(3)})):
        (tmp_path / name).mkdir()
        digests.append(write(tmp_path / name, arrays).digest)
    assert digests[0] == digests[1] != digests[2]


def test_a_table_is_read_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    original = _tables.npz
    monkeypatch.setattr(_tables, "npz", lambda *a: read.append(a[0]) or original(*a))
    table = npz_rows(tmp_path, VECTORS)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: table.load(clip(f"clip{n % 4}")), range(64)))
    assert len(read) == 1
    npz_rows(tmp_path, {**VECTORS, "clip1": np.zeros(3, np.float32)})
    os.utime(tmp_path / "t.npz", ns=(1, 1))
    assert table.load(clip("clip1")).tolist() == [[0.0, 0.0, 0.0]]
    assert len(read) == 2


def test_one_open_npz_serves_many_threads(tmp_path: Path) -> None:
    arrays = {f"clip{n}": np.full((50, 4), n, np.float32) for n in range(40)}
    table = npz_arrays(tmp_path, arrays)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda key: table.load(clip(key)), arrays))
    for sequence, expected in zip(found, arrays.values(), strict=True):
        np.testing.assert_array_equal(sequence, expected)


def test_an_encoder_can_be_sent_to_another_process(tmp_path: Path) -> None:
    table = npz_arrays(tmp_path, VECTORS)
    table.load(clip())
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(table)).load(clip()), table.load(clip())
    )


def test_names_in_an_npz_may_hold_what_file_names_hold(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as file, file.open("a b-é.npy", "w") as array:
        np.save(array, np.ones(2))
    assert Table(tmp_path / "t.npz").load(clip("a b-é")).tolist() == [[1.0, 1.0]]
