"""One pass over what a shelf of the store lacks: load in threads, encode in batches, append blocks.

The clips that are missing are taken in their order and cut into blocks by what they load, and a
block is stored as a whole. So a run that was killed goes on at the start of a block, its batches
hold the same clips as those of an undisturbed run, and every number comes out the same.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mertk.append import Writer
from mertk.blocks import Layout
from mertk.contracts import Clip, Encoder
from mertk.encode import BadEncoding, Encoding
from mertk.errors import MediaError
from mertk.threads import map_ahead

BLOCK_CLIPS: Final = 64
BLOCK_BYTES: Final = 1 << 28
"""What a block holds at most: it is in memory as a whole, and lost to a kill as a whole."""

Advance = Callable[[int], object]


@dataclass
class Filling:
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
