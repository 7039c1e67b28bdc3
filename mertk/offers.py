"""What kind a class is of, going by what it offers before it is built."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

OFFERS: Mapping[str, tuple[str, ...]] = {
    "encoders": ("load", "__call__"),
    "fusions": ("__call__", "parameters"),
    "tasks": ("__call__", "parameters", "requires", "provides"),
    "datasets": ("clips", "folds"),
    "metrics": ("__call__",),
}
"""What a class of each kind has before it is built: `parameters` marks a torch module, and what a
constructor may set is left out."""


MARKS: Mapping[str, tuple[str, ...]] = {
    "encoders": ("load",),
    "tasks": ("requires", "provides"),
    "datasets": ("clips", "folds"),
    "metrics": ("higher_is_better",),
}
"""What no other kind offers; fusions are the modules that offer none of it and take `dims`."""


def lacking(component: type[Any], kind: str) -> list[str]:
    """What a class would have to offer to be of a kind, and does not."""
    offered = offered_by(component)
    return [name for name in OFFERS[kind] if name not in offered]


def kind_of(component: type[Any]) -> str | None:
    """The kind that a class is of, going by what it offers; None where that is not clear."""
    offered = offered_by(component)
    marked = [kind for kind, names in MARKS.items() if offered.issuperset(names)]
    if not marked and offered.issuperset(OFFERS["fusions"]):
        return "fusions" if "dims" in signature(component).parameters else None
    return marked[0] if len(marked) == 1 else None


def offered_by(component: type[Any]) -> set[str]:
    """Names that instances of a class have."""
    # Every class can be called, to make an instance: what counts is what its instances offer.
    return {name for c in component.__mro__ for name in vars(c)}
