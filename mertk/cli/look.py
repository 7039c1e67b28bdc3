"""`mertk list`, `mertk show` and `mertk schema`: they look and run nothing."""

import argparse
import json
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mertk.cli.answer import answer
from mertk.errors import MertkError, PluginError, did_you_mean
from mertk.hookspecs import KINDS
from mertk.registry import Entry, Registry, discover

Json = Any


def listing(arguments: argparse.Namespace) -> int:
    """Tell every name that a recipe may use, who provides it, and what it is."""
    registry = discover()
    entries = [e for kind in _kinds(arguments.kind) for e in registry.entries[kind].values()]
    if arguments.json:
        told = [
            {"kind": e.kind, "name": e.name, "provider": e.provider, "summary": e.summary}
            for e in entries
        ]
        skipped = [{"plugin": s.name, "reason": s.reason} for s in registry.skipped]
        answer({"components": told, "skipped": skipped})
        return 0
    width = max((len(e.name) for e in entries), default=0)
    wide = max((len(e.provider) for e in entries), default=0)
    for kind in _kinds(arguments.kind):
        print(kind)
        for e in registry.entries[kind].values():
            print(f"  {e.name:{width}}  {e.provider:{wide}}  {e.summary}")
    for plugin in registry.skipped:
        print(f"skipped: {plugin.name}: {plugin.reason}")
    return 0


def _kinds(wanted: str | None) -> Sequence[str]:
    if wanted is None:
        return KINDS
    plural = wanted if wanted in KINDS else f"{wanted}s"
    if plural not in KINDS:
        raise MertkError(f"list: no kind {wanted!r}{did_you_mean(wanted, KINDS)}")
    return (plural,)


def show(arguments: argparse.Namespace) -> int:
    """Tell a component's arguments, shapes and source, or the keys of a recipe's section."""
    told = _shown(discover(), arguments.name)
    if arguments.json:
        answer({"components": told})
        return 0
    for component in told:
        print(f"{component['name']} ({component['kind']}), from {component['provider']}\n")
        print(component["doc"])
        if component["pretrained_on"]:
            print(f"\nPre-trained on: {component['pretrained_on']}")
        print("\nIn a recipe:")
        for argument in component["arguments"]:
            default = "required" if argument["required"] else json.dumps(argument["default"])
            _tell(f"{argument['name']}: {default}  ({argument['type']})", argument["meaning"])
        for argument in component["receives"]:
            _tell(f"{argument['name']}: from the core", argument["meaning"])
    return 0


def _tell(what: str, meaning: str) -> None:
    print(f"  {what}")
    for line in textwrap.wrap(meaning, 74):
        print(f"      {line}")


def _shown(registry: Registry, name: str) -> list[dict[str, Json]]:
    from mertk.cli.sections import described, sections
    from mertk.offers import kind_of

    if ":" in name:
        entry = registry.find(KINDS[0], name)
        return [_described(replace(entry, kind=kind_of(entry.load()) or "component"))]
    entries = [registry.entries[kind][name] for kind in KINDS if name in registry.entries[kind]]
    found = [described(name)] if name in sections() else []
    found += [_described(entry) for entry in entries]
    if not found:
        known = {n for names in registry.entries.values() for n in names}
        near = did_you_mean(name, {*known, *sections()})
        raise MertkError(f"show: nothing is named {name!r}{near}")
    return found


def _described(entry: Entry) -> dict[str, Json]:
    from mertk.cli.sections import type_name
    from mertk.signature import Signature, meanings, split_docstring

    component = entry.load()
    try:
        signature = Signature.of(component, entry.name, entry.kind)
        said = meanings(component)
    except (NameError, TypeError, ValueError) as error:
        raise PluginError(f"the constructor of {entry.name!r} cannot be read: {error}") from error
    return {
        "name": entry.name,
        "kind": entry.kind,
        "provider": entry.provider,
        "target": entry.target,
        "summary": entry.summary,
        "doc": split_docstring(component, "Args")[0],
        "arguments": [
            {
                "name": a.name,
                "type": type_name(a.plain_type),
                "required": a.required,
                "default": None if a.required else a.plain(a.default),
                "meaning": a.meaning,
            }
            for a in signature.arguments.values()
        ],
        "pretrained_on": _pretraining(component, signature),
        "receives": [
            {"name": name, "meaning": said.get(name, "")} for name in sorted(signature.injected)
        ],
    }


def _pretraining(component: Any, signature: Any) -> str:
    """What an encoder with its own defaults was pre-trained on; '' where it does not say."""
    from mertk.contracts import Declaring

    defaults = {a.name: a.plain(a.default) for a in signature.arguments.values() if not a.required}
    if not isinstance(component, Declaring) or len(defaults) < len(signature.arguments):
        return ""
    said = component.pretraining(defaults)
    known = [", ".join(said.corpora), said.note]
    told = "; ".join(part for part in known if part) or "nobody knows"
    return f"{told} ({said.weights})" if said.weights else told


def schema(_: argparse.Namespace) -> int:
    """Print the JSON Schema of recipes."""
    from mertk.schema import recipe_schema

    print(json.dumps(recipe_schema(discover()), indent=2))
    return 0
