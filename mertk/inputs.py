"""What the encoders of all variants bring: frozen ones are run once, for everyone."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil
import torch

from mertk.console import Screen
from mertk.contracts import Clip, Encoder, has_frozen_front
from mertk.corpus import leave_out
from mertk.errors import CorpusError, Fault, MediaError, MertkError, RecipeError
from mertk.extract import BrokenMedia, Stage, fill
from mertk.keys import MISSING, Key, identity_key
from mertk.plan import Corpus
from mertk.ragged import Ragged
from mertk.recipe import digest
from mertk.resolved import Resolved
from mertk.seeds import derive, drawing
from mertk.store import Store
from mertk.variants import Variant

Json = Any


@dataclass(frozen=True)
class Source:
    """One encoder with its arguments, as several variants may share it.

    Args:
        encoder: The encoder.
        identity: Everything that changes its numbers besides the clips.
        trained: Whether it lives in the model; then what its frozen front gives is kept, or what
            `load` gives where it has none.
    """

    encoder: Encoder
    identity: Mapping[str, Json]
    trained: bool

    @property
    def stage(self) -> Stage:
        """What is kept of it."""
        if not self.trained:
            return "output"
        return "front" if has_frozen_front(self.encoder) else "input"

    def digest(self, keys: Sequence[Key]) -> str:
        """Of everything that it makes of the clips with these keys."""
        total = hashlib.sha256(identity_key({**self.identity, "stage": self.stage}).encode())
        for key in keys:
            total.update(key if isinstance(key, bytes) else b"broken")
        return total.hexdigest()[:16]


@dataclass
class Inputs:
    """The streams of every variant.

    Args:
        corpus: The corpus, without the clips whose media are broken.
        sources: Every distinct encoder by its key.
        streams: Per variant name and stream, the key of its encoder.
        ragged: Per key, the stored sequences of the corpus's clips; empty in a dry run.
        digests: Per key, the digest of everything behind those sequences.
    """

    corpus: Corpus
    sources: Mapping[str, Source]
    streams: Mapping[str, Mapping[str, str]]
    ragged: Mapping[str, Ragged] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    def of(self, variant: Variant) -> dict[str, Ragged]:
        """Sequences by stream."""
        return {name: self.ragged[key] for name, key in self.streams[variant.name].items()}

    def dims(self, variant: Variant) -> dict[str, int]:
        """Channels of each stream after its encoder."""
        return {
            name: self.sources[key].encoder.dim
            if self.sources[key].trained
            else self.ragged[key].dim
            for name, key in self.streams[variant.name].items()
        }

    def causes(self) -> dict[str, dict[str, str]]:
        """Per variant name and stream, the digest of everything behind it."""
        return {
            variant: {name: self.digests[key] for name, key in streams.items()}
            for variant, streams in self.streams.items()
        }


class Encoders:
    """The encoders of all variants, each distinct one built once.

    Args:
        variants: The recipes.

    Raises:
        RecipeError: With the faults of every encoder that refuses its arguments.
    """

    def __init__(self, variants: Sequence[Variant]) -> None:
        self.sources: dict[str, Source] = {}
        self._keys: dict[str, str] = {}
        self.streams: dict[str, dict[str, str]] = {v.name: {} for v in variants}
        faults: dict[Fault, None] = {}
        for variant in variants:
            for name in variant.resolved.recipe.encoders:
                try:
                    self.streams[variant.name][name] = self._key(variant.resolved, name)
                except RecipeError as error:
                    faults |= dict.fromkeys(error.faults)
        if faults:
            raise RecipeError(variants[0].resolved.source, list(faults))

    def dims(self, variant: Variant) -> dict[str, int] | None:
        """Channels by stream; None where an encoder cannot tell before it has read a clip."""
        streams = self.streams[variant.name]
        try:
            return {name: self.sources[key].encoder.dim for name, key in streams.items()}
        except MertkError:
            return None

    def _key(self, resolved: Resolved, stream: str) -> str:
        where = f"encoders.{stream}"
        spec = resolved.recipe.encoders[stream]
        said = digest({"use": spec.use, "arguments": spec.arguments, "train": spec.train})
        if said not in self._keys:
            with drawing(derive(0, said)):
                encoder = resolved.build(where)
            source = Source(encoder, _identity(resolved, where, encoder), spec.train)
            self._keys[said] = key = identity_key({**source.identity, "stage": source.stage})
            self.sources[key] = source
        return self._keys[said]


def gather(
    encoders: Encoders,
    corpus: Corpus,
    store: Store,
    device: torch.device,
    screen: Screen,
    *,
    skip_broken: bool = False,
    dry: bool = False,
) -> Inputs:
    """Have the store hold what the encoders make of the corpus.

    Clips whose media are broken stop the run, or are left out of every variant.

    Args:
        encoders: Of all variants.
        corpus: The clips.
        store: Where features are kept.
        device: Where frozen encoders run.
        screen: Shows progress.
        skip_broken: Leave broken clips out.
        dry: Compute nothing; media that are there are not decoded.

    Raises:
        CorpusError: No clip has what an encoder reads.
        BrokenMedia: Naming every broken clip and the way out.
    """
    ragged: dict[str, Ragged] = {}
    shelves = _Shelves(store, corpus.clips, encoders.sources.values(), device, screen)
    _refuse_silence(encoders, shelves, corpus)
    attempt: Attempt = shelves.refuse_unreadable if dry else shelves.fill
    if skip_broken:
        corpus = _without_broken(encoders.sources.values(), corpus, attempt, screen)
    for key, source in encoders.sources.items():
        found = attempt(source, corpus.clips)
        if found is not None:
            ragged[key] = found
            if not found.lengths.any():
                raise CorpusError(f"{source.identity['name']}: it made nothing of any clip")
    digests = {
        key: s.digest(shelves.keys(s.encoder, corpus.clips)) for key, s in encoders.sources.items()
    }
    return Inputs(corpus, encoders.sources, encoders.streams, ragged, digests)


Attempt = Callable[[Source, Sequence[Clip]], Ragged | None]
"""Has the store hold what an encoder makes of clips, or only looks whether it could."""


class _Shelves:
    """What the store keeps of a corpus; what its clips let an encoder read is asked once.

    Args:
        store: Where features are kept.
        clips: All clips of the corpus.
        sources: The encoders.
        device: Where frozen encoders run.
        screen: Shows progress.
    """

    def __init__(
        self,
        store: Store,
        clips: Sequence[Clip],
        sources: Iterable[Source],
        device: torch.device,
        screen: Screen,
    ) -> None:
        self.store, self.device, self.screen = store, device, screen
        ids = [clip.id for clip in clips]
        self._keys = {
            modality: dict(zip(ids, store.keys(modality, clips), strict=True))
            for modality in {source.encoder.modality for source in sources}
        }

    def keys(self, encoder: Encoder, clips: Sequence[Clip]) -> list[Key]:
        """What an encoder reads of some of the clips, as keys."""
        known = self._keys[encoder.modality]
        return [known[clip.id] for clip in clips]

    def refuse_unreadable(self, source: Source, clips: Sequence[Clip]) -> None:
        """Tell what cannot even be opened, without having the encoder read anything.

        Raises:
            BrokenMedia: Naming every such clip.
        """
        keys = zip(clips, self.keys(source.encoder, clips), strict=True)
        broken = {clip.id: str(key) for clip, key in keys if isinstance(key, MediaError)}
        if broken:
            raise BrokenMedia(source.identity["name"], broken, len(clips))

    def fill(self, source: Source, clips: Sequence[Clip]) -> Ragged:
        """Have the store hold what an encoder makes of some of the clips."""
        with self.screen.bar(f"features: {source.identity['name']}", len(clips)) as advance:
            sequences = fill(
                self.store,
                source.encoder,
                source.identity,
                clips,
                keys=self.keys(source.encoder, clips),
                stage=source.stage,
                device=self.device,
                advance=advance,
            )
        # Every epoch reads all of it: from memory where half of what is free suffices, else mapped.
        return sequences.in_memory(limit=psutil.virtual_memory().available // 2)


def _refuse_silence(encoders: Encoders, shelves: _Shelves, corpus: Corpus) -> None:
    """Refuse an encoder that finds nothing to read in any clip: zeros would be trained on."""
    for streams in encoders.streams.values():
        for name, key in streams.items():
            encoder = encoders.sources[key].encoder
            if all(k == MISSING for k in shelves.keys(encoder, corpus.clips)):
                raise CorpusError(
                    f"encoders.{name}: it reads {encoder.modality}, and no clip of the dataset "
                    "has any"
                )


def _identity(resolved: Resolved, where: str, encoder: Encoder) -> dict[str, Json]:
    bound, arguments = resolved.parts[where], resolved.spec(where).arguments
    name = bound.entry.target.rpartition(":")[2]
    # A registered encoder says by its `version` when its numbers change, so that features outlive
    # releases; of any other the text is all there is.
    code = bound.entry.target if bound.entry.registered else f"{name}@{bound.code}"
    return {
        "name": name,
        "code": code,
        "arguments": {k: v for k, v in arguments.items() if k not in bound.signature.places},
        "version": encoder.version,
        "digest": encoder.digest,
    }


def _without_broken(
    sources: Iterable[Source],
    corpus: Corpus,
    attempt: Attempt,
    screen: Screen,
) -> Corpus:
    """The corpus without the clips whose media any of the encoders cannot read."""
    broken: dict[str, str] = {}
    for source in sources:
        try:
            attempt(source, corpus.clips)
        except BrokenMedia as error:
            broken |= error.clips
    for clip, what in broken.items():
        screen.say(f"left out: {clip}: {what}")
    return leave_out(corpus, broken)
