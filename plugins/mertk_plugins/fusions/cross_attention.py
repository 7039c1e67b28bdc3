"""Cross-attention between the streams of a clip."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mertk.contracts import Stream, Streams
from mertk_plugins._checks import a_count, dropout_rate
from mertk_plugins.fusions._attention import CrossAttentionLayer

Direction = tuple[str, str]


@dataclass(frozen=True)
class Prepared:
    """What does not depend on which clips are paired.

    Args:
        own: Each stream, projected where the fusion projects.
        queries: Queries of the first layer by direction, [B, H, T, C / H].
        memory: Keys and values of every layer by direction, each [B, H, T', C / H].
    """

    own: Mapping[str, Stream]
    queries: Mapping[Direction, Tensor]
    memory: Mapping[Direction, list[tuple[Tensor, Tensor]]]


class CrossAttention(nn.Module):
    """Each stream queries each other stream, then is averaged over its real steps.

    For the direction from one stream to another, x_0 and y being what the encoders gave of them:

        x_l = LayerNorm(x_(l-1) + attention(x_(l-1) Q_l, y K_l, y V_l) W_l),  l = 1 .. layers
        vector = mean of x_layers over its real steps

    Keys and values of every layer come from the encoder's output y, so they are computed once,
    however often clips are paired anew. Two streams make the published fusion. With more, a
    stream's vector is the mean over its directions; a stream that is alone gives its average over
    time. A clip that lacks the other stream attends to nothing and goes on by itself; the vector
    of a stream that the clip lacks is 0.

    Source: Li et al., "Enhancing Modal Fusion by Alignment and Label Matching for Multimodal
        Emotion Recognition", Interspeech 2024, modal fusion.
    Differs: in nothing that the paper states; 1024 and 768 channels make the 14.3 M parameters it
        reports. Where it leaves room: dropout acts on the attention weights, and keys have no
        bias, since softmax forgets it. `width` and more than two streams are additions.

    Args:
        dims: Channels of the encoders by stream name.
        width: Channels that every stream is first projected to; None keeps each encoder's own, as
            published.
        layers: Layers per direction.
        heads: Attention heads; they must divide the channels of every stream.
        dropout: Share of attention weights dropped in training.

    Raises:
        ValueError: A number is out of range, or `heads` does not divide the channels.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        width: int | None = None,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if width is not None:
            a_count("width", width)
        a_count("layers", layers, most=1000)
        dropout_rate("dropout", dropout)
        self.dims: Mapping[str, int] = {name: width or dim for name, dim in dims.items()}
        _check_heads(self.dims, heads, width)
        projected = dims if width else {}
        self.project = nn.ModuleDict(
            {name: nn.Linear(dim, self.dims[name]) for name, dim in projected.items()}
        )
        self.directions = nn.ModuleDict()
        for name, dim in self.dims.items():
            self.directions[name] = nn.ModuleDict(
                {
                    other: nn.ModuleList(
                        CrossAttentionLayer(dim, self.dims[other], heads, dropout)
                        for _ in range(layers)
                    )
                    for other in self.dims
                    if other != name
                }
            )

    @classmethod
    def unused(cls, _: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, str]:
        """What attention takes, where a stream is alone and has nothing to attend to."""
        alone = len(place["streams"]) < 2
        why = "there is one stream only, which has nothing to attend to; leave it out"
        return dict.fromkeys(("layers", "heads", "dropout"), why) if alone else {}

    def forward(self, streams: Streams) -> dict[str, Tensor]:
        """Fuse {name: [B, T, C]} into {name: [B, dims[name]]}."""
        return self.fuse(self.prepare(streams))

    def prepare(self, streams: Streams) -> Prepared:
        """Compute what all pairings of these clips share: first queries, keys and values."""
        own = {name: self._project(name, streams[name]) for name in self.dims}
        queries: dict[Direction, Tensor] = {}
        memory: dict[Direction, list[tuple[Tensor, Tensor]]] = {}
        for name in self.dims:
            for other, layers in self._directions(name):
                queries[name, other] = layers[0].queries(own[name].x)
                memory[name, other] = [layer.memory(own[other].x) for layer in layers]
        return Prepared(own, queries, memory)

    def fuse(
        self, prepared: Prepared, partners: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Attend and average.

        Args:
            prepared: What `prepare` returned.
            partners: Per stream, the [B] rows whose other streams each clip meets; only the
                streams named are returned. None: every stream, each clip with itself.
        """
        if partners is None:
            return {name: self._vector(name, prepared, None) for name in self.dims}
        return {name: self._vector(name, prepared, rows) for name, rows in partners.items()}

    def attention(self, streams: Streams) -> dict[Direction, Tensor]:
        """Weights of the last layer by direction, [B, T, T'], averaged over heads."""
        prepared = self.prepare(streams)
        return {
            (name, other): self._weights((name, other), layers, prepared)
            for name in self.dims
            for other, layers in self._directions(name)
        }

    def _weights(
        self, direction: Direction, layers: list[CrossAttentionLayer], prepared: Prepared
    ) -> Tensor:
        name, other = direction
        x, mask = prepared.own[name].x, prepared.own[other].mask
        queries, memory = prepared.queries[direction], prepared.memory[direction]
        for layer, following, kept in zip(layers, layers[1:], memory, strict=False):
            x = layer(x, queries, kept, mask)
            queries = following.queries(x)
        return layers[-1].weights(queries, memory[-1], mask)

    def _vector(self, name: str, prepared: Prepared, rows: Tensor | None) -> Tensor:
        own = prepared.own[name]
        vectors = []
        for other, layers in self._directions(name):
            mask, memory = prepared.own[other].mask, prepared.memory[name, other]
            if rows is not None:
                mask, memory = mask[rows], [(k[rows], v[rows]) for k, v in memory]
            x = layers[0](own.x, prepared.queries[name, other], memory[0], mask)
            for layer, kept in zip(layers[1:], memory[1:], strict=True):
                x = layer(x, layer.queries(x), kept, mask)
            vectors.append(Stream(x, own.mask).mean())
        return torch.stack(vectors).mean(0) if vectors else own.mean()

    def _project(self, name: str, stream: Stream) -> Stream:
        if name not in self.project:
            return stream
        return Stream(self.project[name](stream.x), stream.mask)

    def _directions(self, name: str) -> Iterator[tuple[str, list[CrossAttentionLayer]]]:
        others = self.directions[name]
        assert isinstance(others, nn.ModuleDict)
        for other, layers in others.items():
            assert isinstance(layers, nn.ModuleList)
            yield other, list(layers)  # type: ignore[arg-type]  # a ModuleList has no element type


def _check_heads(dims: Mapping[str, int], heads: int, width: int | None) -> None:
    a_count("heads", heads)
    attending = dims if len(dims) > 1 else {}  # a stream that is alone has nothing to attend to
    for name, dim in attending.items():
        if dim % heads:
            whose = f"width {dim}" if width else f"the {dim} channels of {name!r}"
            fits = ", ".join(str(n) for n in range(1, min(dim, 16) + 1) if dim % n == 0)
            way_out = "" if width else ", or give a width that they divide"
            raise ValueError(f"heads: {heads} do not divide {whose}; these do: {fits}{way_out}")
