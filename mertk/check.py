"""Recipe x registry -> every fault at once, or the recipe with every default written in."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mertk.code import code_digest
from mertk.contracts import TargetKind
from mertk.draft import Draft
from mertk.errors import Fault, PluginError, RecipeError, did_you_mean
from mertk.fits import misfits, target_named, with_loss
from mertk.offers import lacking, offered_by
from mertk.recipe import (
    Component,
    DatasetSpec,
    EncoderSpec,
    MetricSpec,
    Part,
    Recipe,
    Select,
    TaskSpec,
)
from mertk.registry import SINGULAR, Registry
from mertk.resolved import RANKING, Bound, Resolved, ResolvedDataset, fill, filled
from mertk.signature import Signature, join
from mertk.wording import explain

Json = Any
_M = TypeVar("_M", bound=BaseModel)

SECTIONS: Mapping[str, tuple[str, type[Component]]] = {
    "dataset": ("datasets", DatasetSpec),
    "encoders": ("encoders", EncoderSpec),
    "fusion": ("fusions", Component),
    "tasks": ("tasks", TaskSpec),
    "metrics": ("metrics", MetricSpec),
}
"""Section of a recipe -> the kind of component and the keys that belong to the place."""


def resolve(draft: Draft, registry: Registry) -> Resolved:
    """Check a draft against the registry and write every default into it.

    Raises:
        RecipeError: With every fault of the draft.
    """
    recipe, faults = _parse(draft.content, Recipe)
    parts = _bind_all(_components(draft.content), draft.base, registry, faults)
    faults += _needs(parts)
    faults += _pairs(draft.content, parts)
    kind = _target(draft.content, parts)
    faults += misfits(parts, recipe.train if recipe else None, kind)
    if faults or recipe is None:
        raise RecipeError(draft.source, sorted(set(faults), key=lambda f: _order(f, draft)))
    return Resolved(draft.source, filled(with_loss(recipe, kind), parts, draft.base), parts)


def resolve_dataset(draft: Draft, registry: Registry) -> ResolvedDataset:
    """Check the dataset of a draft, whatever else stands in it, and write its defaults in.

    Raises:
        RecipeError: With every fault of that section.
    """
    content = {name: spec for name, spec in draft.content.items() if name == "dataset"}
    alone, faults = _parse(content, _DatasetAlone)
    named = [c for c in _components(content) if c[0] == "dataset"]
    parts = _bind_all(named, draft.base, registry, faults)
    if faults or alone is None:
        raise RecipeError(draft.source, sorted(set(faults), key=lambda f: f.where))
    bound = parts["dataset"]
    return ResolvedDataset(draft.source, fill(alone.dataset, bound, draft.base), bound)


class _DatasetAlone(Part):
    dataset: DatasetSpec


def _parse(content: Mapping[str, Json], model: type[_M]) -> tuple[_M | None, list[Fault]]:
    try:
        return model.model_validate_json(json.dumps(content), strict=True), []
    except ValidationError as error:
        return None, [_schema_fault(e) for e in error.errors(include_url=False)]


def _bind_all(
    components: Iterable[tuple[str, str, Json]], base: Path, registry: Registry, faults: list[Fault]
) -> dict[str, Bound]:
    """Every component by its place, where it can be loaded; what is wrong goes into `faults`."""
    parts: dict[str, Bound] = {}
    for where, kind, spec in components:
        bound = _bind(spec, kind, where, base, registry, faults)
        if bound is not None:
            parts[where] = bound
            faults += _faults_of(bound, spec, where)
    return parts


def _schema_fault(error: Any) -> Fault:
    *parents, last = error["loc"]
    where = join("", error["loc"])
    if error["type"] == "extra_forbidden":
        known = _keys_at(parents)
        owner = join("", parents) or "a recipe"
        return Fault(where, f"{owner} has no such key{did_you_mean(str(last), known)}")
    if error["type"] == "missing":
        return Fault(where, "is missing")
    return Fault(where, explain(error))


def _keys_at(path: list[Any]) -> list[str]:
    model: type[BaseModel] = Recipe
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)


def _components(content: Mapping[str, Json]) -> Iterator[tuple[str, str, Json]]:
    """Every (where, kind, spec) in the raw content, as far as its shape allows."""
    defaults = {"metrics": [m.use for m in Recipe.model_fields["metrics"].default]}
    for section, (kind, _) in SECTIONS.items():
        value = content.get(section, defaults.get(section))
        if section in ("dataset", "fusion"):
            found = {section: value}
        elif section == "metrics" and isinstance(value, list):
            found = {f"metrics.{i}": v for i, v in enumerate(value)}
        else:
            found = (
                {f"{section}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {}
            )
        for where, spec in found.items():
            yield where, kind, {"use": spec} if isinstance(spec, str) else spec
    yield RANKING, "metrics", {"use": _ranking(content)}


def _ranking(content: Mapping[str, Json]) -> Json:
    train = content.get("train")
    select = train.get("select") if isinstance(train, dict) else None
    return select.get("by", Select().by) if isinstance(select, dict) else Select().by


def _arguments(spec: Mapping[str, Json], where: str) -> dict[str, Json]:
    return {str(k): v for k, v in spec.items() if k not in _place(where).model_fields}


def _bind(
    spec: Json, kind: str, where: str, base: Path, registry: Registry, faults: list[Fault]
) -> Bound | None:
    if not isinstance(spec, dict) or not isinstance(spec.get("use"), str):
        return None  # the schema has told this fault
    try:
        entry = registry.find(kind, spec["use"], base)
        component = entry.load()
        signature = Signature.of(component, spec["use"], kind)
        return Bound(entry, component, signature, code_digest(component.__module__))
    except PluginError as error:
        faults.append(Fault(where, str(error)))
    except (NameError, TypeError, ValueError) as error:
        what = f"the constructor of {spec['use']!r} cannot be read: {error}"
        faults.append(Fault(where, what))
    return None


def _faults_of(bound: Bound, spec: Mapping[str, Json], where: str) -> list[Fault]:
    """What is wrong with one component and its arguments."""
    also = set(_place(where).model_fields) - {"use"}
    faults = bound.signature.faults(_arguments(spec, where), where, also)
    return [*faults, *_taken(bound, where), *_lacking(bound, where), *_fixed(bound, spec, where)]


def _place(where: str) -> type[Component]:
    """The keys that belong to the place, not to the component that stands there."""
    section = where.partition(".")[0]
    return SECTIONS[section][1] if section in SECTIONS else Component


def _taken(bound: Bound, where: str) -> Iterator[Fault]:
    """An argument that no recipe could give, because the place has a key of that name."""
    for name in bound.signature.arguments:
        if name in _place(where).model_fields:
            what = f"{bound.entry.name!r} has an argument of this name, which is the recipe's own"
            yield Fault(f"{where}.{name}", f"{what}; its author must rename it")


def _lacking(bound: Bound, where: str) -> Iterator[Fault]:
    """What the class lacks to be of its kind."""
    kind = bound.entry.kind
    if names := lacking(bound.component, kind):
        what = f"{bound.entry.name!r} is no {SINGULAR[kind]}: it lacks {', '.join(names)}"
        yield Fault(where, f"{what}; see mertk.contracts")


def _fixed(bound: Bound, spec: Mapping[str, Json], where: str) -> Iterator[Fault]:
    """An encoder that is to be trained and has no weights that could be."""
    trained = bound.entry.kind == "encoders" and spec.get("train") is True
    if trained and "parameters" not in offered_by(bound.component):
        what = f"{bound.entry.name!r} is no torch module: it cannot be trained; leave this out"
        yield Fault(f"{where}.train", what)


def _target(content: Mapping[str, Json], parts: Mapping[str, Bound]) -> TargetKind:
    """What the dataset predicts, as far as its section can be read."""
    spec = content.get("dataset")
    if "dataset" not in parts:
        return "classes"
    return target_named(parts["dataset"], spec if isinstance(spec, dict) else {})


def _needs(parts: Mapping[str, Bound]) -> Iterator[Fault]:
    """A task that needs what no task before it provides."""
    provided: set[str] = set()
    for where, bound in parts.items():
        if not where.startswith("tasks."):
            continue
        for attribute in ("requires", "provides"):
            names = getattr(bound.component, attribute, ())
            if not isinstance(names, tuple | list | set | frozenset):
                what = f"the `{attribute}` of {bound.entry.name!r} is {names!r}, no tuple of names"
                yield Fault(where, f"{what}; its author must mend it")
                return
        for name in getattr(bound.component, "requires", ()):
            if name not in provided:
                yield Fault(where, f"needs {name!r}, which no task before it provides")
        provided |= set(getattr(bound.component, "provides", ()))


def _pairs(content: Mapping[str, Json], parts: Mapping[str, Bound]) -> Iterator[Fault]:
    """A task's argument named `modalities` names two of the recipe's streams."""
    encoders = content.get("encoders")
    streams = list(encoders) if isinstance(encoders, dict) else []
    for where, bound in parts.items():
        section, _, key = where.partition(".")
        if section != "tasks" or "modalities" not in bound.signature.arguments or not streams:
            continue
        spec = content["tasks"][key]
        named = spec.get("modalities") if isinstance(spec, dict) else None
        if isinstance(named, list):
            for name in named:
                if name not in streams:
                    hint = did_you_mean(str(name), streams)
                    yield Fault(f"{where}.modalities", f"no encoder named {name!r}{hint}")
        elif named is None and len(streams) < 2:
            yield Fault(
                where, f"pairs two streams, and there is only {streams[0]!r}; leave {key} out too"
            )
        elif named is None and len(streams) > 2:
            several = ", ".join(streams)
            what = f"say which two of {several} it pairs, such as [{', '.join(streams[:2])}]"
            yield Fault(f"{where}.modalities", what)


def _order(fault: Fault, draft: Draft) -> tuple[int, str]:
    sections = list(draft.content)
    top = fault.where.partition(".")[0]
    return (sections.index(top) if top in sections else len(sections), fault.where)
