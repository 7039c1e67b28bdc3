"""A few clips as a fit would see them, or noise of their shape."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mertk.contracts import Clip, TargetKind
from mertk.corpus import open_corpus
from mertk.encode import BadEncoding, Encoding
from mertk.errors import MediaError, MertkError, RecipeError
from mertk.fits import target_named
from mertk.plan import Corpus
from mertk.ragged import Ragged
from mertk.sampling import epoch_batches
from mertk.seeds import drawing
from mertk.sources import Encoders, Source
from mertk.split import split
from mertk.target import Target
from mertk.variants import Variant

PER_CLASS: Final = 2
"""So that every clip meets one of its own emotion, and others."""
TRIES: Final = 8
"""Clips of a class that are opened at most: some may be broken."""

Loaded = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Sample:
    """What the first steps run on: N clips.

    Args:
        inputs: By stream, what training starts from.
        labels: [N] class indices, or [N, C] of another target.
        classes: How many there are, C; of another target, its outputs.
        dims: Channels of each stream after its encoder.
        blind: Whether it is noise, so that trained encoders cannot read it.
        steps: Optimiser steps of a whole fit; None where the corpus could not be opened.
        notes: What could not be done.
        target: What is predicted.
        label_scale: Mean and spread [C] of the labels, where outputs start from them.
    """

    inputs: Mapping[str, Ragged]
    labels: Tensor
    classes: int
    dims: Mapping[str, int]
    blind: bool = False
    steps: int | None = None
    notes: Sequence[str] = ()
    target: TargetKind = "classes"
    label_scale: tuple[Tensor, Tensor] | None = None

    def noisy(self, streams: Iterable[str]) -> "Sample":
        """The same with noise in the place of some streams."""
        made = _noises({name: self.dims[name] for name in streams}, len(self.labels))
        return replace(self, inputs={**self.inputs, **made})


NOISE_STEPS: Final = 3
"""More than one, so that there is something to attend to."""


def _noises(dims: Mapping[str, int], clips: int) -> dict[str, Ragged]:
    lengths = torch.full((clips,), NOISE_STEPS)
    starts = lengths.cumsum(0) - lengths
    with drawing(0):
        values = {name: torch.randn(NOISE_STEPS * clips, dim) for name, dim in dims.items()}
    return {name: Ragged(x, starts, lengths) for name, x in values.items()}


def take(variant: Variant, encoders: Encoders) -> Sample:
    """Read a few training clips of a recipe's first fold.

    Raises:
        RecipeError: The dataset refuses its arguments.
        BadEncoding: What an encoder gives breaks its contract.
        MertkError: There is neither a corpus nor an encoder that says its channels.
    """
    try:
        corpus = open_corpus(variant.resolved)
        return _read(variant, encoders, corpus)
    except (RecipeError, BadEncoding):
        raise
    except MertkError as error:
        return _noise(variant, encoders, " ".join(str(error).split()))


def _read(variant: Variant, encoders: Encoders, corpus: Corpus) -> Sample:
    recipe, keys = variant.resolved.recipe, encoders.streams[variant.name]
    sources = {name: encoders.sources[key] for name, key in keys.items()}
    train = set(
        split(
            corpus.folds[0], corpus.clips, recipe.train.select, recipe.train.seeds[0], corpus.target
        ).train
    )
    clips = [clip for clip in corpus.clips if clip.id in train]
    chosen = list(_open(clips, corpus.target, sources))
    labels = corpus.target.array([clip for clip, _ in chosen])
    scale = corpus.target.scale(labels)
    return Sample(
        inputs={
            name: _ragged(s, [c.id for c, _ in chosen], [x[name] for _, x in chosen])
            for name, s in sources.items()
        },
        labels=torch.from_numpy(labels),
        classes=len(corpus.target.names),
        dims={name: source.encoder.dim for name, source in sources.items()},
        steps=recipe.train.epochs * _batches(len(clips), recipe.train.batch_size),
        target=corpus.target.kind,
        label_scale=scale
        and (torch.from_numpy(scale[0]).float(), torch.from_numpy(scale[1]).float()),
    )


def _open(
    clips: Sequence[Clip], target: Target, sources: Mapping[str, Source]
) -> Iterator[tuple[Clip, Loaded]]:
    """Some clips of every class that can be read, those with all media first; each clip once.

    Raises:
        MediaError: No clip of a class can be read.
    """
    taken: set[str] = set()
    wanted = [source.encoder.modality for source in sources.values()]

    def lacks(clip: Clip) -> int:
        there = {*clip.media, *(["text"] if clip.text is not None else []), "features"}
        return sum(modality not in there for modality in wanted)

    for name in target.names:
        found, failed = 0, None
        free = (c for c in clips if name in target.examples(c) and c.id not in taken)
        own = sorted(free, key=lacks)
        for clip in own[:TRIES]:
            try:
                loaded = {n: source.encoder.load(clip) for n, source in sources.items()}
            except MediaError as error:
                failed = error
                continue
            yield clip, loaded
            taken.add(clip.id)
            found += 1
            if found == PER_CLASS:
                break
        if failed and not found:
            raise failed


def _ragged(source: Source, ids: Sequence[str], loaded: Sequence[NDArray[Any]]) -> Ragged:
    arrays = list(loaded)
    if source.stage != "input":
        whole = source.stage == "output"
        cpu, name = torch.device("cpu"), source.identity["name"]
        encode = Encoding(source.encoder, name, torch.float32, cpu, whole=whole)
        with encode.ready():
            arrays = encode(ids, loaded, lambda _: None)
    full = next((array for array in arrays if len(array)), arrays[0])
    values = np.concatenate([a if len(a) else full[:0] for a in arrays])
    lengths = torch.tensor([len(array) for array in arrays])
    return Ragged(torch.from_numpy(values), lengths.cumsum(0) - lengths, lengths)


def _batches(clips: int, size: int) -> int:
    """How many an epoch has."""
    rows, same = torch.arange(clips), torch.zeros(clips, dtype=torch.long)
    drawn = epoch_batches(
        rows, same, same, batch_size=size, balanced=False, bucket=False, seed=0, epoch=1
    )
    return len(drawn)


def _noise(variant: Variant, encoders: Encoders, why: str) -> Sample:
    dims, recipe = encoders.dims(variant), variant.resolved.recipe
    if dims is None:
        raise MertkError(f"--deep: there are neither clips nor features to try it on: {why}")
    dataset = variant.resolved.dataset
    target = target_named(dataset.part, dataset.spec.arguments)
    labels = torch.arange(4).repeat(PER_CLASS)
    notes = [f"on noise, since the corpus cannot be opened: {why}"]
    unseen = [f"encoders.{name}" for name, spec in recipe.encoders.items() if spec.train]
    notes += [f"not looked into: {', '.join(unseen)}"] if unseen else []
    inputs = _noises(dims, len(labels))
    labels = labels if target == "classes" else torch.eye(4)[labels]
    return Sample(inputs, labels, 4, dims, blind=True, notes=notes, target=target)
