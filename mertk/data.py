"""Clips as the model sees them: padded batches of streams with their masks, and labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from mertk.contracts import Stream
from mertk.ragged import Ragged


@dataclass(frozen=True)
class Batch:
    """Some clips, padded to the longest of them in each stream.

    Args:
        rows: [B] their indices in the data, on the CPU.
        streams: By encoder name.
        labels: [B] class indices, or [B, N] of another target.
    """

    rows: Tensor
    streams: Mapping[str, Stream]
    labels: Tensor


@dataclass(frozen=True)
class ClipData:
    """All clips of a dataset with what their encoders gave, or loaded.

    Args:
        ids: [N] clip ids.
        labels: [N] class indices, int64; or one row per clip of another target, float32.
        ragged: N sequences per encoder name.

    Raises:
        ValueError: The parts are not of the same N clips.
    """

    ids: tuple[str, ...]
    labels: Tensor
    ragged: Mapping[str, Ragged]

    def __post_init__(self) -> None:
        counts = {"labels": len(self.labels)} | {n: len(r) for n, r in self.ragged.items()}
        wrong = {name: count for name, count in counts.items() if count != len(self.ids)}
        if wrong:
            raise ValueError(f"ids: {len(self.ids)} clips, but {wrong}")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def lengths(self) -> Tensor:
        """[N] how long a clip is over all its streams, each measured against its longest clip."""
        shares = [r.lengths / r.lengths.max().clamp(min=1) for r in self.ragged.values() if len(r)]
        return torch.stack(shares).sum(0) if shares else torch.zeros(len(self))

    def batch(self, rows: Tensor) -> Batch:
        """Gather clips, on the device each stream's values are on.

        Args:
            rows: [B] indices on the CPU.
        """
        streams = {name: ragged.batch(rows) for name, ragged in self.ragged.items()}
        return Batch(rows, streams, self.labels[rows])
