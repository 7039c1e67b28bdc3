"""WavLM's attention, each projection as one product over the batch."""

import math
from typing import Any

from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import WavLMModel
from transformers.models.wavlm.modeling_wavlm import WavLMAttention


class GatedAttention(WavLMAttention):  # type: ignore[misc]  # transformers has no types here
    """What transformers' `WavLMAttention` computes, from the same parameters.

    There, queries, keys and values are projected with time in front; where no gradient is taken,
    torch multiplies such a batch step by step, and copies the weights for each step where it
    computes in half precision. The relative positions are repeated for each clip.

    Source: Chen et al., "WavLM: Large-Scale Self-Supervised Pre-Training for Full Stack Speech
        Processing", IEEE JSTSP 2022, section III.
    Differs: it gives no attention weights.
    """

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        position_bias: Tensor | None = None,
        **_: Any,
    ) -> tuple[Tensor, None, Tensor]:
        """Attend over time.

        Args:
            hidden_states: [B, T, C].
            attention_mask: [B, T], True where a step is real; None where all are.
            position_bias: [1, H, T, T] of H heads, which the first layer makes.

        Returns:
            [B, T, C], nothing, and the relative positions.
        """
        steps = hidden_states.shape[1]
        if position_bias is None:
            position_bias = self.compute_bias(steps, steps).unsqueeze(0)
        bias = self._gate(hidden_states) * position_bias
        if attention_mask is not None:
            bias = bias.masked_fill(~attention_mask[:, None, None], -math.inf)
        dropout = self.dropout if self.training else 0.0
        projections = self.q_proj, self.k_proj, self.v_proj
        query, key, value = (self._by_head(p(hidden_states)).transpose(1, 2) for p in projections)
        attended = scaled_dot_product_attention(query, key, value, bias, dropout)
        return self.out_proj(attended.transpose(1, 2).flatten(2)), None, position_bias

    def _by_head(self, x: Tensor) -> Tensor:
        """[B, T, C] -> [B, T, H, C / H]."""
        return x.view(*x.shape[:-1], self.num_heads, self.head_dim)

    def _gate(self, hidden_states: Tensor) -> Tensor:
        """What each step makes of the relative positions, [B, H, T, 1]."""
        projected: Tensor = self.gru_rel_pos_linear(self._by_head(hidden_states))
        gates = projected.view(*projected.shape[:-1], 2, -1).sum(-1).sigmoid()
        update, reset = gates.transpose(1, 2).chunk(2, dim=-1)
        gate: Tensor = update * (reset * self.gru_rel_pos_const - 1.0) + 2.0
        return gate


def attend_at_once(model: WavLMModel) -> None:
    """Have a model attend by `GatedAttention`; its parameters and their names stay."""
    for layer in model.encoder.layers:
        layer.attention.__class__ = GatedAttention
