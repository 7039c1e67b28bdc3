"""What an extraction will take of the disk, told before it, and whether there is room."""

import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from mertk.amounts import sized
from mertk.blocks import StoreError, committed
from mertk.contracts import Clip, Encoder, Foreseeing
from mertk.keys import MISSING, Key
from mertk.lengths import Seconds, known_lengths
from mertk.store import Shelf

By = Literal["lengths", "others"]
"""What a forecast is made from: how long the clips are, or what other clips took."""
SURE: Final[dict[By, float]] = {"lengths": 0.9, "others": 0.5}
"""The share of a forecast below which it will not turn out."""
CLOSE: Final = 1.1
"""How much more than the forecast must be free for nothing to be said."""
WORTH_TELLING: Final = 100 << 20
"""Bytes that are told of while an extraction runs; of less nobody wants to hear."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Forecast:
    """What the store lacks of one encoder.

    Args:
        name: The encoder.
        clips: What different clips let it read.
        lacking: How many of those are not stored.
        nbytes: What they will take; None where nothing tells.
        by: What that was made from; it says how far it is to be trusted.
    """

    name: str
    clips: int
    lacking: int
    nbytes: float | None
    by: By = "lengths"

    def __str__(self) -> str:
        if not self.lacking:
            return f"{self.name}: all {self.clips} clips are stored"
        size = (
            "nothing tells how much yet" if self.nbytes is None else f"about {sized(self.nbytes)}"
        )
        return f"{self.name}: {self.lacking} of {self.clips} clips are to be computed, {size}"

    @property
    def sure(self) -> float:
        """Bytes that they will take at least."""
        return (self.nbytes or 0) * SURE[self.by]


def forecast(
    name: str,
    encoder: Encoder,
    shelf: Shelf,
    clips: Sequence[Clip],
    keys: Sequence[Key],
    seconds: Seconds = known_lengths,
) -> Forecast:
    """What a shelf lacks of some clips.

    Args:
        name: The encoder's.
        encoder: Where it tells how many steps a clip will have, the clips' lengths are read.
        shelf: Where its sequences are kept.
        clips: The clips.
        keys: What they let it read.
        seconds: How long clips are.

    Raises:
        StoreError: The shelf cannot be read.
    """
    readers = {k: c for k, c in zip(keys, clips, strict=True) if isinstance(k, bytes)}
    readers.pop(MISSING, None)
    lacking = shelf.missing(list(readers))
    few = Forecast(name, len(readers), len(lacking), 0.0)
    if not lacking:
        return few
    if shelf.identity["stage"] == "output":
        steps = _foreseen(encoder, [readers[key] for key in lacking], seconds)
        if steps is not None:
            width = np.dtype(str(shelf.identity["dtype"])).itemsize
            return replace(few, nbytes=steps * encoder.dim * width)
    now = committed(shelf.folder, shelf.identity)
    if now.layout is None or not len(now.records):  # an index may be damaged from its beginning
        return replace(few, nbytes=None)
    each = now.steps * now.layout.nbytes / len(now.records)
    return replace(few, nbytes=each * len(lacking), by="others")


def _foreseen(encoder: Encoder, clips: Sequence[Clip], seconds: Seconds) -> float | None:
    """Steps of all clips; one of unknown length counts as the others do on average."""
    if not isinstance(encoder, Foreseeing) or encoder.steps_in(1.0) is None:
        return None
    steps = [encoder.steps_in(length) or 0 for length in seconds(clips).values()]
    return sum(steps) / len(steps) * len(clips) if steps else None


def shortage(forecasts: Iterable[Forecast], root: Path) -> tuple[str, bool]:
    """What is to be said of the room on the disk, '' where there is enough; whether it cannot do.

    Args:
        forecasts: Of all encoders.
        root: The store.
    """
    known = list(forecasts)
    needed = sum(one.nbytes or 0 for one in known)
    free = room(root)
    if needed * CLOSE <= free:
        return "", False
    told = (
        f"{root}: what is to be computed takes about {sized(needed)}, and {sized(free)} are free; "
        "free some, keep the store elsewhere (MERTK_HOME), say `store: float16` of encoders, or "
        "see what `mertk store prune` can spare"
    )
    return told, sum(one.sure for one in known) > free


def room(folder: Path) -> int:
    """Bytes that are free where a folder lies, or will lie."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


@dataclass
class Watch:
    """Goes by what was stored so far, where nothing told beforehand.

    Args:
        name: The encoder.
        folder: Of its shelf.
        lacking: Sequences that are to be stored.
    """

    name: str
    folder: Path
    lacking: int
    done: int = 0
    nbytes: int = 0
    told: bool = False

    def __call__(self, sequences: int, nbytes: int) -> None:
        """Take note of a block that was stored.

        Raises:
            StoreError: What is still to come cannot fit.
        """
        self.done += sequences
        self.nbytes += nbytes
        left = self.lacking - self.done
        if left <= 0:
            return
        to_come = self.nbytes / self.done * left
        rest = Forecast(self.name, self.lacking, left, to_come, "others")
        said, hopeless = shortage([rest], self.folder)
        if hopeless:
            raise StoreError(f"{said}; what was stored before is kept")
        if not self.told and (said or to_come >= WORTH_TELLING):
            self.told = True
            log.info("%s", said or f"{rest}; {sized(room(self.folder))} are free")


def lines(forecasts: Iterable[Forecast]) -> Iterator[str]:
    """What is to be said of those that lack something."""
    return (f"features: {one}" for one in forecasts if one.lacking)
