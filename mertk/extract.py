"""The loop that fills the store: load clips in threads, encode them in batches, append blocks.

The clips that are missing are taken in their order and cut into blocks by what they load, and a
block is stored as a whole. So a run that was killed goes on at the start of a block, its batches
hold the same clips as those of an undisturbed run, and every number comes out the same.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mertk.append import Writer
from mertk.blocks import Layout
from mertk.contracts import Clip, Encoder
from mertk.encode import BadEncoding, Encoding
from mertk.errors import MediaError, MertkError
from mertk.keys import Key
from mertk.ragged import Ragged
from mertk.store import Shelf, Store
from mertk.threads import default_workers, map_ahead

BLOCK_CLIPS: Final = 64
BLOCK_BYTES: Final = 1 << 28
"""What a block holds at most: it is in memory as a whole, and lost to a kill as a whole."""

SHOWN: Final = 20

log = logging.getLogger(__name__)

Advance = Callable[[int], object]
Stage = Literal["input", "front", "output"]
"""What is kept of an encoder: what it loads, what its frozen front gives, or what it gives."""


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
    dtype: Literal["float32", "float16"] = "float32",
    device: torch.device | str = "cpu",
    workers: int | None = None,
    advance: Advance = lambda _: None,
) -> Ragged:
    """Compute what the store lacks, and map the sequences of all clips, in their order.

    What is stored is held against its checksums first, and what is damaged computed again.

    Args:
        store: Where they are kept.
        encoder: Its `load` is called from several threads at once.
        identity: Everything that changes the encoder's numbers besides clip, stage and dtype, as
            plain JSON values; `name` names it in the store's folder and in messages.
        clips: Those that let the encoder read the same content share one sequence.
        keys: What `store.keys` says of these clips, where the caller has asked already.
        stage: `output`; or `front` or `input` for an encoder that is trained.
        dtype: What is computed is kept in this; inputs are kept as loaded.
        device: Where the encoder runs.
        workers: Threads that load; None for one per processor, at most 4.
        advance: Called with numbers of clips that are done or broken; they add up to all clips.

    Raises:
        BrokenMedia: Some clips cannot be read; the others are stored.
        BadEncoding: What the encoder loads or gives breaks its contract; what came before it is
            stored.
        StoreError: The store cannot be read or written.
    """
    computed = stage != "input"
    name = str(identity["name"])
    shelf = store.shelf({**identity, "stage": stage, "dtype": dtype if computed else "as loaded"})
    keys = store.keys(encoder.modality, clips) if keys is None else keys
    readers, broken = _readers(clips, keys)
    lacking, damaged = shelf.missing(list(readers)), shelf.damaged(list(readers))
    if damaged:
        _tell_damage(shelf, [readers[key][0].id for key in damaged])
    if lacking or damaged:
        whole = stage == "output"
        encode = Encoding(encoder, name, getattr(torch, dtype), torch.device(device), whole=whole)
        with shelf.writing() as writer:
            # Once more: another process may have stored some while this one waited.
            todo = _parts(shelf, lacking, damaged, readers)
            advance(len(clips) - sum(len(readers[key]) for part in todo for key in part))
            run = _Filling(encoder, name, readers, encode if computed else None, writer, advance)
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
    shown = ", ".join([*clips[:SHOWN], *(["..."] if len(clips) > SHOWN else [])])
    log.warning(
        "%s: %d of the stored sequences are no longer what was written (clips %s); they are "
        "computed again",
        shelf.folder,
        len(clips),
        shown,
    )


@dataclass
class _Filling:
    """One pass over what a shelf lacks.

    Args:
        encoder: Loads.
        name: What messages call it.
        readers: The clips that read the content of each key.
        encode: None to keep what was loaded.
        writer: Takes the blocks.
        advance: Told how many clips are done.
    """

    encoder: Encoder
    name: str
    readers: Mapping[bytes, Sequence[Clip]]
    encode: Encoding | None
    writer: Writer
    advance: Advance
    layout: Layout | None = None

    def __call__(self, todo: Sequence[bytes], workers: int) -> dict[str, str]:
        """Fill in these keys; returns the broken clips, and what is wrong with each."""
        broken: dict[str, str] = {}
        block = _Block()
        ahead = _Ahead(workers)
        clips = [self.readers[key][0] for key in todo]
        loading = map_ahead(self._load, clips, workers=workers, depth=ahead.depth)
        with closing(loading), self.encode.ready() if self.encode else nullcontext():
            for key, clip, loaded in zip(todo, clips, loading, strict=True):
                if isinstance(loaded, MediaError):
                    broken |= {reader.id: str(loaded) for reader in self.readers[key]}
                    self.advance(len(self.readers[key]))
                    continue
                self._check(clip, loaded)
                ahead.saw(loaded)
                if block.take(key, loaded):
                    self._store(block)
                    block = _Block()
            self._store(block)
        return broken

    def _load(self, clip: Clip) -> NDArray[Any] | MediaError:
        """What the encoder loads, or why the clip is broken; runs in the threads."""
        try:
            loaded = np.asarray(self.encoder.load(clip))
        except MediaError as error:
            return error
        except Exception as error:
            error.add_note(f"while {self.name} loaded the clip {clip.id!r}")
            raise
        if loaded.dtype.kind == "f" and not np.isfinite(loaded).all():
            ref = clip.media.get(self.encoder.modality)
            return MediaError(ref.path if ref else clip.id, "holds NaN or infinity")
        return loaded

    def _check(self, clip: Clip, loaded: NDArray[Any]) -> None:
        """Hold what was loaded to one dtype and one shape of step.

        Raises:
            BadEncoding: It differs.
        """
        try:
            layout = Layout(loaded.dtype.name, loaded.shape[1:]) if len(loaded) else None
        except (ValueError, TypeError) as error:
            raise BadEncoding(f"{self.name}: it loads clip {clip.id!r} wrongly: {error}") from error
        if layout is not None and layout != (self.layout or layout):
            raise BadEncoding(
                f"{self.name}: it loads clip {clip.id!r} as {layout}, and others as {self.layout}"
            )
        self.layout = layout or self.layout

    def _store(self, block: "_Block") -> None:
        keys, sequences = list(block.loaded), list(block.loaded.values())
        if self.encode:
            ids = [self.readers[key][0].id for key in keys]
            sequences = self.encode(ids, sequences, lambda i: self._done(keys[i]))
        self.writer.append(keys, sequences)
        if not self.encode:
            for key in keys:
                self._done(key)

    def _done(self, key: bytes) -> None:
        self.advance(len(self.readers[key]))


@dataclass
class _Block:
    """Clips that are encoded and stored together."""

    loaded: dict[bytes, NDArray[Any]] = field(default_factory=dict)
    nbytes: int = 0

    def take(self, key: bytes, loaded: NDArray[Any]) -> bool:
        """Take a clip in; true when the block is full."""
        self.loaded[key] = loaded
        self.nbytes += loaded.nbytes
        return len(self.loaded) >= BLOCK_CLIPS or self.nbytes >= BLOCK_BYTES


@dataclass
class _Ahead:
    """How many clips to load ahead: about one block's worth, going by those seen so far."""

    workers: int
    clips: int = 0
    nbytes: int = 0

    def saw(self, loaded: NDArray[Any]) -> None:
        """Take note of a clip's size."""
        self.clips += 1
        self.nbytes += loaded.nbytes

    def depth(self) -> int:
        """Clips to load ahead."""
        if not self.nbytes:
            return self.workers
        return min(max(BLOCK_BYTES * self.clips // self.nbytes, self.workers), BLOCK_CLIPS)
