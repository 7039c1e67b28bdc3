"""Pictures of a clip, as they were shown."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media._alter import alterations
from mertk.media._alter_pictures import blurred, moved, spoiled
from mertk.media._decode import decode
from mertk.media._files import check, last, refuse_short

Picture = NDArray[np.uint8]
_Timed = tuple[float, float, Any]  # time, duration, frame

ROUNDING = 1e-3  # seconds: time stamps of flv and matroska count milliseconds


def pictures(
    ref: MediaRef,
    *,
    fps: float | None = None,
    max_frames: int | None = None,
    max_seconds: float | None = None,
) -> Iterator[Picture]:
    """Pictures of a clip, one by one, as RGB [H, W, 3] uint8, cropped to the clip's part.

    At least one: a clip that is shorter than a frame gives the frame nearest to its middle. Where
    `ref.alter` asks for something, it is done before frames are chosen by `fps` and `max_frames`.

    Args:
        ref: The clip's part of a file.
        fps: Pictures per second: for each time start + k / fps the nearest frame of the clip, so
            that a slower film repeats frames and a faster one skips. None gives every frame.
        max_frames: Stop after so many.
        max_seconds: Read at most this much from the clip's beginning.

    Raises:
        MediaError: The file, or that part of it, cannot be read.
    """
    if fps is not None and not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps: must be a positive number ({fps})")
    if max_frames is not None and max_frames < 1:
        raise ValueError(f"max_frames: must be at least 1 ({max_frames})")
    asked = alterations(ref, "video")
    check(ref)
    part = moved(ref, asked)
    end = last(part, max_seconds)
    frames = spoiled(_within(part, end, strict=part == ref), asked)
    chosen = (f for _, _, f in frames) if fps is None else _on_grid(frames, part.start, end, fps)
    return (blurred(_image(ref, frame), asked) for frame in islice(chosen, max_frames))


def _within(ref: MediaRef, end: float | None, *, strict: bool) -> Iterator[_Timed]:
    """Frames whose time lies in [start, end); strict about a file that ends before."""
    before: _Timed | None = None
    after: _Timed | None = None
    found = False
    for timed in decode(ref.path, "video", ref.start):
        if timed[0] < ref.start - ROUNDING:
            before = timed
        elif end is None or timed[0] < end - ROUNDING:
            found = True
            before = timed
            yield timed
        else:
            after = timed
            break
    if before is None and after is None:
        raise MediaError(ref.path, "holds a picture stream, but no picture could be decoded")
    if strict and after is None and before is not None:
        refuse_short(ref, end, before[0] + before[1])
    if not found:
        middle = ref.start if end is None else (ref.start + end) / 2
        near = [timed for timed in (before, after) if timed is not None]
        yield min(near, key=lambda timed: abs(timed[0] - middle))


def _on_grid(
    frames: Iterable[_Timed], start: float, end: float | None, fps: float
) -> Iterator[Any]:
    """For each start + k / fps before the end the nearest frame; of two as near, the earlier."""
    step = 0
    held: _Timed | None = None
    for timed in frames:
        if held is not None:
            middle = (held[0] + timed[0]) / 2
            while start + step / fps <= middle:
                yield held[2]
                step += 1
        held = timed
    if held is None:
        return
    stop = held[0] + held[1] if end is None else end
    while step == 0 or start + step / fps < stop - ROUNDING:
        yield held[2]
        step += 1


def _image(ref: MediaRef, frame: Any) -> Picture:
    image: Picture = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
    if ref.crop is not None:
        height, width = image.shape[:2]
        left, top, right, bottom = box(ref, width, height)
        image = image[top:bottom, left:right]
    return np.ascontiguousarray(image)


def box(ref: MediaRef, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a clip's part of a picture, pixels.

    Raises:
        MediaError: It leaves nothing of the picture.
    """
    left, top, right, bottom = ref.crop or (0.0, 0.0, 1.0, 1.0)
    found = round(left * width), round(top * height), round(right * width), round(bottom * height)
    if found[0] >= found[2] or found[1] >= found[3]:
        raise MediaError(
            ref.path, f"crop: leaves nothing of a {width}x{height} picture ({ref.crop})"
        )
    return found
