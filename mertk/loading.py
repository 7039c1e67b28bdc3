"""Read a clip as an encoder reads it: as a whole, or part by part where it is long."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mertk.contracts import Clip, Encoder, PartedEncoder
from mertk.errors import MediaError
from mertk.threads import map_ahead

LONG_BYTES: Final = 1 << 26
"""A clip that comes in parts and holds at least so much is never in memory as a whole."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Loading:
    """Reads clips.

    Args:
        encoder: Its `load` is called, or its `parts` where it has them.
        name: What messages call it.
        whole: Read long clips as a whole too.
    """

    encoder: Encoder
    name: str
    whole: bool = False

    def __call__(self, clip: Clip) -> "Array | Long | MediaError":
        """What the encoder loads, the beginning of a long clip, or why the clip is broken."""
        if self.whole or not isinstance(self.encoder, PartedEncoder):
            return self._guarded(clip, partial(self.encoder.load, clip))
        rest = self._parts(clip)
        parts: list[Array] = []
        while sum(part.nbytes for part in parts) < LONG_BYTES:
            part = self._next(clip, rest)
            if isinstance(part, MediaError):
                return part
            if part is None:
                return np.concatenate(parts)
            parts.append(part)
        return Long(parts, lambda: self._next(clip, rest))

    def _parts(self, clip: Clip) -> Iterator[Array]:
        """Parts of a clip; not even the first step of it is taken before the first is asked for."""
        assert isinstance(self.encoder, PartedEncoder)
        yield from self.encoder.parts(clip)

    def _next(self, clip: Clip, rest: Iterator[Array]) -> Array | MediaError | None:
        """The next part of a clip; None behind the last."""
        try:
            return self._guarded(clip, partial(next, rest))
        except StopIteration:
            return None

    def _guarded(self, clip: Clip, read: Callable[[], Any]) -> Array | MediaError:
        """What was read, or why the clip is broken."""
        try:
            loaded = np.asarray(read())
        except StopIteration:
            raise
        except MediaError as error:
            return error
        except (Exception, SystemExit) as error:
            error.add_note(f"while {self.name} loaded the clip {clip.id!r}")
            raise
        if loaded.dtype.kind == "f" and not np.isfinite(loaded).all():
            ref = clip.media.get(self.encoder.modality)
            return MediaError(ref.path if ref else clip.id, "holds NaN or infinity")
        return loaded


@dataclass(frozen=True)
class Long:
    """A clip that is read as it is encoded.

    Args:
        begun: The parts that were read already.
        more: Reads the next one; None behind the last.
    """

    begun: list[Array]
    more: Callable[[], Array | MediaError | None]

    def parts(self) -> Generator[Array | MediaError, None, None]:
        """All parts, one of them read ahead; where one cannot be read, the reason is the last."""
        later = map_ahead(lambda _: self.more(), repeat(None), workers=1, depth=lambda: 2)
        with closing(later):
            for part in chain(self.begun, later):
                if part is not None:
                    yield part
                if part is None or isinstance(part, MediaError):
                    return
