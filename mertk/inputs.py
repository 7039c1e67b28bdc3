"""What the encoders of all variants bring: frozen ones are run once, for everyone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psutil
import torch

from mertk.blocks import StoreError
from mertk.console import Screen
from mertk.contracts import Clip, Encoder
from mertk.corpus import leave_out
from mertk.errors import CorpusError, MediaError
from mertk.extract import BrokenMedia, fill, shelf_of
from mertk.filling import Filler, Filling
from mertk.forecast import Forecast, forecast, lines, shortage
from mertk.holding import held
from mertk.keys import MISSING, Key
from mertk.lengths import Lengths, Seconds
from mertk.plan import Corpus
from mertk.ragged import Ragged
from mertk.sources import Encoders, Source
from mertk.store import Store
from mertk.variants import Variant

Json = Any


@dataclass
class Inputs:
    """The streams of every variant.

    Args:
        corpus: The corpus, without the clips whose media are broken.
        sources: Every distinct encoder by its key.
        streams: Per variant name and stream, the key of its encoder.
        ragged: Per key, the stored sequences of the corpus's clips; empty in a dry run.
        digests: Per key, the digest of everything behind those sequences.
        forecasts: Per encoder, what the store lacked of it.
        shortage: What is to be said of the room on the disk for that; '' where there is enough.
        seconds: Tells how long clips are, and looks at each once.
    """

    corpus: Corpus
    sources: Mapping[str, Source]
    streams: Mapping[str, Mapping[str, str]]
    ragged: Mapping[str, Ragged] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    forecasts: Sequence[Forecast] = ()
    shortage: str = ""
    seconds: Seconds = field(default_factory=Lengths)

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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside the `with`, nobody prunes what lies in files: other processes may map it again."""
        with ExitStack() as shelves:
            for ragged in self.ragged.values():
                if ragged.mapped:
                    shelves.enter_context(held(ragged.mapped.path.parent))
            yield


def gather(
    encoders: Encoders,
    corpus: Corpus,
    store: Store,
    device: torch.device,
    screen: Screen,
    *,
    mapped: bool = False,
    filling: Callable[[Source], Filler] = lambda _: Filling,
    skip_broken: bool = False,
    dry: bool = False,
    suffice: Callable[[Inputs], bool] = lambda _: False,
) -> Inputs:
    """Have the store hold what the encoders make of the corpus.

    Clips whose media are broken stop the run, or are left out of every variant.

    Args:
        encoders: Of all variants.
        corpus: The clips.
        store: Where features are kept.
        device: Where frozen encoders run.
        screen: Shows progress.
        filling: Gives what computes an encoder's features.
        mapped: Leave sequences in their files, for several processes to map.
        skip_broken: Leave broken clips out.
        dry: Compute nothing; media that are there are not decoded.
        suffice: Whether what is known before anything is computed is all that is wanted.

    Raises:
        CorpusError: No clip has what an encoder reads.
        BrokenMedia: Naming every broken clip and the way out.
        StoreError: The disk has not the room for what is lacking.
    """
    ragged: dict[str, Ragged] = {}
    shelves = _Shelves(store, corpus.clips, encoders.sources.values(), device, screen, filling)
    _refuse_silence(encoders, shelves, corpus)
    known = shelves.known(encoders, corpus)
    if not skip_broken and suffice(known):
        return known
    forecasts = [shelves.forecast(source) for source in encoders.sources.values()]
    short, hopeless = shortage(forecasts, store.root)
    if not dry:
        _tell(forecasts, short, screen, hopeless=hopeless)
    attempt: Attempt = shelves.refuse_unreadable if dry else shelves.fill
    if skip_broken:
        corpus = _without_broken(encoders.sources.values(), corpus, attempt, screen)
        known = shelves.known(encoders, corpus)
    for key, source in encoders.sources.items():
        sequences = attempt(source, corpus.clips)
        if sequences is not None:
            if not sequences.lengths.any():
                raise CorpusError(f"{source.identity['name']}: it made nothing of any clip")
            # Every epoch reads all of it: from memory where half of what is free suffices.
            limit = 0 if mapped else psutil.virtual_memory().available // 2
            ragged[key] = sequences.in_memory(limit)
    return replace(known, ragged=ragged, forecasts=forecasts, shortage=short)


def _tell(forecasts: Iterable[Forecast], short: str, screen: Screen, *, hopeless: bool) -> None:
    if hopeless:
        raise StoreError(short)
    for line in [*lines(forecasts), *([short] if short else [])]:
        screen.say(line)


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
        filling: Gives what computes an encoder's features.
    """

    def __init__(
        self,
        store: Store,
        clips: Sequence[Clip],
        sources: Iterable[Source],
        device: torch.device,
        screen: Screen,
        filling: Callable[[Source], Filler],
    ) -> None:
        self.store, self.device, self.screen = store, device, screen
        self.clips = clips
        self.filling = filling
        self.seconds = Lengths()
        ids = [clip.id for clip in clips]
        modalities = {source.encoder.modality for source in sources}
        self._keys: dict[str, dict[str, Key]] = {}
        with screen.bar("media: what changed", len(modalities)) as advance:
            for modality in sorted(modalities):
                self._keys[modality] = dict(zip(ids, store.keys(modality, clips), strict=True))
                advance(1)

    def known(self, encoders: Encoders, corpus: Corpus) -> Inputs:
        """What can be said of the streams before there are any."""
        digests = {
            key: source.digest(self.keys(source.encoder, corpus.clips))
            for key, source in encoders.sources.items()
        }
        return Inputs(
            corpus, encoders.sources, encoders.streams, digests=digests, seconds=self.seconds
        )

    def keys(self, encoder: Encoder, clips: Sequence[Clip]) -> list[Key]:
        """What an encoder reads of some of the clips, as keys."""
        known = self._keys[encoder.modality]
        return [known[clip.id] for clip in clips]

    def forecast(self, source: Source) -> Forecast:
        """What the store lacks of what an encoder makes of all clips."""
        shelf = shelf_of(self.store, source.identity, source.stage, source.dtype, source.precision)
        keys = self.keys(source.encoder, self.clips)
        name = source.identity["name"]
        return forecast(name, source.encoder, shelf, self.clips, keys, self.seconds)

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
        """Have the store hold what an encoder makes of some of the clips, and map it."""
        with self.screen.bar(f"features: {source.identity['name']}", len(clips)) as advance:
            return fill(
                self.store,
                source.encoder,
                source.identity,
                clips,
                keys=self.keys(source.encoder, clips),
                stage=source.stage,
                dtype=source.dtype,
                precision=source.precision,
                device=self.device,
                advance=advance,
                filling=self.filling(source),
            )


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
