"""One pass over what a shelf of the store lacks: load ahead, encode in batches, write behind.

The clips that are missing are taken in their order and cut into blocks by what they load, and a
block is stored as a whole. So a run that was killed goes on at the start of a block, its batches
hold the same clips as those of an undisturbed run, and every number comes out the same.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mertk.blocks import Layout
from mertk.contracts import Clip, Encoder
from mertk.encode import BadEncoding, Encoding
from mertk.errors import MediaError
from mertk.loading import LONG_BYTES, Loading, Long
from mertk.threads import Behind, map_ahead

BLOCK_CLIPS: Final = 64
BLOCK_BYTES: Final = 1 << 28
"""What a block holds at most: it is in memory as a whole, and lost to a kill as a whole."""

Advance = Callable[[int], object]


class Taking(Protocol):
    """Where blocks go, such as the writer of a shelf."""

    def append(self, keys: Sequence[bytes], sequences: Sequence[NDArray[Any]]) -> None:
        """Take a block: [T, ...] of each key."""
        ...


Filler = Callable[
    [Encoder, str, Mapping[bytes, Sequence[Clip]], Encoding | None, Taking, Advance],
    Callable[[Sequence[bytes], int], dict[str, str]],
]
"""`Filling`, or what stands in its place and has the same done by others."""


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
    writer: Taking
    advance: Advance
    layout: Layout | None = None

    def __call__(self, todo: Sequence[bytes], workers: int) -> dict[str, str]:
        """Fill in these keys; returns the broken clips, and what is wrong with each."""
        broken: dict[str, str] = {}
        block = _Block()
        ahead = _Ahead(workers)
        clips = [self.readers[key][0] for key in todo]
        load = Loading(self.encoder, self.name, whole=not (self.encode and self.encode.whole))
        loading = map_ahead(load, clips, workers=workers, depth=ahead.depth)
        ready = self.encode.ready() if self.encode else nullcontext()
        with closing(loading), ready, Behind() as behind:
            for key, clip, read in zip(todo, clips, loading, strict=True):
                loaded = self._in_parts(clip, read) if isinstance(read, Long) else read
                if isinstance(loaded, MediaError):
                    broken |= {reader.id: str(loaded) for reader in self.readers[key]}
                    self.advance(len(self.readers[key]))
                    continue
                long = isinstance(read, Long)
                if not long:
                    self._check(clip, loaded)
                ahead.saw(LONG_BYTES if long else loaded.nbytes)
                if block.take(key, loaded, encoded=long):
                    self._store(block, behind)
                    block = _Block()
            self._store(block, behind)
        return broken

    def _in_parts(self, clip: Clip, long: Long) -> NDArray[Any] | MediaError:
        """Encode a long clip as it is read."""
        assert self.encode
        steps: list[NDArray[Any]] = []
        with closing(long.parts()) as parts:
            for part in parts:
                if isinstance(part, MediaError):
                    return part
                self._check(clip, part)
                steps += self.encode([clip.id], [part], lambda _: None)
        return np.concatenate([rows for rows in steps if len(rows)])

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

    def _store(self, block: "_Block", behind: Behind) -> None:
        """Encode a block, and have it written while the next one is encoded."""
        sequences = dict(block.clips)
        waiting = [key for key in block.clips if key not in block.encoded]
        if self.encode:
            ids = [self.readers[key][0].id for key in waiting]
            loaded = [block.clips[key] for key in waiting]
            rows = self.encode(ids, loaded, lambda i: self._done(waiting[i]))
            sequences |= zip(waiting, rows, strict=True)
        behind(self.writer.append, list(sequences), list(sequences.values()))
        for key in block.encoded if self.encode else waiting:
            self._done(key)

    def _done(self, key: bytes) -> None:
        self.advance(len(self.readers[key]))


@dataclass
class _Block:
    """Clips that are encoded and stored together; long ones come encoded."""

    clips: dict[bytes, NDArray[Any]] = field(default_factory=dict)
    encoded: set[bytes] = field(default_factory=set)
    nbytes: int = 0

    def take(self, key: bytes, clip: NDArray[Any], *, encoded: bool) -> bool:
        """Take a clip in; true when the block is full."""
        self.clips[key] = clip
        if encoded:
            self.encoded.add(key)
        self.nbytes += clip.nbytes
        return len(self.clips) >= BLOCK_CLIPS or self.nbytes >= BLOCK_BYTES


@dataclass
class _Ahead:
    """How many clips to load ahead: about one block's worth, going by those seen so far."""

    workers: int
    clips: int = 0
    nbytes: int = 0

    def saw(self, nbytes: int) -> None:
        """Take note of what a clip holds."""
        self.clips += 1
        self.nbytes += nbytes

    def depth(self) -> int:
        """Clips to load ahead."""
        if not self.nbytes:
            return self.workers
        return min(max(BLOCK_BYTES * self.clips // self.nbytes, self.workers), BLOCK_CLIPS)
