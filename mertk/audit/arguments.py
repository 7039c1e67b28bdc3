"""Arguments of components that nothing reads: by the text of a constructor, or by its own word."""

from collections.abc import Iterator, Mapping
from typing import Any

from mertk.audit.reading import read_arguments
from mertk.contracts import Sparing
from mertk.errors import Fault, PluginError
from mertk.recipe import Component, EncoderSpec, TaskSpec
from mertk.resolved import RANKING, Bound, Resolved

Json = Any


def idle_arguments(resolved: Resolved) -> Iterator[Fault]:
    """Every argument that does not matter in this recipe, whether the recipe gives it or not."""
    for where, bound in resolved.parts.items():
        if where == RANKING:
            continue
        spec = resolved.spec(where)
        told = {**_unread(bound, spec.arguments), **_unused(bound, spec, resolved, where)}
        for name, why in told.items():
            yield Fault(f"{where}.{name}", f"{why} (got {_shown(spec.arguments.get(name))})")


def _unread(bound: Bound, arguments: Mapping[str, Json]) -> dict[str, str]:
    name, reading = bound.entry.name, read_arguments(bound.component)
    if reading is None:
        return {}
    why = f"{name!r} takes this and never reads it; leave it out"
    found = dict.fromkeys(sorted(reading.unread), why)
    if bound.signature.open_ended and not reading.rest:
        found |= dict.fromkeys((n for n in arguments if n not in bound.signature.arguments), why)
    return found


def _unused(bound: Bound, spec: Component, resolved: Resolved, where: str) -> Mapping[str, str]:
    """What the component itself says of its arguments."""
    component: Any = bound.component
    if not isinstance(component, Sparing):
        return {}
    place: dict[str, Json] = {"streams": list(resolved.recipe.encoders)}
    if isinstance(spec, EncoderSpec):
        place["train"] = spec.train
    if isinstance(spec, TaskSpec):
        place["weight"] = spec.weight
    try:
        return dict(component.unused(spec.arguments, place))
    except (Exception, SystemExit) as error:  # a stranger's code
        what = f"{bound.entry.name!r}: its `unused` fails ({type(error).__name__}: {error})"
        raise PluginError(f"{where}: {what}; its author must mend it") from error


def _shown(value: Json) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
