"""A checked recipe together with the components it names, ready to be built."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from mertk.contracts import DatasetSource, Metric
from mertk.errors import Fault, PluginError, RecipeError
from mertk.recipe import Component, DatasetSpec, MetricSpec, Recipe, digest
from mertk.registry import Entry
from mertk.signature import Signature

Json = Any
_C = TypeVar("_C", bound=Component)
RANKING = "train.select.by"
"""Where a recipe names the metric that picks the epoch."""


@dataclass(frozen=True)
class Bound:
    """One component of a recipe: who brings it, its class, what it takes, which code it is."""

    entry: Entry
    component: type[Any]
    signature: Signature
    code: str

    def build(
        self, arguments: Mapping[str, Json], supplies: Mapping[str, Any], where: str, source: str
    ) -> Any:
        """Construct the component.

        Args:
            arguments: What the recipe gives it.
            supplies: What the core has for constructors that name it (`dims` ...).
            where: Its place in the recipe.
            source: What messages call the recipe.

        Raises:
            RecipeError: The constructor refuses its arguments, or does not find what they name.
        """
        bound = self.signature.bind(arguments, supplies)
        try:
            return self.component(**bound)
        except (ValueError, PluginError) as error:
            argument, colon, rest = str(error).partition(": ")
            if colon and argument in self.signature.arguments:
                fault = Fault(f"{where}.{argument}", rest)
            else:
                fault = Fault(where, str(error))
            raise RecipeError(source, [fault]) from error
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
            told = f"does not fit into memory ({_first_line(error)}); choose smaller sizes"
            raise RecipeError(source, [Fault(where, told)]) from error


def _out_of_memory(error: Exception) -> bool:
    """Whether memory ran out; torch says so on a processor in words alone."""
    return isinstance(error, MemoryError) or "allocate memory" in str(error)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0]


@dataclass(frozen=True)
class ResolvedDataset:
    """A dataset with every default written in, from a recipe or by its name alone.

    Args:
        source: What messages call it.
        spec: What is said of it.
        part: Its component.
    """

    source: str
    spec: DatasetSpec
    part: Bound

    def build(self) -> DatasetSource:
        """Construct the dataset.

        Raises:
            RecipeError: The constructor refuses its arguments.
        """
        built: DatasetSource = self.part.build(self.spec.arguments, {}, "dataset", self.source)
        return built

    def but(self, arguments: Mapping[str, Json]) -> "ResolvedDataset":
        """The same with other values of some arguments."""
        return replace(self, spec=self.spec.model_copy(update=dict(arguments)))


@dataclass(frozen=True)
class Resolved:
    """A recipe with every default written in, and its components by their place in it.

    Args:
        source: What messages call the recipe.
        recipe: The recipe.
        parts: Dotted path, for example `encoders.audio`, to the component there.
    """

    source: str
    recipe: Recipe
    parts: Mapping[str, Bound]

    @property
    def dataset(self) -> ResolvedDataset:
        """Its dataset alone."""
        return ResolvedDataset(self.source, self.recipe.dataset, self.parts["dataset"])

    def spec(self, where: str) -> Component:
        """What the recipe says at a place such as `tasks.mem` or `metrics.0`."""
        if where == RANKING:
            return Component(use=self.recipe.train.select.by)
        section, _, key = where.partition(".")
        value = getattr(self.recipe, section)
        if section == "metrics":
            return value[int(key)]  # type: ignore[no-any-return]
        return value[key] if key else value  # type: ignore[no-any-return]

    def build(self, where: str, **supplies: Any) -> Any:
        """Construct the component at a place.

        Args:
            where: Dotted path into the recipe.
            supplies: What the core has for constructors that name it (`dims` ...).

        Raises:
            RecipeError: The constructor refuses its arguments.
        """
        if "outputs" in self.parts[where].signature.injected:
            supplies.setdefault("outputs", self._outputs)
        return self.parts[where].build(self.spec(where).arguments, supplies, where, self.source)

    @cached_property
    def _outputs(self) -> tuple[str, ...]:
        """The names of what is predicted, which only the built dataset knows."""
        return tuple(self.dataset.build().card.classes)

    def named(self, where: str) -> dict[str, Json]:
        """What names a component apart from what it says of itself: its name, code, arguments.

        A registered one says by its `version` when its numbers change, so that what is kept of it
        outlives releases; of any other the text is all there is. Where things lie is left out.
        """
        bound, arguments = self.parts[where], self.spec(where).arguments
        name = bound.entry.target.rpartition(":")[2]
        return {
            "name": name,
            "code": bound.entry.target if bound.entry.registered else f"{name}@{bound.code}",
            "arguments": {k: v for k, v in arguments.items() if k not in bound.signature.places},
        }

    def metrics(self) -> dict[str, Metric]:
        """The metrics that the recipe tells, by name."""
        names = [spec.title for spec in self.recipe.metrics]
        return {name: self.build(f"metrics.{i}") for i, name in enumerate(names)}

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with whatever of the recipe changes a result."""
        return digest(self.causes)

    @cached_property
    def causes(self) -> dict[str, Json]:
        """What of the recipe can change the predictions of one trial.

        Names, notes, the list of seeds and the metrics cannot: metrics are computed from stored
        predictions, and a seed belongs to its trial. Where things lie on disk cannot either: what
        lies there enters each trial's key by digest.
        """
        kept = self.recipe.model_dump(
            mode="json", exclude={"name", "source", "notes", "ablations", "metrics"}
        )
        for cosmetic in ("seeds", "keep_weights", "checkpoint_activations"):
            kept["train"].pop(cosmetic)
        for unset in ("loss", "micro_batch"):  # of no use for this target, or not asked for
            if kept["train"][unset] is None:
                kept["train"].pop(unset)
        for choice in ("exclude", "broken", "shared_speakers"):  # what they leave is in the parts
            kept["dataset"].pop(choice)
        kept["dataset"].pop("corpus")  # tables say this and the next, no number depends on them
        for spec in kept["encoders"].values():
            spec.pop("pretrained_on")
        for where, bound in self.parts.items():
            section, _, key = where.partition(".")
            if section in ("metrics", "train"):
                continue
            spec = kept[section][key] if key else kept[section]
            for place in bound.signature.places:
                spec.pop(place, None)
            if not bound.entry.registered:
                spec["use"] = f"{spec['use'].rpartition(':')[2]}@{bound.code}"
        # The order of tasks is a cause (a later one may use what an earlier one provides), and
        # canonical JSON sorts keys.
        kept["tasks"] = list(kept["tasks"].items())
        kept["encoders"] = list(kept["encoders"].items())
        return kept


def filled(recipe: Recipe, parts: Mapping[str, Bound], base: Path) -> Recipe:
    """A recipe with every default of every component written in.

    Args:
        recipe: The recipe.
        parts: Its components by their place in it.
        base: The folder that `./file.py:Class` is relative to.
    """
    metrics = (
        MetricSpec(
            use=spec.use,
            name=spec.name,
            **parts[f"metrics.{i}"].signature.resolve(spec.arguments),
        )
        for i, spec in enumerate(recipe.metrics)
    )
    return recipe.model_copy(
        update={
            "dataset": fill(recipe.dataset, parts["dataset"], base),
            "encoders": {
                k: fill(s, parts[f"encoders.{k}"], base) for k, s in recipe.encoders.items()
            },
            "fusion": fill(recipe.fusion, parts["fusion"], base),
            "tasks": {k: fill(s, parts[f"tasks.{k}"], base) for k, s in recipe.tasks.items()},
            "metrics": tuple(metrics),  # a metric is called in tables as the recipe calls it
        }
    )


def fill(spec: _C, bound: Bound, base: Path) -> _C:
    """What a recipe says of one component, with every default written in."""
    arguments = bound.signature.resolve(spec.arguments)
    place = {k: getattr(spec, k) for k in type(spec).model_fields}
    use = place.pop("use")
    return type(spec)(use=_absolute(use, base), **place, **arguments)


def _absolute(use: str, base: Path) -> str:
    """A file's component by its full path, so that a resolved recipe means the same anywhere."""
    where, colon, attribute = use.rpartition(":")
    return f"{(base / where).resolve()}:{attribute}" if colon and where.endswith(".py") else use
