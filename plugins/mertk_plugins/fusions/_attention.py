"""One layer of multi-head cross-attention whose keys and values can be kept."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class CrossAttentionLayer(nn.Module):
    """Multi-head cross-attention, then residual and LayerNorm.

        LayerNorm(x + attention(x Q, y K, y V) W)

    Initialised like `torch.nn.MultiheadAttention`. Keys have no bias: it would add the same number
    to every score of a query, which softmax forgets.

    Args:
        dim: Channels of x, a multiple of `heads`.
        other: Channels of y.
        heads: Attention heads.
        dropout: Share of attention weights dropped in training.
    """

    def __init__(self, dim: int, other: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(other, dim, bias=False)
        self.value = nn.Linear(other, dim)
        self.out = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        for linear in (self.query, self.key, self.value):
            nn.init.xavier_uniform_(linear.weight)
        for linear in (self.query, self.value, self.out):
            nn.init.zeros_(linear.bias)

    def queries(self, x: Tensor) -> Tensor:
        """[B, T, C] -> [B, H, T, C / H]."""
        return self._split(self.query(x))

    def memory(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the other stream: [B, T', C'] -> twice [B, H, T', C / H]."""
        return self._split(self.key(y)), self._split(self.value(y))

    def forward(
        self, x: Tensor, queries: Tensor, memory: tuple[Tensor, Tensor], mask: Tensor
    ) -> Tensor:
        """Attend to the other stream.

        Args:
            x: [B, T, C] what the residual carries on.
            queries: [B, H, T, C / H] made of x.
            memory: Keys and values, [B, H, T', C / H].
            mask: [B, T'] bool, True where a step of the other stream is real. A row without any
                attends to nothing.
        """
        present = mask.any(1)
        # Kernels differ in what a softmax over nothing is, 0 or not a number; so absent rows attend
        # to their padding, and what comes of it is discarded: neither value nor gradient passes.
        open_mask = (mask | ~present[:, None])[:, None, None, :]
        attended = scaled_dot_product_attention(
            queries,
            *memory,
            attn_mask=open_mask,
            dropout_p=self.dropout if self.training else 0.0,
        )
        update: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        normed: Tensor = self.norm(x + torch.where(present[:, None, None], update, 0.0))
        return normed

    def weights(self, queries: Tensor, memory: tuple[Tensor, Tensor], mask: Tensor) -> Tensor:
        """What `forward` weighs values with, averaged over heads: [B, T, T'], 0 where masked."""
        keys = memory[0]
        scores = queries @ keys.transpose(-2, -1) / math.sqrt(keys.shape[-1])
        lowest = torch.finfo(scores.dtype).min
        weights = scores.masked_fill(~mask[:, None, None, :], lowest).softmax(-1).mean(1)
        return weights * mask[:, None, :]

    def _split(self, x: Tensor) -> Tensor:
        clips, steps, channels = x.shape
        return x.view(clips, steps, self.heads, channels // self.heads).transpose(1, 2)
