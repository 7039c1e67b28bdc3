"""What of a recipe does not fit what its dataset predicts, told before the corpus is opened."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mertk.contracts import TargetKind, targets_of
from mertk.errors import Fault
from mertk.recipe import LOSS, Recipe, Train
from mertk.registry import SINGULAR
from mertk.resolved import RANKING, Bound

Json = Any
ONLY_FOR: Final[Mapping[str, TargetKind]] = {
    "balanced": "classes",
    "label_smoothing": "classes",
    "loss": "dimensions",
}
"""Keys of `train` that only one kind of target has a use for."""


def target_named(dataset: Bound, arguments: Mapping[str, Json]) -> TargetKind:
    """What a dataset says that it predicts, without building it.

    Args:
        dataset: The component.
        arguments: What the recipe gives it: its argument `target` says it, else that argument's
            default, else an attribute of that name; else it is classes.
    """
    taken = dataset.signature.arguments.get("target")
    said = getattr(dataset.component, "target", None)
    if taken is not None:
        said = arguments.get("target", taken.default)
    known: TargetKind = said if isinstance(said, str) else "classes"  # type: ignore[assignment]
    return known


def misfits(parts: Mapping[str, Bound], train: Train | None, kind: TargetKind) -> Iterator[Fault]:
    """Metrics, tasks and settings that have no use for this kind of target.

    Args:
        parts: Components by their place in the recipe.
        train: The recipe's, where it could be read.
        kind: What the dataset predicts.
    """
    for where, bound in parts.items():
        if where != RANKING and where.partition(".")[0] not in ("metrics", "tasks"):
            continue
        takes = targets_of(bound.component)
        if not isinstance(takes, tuple) or not takes:
            what = f"the `targets` of {bound.entry.name!r} is {takes!r}, no tuple of names"
            yield Fault(where, f"{what}; its author must mend it")
        elif kind not in takes:
            part = SINGULAR[bound.entry.kind]
            way = f"choose a {part} of {kind}" if part == "metric" else "leave it out"
            what = f"{bound.entry.name!r} is of {' and '.join(takes)}"
            yield Fault(where, f"{what}, and the dataset's target is {kind}; {way}")
    for key, only in ONLY_FOR.items():
        if train is not None and getattr(train, key) and kind != only:
            what = f"is of use for {only} only, and the dataset's target is {kind}; leave it out"
            yield Fault(f"train.{key}", what)


def with_loss(recipe: Recipe, kind: TargetKind) -> Recipe:
    """The recipe with the loss written in, where its kind of target has several."""
    if kind != ONLY_FOR["loss"] or recipe.train.loss is not None:
        return recipe
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"loss": LOSS})})
