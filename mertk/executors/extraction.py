"""Features computed elsewhere: blocks of clips are encoded there, and appended here, in order.

The one that appends is the one who holds the store's lock. A block holds the clips that it would
hold in one process (but for clips that cannot be read, which shift the blocks there), and the same
loop encodes it.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from numpy.typing import NDArray

from mertk.contracts import Clip, Encoder
from mertk.encode import Encoding
from mertk.errors import MertkError
from mertk.executors.shared import Recipes
from mertk.filling import BLOCK_CLIPS, Advance, Filler, Filling, Taking
from mertk.sources import Encoders, Source

Block = tuple[list[bytes], list[NDArray[Any]]]


@dataclass(frozen=True)
class Shard:
    """Clips that are encoded by one task.

    Args:
        variant: One that has the encoder.
        stream: Its name there.
        identity: Everything that changes its numbers.
        dtype: What they are kept in.
        whole: Run all of the encoder, or its front only; None to keep what it loads.
        device: Where it runs.
        readers: Clips by the key of what they read, one each.
        workers: Threads that load.
    """

    variant: str
    stream: str
    identity: Mapping[str, Any]
    dtype: torch.dtype
    whole: bool | None
    device: torch.device
    readers: Mapping[bytes, Sequence[Clip]]
    workers: int


@dataclass
class Encoded:
    """What comes back.

    Args:
        blocks: Keys and sequences, block by block.
        broken: What is wrong with clips that cannot be read, by id.
    """

    blocks: list[Block] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)

    def append(self, keys: Sequence[bytes], sequences: Sequence[NDArray[Any]]) -> None:
        """As the store's writer does."""
        self.blocks.append((list(keys), list(sequences)))


class Tasks(Protocol):
    """Runs shards somewhere."""

    def room(self) -> int:
        """How many at once."""
        ...

    def begin(self, shard: Shard) -> Callable[[], Encoded]:
        """Begin one; what it returns waits for the end."""
        ...


@dataclass
class Elsewhere:
    """Stands where `Filling` stands.

    Args:
        tasks: Runs shards.
        shard: One without clips.
        readers: The clips that read the content of each key.
        writer: Takes the blocks.
        advance: Told how many clips are done.
    """

    tasks: Tasks
    shard: Shard
    readers: Mapping[bytes, Sequence[Clip]]
    writer: Taking
    advance: Advance

    def __call__(self, todo: Sequence[bytes], workers: int) -> dict[str, str]:
        """Fill in these keys; returns the broken clips, and what is wrong with each."""
        broken: dict[str, str] = {}
        waiting: deque[tuple[list[bytes], Callable[[], Encoded]]] = deque()
        rest = [list(todo[i : i + BLOCK_CLIPS]) for i in range(0, len(todo), BLOCK_CLIPS)]
        room = self.tasks.room()
        while rest or waiting:
            while rest and len(waiting) < 2 * room:  # one is on its way while one is encoded
                keys = rest.pop(0)
                first = {key: self.readers[key][:1] for key in keys}
                shard = replace(self.shard, readers=first, workers=workers)
                waiting.append((keys, self.tasks.begin(shard)))
            keys, ended = waiting.popleft()
            encoded = ended()
            for done, sequences in encoded.blocks:
                self.writer.append(done, sequences)
            for key in keys:
                first_reader = self.readers[key][0].id
                if first_reader in encoded.broken:
                    what = encoded.broken[first_reader]
                    broken |= {reader.id: what for reader in self.readers[key]}
                self.advance(len(self.readers[key]))
        return broken


@dataclass
class Extraction:
    """What has features computed by tasks: gives a source what stands where `Filling` stands.

    Args:
        tasks: Runs shards.
        encoders: Of all variants.
        device: Where encoders run.
    """

    tasks: Tasks
    encoders: Encoders
    device: torch.device

    def __call__(self, source: Source) -> Filler:
        """For one encoder."""
        variant, stream = next(
            (variant, stream)
            for variant, streams in self.encoders.streams.items()
            for stream, key in streams.items()
            if self.encoders.sources[key] is source
        )

        def filling(
            _: Encoder,
            __: str,
            readers: Mapping[bytes, Sequence[Clip]],
            encode: Encoding | None,
            writer: Taking,
            advance: Advance,
        ) -> Elsewhere:
            dtype, whole = (encode.dtype, encode.whole) if encode else (torch.float32, None)
            shard = Shard(
                variant, stream, source.identity, dtype, whole, self.device, readers={}, workers=1
            )
            return Elsewhere(self.tasks, shard, readers, writer, advance)

        return filling


def sources_of(recipes: Recipes) -> dict[tuple[str, str], Source]:
    """In a task: the encoders by variant and stream.

    Raises:
        MertkError: One cannot be built.
    """
    variants = recipes.opened()
    encoders = Encoders(list(variants.values()))
    return {
        (variant, stream): encoders.sources[key]
        for variant, streams in encoders.streams.items()
        for stream, key in streams.items()
    }


def encoded(shard: Shard, source: Source) -> Encoded:
    """In a task: encode a shard.

    Raises:
        MertkError: The encoder is another one here, or it breaks its contract.
    """
    name = str(shard.identity["name"])
    if dict(source.identity) != dict(shard.identity):
        raise MertkError(
            f"{name}: is {dict(source.identity)} on a worker, and {dict(shard.identity)} where the "
            "run was started; install the same versions, and give the same checkpoints, there"
        )
    encode = None
    if shard.whole is not None:
        encode = Encoding(
            source.encoder, name, shard.dtype, shard.device, shard.whole, source.precision
        )
    made = Encoded()
    run = Filling(source.encoder, name, shard.readers, encode, made, lambda _: None)
    made.broken = run(list(shard.readers), shard.workers)
    return made
