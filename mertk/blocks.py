"""The file format of the store: blocks of sequences that are appended whole or not at all.

    meta.json   whose sequences they are; dtype and shape of a step
    data.bin    all sequences back to back
    index.bin   one record per sequence

A block is its data, then its records, each forced to disk. What is committed is the longest run of
whole blocks whose records are sound and whose data are there: readers see no more than that, and
the next writer cuts the rest off.
"""

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from mertk.errors import MertkError

KEY_BYTES: Final = 16
RECORD: Final = np.dtype(
    [
        ("key", f"V{KEY_BYTES}"),
        ("start", "<i8"),  # in steps
        ("length", "<i8"),  # in steps
        ("checksum", "<u8"),  # xxh3 of the sequence's bytes
        ("left", "<u4"),  # records of the same block that follow
        ("crc", "<u4"),  # of the record itself
    ]
)
CRC_AT: Final = RECORD.itemsize - 4
FLOATS: Final = ("float16", "float32", "float64")
DTYPES: Final = (*FLOATS, "bool", "uint8", "int8", "int16", "int32", "int64")

Records = NDArray[np.void]


class StoreError(MertkError):
    """A folder of the store cannot be read or written, or holds what mertk did not write."""


@dataclass(frozen=True)
class Layout:
    """What the bytes of one step are.

    Args:
        dtype: Name of the numbers' type, one of DTYPES.
        shape: Of the step.
    """

    dtype: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES or any(size < 1 for size in self.shape):
            raise ValueError(f"a step of {self}; it can be of {', '.join(DTYPES)}, sizes above 0")

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"

    @property
    def nbytes(self) -> int:
        """Bytes of one step."""
        return np.dtype(self.dtype).itemsize * math.prod(self.shape)


@dataclass(frozen=True)
class Committed:
    """What a folder holds at one moment.

    Args:
        layout: None as long as every sequence is empty.
        records: One per sequence, in the order of the data.
    """

    layout: Layout | None
    records: Records

    @property
    def steps(self) -> int:
        """Steps of all sequences together."""
        return end(self.records)


def committed(folder: Path, identity: Mapping[str, object]) -> Committed:
    """Read what is committed; nothing, where the folder is not there.

    Raises:
        StoreError: The files cannot be read, or belong to another identity.
    """
    # A writer goes the other way round, so that no record is seen without its layout and data.
    try:
        records = np.fromfile(folder / "index.bin", RECORD)
    except FileNotFoundError:
        records = np.empty(0, RECORD)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read ({error.strerror})") from error
    found, layout = read_meta(folder)
    if found is not None and found != json.loads(json.dumps(identity)):
        raise StoreError(
            f"{folder / 'meta.json'}: speaks of another encoder than the folder's name; "
            f"{_way_out(folder)}"
        )
    try:
        size = (folder / "data.bin").stat().st_size
    except OSError:
        size = 0
    return Committed(layout, records[: _sound(records, layout, size)])


def mapped(folder: Path, committed: Committed) -> NDArray[np.uint8]:
    """The bytes of all committed sequences, mapped into memory to be read.

    Raises:
        StoreError: The file cannot be read.
    """
    size = committed.steps * committed.layout.nbytes if committed.layout else 0
    if not size:
        return np.empty(0, np.uint8)
    path = folder / "data.bin"
    try:
        return np.memmap(path, np.uint8, "r", shape=(size,))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error


def altered(data: NDArray[np.uint8], layout: Layout, records: Records) -> NDArray[np.bool_]:
    """Which sequences are no longer what was written.

    Args:
        data: All committed bytes.
        layout: Of a step.
        records: Those to hold against their checksums.
    """
    view = data.data  # slices of it are many times cheaper than an array's
    starts = records["start"] * layout.nbytes
    spans = zip(starts.tolist(), (starts + records["length"] * layout.nbytes).tolist(), strict=True)
    found = (xxh3_64_intdigest(view[start:stop]) for start, stop in spans)
    wrong: NDArray[np.bool_] = np.fromiter(found, np.uint64, len(records)) != records["checksum"]
    return wrong


def _sound(records: Records, layout: Layout | None, size: int) -> int:
    """How many records are committed, given the size of the data in bytes."""
    ends = records["start"] + records["length"]
    there = ends <= (size // layout.nbytes if layout else 0)
    follows = records["start"] == np.concatenate(([0], ends[:-1]))[: len(records)]
    unsound = np.flatnonzero(~(there & follows & (records["crc"] == crcs(records))))
    lasts = np.flatnonzero(records["left"][: unsound[0] if len(unsound) else None] == 0)
    return int(lasts[-1]) + 1 if len(lasts) else 0


def crcs(records: Records) -> NDArray[np.uint32]:
    """The checksum of each record itself."""
    raw = records.tobytes()
    at = range(0, len(raw), RECORD.itemsize)
    return np.fromiter((zlib.crc32(raw[i : i + CRC_AT]) for i in at), np.uint32, len(records))


def newest(records: Records) -> dict[bytes, int]:
    """Where the newest record of each key stands: of one computed again, the last counts."""
    return dict(zip(records["key"].tolist(), range(len(records)), strict=True))


def end(records: Records) -> int:
    """Steps up to the end of the last record."""
    return int(records["start"][-1] + records["length"][-1]) if len(records) else 0


def read_meta(folder: Path) -> tuple[dict[str, Any] | None, Layout | None]:
    """Whose sequences a folder holds, and what a step is; nothing where nobody wrote it yet.

    Raises:
        StoreError: It is not as it was written.
    """
    path = folder / "meta.json"
    for file in (path, folder / "index.bin", folder / "data.bin"):
        if file.exists() and not file.is_file():  # a pipe would keep its reader waiting for ever
            raise StoreError(f"{file}: is no file; {_way_out(folder)}")
    try:
        meta = json.loads(path.read_text("utf-8"))
        return dict(meta["identity"]), Layout(meta["dtype"], tuple(map(int, meta["shape"])))
    except FileNotFoundError:
        return None, None
    except (OSError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        what = f"{path}: is not as it was written ({error}); {_way_out(folder)}"
        raise StoreError(what) from error


def _way_out(folder: Path) -> str:
    return f"delete the folder {folder}: what it holds is computed again"
