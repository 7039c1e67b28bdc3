"""The encoders of all variants, each distinct one built once."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mertk.contracts import Encoder, has_frozen_front
from mertk.errors import Fault, MertkError, RecipeError
from mertk.extract import Kept, Stage
from mertk.keys import Key, identity_key
from mertk.precision import Precision
from mertk.recipe import EncoderSpec, digest
from mertk.resolved import Resolved
from mertk.seeds import derive, drawing
from mertk.variants import Variant

Json = Any
SAYS = ("modality", "version", "digest")
"""What an encoder says of itself as text, and what its features are keyed by."""


@dataclass(frozen=True)
class Source:
    """One encoder with its arguments, as several variants may share it.

    Args:
        encoder: The encoder.
        identity: Everything that changes its numbers besides the clips.
        trained: Whether it lives in the model; then what its frozen front gives is kept, or what
            `load` gives where it has none.
        dtype: What is kept of it in, where it is computed.
        precision: What it is computed in, where it is.
    """

    encoder: Encoder
    identity: Mapping[str, Json]
    trained: bool
    dtype: Kept
    precision: Precision

    @property
    def stage(self) -> Stage:
        """What is kept of it."""
        if not self.trained:
            return "output"
        return "front" if has_frozen_front(self.encoder) else "input"

    @property
    def key(self) -> str:
        """Of everything that changes what is kept of it besides the clips."""
        made = {"stage": self.stage, "dtype": self.dtype, "precision": self.precision}
        return identity_key({**self.identity, **made})

    def digest(self, keys: Sequence[Key]) -> str:
        """Of everything that it makes of the clips with these keys."""
        total = hashlib.sha256(self.key.encode())
        for key in keys:
            total.update(key if isinstance(key, bytes) else b"broken")
        return total.hexdigest()[:16]


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
        kept = f"{said} {spec.store} {spec.precision}"
        if kept not in self._keys:
            with drawing(derive(0, said)):
                encoder = resolved.build(where)
            if faults := [*_faults(encoder, spec, where)]:
                raise RecipeError(resolved.source, faults)
            identity = _identity(resolved, where, encoder)
            source = Source(encoder, identity, spec.train, spec.store, spec.precision)
            self._keys[kept] = source.key
            self.sources[source.key] = source
        return self._keys[kept]


def _identity(resolved: Resolved, where: str, encoder: Encoder) -> dict[str, Json]:
    return {
        **resolved.named(where),
        "version": encoder.version,
        "digest": encoder.digest,
    }


def _faults(encoder: object, spec: EncoderSpec, where: str) -> Iterator[Fault]:
    """What only the encoder itself can tell."""
    silent = [n for n in SAYS if not isinstance(getattr(encoder, n, None), str)]
    if silent:
        what = f"{spec.use!r} does not say its {', '.join(silent)}; see mertk.contracts"
        yield Fault(where, what)
    if spec.train and not _learns(encoder):
        yield Fault(f"{where}.train", f"{spec.use!r} has nothing to train; leave this out")
    said = {"store": spec.store, "precision": spec.precision}
    given = {key: value for key, value in said.items() if value not in ("float32", "fp32")}
    if spec.train and not has_frozen_front(encoder):
        for key, value in given.items():
            what = f"is trained from what it loads, which is kept as it is (got {value})"
            yield Fault(f"{where}.{key}", f"{spec.use!r} {what}; leave this out")
    elif "precision" in given and not isinstance(encoder, torch.nn.Module):
        what = f"{spec.use!r} is no torch module that could compute in {spec.precision}"
        yield Fault(f"{where}.precision", f"{what}; leave this out")


def _learns(encoder: object) -> bool:
    return isinstance(encoder, torch.nn.Module) and any(
        parameter.requires_grad for parameter in encoder.parameters()
    )
