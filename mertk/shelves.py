"""The store as it lies on disk: its shelves, what is wrong with them, taking some away.

Nothing here knows an encoder: a shelf tells by its `meta.json` whose sequences it holds.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from mertk.blocks import (
    RECORD,
    Committed,
    StoreError,
    altered,
    committed,
    mapped,
    newest,
    read_meta,
)
from mertk.holding import LOCK, USED, alone

Json = Any
FOLDER: Final = re.compile(r"(.*)-([0-9a-f]{12})")
FILES: Final = ("index.bin", "data.bin", "meta.json", "meta.tmp", USED, LOCK)
"""In the order in which they are taken away: without its index a shelf is empty, and a process that
comes in between takes it for that."""
AT_ONCE: Final = 256
"""Sequences that are held against their checksums between two signs of progress."""


@dataclass(frozen=True)
class Kept:
    """A shelf as it lies on disk.

    Args:
        folder: Its folder.
        identity: Everything that changes its sequences besides the clips; empty as long as nobody
            wrote one that has a step.
        held: What is committed.
        nbytes: Of all its files.
        loose: Bytes that no record vouches for: of an unfinished write, or behind a damaged record.
        written: When something was last stored, seconds since 1970.
        used: When a process last used it.
        fault: Why it cannot be read; '' where it can.
    """

    folder: Path
    identity: Mapping[str, Json]
    held: Committed
    nbytes: int
    loose: int
    written: float
    used: float
    fault: str

    @property
    def encoder(self) -> str:
        """The encoder's name."""
        return str(self.identity.get("name") or self.folder.name.rpartition("-")[0])

    @property
    def key(self) -> str:
        """What tells it from other shelves of the encoder."""
        return self.folder.name.rpartition("-")[2]

    @property
    def stage(self) -> str:
        """What is kept of the encoder: `input`, `front` or `output`."""
        return str(self.identity.get("stage", ""))

    @property
    def altered(self) -> bool:
        """Whether its clips were altered, to see what a model makes of them."""
        return bool(self.identity.get("altered"))

    @property
    def clips(self) -> int:
        """Sequences that can be read: one computed again counts once."""
        return len(newest(self.held.records))

    @property
    def steps(self) -> int:
        """Steps of those sequences."""
        places = list(newest(self.held.records).values())
        return int(self.held.records["length"][places].sum())


def survey(root: Path) -> list[Kept]:
    """Every shelf of a store, in the order of their names; links are not followed.

    Raises:
        StoreError: The store cannot be read.
    """
    try:
        folders = sorted(
            path
            for path in root.iterdir()
            if FOLDER.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{root}: cannot be read ({error.strerror})") from error
    return [look(folder) for folder in folders]


def look(folder: Path) -> Kept:
    """One shelf; what cannot be read of it is told as its fault."""
    identity: Mapping[str, Json] = {}
    held, fault = Committed(None, np.empty(0, RECORD)), ""
    try:
        identity = read_meta(folder)[0] or {}
        held = committed(folder, identity)
    except StoreError as error:
        fault = str(error)
    files = _files(folder)
    sizes = {name: status.st_size for name, status in files.items()}
    times = {name: status.st_mtime for name, status in files.items()}
    vouched = held.steps * (held.layout.nbytes if held.layout else 0) + held.records.nbytes
    loose = sizes.get("data.bin", 0) + sizes.get("index.bin", 0) - vouched
    written = times.get("index.bin", 0.0)
    used = max(written, times.get(USED, 0.0))
    total = sum(sizes.values())
    loose = 0 if fault else max(0, loose)  # behind a link lies more than the link
    return Kept(folder, identity, held, total, loose, written, used, fault)


def damaged(shelf: Kept, advance: Callable[[int], object]) -> list[str]:
    """Keys of the sequences whose bytes are no longer what was written.

    Args:
        shelf: One without a fault.
        advance: Told how many records were held against their checksums.

    Raises:
        StoreError: The data cannot be read.
    """
    records = shelf.held.records
    if shelf.held.layout is None:
        advance(len(records))
        return []
    data, found = mapped(shelf.folder, shelf.held), []
    places = np.array(list(newest(records).values()), np.int64)
    for begin in range(0, len(places), AT_ONCE):
        some = records[places[begin : begin + AT_ONCE]]
        wrong = some[altered(data, shelf.held.layout, some)]
        found += [key.hex() for key in wrong["key"].tolist()]
        advance(len(some))
    return found


@dataclass
class Pruned:
    """What became of shelves that were to go.

    Args:
        gone: Those that were taken away.
        busy: Those that a process is using.
        left: Those that something is left of, with the reason.
    """

    gone: list[Kept] = field(default_factory=list)
    busy: list[Kept] = field(default_factory=list)
    left: dict[Path, str] = field(default_factory=dict)


def prune(shelves: Sequence[Kept]) -> Pruned:
    """Take shelves away, those excepted that a process reads or writes.

    One that cannot be taken away does not keep the others.
    """
    pruned = Pruned()
    for shelf in shelves:
        try:
            with alone(shelf.folder) as mine:
                if not mine:
                    pruned.busy.append(shelf)
                    continue
                for name in FILES:
                    (shelf.folder / name).unlink(missing_ok=True)
            _leave(shelf, pruned)
        except FileNotFoundError:  # another prune was faster
            pruned.gone.append(shelf)
        except OSError as error:
            pruned.left[shelf.folder] = str(error.strerror)
    return pruned


def _leave(shelf: Kept, pruned: Pruned) -> None:
    try:
        shelf.folder.rmdir()
    except OSError as error:
        names = {path.name for path in shelf.folder.iterdir()}
        if names - {*FILES}:  # what is not mertk's stays
            pruned.left[shelf.folder] = str(error.strerror)
            return
        if names:  # a process has begun it again, or is pruning it, too
            pruned.busy.append(shelf)
            return
    pruned.gone.append(shelf)


def differing(shelves: Sequence[Kept]) -> Iterator[str]:
    """By shelf, the arguments in which it differs from others of the same encoder.

    >>> list(differing([]))
    []
    """
    for shelf in shelves:
        own = _arguments(shelf)
        others = [_arguments(s) for s in shelves if s.encoder == shelf.encoder]
        told = [k for k in own if any(o.get(k, own[k]) != own[k] for o in others)]
        yield ", ".join(f"{k}={own[k]}" for k in told)


def _arguments(shelf: Kept) -> Mapping[str, Json]:
    found = shelf.identity.get("arguments")
    return found if isinstance(found, dict) else {}


def _files(folder: Path) -> dict[str, os.stat_result]:
    """What the system says of each file of a shelf; of a link, what it says of the link."""
    found = {}
    for name in FILES:
        with suppress(FileNotFoundError):
            found[name] = (folder / name).lstat()
    return found
