"""AVEL, audio-video emotion alignment: a contrastive loss whose positives share the emotion."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from mertk.contracts import Loss, Step
from mertk_plugins._checks import a_count, above_zero, dropout_rate
from mertk_plugins.tasks._pair import two_streams


class AVEL(nn.Module):
    """Contrastive alignment of two streams, every pair of clips with one emotion being a positive.

    With a_i and v_j the L2-normalised projections of the time averages of clips i and j, tau the
    temperature and P(i) = {j: clips i and j have one emotion}:

        s_ij = a_i . v_j / tau
        L(s) = mean over i of  - sum over j in P(i) of  log softmax(s_i)_j
        loss = (L(s) + L(s transposed)) / 2

    A projection of x is LayerNorm(p + Dropout(W2 GELU(p))) with p = W1 x. A clip that lacks a
    stream is left out of that stream's rows and columns; without any pair left the loss is 0.

    Gives later tasks `similarity`: {(first, second): s}, the [B, B] logits whose rows are clips of
    the first stream and whose columns are clips of the second.

    Source: Li et al., "Enhancing Modal Fusion by Alignment and Label Matching for Multimodal
        Emotion Recognition", Interspeech 2024, audio-video emotion alignment; code released at
        ASolitaryMan/Foal-Net 781849f.
    Differs: in nothing by default. As in the released code the learned temperature, log(1 / 0.07),
        divides without being exponentiated, so that logits start within 0.376 of 0;
        `temperature_mode: exp` multiplies by its exponential, as CLIP does. The sum over positives
        makes the loss grow with the batch; `positives: mean` does not.

    Args:
        dims: Channels of the encoders by stream name.
        dim: Channels of the projections.
        dropout: Share of values dropped within the projections in training.
        modalities: The two streams to align; may be left out where the recipe has just two.
        temperature: tau at the start, or with `exp` the logarithm of its inverse.
        learn_temperature: Whether training changes it.
        temperature_mode: `divisor` divides similarities by the temperature, `exp` multiplies them
            by its exponential.
        positives: `sum` or `mean` over a clip's positives.

    Raises:
        ValueError: A number is out of range, or `modalities` does not name two streams.
    """

    requires: ClassVar[tuple[str, ...]] = ()
    provides: ClassVar[tuple[str, ...]] = ("similarity",)

    def __init__(
        self,
        dims: Mapping[str, int],
        dim: int = 512,
        dropout: float = 0.5,
        modalities: list[str] | None = None,
        temperature: float = math.log(1 / 0.07),
        learn_temperature: bool = True,
        temperature_mode: Literal["divisor", "exp"] = "divisor",
        positives: Literal["sum", "mean"] = "sum",
    ) -> None:
        super().__init__()
        a_count("dim", dim)
        dropout_rate("dropout", dropout)
        above_zero("temperature", temperature)
        self.pair = two_streams(dims, modalities)
        self.temperature_mode = temperature_mode
        self.positives = positives
        self.temperature = nn.Parameter(
            torch.tensor(float(temperature)), requires_grad=learn_temperature
        )
        self.project = nn.ModuleDict(
            {name: _Projection(dims[name], dim, dropout) for name in self.pair}
        )

    @classmethod
    def unused(cls, _: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, str]:
        """What only the loss reads, where it is left out."""
        if place["weight"]:
            return {}
        why = "only the loss reads it, and its weight is 0; leave it out"
        return dict.fromkeys(("positives", "learn_temperature"), why)

    def forward(self, step: Step) -> Loss:
        """The alignment loss and the similarities it is made of."""
        streams = [step.streams[name] for name in self.pair]
        first, second = (
            _of_length_one(self.project[name](stream.mean()))
            for name, stream in zip(self.pair, streams, strict=True)
        )
        logits = self._scaled(first @ second.T)
        present = [stream.mask.any(1) for stream in streams]
        there = present[0][:, None] & present[1][None, :]
        same = (step.labels[:, None] == step.labels[None, :]) & there
        value = (self._rows(logits, same, there) + self._rows(logits.T, same.T, there.T)) / 2
        return Loss(value, {"similarity": {self.pair: logits}})

    def _scaled(self, cosines: Tensor) -> Tensor:
        if self.temperature_mode == "exp":
            return cosines * self.temperature.exp()
        return cosines / self.temperature

    def _rows(self, logits: Tensor, same: Tensor, there: Tensor) -> Tensor:
        # The lowest number stands for minus infinity: a row without any clip stays finite, so that
        # its weight of 0 is 0 in the gradient too.
        log_p = logits.masked_fill(~there, torch.finfo(logits.dtype).min).log_softmax(1)
        loss = -torch.where(same, log_p, 0).sum(1)
        if self.positives == "mean":
            loss = loss / same.sum(1).clamp(min=1)
        return loss.sum() / same.any(1).sum().clamp(min=1)


def _of_length_one(x: Tensor) -> Tensor:
    # In half precision the guard against dividing by the length of a missing clip's 0 would be 0.
    return normalize(x.to(torch.promote_types(x.dtype, torch.float32)), dim=1)


class _Projection(nn.Module):
    def __init__(self, dims: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(dims, dim, bias=False)
        self.second = nn.Linear(dim, dim, bias=False)
        self.gelu = nn.GELU()
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        projected = self.first(x)
        out: Tensor = self.norm(projected + self.dropout(self.second(self.gelu(projected))))
        return out
