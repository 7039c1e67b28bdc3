"""Which shelves of the store `mertk store prune` is about."""

import argparse
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mertk import draft
from mertk.check import resolve
from mertk.errors import MertkError, did_you_mean
from mertk.recipe import EncoderSpec
from mertk.registry import Registry, discover
from mertk.shelves import Kept
from mertk.variants import edits_of, variants

Json = Any
SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400}


def asks(arguments: argparse.Namespace) -> bool:
    """Whether anything was asked for."""
    return bool(arguments.encoders or arguments.older or arguments.altered or arguments.keep)


def chosen(arguments: argparse.Namespace, shelves: Sequence[Kept]) -> list[Kept]:
    """Those that all that was asked for is true of; without a question, those of use to nobody.

    Raises:
        MertkError: An age, an encoder or a recipe is not to be made out.
    """
    if not asks(arguments):
        return [shelf for shelf in shelves if shelf.fault or not len(shelf.held.records)]
    going = list(shelves)
    if arguments.encoders:
        named = _named(arguments.encoders, shelves, discover())
        going = [shelf for shelf in going if shelf in named]
    if arguments.older:
        before = time.time() - _seconds(arguments.older)
        going = [shelf for shelf in going if shelf.used < before]
    if arguments.altered:
        going = [shelf for shelf in going if shelf.altered]
    if arguments.keep:
        needed = _needed(arguments.keep)
        going = [s for s in going if not any(_holds(s.identity, asked) for asked in needed)]
    return going


def _named(names: Sequence[str], shelves: Sequence[Kept], registry: Registry) -> list[Kept]:
    """Those of an encoder, by its class or by what recipes say, or with a key that begins so."""
    of_target = {entry.target: name for name, entry in registry.entries["encoders"].items()}
    said = [(s, of_target.get(str(s.identity.get("code")), s.encoder)) for s in shelves]
    found: list[Kept] = []
    for name in names:
        some = [s for s, word in said if name in (s.encoder, word, s.folder.name)]
        some = some or [s for s in shelves if len(name) >= 4 and s.key.startswith(name)]
        if not some:
            near = did_you_mean(name, {word for _, word in said})
            raise MertkError(f"{name}: nothing of an encoder of this name or key is stored{near}")
        found += some
    return found


def _seconds(age: str) -> float:
    match = re.fullmatch(r"(\d{1,6})([hdw])", age)
    if not match:
        raise MertkError(f"--older {age}: expected hours, days or weeks, such as 12h, 30d or 8w")
    return int(match[1]) * SECONDS[match[2]]


def _needed(recipes: Iterable[str]) -> list[tuple[Json, EncoderSpec]]:
    """What the encoders of recipes are, their ablations included."""
    registry = discover()
    needed = []
    for name in recipes:
        recipe = draft.read(name)
        edits = edits_of(resolve(recipe, registry).recipe.ablations)
        for variant in variants(recipe, edits, registry):
            encoders = variant.resolved.recipe.encoders.items()
            needed += [(variant.resolved.named(f"encoders.{n}"), spec) for n, spec in encoders]
    return needed


def _holds(identity: Mapping[str, Json], asked: tuple[Json, EncoderSpec]) -> bool:
    """Whether a shelf is of an encoder, whatever its version, weights and stage.

    Too much is kept, if ever.
    """
    named, spec = asked
    if any(identity.get(key) != named[key] for key in ("code", "arguments")):
        return False
    made = identity.get("dtype"), identity.get("precision")
    return made in {("as loaded", None), (spec.store, spec.precision)}
