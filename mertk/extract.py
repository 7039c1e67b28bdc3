"""Have the store hold what an encoder makes of clips: compute what is lacking or damaged."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mertk.amounts import few
from mertk.contracts import Clip, Encoder
from mertk.encode import Encoding
from mertk.errors import MediaError, MertkError
from mertk.filling import Advance, Filler, Filling
from mertk.forecast import Watch
from mertk.holding import held
from mertk.keys import Key
from mertk.precision import Precision
from mertk.ragged import Ragged
from mertk.store import Shelf, Store
from mertk.threads import default_workers

SHOWN: Final = 20

log = logging.getLogger(__name__)

Stage = Literal["input", "front", "output"]
"""What is kept of an encoder: what it loads, what its frozen front gives, or what it gives."""

Kept = Literal["float32", "float16"]
"""What computed numbers are kept in."""


class BrokenMedia(MertkError):
    """Clips whose media cannot be read; everything else was stored.

    Args:
        name: The encoder.
        clips: Clip id -> what is wrong.
        total: Clips asked for.
    """

    def __init__(self, name: str, clips: Mapping[str, str], total: int) -> None:
        self.name = name
        self.clips = dict(clips)
        self.total = total
        shown = list(self.clips.items())[:SHOWN]
        more = len(self.clips) - len(shown)
        which = f"'dataset.exclude=[{', '.join(self.clips)}]' leaves these clips"
        if more:  # too many to be pasted
            which = "dataset.exclude=@FILE leaves those in a list of `mertk doctor --exclude FILE`"
        lines = [
            f"{name}: {len(self.clips)} of {total} clips cannot be read",
            *(f"  {clip}: {what}" for clip, what in shown),
            *([f"  and {more} more"] if more else []),
            f"--set {which} out of every fold, --set dataset.broken=skip every broken one",
        ]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type["BrokenMedia"], tuple[str, dict[str, str], int]]:
        return BrokenMedia, (self.name, self.clips, self.total)


def fill(
    store: Store,
    encoder: Encoder,
    identity: Mapping[str, object],
    clips: Sequence[Clip],
    *,
    keys: Sequence[Key] | None = None,
    stage: Stage = "output",
    dtype: Kept = "float32",
    precision: Precision = "fp32",
    device: torch.device | str = "cpu",
    workers: int | None = None,
    advance: Advance = lambda _: None,
    filling: Filler = Filling,
) -> Ragged:
    """Compute what the store lacks, and map the sequences of all clips, in their order.

    What is stored is held against its checksums first, and what is damaged computed again.

    Args:
        store: Where they are kept.
        encoder: Its `load` is called from several threads at once.
        identity: Everything that changes the encoder's numbers besides clip, stage, dtype and
            precision, as plain JSON values; `name` names it in the store's folder and in messages.
        clips: Those that let the encoder read the same content share one sequence.
        keys: What `store.keys` says of these clips, where the caller has asked already.
        stage: `output`; or `front` or `input` for an encoder that is trained.
        dtype: What is computed is kept in this; inputs are kept as loaded.
        precision: What the encoder computes in.
        device: Where the encoder runs.
        workers: Threads that load; None for one per processor, at most 4.
        advance: Called with numbers of clips that are done or broken; they add up to all clips.
        filling: What computes: this process, or others.

    Raises:
        BrokenMedia: Some clips cannot be read; the others are stored.
        BadEncoding: What the encoder loads or gives breaks its contract; what came before it is
            stored.
        StoreError: The store cannot be read or written.
        MertkError: The device is bad at the precision.
    """
    computed = stage != "input"
    name = str(identity["name"])
    shelf = shelf_of(store, identity, stage, dtype, precision)
    keys = store.keys(encoder.modality, clips) if keys is None else keys
    readers, broken = _readers(clips, keys)
    with held(shelf.folder):  # from the first look at what is there until it is mapped
        lacking, damaged = shelf.missing(list(readers)), shelf.damaged(list(readers))
        if damaged:
            _tell_damage(shelf, [readers[key][0].id for key in damaged])
        if lacking or damaged:
            whole, kept = stage == "output", getattr(torch, dtype)
            encode = Encoding(encoder, name, kept, torch.device(device), whole, precision)
            watch = Watch(name, shelf.folder, 0)
            with shelf.writing(watch) as writer:
                # Once more: another process may have stored some while this one waited.
                todo = _parts(shelf, lacking, damaged, readers)
                watch.lacking = sum(map(len, todo))
                advance(len(clips) - sum(len(readers[key]) for part in todo for key in part))
                run = filling(encoder, name, readers, encode if computed else None, writer, advance)
                for part in todo:
                    broken |= run(part, workers or default_workers())
        else:
            advance(len(clips))
        if broken:
            raise BrokenMedia(name, broken, len(clips))

        def empty() -> NDArray[Any]:
            if computed:
                return np.zeros((0, encoder.dim), dtype)
            return encoder.load(clips[0])[:0] if clips else np.zeros((0, 1), np.float32)

        return shelf.read([key for key in keys if isinstance(key, bytes)], empty=empty)


def shelf_of(
    store: Store,
    identity: Mapping[str, object],
    stage: Stage,
    dtype: Kept,
    precision: Precision = "fp32",
) -> Shelf:
    """Where `fill` keeps what an encoder makes of clips."""
    if stage == "input":
        return store.shelf({**identity, "stage": stage, "dtype": "as loaded"})
    made = {"stage": stage, "dtype": dtype, "precision": precision}
    return store.shelf({**identity, **made})


def _readers(
    clips: Sequence[Clip], keys: Sequence[Key]
) -> tuple[dict[bytes, list[Clip]], dict[str, str]]:
    """The clips that read the content of each key, and what is wrong with those without a key."""
    readers: dict[bytes, list[Clip]] = {}
    broken: dict[str, str] = {}
    for clip, key in zip(clips, keys, strict=True):
        if isinstance(key, MediaError):
            broken[clip.id] = str(key)
        else:
            readers.setdefault(key, []).append(clip)
    return readers, broken


def _parts(
    shelf: Shelf, lacking: Sequence[bytes], damaged: Sequence[bytes], readers: Mapping[bytes, Any]
) -> list[list[bytes]]:
    """What is to be computed, each part by itself.

    What is damaged is computed in the company it was first computed in, so that its numbers come
    out the same.
    """
    blocks = shelf.blocks(shelf.damaged(damaged))
    again = [[key for key in block if key in readers] for block in blocks]
    return [*again, shelf.missing(lacking)]


def _tell_damage(shelf: Shelf, clips: Sequence[str]) -> None:
    log.warning(
        "%s: %d of the stored sequences are no longer what was written (clips %s); they are "
        "computed again, with the clips that they were computed with",
        shelf.folder,
        len(clips),
        few(clips, SHOWN),
    )
