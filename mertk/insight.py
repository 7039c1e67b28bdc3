"""What goes on inside a model on a few clips: kept for pictures, and part of no number."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import torch
from safetensors.torch import save
from torch import Tensor

from mertk.contracts import Attending, Streams
from mertk.data import Batch
from mertk.model import Model

log = logging.getLogger(__name__)

PER_CLASS: Final = 8
"""Clips of each class that are looked at, of 64 at most: enough to see blocks in a matrix."""
MOST: Final = 64
COMPONENTS: Final = 32
"""Of the fused vectors: more than a map in two dimensions can tell apart."""


def shown(rows: Tensor, labels: Tensor) -> Tensor:
    """The clips that are looked at, class by class: the first of each class, in order.

    Args:
        rows: [B] test clips.
        labels: [B] their class indices; clips of another target, [B, N], count as of one class.
    """
    labels = _classes(labels)
    classes = sorted(set(labels.tolist()))
    if not classes:
        return rows
    each = max(1, min(PER_CLASS, MOST // max(len(classes), 1)))
    return torch.cat([rows[labels == c][:each] for c in classes][:MOST])


def look(model: Model, batch: Batch, device: torch.device | str) -> dict[str, Tensor]:
    """Matrices that tasks share about pairs of clips, and attention, in evaluation mode.

    Args:
        model: The model; it is left in evaluation mode.
        batch: The clips, B of them, those of one class side by side.
        device: Where the model is.

    Returns:
        `<name>/<first>/<second>`: [B, B], for what a task shares as {(first, second): [B, B]}.
        `attention/<stream>/<other>/<i>`: [T, T'], where and whither clip i looks, i being the first
        of its class. Nothing where a part fails at it, which is logged: no trial is lost for it.
    """
    model.eval()
    streams = {name: stream.to(device) for name, stream in batch.streams.items()}
    try:
        with torch.inference_mode():
            encoded = model.encode(streams)
            output = model.classify(encoded, batch.labels.to(device))
            found = dict(_matrices(output.shared, len(batch.labels)))
            if isinstance(model.fusion, Attending):
                firsts = _first_of_each(batch.labels)
                some = {name: stream[firsts.to(device)] for name, stream in encoded.items()}
                found |= dict(_attention(model.fusion.attention(some), some, firsts.tolist()))
            return {name: value.float().cpu().contiguous() for name, value in found.items()}
    except Exception as error:  # a part that only ever ran in training
        log.warning("no pictures of this trial: %s: %s", type(error).__name__, error)
        return {}


def _matrices(shared: Mapping[str, Any], clips: int) -> Iterator[tuple[str, Tensor]]:
    """What has the form that is drawn; whatever else tasks share is between them."""
    for name, value in shared.items():
        for pair, matrix in value.items() if isinstance(value, Mapping) else ():
            if _is_pair(name, pair) and _is_square(matrix, clips):
                yield "/".join([name, *pair]), matrix


def _is_pair(name: Any, pair: Any) -> bool:
    """Whether a matrix is named as two streams, in words that a stroke can join."""
    if not (isinstance(pair, tuple) and len(pair) == 2):
        return False
    return all(isinstance(word, str) and "/" not in word for word in (name, *pair))


def _is_square(matrix: Any, clips: int) -> bool:
    fits = isinstance(matrix, Tensor) and matrix.shape == (clips, clips)
    return fits and not matrix.is_complex()


def _first_of_each(labels: Tensor) -> Tensor:
    """Positions of the first clip of each class."""
    labels = _classes(labels)
    begins = torch.ones_like(labels, dtype=torch.bool)
    begins[1:] = labels[1:] != labels[:-1]
    return begins.nonzero().squeeze(1)


def _classes(labels: Tensor) -> Tensor:
    one: Tensor = torch.zeros(len(labels), dtype=torch.long)
    return labels if labels.ndim == 1 else one


def _attention(
    weights: Mapping[tuple[str, str], Tensor], streams: Streams, clips: Sequence[int]
) -> Iterator[tuple[str, Tensor]]:
    """Without padding; none of a clip that lacks one of the streams."""
    for (name, other), each in weights.items():
        queries, keys = (streams[n].mask.sum(1).tolist() for n in (name, other))
        for clip, attended, steps, others in zip(clips, each, queries, keys, strict=True):
            if attended.ndim != 2 or attended.is_complex():
                raise ValueError(f"attention: [B, T, T'] real numbers were expected ({weights})")
            if steps and others:
                yield f"attention/{name}/{other}/{clip}", attended[:steps, :others]


def principal(vectors: Tensor) -> Tensor:
    """Principal components of [B, C] vectors: [B, at most `COMPONENTS`]."""
    centred = vectors.double() - vectors.double().mean(0)
    u, sizes, _ = torch.linalg.svd(centred, full_matrices=False)
    components: Tensor = (u * sizes)[:, :COMPONENTS]
    return components.float().contiguous()


def packed(
    clips: Sequence[str], before: Mapping[str, Tensor], after: Mapping[str, Tensor], fused: Tensor
) -> bytes:
    """The content of `insight.safetensors`.

    Args:
        clips: Ids of those that were looked at.
        before: What `look` gave of the untrained model.
        after: What it gave at the selected epoch.
        fused: [B, C] vectors of all test clips at the selected epoch, in the order of the
            predictions.
    """
    tensors = {f"before/{name}": value for name, value in before.items()}
    tensors |= {f"after/{name}": value for name, value in after.items()}
    return save({**tensors, "fused": principal(fused)}, {"clips": json.dumps(list(clips))})
