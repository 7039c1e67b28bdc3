"""Films of two actors side by side, letter-boxed as the release's are."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from mertk_plugins.datasets._synthetic_face import SIDE, Picture

FPS: Final = 10
WIDTH, HEIGHT = 2 * SIDE, 160  # a third of the release's
_BAR: Final = (HEIGHT - SIDE) // 2
_LUMA: Final = np.array([65.481, 128.553, 24.966], np.float32) / 255
_COLOUR: Final = (
    np.array([[-37.797, 112.0], [-74.203, -93.786], [112.0, -18.214]], np.float32) / 255
)


class Film:
    """One black picture in the planes that the encoder takes, with room for two actors."""

    def __init__(self) -> None:
        self.data = np.empty((HEIGHT * 3 // 2, WIDTH), np.uint8)
        self.data[:HEIGHT], self.data[HEIGHT:] = 16, 128
        colour = self.data[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
        self._planes = (self.data[:HEIGHT], *colour)

    def seat(self, x: int, actor: Sequence[Picture]) -> None:
        """Put an actor in, `x` pixels from the left."""
        for plane, part in zip(self._planes, actor, strict=True):
            scale = HEIGHT // len(plane)
            rows, columns = part.shape
            top, left = _BAR // scale, x // scale
            plane[top : top + rows, left : left + columns] = part


def planes(picture: Picture) -> tuple[Picture, Picture, Picture]:
    """Luma and the two halved colour planes (BT.601). FFmpeg's own conversion is slower here."""
    luma = picture.astype(np.float32) @ _LUMA + 16.5
    colour = picture[::2, ::2].astype(np.float32) @ _COLOUR + 128.5
    blue, red = np.moveaxis(colour.astype(np.uint8), -1, 0)
    return luma.astype(np.uint8), blue, red


def write_film(path: Path, frames: Iterable[Film]) -> None:
    """MPEG-4 part 2 in AVI, as the release's DivX files are; the same bytes on every run."""
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as out:
        stream: Any = out.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.codec_tag = "DX50"
        stream.codec_context.options = {"flags": "+bitexact", "g": "30", "threads": "1"}
        stream.codec_context.qmin = stream.codec_context.qmax = 5
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame.data, format="yuv420p")))
        out.mux(stream.encode(None))
