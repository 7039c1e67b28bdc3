"""Sequences on disk that survive kill -9: one folder per encoder, keyed by all that changes them.

    <root>/<encoder>-<key>/meta.json   what went into the key; dtype and shape of a step
                           data.bin    all sequences back to back, append-only
                           index.bin   one record per sequence, append-only
                           lock        held by the one process that writes
    <root>/digests.jsonl               content digests of media files

A block of sequences is appended as a whole: data first, then its records, each write forced to
disk. What is committed is the longest run of whole blocks whose records are sound and whose data
are there; readers see no more than that, and the next writer cuts the rest off.
"""

import errno
import json
import logging
import os
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from mertk.contracts import Clip
from mertk.errors import MertkError
from mertk.keys import MISSING, Digests, Key, clip_keys, identity_key
from mertk.ragged import Ragged

FORMAT: Final = 1

RECORD: Final = np.dtype(
    [
        ("key", "V16"),
        ("start", "<i8"),  # in steps
        ("length", "<i8"),  # in steps
        ("checksum", "<u8"),  # xxh3 of the sequence's bytes
        ("left", "<u4"),  # records of the same block that follow
        ("crc", "<u4"),  # of the record itself
    ]
)
CRC_AT: Final = RECORD.itemsize - 4

log = logging.getLogger(__name__)


class StoreError(MertkError):
    """A folder of the store cannot be read or written, or was tampered with."""


@dataclass(frozen=True)
class Store:
    """Outputs of encoders on disk.

    Args:
        root: Folder that holds one shelf per encoder.
    """

    root: Path

    @cached_property
    def digests(self) -> Digests:
        """Content digests of media files."""
        return Digests(self.root / "digests.jsonl")

    def keys(self, modality: str, clips: Sequence[Clip]) -> list[Key]:
        """What an encoder of this modality reads of each clip, as keys."""
        return clip_keys(modality, clips, self.digests)

    def shelf(self, identity: Mapping[str, object]) -> "Shelf":
        """The sequences of one encoder.

        Args:
            identity: Everything that changes them besides the clips, as plain JSON values; `name`
                also names the folder.
        """
        key = identity_key({**identity, "format": FORMAT})
        name = re.sub(r"[^A-Za-z0-9_.]+", "_", str(identity["name"])).strip("._") or "encoder"
        return Shelf(self.root / f"{name[:60]}-{key[:12]}", identity)


@dataclass(frozen=True)
class Meta:
    """What the bytes of `data.bin` are.

    Args:
        dtype: Name of the numbers' type.
        shape: Of one step.
    """

    dtype: str
    shape: tuple[int, ...]

    @property
    def step(self) -> int:
        """Bytes of one step."""
        return int(np.dtype(self.dtype).itemsize * np.prod(self.shape, dtype=np.int64))


class Shelf:
    """The sequences of one encoder: a folder that is appended to and never rewritten.

    Args:
        folder: Created by the first writer.
        identity: Everything that changes the sequences besides the clips.
    """

    def __init__(self, folder: Path, identity: Mapping[str, object]) -> None:
        self.folder = folder
        self.identity = {**identity, "format": FORMAT}
        self.data = folder / "data.bin"
        self.index = folder / "index.bin"

    def missing(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of the keys that are not stored."""
        stored = set(self._snapshot()[1]["key"].tolist())
        return {key for key in keys if key != MISSING and key not in stored}

    def shape(self) -> tuple[int, ...] | None:
        """Shape of one step; None as long as every stored sequence is empty."""
        meta = self._snapshot()[0]
        return None if meta is None else meta.shape

    def read(self, keys: Sequence[bytes], *, shape: tuple[int, ...] = (1,)) -> Ragged:
        """Map sequences into memory, in the order of the keys.

        Args:
            keys: Stored ones, or MISSING for a sequence without a step.
            shape: Of one step, where nothing stored tells it.

        Raises:
            KeyError: One is not stored.
            StoreError: The files cannot be read.
        """
        meta, records = self._snapshot()
        place = dict(zip(records["key"].tolist(), range(len(records)), strict=True))
        place[MISSING] = len(records)
        rows = np.fromiter((place[key] for key in keys), np.int64, len(keys))
        return Ragged(
            self._values(meta, _steps(records)) if meta else torch.zeros(0, *shape),
            torch.from_numpy(np.append(records["start"], 0)[rows]),
            torch.from_numpy(np.append(records["length"], 0)[rows]),
        )

    def damaged(self) -> list[bytes]:
        """Keys of the sequences whose bytes are no longer what was written."""
        meta, records = self._snapshot()
        if meta is None:
            return []
        values = self._values(meta, _steps(records)).numpy()
        return [
            key
            for key, start, length, checksum, *_ in records.tolist()
            if xxh3_64_intdigest(values[start : start + length]) != checksum
        ]

    @contextmanager
    def writing(self) -> Iterator["Writer"]:
        """Become the one process that writes; waits for another one.

        Raises:
            StoreError: The folder cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = _locked(self.folder / "lock")
        except (OSError, NotImplementedError) as error:
            _give_up(self.folder, error)
        with lock, Writer(self) as writer:
            yield writer

    def _snapshot(self) -> tuple[Meta | None, NDArray[np.void]]:
        """What is committed at this moment."""
        # In this order, because a writer goes the other way round.
        try:
            records = np.fromfile(self.index, RECORD)
        except FileNotFoundError:
            records = np.empty(0, RECORD)
        except OSError as error:
            raise StoreError(f"{self.index}: cannot be read ({error.strerror})") from error
        meta = self._meta()
        size = self.data.stat().st_size if self.data.exists() else 0
        return meta, records[: _committed(records, meta, size)]

    def _meta(self) -> Meta | None:
        path = self.folder / "meta.json"
        try:
            meta = json.loads(path.read_text("utf-8"))
            identity, dtype, shape = meta["identity"], meta["dtype"], meta["shape"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{path}: is not what mertk wrote ({error}); "
                f"delete the folder {self.folder}, it is computed again"
            ) from error
        if identity != json.loads(json.dumps(self.identity)):
            raise StoreError(
                f"{path}: belongs to another encoder than the folder's name says; "
                f"delete the folder {self.folder}, it is computed again"
            )
        return Meta(dtype, tuple(shape))

    def _values(self, meta: Meta, steps: int) -> torch.Tensor:
        if not steps:
            return torch.from_numpy(np.empty((0, *meta.shape), meta.dtype))
        try:
            values = np.memmap(self.data, meta.dtype, "r", shape=(steps, *meta.shape))
        except OSError as error:
            raise StoreError(f"{self.data}: cannot be read ({error.strerror})") from error
        with warnings.catch_warnings():
            # Read-only on purpose: a private writable map of a file larger than memory is refused.
            warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
            return torch.from_numpy(values)


class Writer:
    """Appends to a shelf; made by `Shelf.writing`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._meta, records = shelf._snapshot()
        self._records = len(records)
        self._steps = _steps(records)
        self._files: list[int] = []

    def __enter__(self) -> "Writer":
        try:
            for path in (self._shelf.data, self._shelf.index):
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
                self._files.append(os.open(path, flags, 0o666))
            self._cut()
        except OSError as error:
            self.__exit__()
            _give_up(self._shelf.folder, error)
        return self

    def __exit__(self, *_: object) -> None:
        while self._files:
            os.close(self._files.pop())

    def append(self, keys: Sequence[bytes], sequences: Sequence[NDArray[Any]]) -> None:
        """Commit a block of sequences, all of them or none.

        Args:
            keys: [N].
            sequences: N arrays [T, ...] of one dtype and one shape of step.

        Raises:
            StoreError: It cannot be written; what was committed before is kept.
            ValueError: A sequence differs in dtype or shape from those before it.
        """
        meta = self._meta_with(sequences)
        sequences = [np.ascontiguousarray(sequence) for sequence in sequences]
        records = self._describe(keys, sequences)
        needed = sum(sequence.nbytes for sequence in sequences) + records.nbytes
        data, index = self._files
        try:
            if meta != self._meta and meta is not None:
                self._write_meta(meta)
            for sequence in sequences:
                _write(data, sequence)
            os.fsync(data)
            _write(index, records)
            os.fsync(index)
        except OSError as error:
            self._undo()
            _give_up(self._shelf.folder, error, needed)
        self._records += len(records)
        self._steps += _steps(records) - self._steps if len(records) else 0

    def _describe(
        self, keys: Sequence[bytes], sequences: Sequence[NDArray[Any]]
    ) -> NDArray[np.void]:
        records = np.zeros(len(keys), RECORD)
        lengths = np.array([len(sequence) for sequence in sequences], np.int64)
        records["key"] = [np.void(key) for key in keys]
        records["length"] = lengths
        records["start"] = self._steps + np.cumsum(lengths) - lengths
        records["checksum"] = [xxh3_64_intdigest(sequence) for sequence in sequences]
        records["left"] = np.arange(len(keys))[::-1]
        records["crc"] = _crcs(records)
        return records

    def _meta_with(self, sequences: Sequence[NDArray[Any]]) -> Meta | None:
        """What the bytes are once these sequences are among them."""
        meta = self._meta
        for sequence in sequences:
            found = Meta(sequence.dtype.name, sequence.shape[1:])
            if not len(sequence) or found == meta:
                continue
            if meta is not None:
                raise ValueError(
                    f"{self._shelf.folder}: {found.dtype} {list(found.shape)} per step does not "
                    f"fit what lies there, {meta.dtype} {list(meta.shape)}"
                )
            meta = found
        return meta

    def _write_meta(self, meta: Meta) -> None:
        path = self._shelf.folder / "meta.json"
        text = {"identity": self._shelf.identity, "dtype": meta.dtype, "shape": meta.shape}
        draft = path.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(text, file, indent=2, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        self._meta = meta

    def _cut(self) -> None:
        """Cut off what is not committed."""
        step = self._meta.step if self._meta else 0
        sizes = (self._steps * step, self._records * RECORD.itemsize)
        for file, size in zip(self._files, sizes, strict=True):
            if os.fstat(file).st_size > size:
                log.warning("%s: cutting off an unfinished write", self._shelf.folder)
                os.ftruncate(file, size)

    def _undo(self) -> None:
        try:
            self._cut()
        except OSError:
            log.warning("%s: an unfinished write is left to the next run", self._shelf.folder)


def _steps(records: NDArray[np.void]) -> int:
    return int(records["start"][-1] + records["length"][-1]) if len(records) else 0


def _crcs(records: NDArray[np.void]) -> NDArray[np.uint32]:
    size = RECORD.itemsize
    raw = records.tobytes()
    at = range(0, len(raw), size)
    return np.fromiter((zlib.crc32(raw[i : i + CRC_AT]) for i in at), np.uint32, len(records))


def _committed(records: NDArray[np.void], meta: Meta | None, size: int) -> int:
    """How many records are committed, given the size of the data."""
    ends = records["start"] + records["length"]
    starts = np.concatenate(([0], ends[:-1])) if len(records) else ends
    step = meta.step if meta else 0
    there = ends <= size // step if step else ends == 0
    sound = (records["crc"] == _crcs(records)) & (records["start"] == starts) & there
    unsound = np.flatnonzero(~sound)
    records = records[: unsound[0]] if len(unsound) else records
    last_of_block = np.flatnonzero(records["left"] == 0)
    return int(last_of_block[-1]) + 1 if len(last_of_block) else 0


def _locked(path: Path) -> FileLock:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.warning("%s: another process is writing; waiting for it", path.parent)
        lock.acquire()
    return lock


def _write(file: int, array: NDArray[Any]) -> None:
    view = memoryview(array.reshape(-1).view(np.uint8))
    while view:
        view = view[os.write(file, view) :]


def _give_up(folder: Path, error: Exception, needed: int = 0) -> NoReturn:
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        raise StoreError(
            f"{folder}: no space left to write {needed / 2**20:.1f} MiB ({os.strerror(number)}); "
            "free some or keep the store elsewhere; what was computed before is kept"
        ) from error
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        raise StoreError(
            f"{folder}: cannot be written to ({os.strerror(number)}); "
            "change its permissions or keep the store elsewhere"
        ) from error
    raise StoreError(f"{folder}: cannot be written to ({error})") from error
