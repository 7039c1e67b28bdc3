"""Frames that are lost, black, blurred or early: pictures as a bad camera or line leaves them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mertk.contracts import Alteration, MediaRef
from mertk.media._alter import draws

Picture = NDArray[np.uint8]
Timed = tuple[float, float, Any]  # time, duration, frame


def moved(ref: MediaRef, asked: Sequence[Alteration]) -> MediaRef:
    """Where in the file the pictures are taken from: later by what they come too early."""
    early = sum(one.level for one in asked if one.what == "shift")
    end = None if ref.end is None else ref.end + early
    return replace(ref, start=ref.start + early, end=end)


def spoiled(frames: Iterator[Timed], asked: Sequence[Alteration]) -> Iterator[Timed]:
    """Frames of a clip without those that are lost, and black where they are to be."""
    for one in asked:
        if one.what == "drop":
            frames = _kept(frames, one)
        elif one.what == "black":
            frames = _darkened(frames, one)
    return frames


def blurred(picture: Picture, asked: Sequence[Alteration]) -> Picture:
    """A picture [H, W, 3] through a Gaussian, approximated by box filters."""
    for one in asked:
        if one.what == "blur":
            image = Image.fromarray(picture)
            soft = image.filter(ImageFilter.GaussianBlur(one.level * len(picture)))
            picture = np.array(soft)  # a view of the image could not be written to
    return picture


def _kept(frames: Iterable[Timed], one: Alteration) -> Iterator[Timed]:
    """The first frame and those that are not lost, each until the next of them."""
    random = draws(one)
    held: Timed | None = None
    for time, length, frame in frames:
        lost = random.random() < one.level
        if held is not None and lost:
            held = held[0], time + length - held[0], held[2]
            continue
        if held is not None:
            yield held
        held = time, length, frame
    if held is not None:
        yield held


def _darkened(frames: Iterable[Timed], one: Alteration) -> Iterator[Timed]:
    random = draws(one)
    for time, length, frame in frames:
        black = random.random() < one.level
        yield time, length, _Black(frame.height, frame.width, frame.rotation) if black else frame


@dataclass(frozen=True)
class _Black:
    """A frame that is asked for what decoded ones are asked for."""

    height: int
    width: int
    rotation: int

    def to_ndarray(self, format: str) -> Picture:  # noqa: A002, ARG002 - as in PyAV
        return np.zeros((self.height, self.width, 3), np.uint8)
