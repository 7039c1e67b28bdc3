"""Outputs of frozen encoders on disk: one folder per encoder, keyed by all that changes them.

    <root>/<encoder>-<key>/    meta.json, data.bin, index.bin (mertk.blocks), lock, used
    <root>/digests.txt       content digests of media files

Any number of processes read while one writes.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from mertk.append import Watching, Writer, give_up
from mertk.blocks import Committed, Layout, StoreError, altered, committed, mapped, newest
from mertk.contracts import Clip
from mertk.digests import DIGESTS, Digests
from mertk.holding import LOCK
from mertk.keys import MISSING, Key, clip_keys, identity_key
from mertk.ragged import Mapped, Ragged

FORMAT: Final = 1
"""Part of every key: a change of the file format starts new folders."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Store:
    """A folder of shelves, one per encoder.

    Args:
        root: The folder; created when something is first stored.
    """

    root: Path

    @cached_property
    def digests(self) -> Digests:
        """Content digests of media files."""
        return Digests(self.root / DIGESTS)

    def keys(self, modality: str, clips: Sequence[Clip]) -> list[Key]:
        """What an encoder of this modality reads of each clip, as keys."""
        return clip_keys(modality, clips, self.digests)

    def shelf(self, identity: Mapping[str, object]) -> "Shelf":
        """The sequences of one encoder.

        Args:
            identity: Everything that changes them besides the clips, as plain JSON values; `name`
                also names the folder.
        """
        identity = {**identity, "format": FORMAT}
        name = re.sub(r"[^A-Za-z0-9_.]+", "_", str(identity["name"])).strip("._")
        return Shelf(self.root / f"{name[:60]}-{identity_key(identity)[:12]}", identity)


class Shelf:
    """The sequences of one encoder.

    Args:
        folder: Created by the first writer.
        identity: Everything that changes the sequences besides the clips.
    """

    def __init__(self, folder: Path, identity: Mapping[str, object]) -> None:
        self.folder = folder
        self.identity = identity

    def missing(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of the keys that are not stored, in their order, each once."""
        stored = {MISSING, *newest(self._committed().records)}
        return [key for key in dict.fromkeys(keys) if key not in stored]

    def read(self, keys: Sequence[bytes], *, empty: Callable[[], NDArray[Any]]) -> Ragged:
        """Map sequences into memory, in the order of the keys; of two with one key, the newer.

        Args:
            keys: Stored ones, or MISSING for a sequence without a step.
            empty: Gives a sequence without a step; called where nothing stored has one, so that
                its dtype and shape are not known otherwise.

        Raises:
            KeyError: One is not stored.
            StoreError: The files cannot be read.
        """
        now = self._committed()
        place = newest(now.records)
        place[MISSING] = len(now.records)
        rows = np.fromiter((place[key] for key in keys), np.int64, len(keys))
        return Ragged(
            self._values(now, now.layout) if now.layout else torch.from_numpy(empty()),
            torch.from_numpy(np.append(now.records["start"], 0)[rows]),
            torch.from_numpy(np.append(now.records["length"], 0)[rows]),
            self._mapped(now, now.layout) if now.layout else None,
        )

    def damaged(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of the keys that are stored, but whose bytes are no longer what was written.

        Reads all of their bytes, several times faster than they can be copied into memory.
        """
        now = self._committed()
        if now.layout is None:
            return []
        place = newest(now.records)
        wanted = [key for key in dict.fromkeys(keys) if key in place]
        records = now.records[[place[key] for key in wanted]]
        wrong = altered(mapped(self.folder, now), now.layout, records)
        return [wanted[i] for i in np.flatnonzero(wrong)]

    def blocks(self, keys: Sequence[bytes]) -> list[list[bytes]]:
        """All keys of the blocks in which some stored ones were written, block by block."""
        records = self._committed().records
        lasts = records["left"] == 0
        number = np.cumsum(lasts) - lasts
        stored = records["key"].tolist()
        newest = dict(zip(stored, number.tolist(), strict=True))
        wanted: dict[int, list[bytes]] = {n: [] for n in sorted({newest[key] for key in keys})}
        for key, n in zip(stored, number.tolist(), strict=True):
            if n in wanted:
                wanted[n].append(key)
        return list(wanted.values())

    @contextmanager
    def writing(self, watch: Watching = lambda *_: None) -> Iterator[Writer]:
        """Be the one process that writes; waits for another one to finish.

        Args:
            watch: Told of each block that is committed.

        Raises:
            StoreError: The folder cannot be written to.
        """
        with self._locked(), Writer(self.folder, self.identity, watch) as writer:
            yield writer

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self.folder / LOCK)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                log.warning("%s: another process is writing; waiting for it", self.folder)
                lock.acquire()
        except (OSError, NotImplementedError) as error:
            give_up(self.folder, error)
        try:
            yield
        finally:
            lock.release()

    def _committed(self) -> Committed:
        return committed(self.folder, self.identity)

    def _mapped(self, now: Committed, layout: Layout) -> Mapped | None:
        """Where the numbers lie; None where there are none to be mapped."""
        path, shape = (self.folder / "data.bin").absolute(), (now.steps, *layout.shape)
        return Mapped(path, layout.dtype, shape) if now.steps else None

    def _values(self, now: Committed, layout: Layout) -> torch.Tensor:
        file = self._mapped(now, layout)
        if file is None:
            return torch.from_numpy(np.empty((0, *layout.shape), layout.dtype))
        try:
            return file.open()
        except OSError as error:
            raise StoreError(f"{file.path}: cannot be read ({error.strerror})") from error
