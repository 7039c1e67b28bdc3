"""One training step the way Foal-Net's released code goes about it, as a reference for `step.py`.

The equations and weights are the product's; what it costs is the released code's: sequences padded
to one length whatever the clips, three passes through the fusion (own pairs for MEM, drawn pairs,
own pairs again for the classifier), each with its own projections, attention written out, and
negatives drawn clip by clip, each read off the device.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout, normalize

from mertk.contracts import Stream, Streams
from mertk.model import Model

PAIR = ("audio", "video")
Rows = Mapping[str, Sequence[int]]


def losses(model: Model, streams: Streams, labels: Tensor, negatives: Rows | None = None) -> Tensor:
    """Emotion loss, AVEL, MEM and what is minimised: [4].

    Args:
        model: `cross_attention` over `audio` and `video` with the tasks `avel` and `mem`, a linear
            head behind a dropout.
        streams: Encoded, [B, T, C] by name, padded to whatever length.
        labels: [B] class indices, two or more different ones.
        negatives: Per stream, the clips whose other stream each clip meets; drawn if left out.
    """
    similarity, avel = _avel(model.tasks["avel"], streams, labels)
    negatives = negatives or _negatives(similarity, labels)
    own = _fuse(model.fusion, streams, streams)
    others = {
        name: Stream(
            torch.stack([streams[other].x[j] for j in negatives[name]]),
            torch.stack([streams[other].mask[j] for j in negatives[name]]),
        )
        for name, other in (PAIR, PAIR[::-1])
    }
    drawn = _fuse(model.fusion, streams, {"video": others["audio"], "audio": others["video"]})
    mem = torch.stack([_matched(model.tasks["mem"].heads[n], own[n], drawn[n]) for n in PAIR])
    classified = _fuse(model.fusion, streams, streams)
    logits = model.head(torch.cat([classified[name] for name in PAIR], 1))
    parts = (cross_entropy(logits, labels), avel, mem.mean())
    weights = (1.0, model.weights["avel"], model.weights["mem"])
    total = sum(w * part for w, part in zip(weights, parts, strict=True))
    return torch.stack([*parts, total])


def _fuse(fusion: nn.Module, own: Streams, met: Streams) -> dict[str, Tensor]:
    """Each stream of `own` attends to the other stream as it is in `met`."""
    vectors = {}
    for name, other in (PAIR, PAIR[::-1]):
        x, y = own[name].x, met[other]
        for layer in fusion.directions[name][other]:
            x = _attend(layer, x, y)
        vectors[name] = _average(Stream(x, own[name].mask))
    return vectors


def _attend(layer: nn.Module, x: Tensor, y: Stream) -> Tensor:
    def heads(z: Tensor) -> Tensor:
        return z.view(*z.shape[:2], layer.heads, -1).permute(0, 2, 1, 3)

    queries, keys, values = heads(layer.query(x)), heads(layer.key(y.x)), heads(layer.value(y.x))
    scores = torch.matmul(queries, keys.transpose(-1, -2)) / math.sqrt(queries.shape[-1])
    scores = scores + (1.0 - y.mask[:, None, None, :].to(scores.dtype)) * -10000.0
    context = torch.matmul(scores.softmax(-1), values).permute(0, 2, 1, 3).contiguous()
    update = dropout(layer.out(context.view(x.shape)), layer.dropout, layer.training)
    normed: Tensor = layer.norm(x + update)
    return normed


def _average(stream: Stream) -> Tensor:
    weight = stream.mask.unsqueeze(-1).to(stream.x.dtype)
    return (stream.x * weight).sum(1) / weight.sum(1)


def _avel(task: nn.Module, streams: Streams, labels: Tensor) -> tuple[Tensor, Tensor]:
    audio, video = (normalize(task.project[n](_average(streams[n])).float(), dim=1) for n in PAIR)
    similarity = audio @ video.T / task.temperature
    same = (labels[:, None] == labels[None, :]).float()
    rows, columns = (-(s.log_softmax(1) * same).sum(1).mean() for s in (similarity, similarity.T))
    return similarity, (rows + columns) / 2


def _negatives(similarity: Tensor, labels: Tensor) -> dict[str, list[int]]:
    same = labels[:, None] == labels[None, :]
    found = {}
    for name, scores in zip(PAIR, (similarity, similarity.T), strict=True):
        weights = scores.detach().softmax(1).masked_fill(same, 0)
        found[name] = [int(torch.multinomial(weights[i], 1).item()) for i in range(len(labels))]
    return found


def _matched(head: nn.Module, own: Tensor, drawn: Tensor) -> Tensor:
    clips = len(own)
    told = torch.cat([torch.ones(clips), torch.zeros(clips)]).long().to(own.device)
    return cross_entropy(head(torch.cat([own, drawn])), told)
