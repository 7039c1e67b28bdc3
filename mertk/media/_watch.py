"""What can be seen in parts of a file: how long, how much of it black or still."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xxhash
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media._decode import decode
from mertk.media._files import refuse_short
from mertk.media._parts import Parts, in_one_pass
from mertk.media._pictures import ROUNDING, box, pictures

SIDE: Final = 64
"""Pixels of the longer side that pictures are scaled down to, which averages codecs' noise out."""
DARK: Final = 26
"""Steps of 255 below which a pixel is dark: a tenth of full brightness, as in FFmpeg's blackdetect.
Films in limited range put black at 16."""
DARK_SHARE: Final = 0.98
"""Share of dark pixels from which a picture is black, as in FFmpeg's blackdetect: a logo may be
lit."""
STILL: Final = 2
"""Steps of 255 that no pixel of a scaled-down picture may move by while the picture stands still:
a codec's noise on a standing picture stays within, a blink does not."""

Thumb = NDArray[np.uint8]


@dataclass(frozen=True)
class Seen:
    """What can be seen in a part of a file.

    Args:
        seconds: From its start to where the last picture ends.
        frames: Pictures in it.
        black: How many of them are black.
        still: The longest time without any change, seconds.
        digest: Of the pictures, scaled down: the same film in another container has the same.
    """

    seconds: float
    frames: int
    black: int
    still: float
    digest: str


def watch(refs: Sequence[MediaRef]) -> list[Seen | MediaError]:
    """What can be seen in parts of one file, or why they cannot be read, as `pictures` would say.

    The file is decoded once, from the first part on, one picture at a time.

    Args:
        refs: Parts of one file.
    """
    return in_one_pass(refs, _watch)


def _watch(refs: Sequence[MediaRef]) -> Iterator[tuple[MediaRef, Seen | MediaError]]:
    parts = Parts(refs, _Eye)
    small = _Small()
    ends: float | None = None
    for time, length, frame in decode(refs[0].path, "video", parts.start):
        ends = time + length
        yield from ((ref, eye.seen(time)) for ref, eye in parts.close(time + ROUNDING))
        if parts.over:
            return
        showing = [(r, eye) for r, eye in parts.until(ends) if r.start <= time + ROUNDING]
        thumb = small(frame) if showing else None
        for _, eye in showing:
            eye.take(time, length, frame, thumb)
    if ends is None:
        raise MediaError(refs[0].path, "holds a picture stream, but no picture could be decoded")
    yield from ((ref, eye.seen(ends)) for ref, eye in parts.close())


class _Small:
    """Scales pictures down to shades of grey, the longer side `SIDE` pixels."""

    def __init__(self) -> None:
        self.scale = VideoReformatter()  # kept, because it remembers its tables

    def __call__(self, frame: Any) -> Thumb:
        shrink = min(1.0, SIDE / max(frame.width, frame.height))
        grey = self.scale.reformat(
            frame,
            width=max(1, round(frame.width * shrink)),
            height=max(1, round(frame.height * shrink)),
            format="gray",
            interpolation=Interpolation.AREA,
        )
        return np.rot90(grey.to_ndarray(), round(frame.rotation / 90))


class _Eye:
    """Takes in the pictures of one part."""

    def __init__(self, ref: MediaRef) -> None:
        self.ref = ref
        self.digest = xxhash.xxh3_128()
        self.frames = self.black = 0
        self.still = self.ends = 0.0
        self.held: tuple[float, NDArray[np.int16]] | None = None  # since when, and what
        self.fault: MediaError | None = None

    def take(self, time: float, length: float, frame: Any, thumb: Any) -> None:
        if self.fault is None:
            try:
                self._take(time, time + length, self._part(frame, thumb))
            except MediaError as error:
                self.fault = error

    def _take(self, time: float, ends: float, part: Thumb) -> None:
        self.digest.update(part.tobytes())
        self.frames += 1
        self.ends = ends
        self.black += bool((part < DARK).mean() >= DARK_SHARE)
        now = part.astype(np.int16)
        # Compared with the first of the standing pictures, so that a slow fade is no standing.
        if self.held is None or _differ(now, self.held[1]):
            self.held = time, now
        self.still = max(self.still, ends - self.held[0])

    def _part(self, frame: Any, thumb: Thumb) -> Thumb:
        if self.ref.crop is None:
            return thumb
        turned = round(frame.rotation / 90) % 2
        width, height = (frame.height, frame.width) if turned else (frame.width, frame.height)
        box(self.ref, width, height)
        left, top, right, bottom = self.ref.crop
        rows, columns = thumb.shape
        first, upper = int(left * columns), int(top * rows)
        return thumb[
            upper : max(upper + 1, round(bottom * rows)),
            first : max(first + 1, round(right * columns)),
        ]

    def seen(self, there: float) -> Seen | MediaError:
        """What it came to, where the file's pictures have reached `there` seconds."""
        if self.fault is not None:
            return self.fault
        try:
            refuse_short(self.ref, self.ref.end, there)
            if not self.frames:  # shorter than a frame: `pictures` gives the nearest
                return _one(next(pictures(self.ref)), self.ref)
        except MediaError as error:
            return error
        ends = self.ends if self.ref.end is None else min(self.ends, self.ref.end)
        return Seen(
            ends - self.ref.start, self.frames, self.black, self.still, self.digest.hexdigest()
        )


def _differ(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    return one.shape != other.shape or bool(np.abs(one - other).max() > STILL)


def _one(picture: NDArray[np.uint8], ref: MediaRef) -> Seen:
    dark = bool((picture.mean(axis=2) < DARK).mean() >= DARK_SHARE)
    seconds = 0.0 if ref.end is None else ref.end - ref.start
    return Seen(seconds, 1, int(dark), 0.0, xxhash.xxh3_128_hexdigest(picture.tobytes()))
