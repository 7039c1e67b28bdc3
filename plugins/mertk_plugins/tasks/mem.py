"""MEM, cross-modal emotion label matching: does this pair of clips show one emotion?"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mertk.contracts import Loss, Step, Vectors
from mertk.errors import MertkError
from mertk_plugins.tasks._pair import two_streams


class MEM(nn.Module):
    """Tell each clip's own pair of streams from a pair with a hard negative of another emotion.

    With s_i the similarities of clip i of one stream to the clips of the other, D(i) = {j: clips i
    and j have different emotions}, and f(i, j) the fused vector of clip i's stream met with the
    other stream of clip j:

        j ~ softmax(s_i restricted to D(i))
        L = mean over i of  (CE(W f(i, i), match) + CE(W f(i, j), no match)) / 2
        loss = mean of L over the two directions, each with its own linear head W

    Negatives are drawn without gradient. A clip without one of the two streams is left out, and
    never drawn where it lacks the stream; where no clip is left the loss is 0. A fusion whose
    vectors do not depend on the other stream, such as `concat`, leaves nothing to tell apart.

    Source: Li et al., "Enhancing Modal Fusion by Alignment and Label Matching for Multimodal
        Emotion Recognition", Interspeech 2024, cross-modal emotion label matching; code released
        at ASolitaryMan/Foal-Net 781849f.
    Differs: from the released code by default, which is `own_pairs: again` and `one_emotion: draw`.

    Args:
        fused_dims: Channels of the fusion's vectors by stream name.
        modalities: The two streams to match; may be left out where the recipe has just two.
        own_pairs: Take the vectors of own pairs that the classifier sees (`shared`), or fuse them
            once more for this loss, with other dropout (`again`).
        one_emotion: A clip whose batch holds no clip of another emotion is left out (`skip`), or
            met with one drawn evenly from its batch, itself included, and to be told as no match
            all the same (`draw`).

    Raises:
        ValueError: `modalities` does not name two streams.
        MertkError: The similarity of an earlier task is not that of these two streams.
    """

    requires: ClassVar[tuple[str, ...]] = ("similarity",)
    provides: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        fused_dims: Mapping[str, int],
        modalities: list[str] | None = None,
        own_pairs: Literal["shared", "again"] = "shared",
        one_emotion: Literal["skip", "draw"] = "skip",
    ) -> None:
        super().__init__()
        self.pair = two_streams(fused_dims, modalities)
        self.own_pairs, self.one_emotion = own_pairs, one_emotion
        self.heads = nn.ModuleDict({name: nn.Linear(fused_dims[name], 2) for name in self.pair})

    def forward(self, step: Step) -> Loss:
        """The matching loss over own and drawn pairs."""
        first, second = self.pair
        logits = self._similarity(step.shared["similarity"])
        present = {name: step.streams[name].mask.any(1) for name in self.pair}
        differ = step.labels[:, None] != step.labels[None, :]
        partners, found = {}, {}
        for name, other, rows in ((first, second, logits), (second, first, logits.T)):
            partners[name], found[name] = self._draw(rows, differ, present[other])
        whole = present[first] & present[second]
        own, drawn = self._own(step), step.fuse_with(partners)
        losses = [
            self._direction(name, own[name], drawn[name], found[name] & whole) for name in self.pair
        ]
        return Loss(torch.stack(losses).mean())

    def _draw(self, logits: Tensor, differ: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        candidates = differ & there[None, :]
        if self.one_emotion == "draw":
            alone = ~candidates.any(1, keepdim=True)
            candidates = candidates | (alone & there[None, :])
            logits = logits.masked_fill(alone, 0)
        return draw(logits, candidates)

    def _own(self, step: Step) -> Vectors:
        if self.own_pairs == "shared":
            return step.fused
        each = torch.arange(len(step.labels), device=step.labels.device)
        return step.fuse_with(dict.fromkeys(self.pair, each))

    def _similarity(self, shared: Mapping[tuple[str, str], Tensor]) -> Tensor:
        first, second = self.pair
        if (first, second) in shared:
            return shared[first, second]
        if (second, first) in shared:
            return shared[second, first].T
        known = " and ".join(f"{a!r} with {b!r}" for a, b in shared)
        raise MertkError(
            f"mem: no similarity of {first!r} with {second!r}, only of {known}; give both tasks "
            "the same modalities"
        )

    def _direction(self, name: str, own: Tensor, drawn: Tensor, valid: Tensor) -> Tensor:
        scores = self.heads[name](torch.cat([own, drawn]))
        matches = torch.cat([torch.ones_like(valid), torch.zeros_like(valid)]).long()
        weights = torch.cat([valid, valid]).to(scores.dtype)
        losses = cross_entropy(scores, matches, reduction="none")
        return (losses * weights).sum() / weights.sum().clamp(min=1)


def draw(logits: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
    """Draw one column per row from the softmax over its candidates, without gradient.

    Stays on the device: nothing is read back, whatever the candidates are.

    Args:
        logits: [B, B'].
        candidates: [B, B'] bool.

    Returns:
        [B] columns, and [B] bool: whether the row had a candidate at all (otherwise its column is
        any).
    """
    lowest = torch.finfo(logits.dtype).min
    probabilities = logits.detach().masked_fill(~candidates, lowest).softmax(1)
    return torch.multinomial(probabilities, 1).squeeze(1), candidates.any(1)
