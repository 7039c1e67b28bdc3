"""Time averages side by side: the baseline that fuses nothing before the classifier."""

from collections.abc import Mapping

from torch import Tensor, nn

from mertk.contracts import Streams
from mertk_plugins._checks import a_count, dropout_rate


class Concat(nn.Module):
    """Average each stream over its real steps; the classifier sees the averages side by side.

        vector = mean of x over its real steps, or with a width GELU(mean W + b)

    No stream sees another, so a task that tells re-paired clips apart (`mem`) has nothing to learn
    from it. The vector of a stream that a clip lacks is 0.

    Source: the common baseline; for frozen encoders a linear probe on time averages.

    Args:
        dims: Channels of the encoders by stream name.
        width: Channels that each average is projected to; None leaves it as it is.
        dropout: Share of each vector's values dropped in training.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self, dims: Mapping[str, int], width: int | None = None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if width is not None:
            a_count("width", width)
        dropout_rate("dropout", dropout)
        self.dims: Mapping[str, int] = {name: width or dim for name, dim in dims.items()}
        projected = dims if width else {}
        self.project = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(dim, self.dims[name]), nn.GELU())
                for name, dim in projected.items()
            }
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, streams: Streams) -> dict[str, Tensor]:
        """Fuse {name: [B, T, C]} into {name: [B, dims[name]]}."""
        return {name: self._vector(name, streams) for name in self.dims}

    def _vector(self, name: str, streams: Streams) -> Tensor:
        stream = streams[name]
        vector = stream.mean()
        if name in self.project:
            vector = self.project[name](vector) * stream.mask.any(1, keepdim=True)
        dropped: Tensor = self.dropout(vector)
        return dropped
