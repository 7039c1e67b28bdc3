"""What a run's encoders make of clips as they are, and as a condition has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from mertk.console import Screen
from mertk.contracts import Clip, Encoder
from mertk.extract import fill
from mertk.keys import FEATURES, Key
from mertk.ragged import Ragged
from mertk.sources import Encoders, Source
from mertk.store import Store
from mertk.variants import Variant


@dataclass(frozen=True)
class Features:
    """The streams of a recipe, read through the store.

    Args:
        sources: Each stream's encoder.
        store: Where features are kept.
        device: Where encoders run.
        screen: Shows progress.
    """

    sources: Mapping[str, Source]
    store: Store
    device: torch.device
    screen: Screen

    @classmethod
    def of(cls, variant: Variant, store: Store, device: torch.device, screen: Screen) -> "Features":
        """Those of one recipe.

        Raises:
            RecipeError: An encoder refuses its arguments.
        """
        encoders = Encoders([variant])
        streams = encoders.streams[variant.name]
        sources = {name: encoders.sources[key] for name, key in streams.items()}
        return cls(sources, store, device, screen)

    @property
    def encoders(self) -> dict[str, Encoder]:
        """Each stream's encoder."""
        return {name: source.encoder for name, source in self.sources.items()}

    @property
    def modalities(self) -> dict[str, str]:
        """What each stream's encoder reads."""
        return {name: encoder.modality for name, encoder in self.encoders.items()}

    @property
    def looked_up(self) -> list[str]:
        """Streams that come from no media: nothing but absence changes them."""
        return [name for name, modality in self.modalities.items() if modality == FEATURES]

    def keys(self, clips: Sequence[Clip]) -> dict[str, list[Key]]:
        """By stream, what the clips let its encoder read."""
        by_modality = {m: self.store.keys(m, clips) for m in set(self.modalities.values())}
        return {name: by_modality[m] for name, m in self.modalities.items()}

    def digests(self, keys: Mapping[str, Sequence[Key]]) -> dict[str, str]:
        """By stream, the digest of everything that its encoder makes of clips with these keys."""
        return {name: source.digest(keys[name]) for name, source in self.sources.items()}

    def read(self, clips: Sequence[Clip], keys: Mapping[str, Sequence[Key]]) -> dict[str, Ragged]:
        """By stream, the sequences of the clips; what the store lacks is computed.

        Raises:
            BrokenMedia: Some clips cannot be read.
        """
        return {
            name: self._read(source, clips, keys[name]) for name, source in self.sources.items()
        }

    def read_altered(
        self,
        clips: Sequence[Clip],
        keys: Mapping[str, Sequence[Key]],
        plain: Mapping[str, Ragged],
        plain_keys: Mapping[str, Sequence[Key]],
    ) -> dict[str, Ragged]:
        """The same of altered clips; what a stream reads unaltered is as `plain` has it.

        What was altered has shelves of its own, since only robustness ever reads it again.

        Args:
            clips: Altered ones.
            keys: By stream, what they let its encoder read.
            plain: Sequences of the clips as they are.
            plain_keys: What those let each encoder read.

        Raises:
            BrokenMedia: Some clips cannot be read.
        """
        return {
            name: plain[name]
            if list(keys[name]) == list(plain_keys[name])
            else self._read(replace(s, identity={**s.identity, "altered": True}), clips, keys[name])
            for name, s in self.sources.items()
        }

    def _read(self, source: Source, clips: Sequence[Clip], keys: Sequence[Key]) -> Ragged:
        with self.screen.bar(f"features: {source.identity['name']}", len(clips)) as advance:
            return fill(
                self.store,
                source.encoder,
                source.identity,
                clips,
                keys=keys,
                stage=source.stage,
                dtype=source.dtype,
                precision=source.precision,
                device=self.device,
                advance=advance,
            )


def without(
    streams: Mapping[str, Ragged],
    groups: Mapping[str, Sequence[str]],
    lost: Sequence[frozenset[str]],
) -> dict[str, Ragged]:
    """The streams, with no step left of those that a clip has lost.

    Args:
        streams: N sequences each.
        groups: Streams by what goes missing together.
        lost: Per clip, the groups that are missing.
    """
    made = dict(streams)
    for group, names in groups.items():
        gone = torch.tensor([group in those for those in lost], dtype=torch.bool)
        for name in names:
            one = streams[name]
            made[name] = Ragged(one.values, one.starts, one.lengths.masked_fill(gone, 0))
    return made


def present(
    streams: Mapping[str, Ragged], groups: Mapping[str, Sequence[str]]
) -> list[tuple[str, ...]]:
    """Per clip, the groups that it has something of."""
    has = {
        group: torch.stack([streams[name].lengths > 0 for name in names]).any(0).tolist()
        for group, names in groups.items()
    }
    count = len(next(iter(streams.values())))
    return [tuple(g for g in groups if has[g][i]) for i in range(count)]
