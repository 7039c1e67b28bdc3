"""Run a fusion on a batch, and again on re-paired clips: each clip with another clip's streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from mertk.contracts import Fusion, Stream, Streams, Vectors

if TYPE_CHECKING:
    from torch import Tensor

FuseWith = Callable[[Mapping[str, "Tensor"]], Vectors]


@runtime_checkable
class RePairing(Protocol):
    """A fusion that re-pairs clips without computing twice what does not depend on the pair."""

    def prepare(self, streams: Streams) -> Any:
        """What `fuse` needs of every clip, whomever it is paired with."""

    def fuse(self, prepared: Any, partners: Mapping[str, Tensor] | None = None) -> Vectors:
        """The vectors of every stream, or of those that `partners` names, paired as it says."""


def bind(fusion: Fusion, streams: Streams) -> tuple[Vectors, FuseWith]:
    """Fuse a batch and return a way to fuse it again on other pairs.

    Args:
        fusion: Any fusion; one that offers `prepare` and `fuse` is re-paired through them.
        streams: Encoded streams by name, [B, T, C].

    Returns:
        The vectors of the batch as it is, {name: [B, dims]}, and `Step.fuse_with`: given, for some
        streams, the [B] rows whose other streams each clip meets, the vectors of those streams.
    """
    if isinstance(fusion, RePairing):
        prepared = fusion.prepare(streams)
        return fusion.fuse(prepared), partial(fusion.fuse, prepared)
    return fusion(streams), partial(_run_again, fusion, streams)


def _run_again(fusion: Fusion, streams: Streams, partners: Mapping[str, Tensor]) -> Vectors:
    return {name: fusion(repaired(streams, name, rows))[name] for name, rows in partners.items()}


def repaired(streams: Streams, name: str, rows: Tensor) -> dict[str, Stream]:
    """The batch as the stream `name` sees it: itself unchanged, the others from other clips.

    Args:
        streams: Encoded streams by name.
        name: The stream whose clips stay where they are.
        rows: [B] indices of the clips whose other streams are met.
    """
    return {other: s if other == name else s[rows] for other, s in streams.items()}
