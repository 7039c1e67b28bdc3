"""Sequences of different lengths, back to back in one tensor, gathered into padded batches.

Shapes: N clips, S steps of all clips together, B clips of a batch, T steps of its longest.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mertk.contracts import Stream

NUMBERS_AT_ONCE = 1 << 22
"""Numbers that statistics are taken over at a time, so that no corpus is copied as a whole."""


@dataclass(frozen=True)
class Mapped:
    """Numbers in a file, as any process can map them.

    Args:
        path: The file.
        dtype: Of the numbers, as numpy calls it.
        shape: [S, ...].
    """

    path: Path
    dtype: str
    shape: tuple[int, ...]

    def open(self) -> Tensor:
        """The numbers, read-only.

        Raises:
            OSError: The file cannot be read.
        """
        # Read-only on purpose: a private writable map of a file larger than memory is refused.
        return _read_only(np.memmap(self.path, self.dtype, "r", shape=self.shape))


@dataclass(frozen=True)
class Ragged:
    """N sequences of one modality.

    What is mapped from a file goes to another process as the name of the file.

    Args:
        values: [S, ...]; may be mapped from a file, so it is never written to.
        starts: [N] first step of each sequence, on the CPU.
        lengths: [N] steps of each, on the CPU; 0 where a clip lacks the modality.
        mapped: Where the values are mapped from; None where they are in memory.
    """

    values: Tensor
    starts: Tensor
    lengths: Tensor
    mapped: Mapped | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # As arrays of numpy, which Ray shares between the processes of a node without a copy.
        rest = (self.starts.numpy(), self.lengths.numpy())
        return _reopened, (self.mapped or self.values.numpy(force=True), *rest)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def dim(self) -> int:
        """Channels: the size of the last axis."""
        return self.values.shape[-1]

    @property
    def nbytes(self) -> int:
        """What the steps of these clips take in memory."""
        step = self.values.element_size() * self.values.shape[1:].numel()
        return int(self.lengths.sum()) * step

    def batch(self, rows: Tensor) -> Stream:
        """Gather clips into a padded batch, trimmed to the longest of them and at least one step.

        Half precision on disk becomes single precision here.

        Args:
            rows: [B] indices on the CPU, in any order, repeats allowed.
        """
        lengths = self.lengths[rows]
        longest = max(int(lengths.max()), 1) if len(rows) else 1
        device = self.values.device
        there = lengths.to(device, non_blocking=True)  # else the host waits for all that is queued
        mask = torch.arange(longest, device=device) < there.unsqueeze(1)
        gather = self._copied if device.type == "cpu" else self._gathered
        return Stream(gather(rows, mask), mask, tuple(lengths.numpy().tolist()))

    def _copied(self, rows: Tensor, mask: Tensor) -> Tensor:
        """Clip by clip: each number is read and written once, and no step but the clips' own."""
        x = self.values.new_empty(*mask.shape, *self.values.shape[1:], dtype=self._dtype)
        where = (self.starts[rows].numpy(), self.lengths[rows].numpy())
        spans = zip(x, *(numbers.tolist() for numbers in where), strict=True)
        for row, start, length in spans:
            row[:length].copy_(self.values[start : start + length])
            row[length:].zero_()
        return x

    def _gathered(self, rows: Tensor, mask: Tensor) -> Tensor:
        """All clips in one call: where an accelerator has the values, each call has its price."""
        if not len(self.values):
            return self.values.new_zeros(*mask.shape, *self.values.shape[1:], dtype=self._dtype)
        steps = torch.arange(mask.shape[1], device=mask.device)
        starts = self.starts[rows].to(mask.device, non_blocking=True)
        index = starts.unsqueeze(1) + steps
        index = index.clamp_(max=len(self.values) - 1).flatten()
        x = self.values.index_select(0, index).view(*mask.shape, *self.values.shape[1:])
        x.masked_fill_(~mask.view(*mask.shape, *(1,) * (x.ndim - 2)), 0)
        return x.to(self._dtype)

    @property
    def _dtype(self) -> torch.dtype:
        return torch.float32 if self.values.is_floating_point() else self.values.dtype

    def in_memory(self, limit: int | None = None) -> "Ragged":
        """The same sequences with exactly their own steps in memory.

        Args:
            limit: Bytes; where more would be needed, returns itself.
        """
        if limit is not None and self.nbytes > limit:
            return self
        starts = torch.cumsum(self.lengths, 0) - self.lengths
        values = self.values.new_empty(int(self.lengths.sum()), *self.values.shape[1:])
        triples = zip(starts.tolist(), self.starts.tolist(), self.lengths.tolist(), strict=True)
        for there, here, length in triples:
            values[there : there + length] = self.values[here : here + length]
        return Ragged(values, starts, self.lengths)

    def on(self, device: torch.device, limit: int) -> "Ragged":
        """The same sequences on a device: no step then copies its clips there.

        Args:
            device: Which.
            limit: Bytes; where more would be needed, or they are there, returns itself.
        """
        if self.values.device.type == device.type or self.nbytes > limit:
            return self
        own = self.in_memory()
        return Ragged(own.values.to(device), own.starts, own.lengths)

    def mean_and_std(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each channel over the real steps of some clips.

        In float64. The deviation of a constant channel is 1, so that dividing by it is safe; with
        no step at all the mean is 0 and the deviation 1.

        Args:
            rows: [B] indices on the CPU.
        """
        shape = self.values.shape[1:]
        count = int(self.lengths[rows].sum())
        mean = torch.zeros(shape, dtype=torch.float64, device=self.values.device)
        if not count:
            return mean, torch.ones_like(mean)
        low, high = torch.full_like(mean, torch.inf), torch.full_like(mean, -torch.inf)
        for x in self._chunks(rows):
            mean += x.sum(0) / count
            low, high = torch.minimum(low, x.amin(0)), torch.maximum(high, x.amax(0))
        variance = torch.zeros_like(mean)
        for x in self._chunks(rows):
            variance += (x - mean).square_().sum(0) / count
        # Rounding makes the deviation of a constant a tiny number rather than 0.
        std = torch.where(low == high, 1.0, variance.sqrt())
        return torch.where(low == high, low, mean), std

    def _chunks(self, rows: Tensor) -> Iterator[Tensor]:
        """The real steps of some clips, a bounded number at a time, in float64."""
        at_once = max(NUMBERS_AT_ONCE // max(self.values.shape[1:].numel(), 1), 1)
        lengths = self.lengths[rows]
        ends = torch.cumsum(lengths, 0)
        offsets = self.starts[rows] - (ends - lengths)
        for begin in range(0, int(lengths.sum()), at_once):
            step = torch.arange(begin, min(begin + at_once, int(ends[-1])))
            clip = torch.searchsorted(ends, step, right=True)
            index = (step + offsets[clip]).to(self.values.device)
            yield self.values.index_select(0, index).double()


def _reopened(values: Mapped | NDArray[Any], starts: NDArray[Any], lengths: NDArray[Any]) -> Ragged:
    mapped = values if isinstance(values, Mapped) else None
    there = values.open() if isinstance(values, Mapped) else _read_only(values)
    return Ragged(there, _read_only(starts), _read_only(lengths), mapped)


def _read_only(array: NDArray[Any]) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.from_numpy(array)
