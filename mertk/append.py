"""Append blocks of sequences to a folder of the store, whole or not at all."""

import errno
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from mertk.blocks import KEY_BYTES, RECORD, Layout, Records, StoreError, committed, crcs, end

NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Watching = Callable[[int, int], object]
"""Told of each block that was committed: how many sequences, how many bytes."""

log = logging.getLogger(__name__)


class Writer:
    """Appends blocks; only one process may do so at a time.

    Args:
        folder: That of the shelf.
        identity: Of what lies there.
        watch: Told of each block; what it raises stops the writing.

    Raises:
        StoreError: The folder cannot be written to.
    """

    def __init__(
        self, folder: Path, identity: Mapping[str, object], watch: Watching = lambda *_: None
    ) -> None:
        self._folder = folder
        self._watch = watch
        self._identity = identity
        before = committed(folder, identity)
        self._layout = before.layout
        self._records = len(before.records)
        self._steps = before.steps
        self._files: list[int] = []

    def __enter__(self) -> "Writer":
        try:
            for name in ("data.bin", "index.bin"):
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
                self._files.append(os.open(self._folder / name, flags, 0o666))
            (self._folder / "meta.tmp").unlink(missing_ok=True)
            self._cut()
        except OSError as error:
            self.__exit__()
            give_up(self._folder, error)
        return self

    def __exit__(self, *_: object) -> None:
        while self._files:
            os.close(self._files.pop())

    def append(self, keys: Sequence[bytes], sequences: Sequence[NDArray[Any]]) -> None:
        """Commit a block of sequences, all of them or none.

        Args:
            keys: [N], each KEY_BYTES long.
            sequences: N arrays [T, ...] of one dtype and one shape of layout; an empty one may have
                any.

        Raises:
            StoreError: It cannot be written, or a sequence differs in dtype or shape from those
                before it; what was committed before is kept.
        """
        if not keys:
            return
        layout = self._layout_with(sequences)
        sequences = [np.ascontiguousarray(sequence) for sequence in sequences]
        records = _describe(keys, sequences, self._steps)
        data, index = self._files
        try:
            if layout is not None and layout != self._layout:
                _write_meta(self._folder, self._identity, layout)
                self._layout = layout
            for sequence in sequences:
                _write(data, sequence)
            os.fsync(data)
            _write(index, records)
            os.fsync(index)
        except OSError as error:
            self._undo()
            give_up(self._folder, error, sum(s.nbytes for s in sequences) + records.nbytes)
        self._records += len(records)
        self._steps = end(records)
        self._watch(len(records), sum(s.nbytes for s in sequences))

    def _layout_with(self, sequences: Sequence[NDArray[Any]]) -> Layout | None:
        """What a layout is once these sequences are among the others."""
        layout = self._layout
        for sequence in sequences:
            if not len(sequence):
                continue
            found = Layout(sequence.dtype.name, sequence.shape[1:])
            if layout is not None and found != layout:
                raise StoreError(
                    f"{self._folder}: holds steps of {layout}, and the encoder now gives {found}; "
                    "if it changed, raise its `version`; if not, delete the folder: what it holds "
                    "is computed again"
                )
            layout = found
        return layout

    def _cut(self) -> None:
        """Cut off what is not committed."""
        nbytes = self._layout.nbytes if self._layout else 0
        sizes = (self._steps * nbytes, self._records * RECORD.itemsize)
        for file, size in zip(self._files, sizes, strict=True):
            if os.fstat(file).st_size > size:
                log.info("%s: cutting off an unfinished write", self._folder)
                os.ftruncate(file, size)

    def _undo(self) -> None:
        try:
            self._cut()
        except OSError:
            log.info("%s: an unfinished write is left to the next writer", self._folder)
            self.__exit__()


def give_up(folder: Path, error: Exception, needed: int = 0) -> NoReturn:
    """Say why a folder could not be written to, and what to do.

    Raises:
        StoreError: Always.
    """
    number = getattr(error, "errno", None)
    reason = os.strerror(number) if number else str(error)
    if number in NO_SPACE:
        raise StoreError(
            f"{folder}: no space for {needed / 2**20:.2f} MiB more ({reason}); free some, or keep "
            "the store elsewhere; what was stored before is kept"
        ) from error
    raise StoreError(
        f"{folder}: cannot be written to ({reason}); change its permissions, or keep the store "
        "elsewhere"
    ) from error


def _describe(keys: Sequence[bytes], sequences: Sequence[NDArray[Any]], start: int) -> Records:
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    records = np.zeros(len(keys), RECORD)
    records["key"] = np.frombuffer(b"".join(keys), f"V{KEY_BYTES}")
    records["start"] = start + np.cumsum(lengths) - lengths
    records["length"] = lengths
    records["checksum"] = [xxh3_64_intdigest(sequence.data) for sequence in sequences]
    records["left"] = np.arange(len(keys))[::-1]
    records["crc"] = crcs(records)
    return records


def _write_meta(folder: Path, identity: Mapping[str, object], layout: Layout) -> None:
    draft = folder / "meta.tmp"
    with draft.open("w", encoding="utf-8") as file:
        meta = {"identity": identity, "dtype": layout.dtype, "shape": layout.shape}
        json.dump(meta, file, indent=2, sort_keys=True, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / "meta.json")


def _write(file: int, array: NDArray[Any]) -> None:
    view = array.reshape(-1).view(np.uint8).data
    while view:
        view = view[os.write(file, view) :]
