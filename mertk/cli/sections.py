"""The sections of a recipe as `mertk show` tells them, in the form of a component's arguments."""

import inspect
import re
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from mertk import recipe
from mertk.recipe import Component, Recipe

Json = Any
BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def sections() -> dict[str, type[BaseModel]]:
    """What can be shown: the recipe and its sections by name."""
    return {"recipe": Recipe, **recipe.sections()}


def described(name: str) -> dict[str, Json]:
    """A section by name, with its keys."""
    model = sections()[name]
    takes = "; every further key is an argument of the component" if _named(model) else ""
    doc = inspect.getdoc(model) or ""
    return {
        "name": name,
        "kind": "section of a recipe",
        "provider": "mertk",
        "target": f"{model.__module__}:{model.__name__}",
        "summary": doc.partition("\n")[0],
        "doc": doc.rstrip(".") + takes + "." if takes else doc,
        "arguments": [_key(key, field) for key, field in model.model_fields.items()],
        "pretrained_on": "",
        "receives": [],
    }


def _named(model: type[BaseModel]) -> bool:
    return issubclass(model, Component) and model is not Component


def _key(name: str, field: FieldInfo) -> dict[str, Json]:
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    return {
        "name": name,
        "type": ", ".join([_type(name, field), *_bounds(field)]),
        "required": field.is_required(),
        # Of a section, what it does not say itself.
        "default": TypeAdapter(Any).dump_python(default, mode="json", exclude_defaults=True),
        "meaning": field.description or "",
    }


def _type(name: str, field: FieldInfo) -> str:
    if recipe.parts_in(field.annotation):
        return f"see `mertk show {name}`"
    return type_name(field.annotation)


def _bounds(field: FieldInfo) -> Iterator[str]:
    inner = (limit for part in get_args(field.annotation) for limit in get_args(part)[1:])
    for limit in (*field.metadata, *inner):
        for attribute, words in BOUNDS.items():
            if hasattr(limit, attribute):
                yield f"{words} {getattr(limit, attribute)}"


def type_name(annotation: Any) -> str:
    """A type as a person reads it: `int | None`, `'mse' | 'mae'`."""
    parts = get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(type_name(part) for part in parts)
    if get_origin(annotation) is Literal:
        return " | ".join(map(repr, parts))
    if get_origin(annotation) is Annotated:
        return type_name(parts[0])
    if annotation is NoneType:
        return "None"
    if inspect.isclass(annotation) and not parts:
        return annotation.__name__
    return re.sub(r"\b(?:typing|pathlib|collections\.abc)\.", "", str(annotation))
