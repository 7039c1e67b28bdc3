"""Run an encoder over loaded clips in padded batches, and hold its output to the contract."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mertk.contracts import Encoder, FrontedEncoder, Stream
from mertk.errors import MertkError
from mertk.precision import HALF, Precision, refuse_slow

BATCH_NUMBERS: Final = {"cpu": 1 << 18}
BATCH_NUMBERS_ELSEWHERE: Final = 1 << 22
"""Numbers that `load` gave, padding included, that are encoded at once: 16 s of sound at 16 kHz on
a processor, where more would leave its caches, and four minutes on an accelerator. A clip that
holds more goes alone."""


class BadEncoding(MertkError):
    """What an encoder loads or gives is not what its contract asks for."""


@dataclass(frozen=True)
class Encoding:
    """One encoder at work.

    Args:
        encoder: A frozen one, or one whose front is.
        name: What messages call it.
        dtype: What its output is kept in.
        device: Where it runs.
        whole: Run all of it, or its front only.
        precision: What it computes in.
    """

    encoder: Encoder
    name: str
    dtype: torch.dtype
    device: torch.device
    whole: bool = True
    precision: Precision = "fp32"

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Have the encoder on its device, in evaluation mode, for the time of a `with` block.

        Raises:
            MertkError: The device is bad at the precision.
        """
        refuse_slow(self.precision, self.device, self.name, "say `precision: fp32` of it")
        module = self.encoder if isinstance(self.encoder, torch.nn.Module) else torch.nn.Identity()
        module.to(self.device).eval()
        try:
            with self._cast():  # around all batches, so that weights are cast once
                yield
        finally:
            module.to("cpu")

    def __call__(
        self, ids: Sequence[str], loaded: Sequence[NDArray[Any]], advance: Callable[[int], object]
    ) -> list[NDArray[Any]]:
        """Encode loaded clips: N arrays [T, ...] -> N arrays [T', C].

        Args:
            ids: The clips' ids, for messages.
            loaded: What `load` gave for each; an empty one stays empty, whatever its shape.
            advance: Called with the index of each clip that is done.

        Raises:
            BadEncoding: The output breaks the contract.
        """
        encoded: list[NDArray[Any]] = [np.empty(0)] * len(loaded)
        for batch in batches([array.shape[0] for array in loaded], self._steps_at_once(loaded)):
            names = [ids[i] for i in batch]
            for i, rows in zip(batch, self._encode(names, [loaded[i] for i in batch]), strict=True):
                encoded[i] = rows
                advance(i)
        for i, array in enumerate(loaded):
            if not len(array):
                advance(i)
        return encoded

    def _steps_at_once(self, loaded: Sequence[NDArray[Any]]) -> int:
        numbers = BATCH_NUMBERS.get(self.device.type, BATCH_NUMBERS_ELSEWHERE)
        return numbers // max([1, *(int(np.prod(array.shape[1:])) for array in loaded)])

    def _encode(self, ids: Sequence[str], arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        stream = pad(arrays).to(self.device)
        try:
            with torch.inference_mode():
                out = self._run(stream)
        except Exception as error:
            error.add_note(f"while {self.name} encoded the clips {', '.join(ids)}")
            raise
        self._check_form(out, ids)
        kept = out.x.to(self.dtype)
        lengths = self._check_numbers(out, kept, ids)
        return [row[:n].copy() for row, n in zip(kept.cpu().numpy(), lengths, strict=True)]

    def _cast(self) -> torch.autocast:
        half = HALF.get(self.precision)
        return torch.autocast(self.device.type, half, enabled=half is not None)

    def _run(self, stream: Stream) -> Stream:
        if self.whole:
            return self.encoder(stream)
        assert isinstance(self.encoder, FrontedEncoder)
        return self.encoder.front(stream)

    def _check_form(self, out: Stream, ids: Sequence[str]) -> None:
        x, mask = out.x, out.mask
        channels = self.encoder.dim if self.whole else x.shape[-1]
        if x.ndim != 3 or len(x) != len(ids) or x.shape[2] != channels:
            asked = f"[{len(ids)}, T, {channels}]"
            self._refuse(f"its output is {list(x.shape)}; its batch and `dim` ask for {asked}")
        if x.is_complex():
            self._refuse(f"its output is {x.dtype}; expected real numbers")
        if mask.dtype != torch.bool or mask.shape != x.shape[:2]:
            found = f"{mask.dtype} {list(mask.shape)}"
            self._refuse(f"its mask is {found}; expected torch.bool {list(x.shape[:2])}")

    def _check_numbers(self, out: Stream, kept: Tensor, ids: Sequence[str]) -> list[int]:
        """Steps of each clip; whatever depends on numbers is read off the device at once."""
        mask = out.mask
        broken = _not_finite(out.x, mask)
        lost = broken if kept is out.x else _not_finite(kept, mask)
        gap = (mask[:, 1:] & ~mask[:, :-1]).any(1)
        read = torch.stack([mask.sum(1), gap, ~mask.any(1), broken, lost]).tolist()
        lengths, *faults = read
        gaps, short, infinite, large = (_first(ids, wrong) for wrong in faults)
        if gaps is not None:
            self._refuse(f"its mask of clip {gaps!r} has a gap; padding stands at the end only")
        if short is not None:
            self._refuse(
                f"clip {short!r} is too short for it, no step is left; its `load` should pad such "
                "clips; without that, leave this one out (dataset.exclude)"
            )
        if infinite is not None:
            self._refuse(f"it gives NaN or infinity for clip {infinite!r}")
        if large is not None:
            self._refuse(
                f"its output for clip {large!r} is too large for {self.dtype}; "
                "say `store: float32` of it"
            )
        return [int(length) for length in lengths]

    def _refuse(self, what: str) -> NoReturn:
        raise BadEncoding(f"{self.name}: {what}")


def _not_finite(x: Tensor, mask: Tensor) -> Tensor:
    """[B] whether a real step of a clip holds what is no number."""
    return (~torch.isfinite(x).all(-1) & mask).any(1)


def _first(ids: Sequence[str], wrong: Sequence[int]) -> str | None:
    return next((name for name, bad in zip(ids, wrong, strict=True) if bad), None)


def batches(lengths: Sequence[int], steps_at_once: int) -> Iterator[list[int]]:
    """Batches of indices of similar length, the longest first; empty clips are in none.

    Args:
        lengths: [N] steps.
        steps_at_once: Steps of a batch, padding included; a longer clip is a batch of its own.
    """
    batch: list[int] = []
    for i in sorted((i for i, n in enumerate(lengths) if n), key=lambda i: -lengths[i]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > steps_at_once:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def pad(arrays: Sequence[NDArray[Any]]) -> Stream:
    """Put B arrays [T, ...] of one dtype and one shape of step into a padded batch."""
    lengths = np.array([len(array) for array in arrays])
    x = np.zeros((len(arrays), lengths.max(), *arrays[0].shape[1:]), arrays[0].dtype)
    for row, array in zip(x, arrays, strict=True):
        row[: len(array)] = array
    mask = np.arange(lengths.max()) < lengths[:, None]
    return Stream(torch.from_numpy(x), torch.from_numpy(mask), tuple(lengths.tolist()))
