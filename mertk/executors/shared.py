"""What all trials of a run share, as it is sent to workers: recipes, clips, features.

A worker reads the recipe again instead of being sent its objects: components from `./file.py` have
no name by which another process could find them, and a worker whose code differs is found out.
"""

import os
import pickle
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mertk.check import resolve
from mertk.draft import Draft
from mertk.errors import MertkError
from mertk.inputs import Inputs
from mertk.plan import Corpus, code_of
from mertk.ragged import Ragged
from mertk.registry import Registry, discover
from mertk.variants import Variant

Json = Any


@dataclass(frozen=True)
class Sent:
    """One variant.

    Args:
        name: As in `Variant`.
        note: As in `Variant`.
        source: What messages call its recipe.
        recipe: With every default written in.
        code: Which code it is made of.
    """

    name: str
    note: str
    source: str
    recipe: dict[str, Json]
    code: dict[str, Json]

    @classmethod
    def of(cls, variant: Variant) -> "Sent":
        """A variant, as it is sent."""
        resolved = variant.resolved
        recipe = resolved.recipe.model_dump(mode="json")
        return cls(variant.name, variant.note, resolved.source, recipe, code_of(variant))

    def opened(self, registry: Registry) -> Variant:
        """The variant again.

        Raises:
            MertkError: A component is not there, or is made of other code.
        """
        draft = Draft(self.source, Path(), self.recipe)
        variant = Variant(self.name, resolve(draft, registry), self.note)
        here = code_of(variant)
        for part, code in self.code.items():
            if here.get(part) != code:
                raise MertkError(
                    f"{self.source}: {part} is {here.get(part)!r} on {socket.gethostname()}, and "
                    f"{code!r} where the run was started; install the same versions there"
                )
        return variant


@dataclass(frozen=True)
class Recipes:
    """Variants, and the surroundings that their paths and plugins are looked up in.

    Args:
        sent: The variants.
        folder: Where the run was started.
        environment: What mertk reads of it.
    """

    sent: tuple[Sent, ...]
    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, variants: Sequence[Variant]) -> "Recipes":
        """Variants, as they are sent."""
        environment = {k: v for k, v in os.environ.items() if k.startswith("MERTK_")}
        return cls(tuple(map(Sent.of, variants)), Path.cwd(), environment)

    def opened(self) -> dict[str, Variant]:
        """The variants by name, in another process, which takes on the surroundings.

        Raises:
            MertkError: One cannot be opened.
        """
        os.environ.update(self.environment)
        if self.folder.is_dir():  # else a path that needs it is told by whoever reads it
            os.chdir(self.folder)
        registry = discover()
        return {sent.name: sent.opened(registry) for sent in self.sent}


@dataclass(frozen=True)
class Shared:
    """What all trials of a run share.

    Args:
        recipes: The variants.
        corpus: The clips and folds.
        inputs: Per variant and stream, the sequences; what is mapped from a file goes as its name.
        dims: Per variant and stream, channels after the encoder.
        seconds: How long clips are, by id.
        device: Where trials run.
        precisions: Per variant.
    """

    recipes: Recipes
    corpus: Corpus
    inputs: Mapping[str, Mapping[str, Ragged]]
    dims: Mapping[str, Mapping[str, int]]
    seconds: Mapping[str, float]
    device: torch.device
    precisions: Mapping[str, str]

    @classmethod
    def of(
        cls,
        variants: Sequence[Variant],
        inputs: Inputs,
        device: torch.device,
        precisions: Mapping[str, str],
    ) -> "Shared":
        """What the trials of these variants share."""
        return cls(
            recipes=Recipes.of(variants),
            corpus=inputs.corpus,
            inputs={v.name: inputs.of(v) for v in variants},
            dims={v.name: inputs.dims(v) for v in variants},
            seconds=inputs.seconds(inputs.corpus.clips),
            device=device,
            precisions=precisions,
        )

    def save(self, path: Path) -> None:
        """Write it to a file for workers of this run.

        Raises:
            MertkError: It cannot be written.
        """
        try:
            path.write_bytes(pickle.dumps(self, pickle.HIGHEST_PROTOCOL))
        except OSError as error:
            raise MertkError(
                f"{path.parent}: what workers share cannot be written ({error.strerror}); make "
                "room there, or keep temporary files elsewhere (TMPDIR), and run again"
            ) from error

    @classmethod
    def load(cls, path: Path) -> "Shared":
        """Read what `save` wrote: only ever a file that this run wrote."""
        shared: Shared = pickle.loads(path.read_bytes())
        return shared
