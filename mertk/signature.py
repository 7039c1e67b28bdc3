"""What a component's constructor takes: checked, filled with defaults, described, never built."""

import inspect
import json
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from mertk.errors import Fault, did_you_mean
from mertk.wording import explain

SUPPLIED: Mapping[str, frozenset[str]] = {
    "encoders": frozenset({"trial_seed"}),
    "fusions": frozenset({"dims", "num_classes", "trial_seed"}),
    "tasks": frozenset({"dims", "fused_dims", "num_classes", "trial_seed"}),
    "metrics": frozenset({"outputs"}),
}
"""Kind -> what the core supplies to a constructor which names it; other kinds get nothing."""

_REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Argument:
    """One argument that a recipe may give.

    Args:
        name: Its name.
        type: Its annotation.
        default: Its default; `required` is True where there is none.
        meaning: What is said of it.
    """

    name: str
    type: Any
    default: Any
    meaning: str

    @property
    def required(self) -> bool:
        """Whether a recipe has to give it."""
        return self.default is _REQUIRED

    @property
    def is_place(self) -> bool:
        """Whether it says where something lies: such arguments are no cause of a result."""
        return Path in (self.plain_type, *typing.get_args(self.plain_type))

    @property
    def plain_type(self) -> Any:
        """Its annotation without what `Annotated` adds."""
        annotated = typing.get_origin(self.type) is typing.Annotated
        return typing.get_args(self.type)[0] if annotated else self.type

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        try:
            return TypeAdapter(
                self.type, config=ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False)
            )
        except PydanticUserError:  # the type brings a configuration of its own
            return TypeAdapter(self.type)

    def parse(self, value: Any) -> Any:
        """The value as the constructor wants it: of its type, nothing guessed from another.

        Raises:
            ValidationError: The value has the wrong type.
        """
        # As JSON, strictly: text may become a path and a list a tuple, but no text a number and
        # no truth value a 1.
        return self._adapter.validate_json(json.dumps(value), strict=True)

    def plain(self, value: Any) -> Any:
        """The value as JSON has it."""
        return self._adapter.dump_python(value, mode="json")

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of its values."""
        schema = self._adapter.json_schema()
        if self.meaning:
            schema["description"] = self.meaning
        if not self.required:
            schema["default"] = self.plain(self.default)
        return schema


@dataclass(frozen=True)
class Signature:
    """The constructor of a component as a recipe sees it."""

    name: str
    arguments: Mapping[str, Argument]
    injected: frozenset[str]
    open_ended: bool

    @classmethod
    def of(cls, component: type[Any], name: str, kind: str) -> "Signature":
        """Read the constructor of `component`, one of a kind and called `name` in messages."""
        supplied = SUPPLIED.get(kind, frozenset())
        parameters = dict(inspect.signature(component).parameters)
        hints = typing.get_type_hints(component.__init__, include_extras=True)
        said = meanings(component)
        named = {
            p.name: Argument(p.name, hints.get(p.name, Any), p.default, said.get(p.name, ""))
            for p in parameters.values()
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        }
        for argument in named.values():
            if not argument.required and argument.name not in supplied:
                argument.plain(argument.default)  # raises ValueError where a recipe cannot hold it
        return cls(
            name=name,
            arguments={n: a for n, a in named.items() if n not in supplied},
            injected=supplied & set(named),
            open_ended=any(p.kind is p.VAR_KEYWORD for p in parameters.values()),
        )

    def faults(
        self, given: Mapping[str, Any], where: str, also: typing.Iterable[str] = ()
    ) -> list[Fault]:
        """Everything that is wrong with the given arguments.

        Args:
            given: By name.
            where: The component's place in the recipe.
            also: Further keys that may stand there, which a misspelt one may have meant.
        """
        found = []
        for name, value in given.items():
            if name in self.arguments:
                found += _type_faults(self.arguments[name], value, f"{where}.{name}")
            elif not self.open_ended:
                hint = did_you_mean(name, [*self.arguments, *also])
                what = f"{self.name!r} takes no such argument{hint}"
                if name in self.injected:
                    what = f"{self.name!r} receives this from the core; leave it out"
                found.append(Fault(f"{where}.{name}", what))
        missing = [a.name for a in self.arguments.values() if a.required and a.name not in given]
        return found + [
            Fault(f"{where}.{n}", f"{self.name!r} needs this argument") for n in missing
        ]

    def resolve(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The given arguments and every default, as JSON has them."""
        defaults = {n: a.plain(a.default) for n, a in self.arguments.items() if not a.required}
        known = {n: a.plain(a.parse(given[n])) for n, a in self.arguments.items() if n in given}
        return {**given, **defaults, **known}

    def bind(self, given: Mapping[str, Any], supplies: Mapping[str, Any]) -> dict[str, Any]:
        """Keyword arguments for the constructor, the injected ones among them."""
        parsed = {
            n: self.arguments[n].parse(v) if n in self.arguments else v for n, v in given.items()
        }
        return {**parsed, **{n: supplies[n] for n in self.injected if n in supplies}}

    @property
    def places(self) -> frozenset[str]:
        """Names of the arguments that only say where something lies."""
        return frozenset(n for n, a in self.arguments.items() if a.is_place)


def _type_faults(argument: Argument, value: Any, where: str) -> list[Fault]:
    try:
        argument.parse(value)
    except ValidationError as error:
        return [Fault(join(where, e["loc"]), explain(e)) for e in _narrowed(error)]
    return []


def _narrowed(error: ValidationError) -> list[Any]:
    """One line per fault: of a union's branches only the first is told."""
    first: dict[Any, Any] = {}
    for item in error.errors(include_url=False):
        first.setdefault(repr(item["input"]), item)
    return [
        {**item, "loc": [p for p in item["loc"] if isinstance(p, int)]} for item in first.values()
    ]


def join(where: str, parts: typing.Iterable[Any]) -> str:
    """Append pydantic's location to a dotted path."""
    told = (str(part) for part in parts if part != "[key]")  # the key stands before it
    return ".".join([where, *told]).lstrip(".")


def meanings(component: type[Any]) -> dict[str, str]:
    """What is said of a constructor's arguments: name -> text on one line.

    Under `Args:` in the docstring, or beside the type where several components share an argument:
    `Annotated[int | None, Field(description="...")]`.
    """
    hints = typing.get_type_hints(component.__init__, include_extras=True)
    beside = {
        name: extra.description
        for name, hint in hints.items()
        for extra in getattr(hint, "__metadata__", ())
        if isinstance(extra, FieldInfo) and extra.description
    }
    return {**beside, **docstring_section(component, "Args")}


def docstring_section(component: Any, title: str) -> dict[str, str]:
    """The entries of one section of a Google-style docstring: name -> text on one line."""
    entries: dict[str, str] = {}
    current = ""
    for line in split_docstring(component, title)[1]:
        entry = re.match(r"    ([\w*]+)(?: \([^)]*\))?: (.*)", line)
        if entry:
            current = entry[1]
            entries[current] = entry[2]
        elif current and line.strip():
            entries[current] += f" {line.strip()}"
    return entries


def split_docstring(component: Any, title: str) -> tuple[str, list[str]]:
    """A Google-style docstring without one of its sections, and the lines of that section."""
    lines = (inspect.getdoc(component) or "").splitlines()
    if f"{title}:" not in lines:
        return "\n".join(lines), []
    begin = lines.index(f"{title}:")
    end = next((i for i in range(begin + 1, len(lines)) if lines[i][:1].strip()), len(lines))
    rest = "\n".join([*lines[:begin], *lines[end:]])
    return rest.strip(), lines[begin + 1 : end]
