"""Variants x seeds x folds -> the list of trials, each with the key of all its causes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mertk import __version__
from mertk.code import code_digest
from mertk.contracts import Card, Clip, Fold
from mertk.errors import MertkError, did_you_mean
from mertk.protocol import protocol_id
from mertk.recipe import Select, digest
from mertk.split import Split, split
from mertk.target import Target, target_of
from mertk.variants import Variant

Json = Any
ENGINE = ("mertk.contracts.steps", "mertk.split", "mertk.data", "mertk.model", "mertk.train.fit")
"""The modules of the core whose text can change a result, with what they import."""
ASIDE = (
    *("mertk.contracts", "mertk.contracts.clips", "mertk.contracts.kinds"),
    *(
        "mertk.insight",
        "mertk.errors",
        "mertk.recipe",
        "mertk.registry",
        "mertk.resolved",
        "mertk.signature",
    ),
)
"""But for those that only name, look up, check and tell: what comes of it is a cause by itself."""
FORMAT = 3
"""Of what is kept of a trial; part of every key, so that older results are done again."""


@dataclass(frozen=True)
class Corpus:
    """What a dataset brought, checked and with broken or excluded clips left out.

    Args:
        card: What it is.
        clips: The clips in order.
        folds: The folds that are run.
        every_fold: All that the dataset has.
        left_out: Clip id -> why it is left out of all folds.
    """

    card: Card
    clips: tuple[Clip, ...]
    folds: tuple[Fold, ...]
    left_out: Mapping[str, str]
    every_fold: tuple[Fold, ...]

    def protocol(self, dataset: str, rule: Select) -> str:
        """The id of what is scored on this corpus, under a rule that picks the epoch."""
        return protocol_id(dataset, self.target, self.clips, self.every_fold, rule)

    @cached_property
    def target(self) -> Target:
        """What is predicted of the clips."""
        return target_of(self.card)


@dataclass(frozen=True)
class Trial:
    """One fit of one variant on one fold with one seed.

    Args:
        variant: The recipe.
        fold: The fold's name.
        seed: The seed.
        split: Which clips train, choose and are scored.
        protocol: Id of what it is scored on, and how its epoch is picked.
        key: Twelve hexadecimal digits over everything that causes the result.
    """

    variant: Variant
    fold: str
    seed: int
    split: Split
    protocol: str
    key: str

    @property
    def name(self) -> str:
        """Fold, seed and key, fit for a folder."""
        fold = re.sub(r"[^\w.-]+", "_", self.fold).lstrip(".")
        # Names of files are counted in bytes; cut in the middle of a letter, it is left out.
        fold = fold[:60].encode()[:120].decode(errors="ignore")
        return f"{fold}-seed{self.seed}-{self.key}"


def trials(
    variants: Sequence[Variant],
    corpus: Corpus,
    seeds: Sequence[int],
    inputs: Mapping[str, Mapping[str, str]],
    precisions: Mapping[str, str],
) -> list[Trial]:
    """Every trial, variants outermost, then seeds, then folds.

    Args:
        variants: The recipes.
        corpus: The clips and folds.
        seeds: The seeds.
        inputs: Per variant name and stream, the digest of everything its encoder read.
        precisions: Per variant name, what `auto` comes to on this device.

    Raises:
        CorpusError: The selection rule cannot be met on a fold.
    """
    label = {c.id: (corpus.target.told(c), c.speaker) for c in corpus.clips}
    made = []
    for variant in variants:
        recipe = variant.resolved.recipe
        protocol = corpus.protocol(recipe.dataset.use, recipe.train.select)
        code = code_of(variant)
        for seed in seeds:
            for fold in corpus.folds:
                parts = split(fold, corpus.clips, recipe.train.select, seed, corpus.target)
                causes = {
                    "recipe": variant.resolved.causes,
                    "fold": fold.name,
                    "seed": seed,
                    "target": corpus.target.kind,
                    "classes": corpus.card.classes,
                    "parts": [
                        [[i, *label[i]] for i in part]
                        for part in (parts.train, parts.valid, parts.test)
                    ],
                    "inputs": dict(inputs[variant.name]),
                    "precision": precisions[variant.name],
                    "code": code,
                }
                made.append(Trial(variant, fold.name, seed, parts, protocol, digest(causes)))
    return made


def code_of(variant: Variant) -> dict[str, Json]:
    """Which code makes a trial's result: the core's, and that of each component."""
    parts = variant.resolved.parts.items()
    return {
        "mertk": f"{__version__} {code_digest(*ENGINE, aside=ASIDE)}",
        "format": FORMAT,
        **{w: f"{b.entry.provider} {b.code}" for w, b in parts if not w.startswith("metrics")},
    }


def choose_folds(folds: Sequence[Fold], names: Sequence[str]) -> tuple[Fold, ...]:
    """The named folds in the dataset's order; all where no name is given.

    Raises:
        MertkError: There is no fold of that name.
    """
    known = [f.name for f in folds]
    for name in names:
        if name not in known:
            raise MertkError(f"--folds: no fold named {name!r}{did_you_mean(name, known)}")
    return tuple(f for f in folds if not names or f.name in names)
