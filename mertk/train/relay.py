"""Trained encoders run piece by piece, or shared out, under losses over the whole batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.functional import pad

from mertk.contracts import Stream, Streams
from mertk.data import ClipData
from mertk.errors import MertkError
from mertk.model import Model, Output
from mertk.seeds import derive
from mertk.train.team import Team

NO_SEED: Final = 0
"""In evaluation nothing is drawn."""


@dataclass(frozen=True)
class Piece:
    """Clips that trained encoders see at once.

    Args:
        rows: [b] of the data.
        seed: What the encoders draw from, in every pass.
        begin: Where they stand in the joint batch.
    """

    rows: Tensor
    seed: int
    begin: int


@dataclass(frozen=True)
class Sent:
    """A batch behind its encoders.

    Args:
        streams: What the rest of the model starts from, of the whole batch.
        leaves: By trained encoder what all processes gave, [B or a few more, T, C].
        pieces: What this process encoded.
        kept: What it gave, with its graph, where it is one piece and need not run again.
    """

    streams: Streams
    leaves: Mapping[str, Tensor]
    pieces: tuple[Piece, ...]
    kept: Streams | None


class Relay:
    """Runs trained encoders a few clips at a time, and has each process run its share of a batch.

    What they give is gathered, without its graph, and the losses are those of the joint batch.
    Their gradient with respect to what was gathered then goes back through the encoders piece by
    piece, each piece running again from the same seed, so that dropout is the same. The gradient is
    that of the whole batch, while the graph of one piece is in memory.

    Source: Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup",
        RepL4NLP 2021, section 3.2 (gradient caching).
    Differs: where a process has one piece only, its graph is kept instead of being built twice.

    Args:
        model: Its encoders' batch norms, whose statistics run over clips, are refused.
        data: The clips.
        machine: Where and in which precision.
        team: The processes that share out the batch.
        at_once: Clips that the encoders see at once; None for a process's whole share.

    Raises:
        MertkError: What an encoder gives for a clip depends on the others of its batch.
    """

    def __init__(
        self, model: Model, data: ClipData, machine: Accelerator, team: Team, at_once: int | None
    ) -> None:
        self.model, self.data, self.machine = model, data, machine
        self.team, self.at_once = team, at_once
        for name, encoder in model.encoders.items():
            if any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in encoder.modules()):
                raise MertkError(
                    f"encoders.{name}: it has batch normalisation, whose statistics run over all "
                    "clips of a batch; leave out train.micro_batch and start one process, or "
                    "choose another encoder"
                )

    def __call__(self, rows: Tensor) -> Output:
        """Predict: [B] rows of the data."""
        sent = self.forth(rows, NO_SEED)
        with self.machine.autocast():
            return self.model.conclude(sent.streams)

    def learn(self, rows: Tensor, labels: Tensor, seed: int) -> Output:
        """Run [B] rows forth and their gradient back; every process gets the joint gradient.

        Args:
            rows: Of the data.
            labels: On the device.
            seed: What the encoders draw from.
        """
        sent = self.forth(rows, seed)
        with self.machine.autocast():
            output = self.model.conclude(sent.streams, labels)
        assert output.total is not None
        self.machine.backward(output.total)
        self.back(sent)
        return output

    def forth(self, rows: Tensor, seed: int) -> Sent:
        """Encode a batch: each process its share, piece by piece."""
        pieces = tuple(self._pieces(rows, seed))
        learning = torch.is_grad_enabled()
        keep = learning and len(pieces) == 1
        with torch.set_grad_enabled(keep):
            encoded = [self._run(piece) for piece in pieces]
        joint = {n: self._joint([each[n] for each in encoded]) for n in self.model.encoders}
        leaves = {name: stream.x for name, stream in joint.items()}
        if learning:
            for leaf in leaves.values():
                leaf.requires_grad_()
        device = self.machine.device
        streams = {
            name: Stream(leaves[name][: len(rows)], joint[name].mask[: len(rows)])
            if name in joint
            else ragged.batch(rows).to(device)
            for name, ragged in self.data.ragged.items()
        }
        return Sent(streams, leaves, pieces, encoded[0] if keep else None)

    def back(self, sent: Sent) -> None:
        """Take the gradient of what was sent through the encoders."""
        for piece in sent.pieces:
            encoded = sent.kept or self._run(piece)
            heads, gradients = [], []
            for name, stream in encoded.items():
                gradient, x = sent.leaves[name].grad, stream.x
                if gradient is not None and x.requires_grad:
                    heads.append(x)
                    own = gradient[piece.begin : piece.begin + len(piece.rows), : x.shape[1]]
                    gradients.append(own.to(x.dtype))
            if heads:
                torch.autograd.backward(heads, gradients)

    def _pieces(self, rows: Tensor, seed: int) -> list[Piece]:
        own = self.team.share(rows)
        parts = torch.split(own, self.at_once or len(own))
        begins = [self.team.rank * len(own) + i * len(parts[0]) for i in range(len(parts))]
        return [
            Piece(part, derive(seed, self.team.rank, i), begin)
            for i, (part, begin) in enumerate(zip(parts, begins, strict=True))
        ]

    def _run(self, piece: Piece) -> Streams:
        device, ragged = self.machine.device, self.data.ragged
        loaded = {n: ragged[n].batch(piece.rows).to(device) for n in self.model.encoders}
        # One `with` for each pass: autocast keeps weights that it cast, in the first without graph.
        with self.machine.autocast():
            return self.model.run_encoders(loaded, piece.seed)

    def _joint(self, encoded: list[Stream]) -> Stream:
        """What all pieces of all processes gave, padded to one length; without its graph."""
        (steps,) = self.team.largest([max(stream.x.shape[1] for stream in encoded)])
        # A share whose clips all lack the modality knows nothing of half precision.
        x = torch.cat([_padded(_single(s.x.detach()), steps) for s in encoded])
        mask = torch.cat([_padded(s.mask, steps) for s in encoded])
        return Stream(self.team.gather(x), self.team.gather(mask))


def _single(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _padded(x: Tensor, steps: int) -> Tensor:
    """[B, T, ...] -> [B, steps, ...]."""
    return pad(x, (*(0, 0) * (x.ndim - 2), 0, steps - x.shape[1]))
