"""What the picture encoders share: choosing a clip's frames, and embedding them one by one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mertk import media
from mertk.contracts import Clip, MediaRef, Stream
from mertk_plugins._checks import a_count, above_zero
from mertk_plugins.encoders._arguments import Sampling
from mertk_plugins.encoders._steps import on_device, on_present

Picture = NDArray[np.uint8]

_AT_ONCE = 16  # pictures in their original size that are in memory together


@dataclass(frozen=True)
class FrameReader:
    """Reads a clip's frames and brings them to a model's size.

    Args:
        size: Height and width that the model takes.
        prepare: B pictures [H, W, 3] of one size -> [B, 3, *size] uint8.
        max_frames: Frames at most; None for all.
        frames_per_second: Frames per second; None for every frame.
        max_seconds: Only so much of the clip's beginning; None for all.
        sampling: Where there are more than `max_frames`: the first, or as many spread evenly.

    Raises:
        ValueError: A number is out of range.
    """

    size: tuple[int, int]
    prepare: Callable[[Sequence[Picture]], Picture]
    max_frames: int | None
    frames_per_second: float | None
    max_seconds: float | None
    sampling: Sampling

    def __post_init__(self) -> None:
        if self.max_frames is not None:
            a_count("max_frames", self.max_frames)
        for name in ("frames_per_second", "max_seconds"):
            if getattr(self, name) is not None:
                above_zero(name, getattr(self, name))

    def steps_in(self, seconds: float) -> float | None:
        """About how many frames are read of so long a clip; None where its own rate says it."""
        if self.frames_per_second is None:
            return None
        seen = seconds if self.max_seconds is None else min(seconds, self.max_seconds)
        frames = max(seen * self.frames_per_second, 1.0)
        return frames if self.max_frames is None else min(frames, float(self.max_frames))

    def __call__(self, clip: Clip, count: int) -> Iterator[Picture]:
        """Frames of one clip [T, 3, *size], `count` at a time; [0, 3, *size] without video.

        Raises:
            MediaError: The file cannot be read; perhaps only behind some frames.
        """
        ref = clip.media.get("video")
        none = np.zeros((0, 3, *self.size), np.uint8)
        if ref is None:
            yield none
            return
        frames = self._chosen(ref)
        while len(part := np.concatenate([none, *self._prepared(islice(frames, count))])):
            yield part

    def _prepared(self, frames: Iterator[Picture]) -> Iterator[Picture]:
        while held := list(islice(frames, _AT_ONCE)):
            yield self.prepare(held)

    def _chosen(self, ref: MediaRef) -> Iterator[Picture]:
        def pictures(most: int | None = None) -> Iterator[Picture]:
            return media.pictures(
                ref, fps=self.frames_per_second, max_frames=most, max_seconds=self.max_seconds
            )

        if self.sampling == "first" or self.max_frames is None:
            return pictures(self.max_frames)
        # Decoding twice costs less than keeping every frame of a long clip.
        kept = set(spread(sum(1 for _ in pictures()), self.max_frames))
        return (frame for i, frame in enumerate(pictures()) if i in kept)


def spread(count: int, most: int) -> list[int]:
    """Indices of the middles of `most` equal parts of `count`; all where there are no more."""
    if count <= most:
        return list(range(count))
    return [(2 * part + 1) * count // (2 * most) for part in range(most)]


class Pixels(nn.Module):
    """Bytes -> normalised pixels, on the model's device: (scale * x - mean) / std."""

    mean: Tensor
    std: Tensor

    def __init__(self, scale: float, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.scale = scale
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """[B, 3, H, W] uint8 -> float32."""
        return (frames.to(self.mean.dtype) * self.scale - self.mean) / self.std


class FrameEncoder(nn.Module):
    """An encoder that sees single frames: their embeddings, `chunk` frames at a time.

    What derives from it sets `dim`, `digest`, `frames`, `chunk`, and says how frames are embedded.
    """

    modality = "video"
    dim: int
    chunk: int
    frames: FrameReader

    def steps_in(self, seconds: float) -> float | None:
        """About how many frames are read of a clip that long, where the recipe sets their rate."""
        return self.frames.steps_in(seconds)

    def load(self, clip: Clip) -> Picture:
        """Frames of one clip in the model's size [T, 3, H, W]; [0, 3, H, W] without video."""
        return np.concatenate(list(self.parts(clip)))

    def parts(self, clip: Clip) -> Iterator[Picture]:
        """The same, `chunk` frames at a time."""
        return self.frames(clip, self.chunk)

    def embed(self, frames: Tensor) -> Tensor:
        """Embed some frames [n, 3, H, W] uint8 -> [n, C]."""
        raise NotImplementedError

    def forward(self, stream: Stream) -> Stream:
        """Embed the real frames: [B, T, 3, H, W] -> [B, T, C]."""
        return on_present(stream, self.dim, self._embed_real)

    def _embed_real(self, present: Stream) -> Stream:
        clips, steps = present.mask.shape
        places = [clip * steps + t for clip, n in enumerate(present.steps()) for t in range(n)]
        real = on_device(places, present.x.device)
        frames = present.x.flatten(0, 1)[real]
        vectors = torch.cat([self.embed(part) for part in torch.split(frames, self.chunk)])
        x = vectors.new_zeros(clips * steps, self.dim)
        x[real] = vectors
        return Stream(x.view(clips, steps, self.dim), present.mask)
