"""The JSON Schema of recipes with every installed component in it, for editors to complete."""

from typing import Any

from mertk.check import SECTIONS
from mertk.errors import PluginError
from mertk.recipe import Component, Recipe
from mertk.registry import Entry, Registry
from mertk.signature import Signature

Json = dict[str, Any]


def recipe_schema(registry: Registry) -> Json:
    """Build the schema; a component whose packages are not installed is accepted unread."""
    schema = Recipe.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "mertk recipe"
    for section, (kind, place) in SECTIONS.items():
        choice = _choice(registry, kind, place)
        schema["$defs"][f"use_{kind}_{section}"] = choice
        reference = {"$ref": f"#/$defs/use_{kind}_{section}"}
        described = schema["properties"][section]
        if section in ("encoders", "tasks"):
            _replace_values(described, reference)
        elif section == "metrics":
            described["items"] = reference
        else:
            schema["properties"][section] = reference
    return schema


def _replace_values(described: Json, reference: Json) -> None:
    for key in ("patternProperties", "additionalProperties"):
        if isinstance(described.get(key), dict):
            inner = described[key]
            described[key] = (
                dict.fromkeys(inner, reference) if key == "patternProperties" else reference
            )


def _choice(registry: Registry, kind: str, place: type[Component]) -> Json:
    """A name alone, or a mapping whose keys depend on the name that it says.

    With `if` and `then` an editor points to the argument that is wrong; alternatives (`anyOf`)
    would only tell that none of them fits.
    """
    entries = registry.entries[kind].values()
    elsewhere = {"type": "string", "pattern": ":", "description": "module:Class or ./file.py:Class"}
    names = [{"const": e.name, "description": e.summary} for e in entries]
    use = {"anyOf": [*names, elsewhere]}
    return {
        "type": ["string", "object"],
        "if": {"type": "string"},
        "then": use,
        "else": {
            "properties": {"use": use},
            "required": ["use"],
            "allOf": [{"if": _says(e.name), "then": _mapping(e, place)} for e in entries],
        },
    }


def _says(name: str) -> Json:
    return {"properties": {"use": {"const": name}}, "required": ["use"]}


def _mapping(entry: Entry, place: type[Component]) -> Json:
    described: Json = {
        "description": entry.summary,
        "properties": {**place.model_json_schema()["properties"], "use": {}},
    }
    try:
        signature = Signature.of(entry.load(), entry.name, entry.kind)
    except PluginError:
        return described
    arguments = signature.arguments.values()
    described["properties"] |= {a.name: a.json_schema() for a in arguments}
    described["required"] = [a.name for a in arguments if a.required]
    described["additionalProperties"] = signature.open_ended
    return described
