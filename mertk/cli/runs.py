"""Finished runs as the command line names them: where they lie, what scores them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mertk.contracts import Metric, targets_of
from mertk.errors import MertkError, PluginError, did_you_mean
from mertk.records import Kept, read_kept
from mertk.registry import Registry
from mertk.signature import Signature
from mertk.variants import FULL

Json = Any
FREE = ("seeds", "keep_weights")
"""Of `train`, what may differ between runs that belong together."""


def folder_of(name: str, results: Path) -> Path:
    """Where the trials of a run lie: there, or in the only full recipe below it.

    Args:
        name: A folder, or a recipe's name below `results`.
        results: Where results lie.

    Raises:
        MertkError: There is no finished run, or there are several.
    """
    found = _below(name, results)
    if not found:
        tried = " or ".join(str(folder) for folder in _tried(name, results))
        there = [folder.name for folder in results.iterdir()] if results.is_dir() else []
        near = did_you_mean(name, (n for n in there if not n.startswith(".")))
        raise MertkError(
            f"{name}: no finished run is at {tried}; give a folder of results, or run the recipe "
            f"first (--results says where results lie){near}"
        )
    return found[0] if len(found) == 1 else _only(name, found)


def results_of(name: str | None, results: Path) -> Path:
    """A folder of results: itself, the one of a recipe's name below `results`, or all of them."""
    if name is None:
        return results
    return next((folder for folder in _tried(name, results) if folder.is_dir()), Path(name))


def is_finished(name: str, results: Path) -> bool:
    """Whether a run of that name, or one of its variants, has left anything."""
    return bool(_below(name, results))


def variants_beside(folder: Path) -> dict[str, Kept]:
    """The runs that belong to the one in a folder, itself included, by the name of their variant.

    A variant belongs to a run where it has its protocol and training, and its fusion, encoders and
    tasks, as far as neither leaves them out (a weight of 0 leaves the loss of a task out).

    Raises:
        MertkError: Several that belong bear one name.
    """
    own = read_kept(folder)
    found: dict[str, Kept] = {}
    for path in sorted(p.parent for p in folder.parent.glob("*/recipe.yaml")):
        if path != folder and not any(path.glob("*/trial.json")):
            continue
        kept = own if path == folder else read_kept(path)
        if kept is not own and not _belongs(kept, own):
            continue
        name = _variants(kept)[0]
        if name in found:
            raise MertkError(
                f"{folder}: {name!r} is in {found[name].folder} and in {path}; move one away"
            )
        found[name] = kept
    return found


def _belongs(kept: Kept, own: Kept) -> bool:
    return _protocols(kept) == _protocols(own) and all(
        mine == theirs for mine, theirs in zip(_shared(own, kept), _shared(kept, own), strict=True)
    )


def _protocols(kept: Kept) -> set[str]:
    return {str(r.facts["protocol"]) for r in kept.records.values()}


def _shared(kept: Kept, other: Kept) -> list[Json]:
    """What of a run's recipe makes its results, as far as the other's has it, too."""
    recipe, beside = kept.recipe, other.recipe
    train = {k: v for k, v in recipe.get("train", {}).items() if k not in FREE}
    pairs = [
        (spec, beside[section][name])
        for section in ("encoders", "tasks")
        for name, spec in sorted(recipe.get(section, {}).items())
        if name in beside.get(section, {})
    ]
    return [train, recipe.get("head"), recipe.get("fusion"), [_alike(*pair) for pair in pairs]]


def _alike(spec: Json, beside: Json) -> Json:
    """A part of a recipe, without its weight where that leaves it out of either."""
    left_out = 0 in (spec.get("weight"), beside.get("weight"))
    return {k: v for k, v in spec.items() if not (left_out and k == "weight")}


def metrics_of(kept: Kept, registry: Registry) -> Mapping[str, Metric]:
    """The metrics of a run's recipe, by name.

    Raises:
        MertkError: One cannot be built.
    """
    outputs = next(iter(kept.records.values())).facts["corpus"]["classes"]
    return built(kept.recipe["metrics"], registry, str(kept.folder), outputs)


def refuse_unfit(metrics: Mapping[str, Metric], runs: Iterable[Kept]) -> None:
    """Refuse to score runs by metrics of another kind of target than they predict.

    Raises:
        MertkError: Naming the first run and metric that do not fit.
    """
    for kept in runs:
        kind = next(iter(kept.records.values())).facts["corpus"].get("target", "classes")
        for name, metric in metrics.items():
            if kind not in targets_of(metric):
                raise MertkError(
                    f"{kept.folder}: predicts {kind}, and {name!r} scores "
                    f"{' or '.join(targets_of(metric))}; choose another metric or run"
                )


def built(
    specs: Iterable[Mapping[str, Json]], registry: Registry, where: str, outputs: Sequence[str] = ()
) -> Mapping[str, Metric]:
    """Metrics as recipes say them, by name.

    Args:
        specs: What recipes say of each.
        registry: Where they are found.
        where: What messages call the place.
        outputs: What is predicted: names of classes, dimensions or labels.

    Raises:
        MertkError: One cannot be built.
    """
    made: dict[str, Metric] = {}
    for spec in specs:
        arguments = {k: v for k, v in spec.items() if k not in ("use", "name")}
        try:
            component = registry.find("metrics", spec["use"]).load()
            signature = Signature.of(component, spec["use"], "metrics")
            name = spec.get("name") or spec["use"]
            made[name] = component(**signature.bind(arguments, {"outputs": tuple(outputs)}))
        except (PluginError, TypeError, ValueError) as error:
            raise MertkError(f"{where}: its metric cannot be built: {error}") from error
    return made


def _tried(name: str, results: Path) -> list[Path]:
    return list(dict.fromkeys([Path(name), results / name]))


def _below(name: str, results: Path) -> list[Path]:
    """The folder that the name is, or those of a recipe and its variants; the first that exist."""
    for folder in _tried(name, results):
        if (folder / "recipe.yaml").is_file():
            return [folder]
        below = sorted(p.parent for p in folder.glob("*/recipe.yaml"))
        if below:
            return below
    return []


def _only(name: str, folders: list[Path]) -> Path:
    """The folder of the full recipe, among those of its variants."""
    runs = {folder: _variants(read_kept(folder)) for folder in folders}
    full = [folder for folder, variants in runs.items() if FULL in variants] or folders
    if len(full) == 1:
        return full[0]
    told = "".join(f"\n  {folder} ({', '.join(runs[folder])})" for folder in full)
    raise MertkError(f"{name}: there are several runs; name one of these folders:{told}")


def _variants(kept: Kept) -> list[str]:
    return sorted({str(r.facts["variant"]) for r in kept.records.values()})
