"""`mertk reproduce`: a finished run against published numbers, and how both were made."""

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mertk import draft
from mertk.amounts import counted
from mertk.check import resolve
from mertk.claims import Target, read_target
from mertk.cli.answer import answer
from mertk.cli.beginning import begin
from mertk.cli.reproduced import Told, as_json, show
from mertk.cli.runs import built, folder_of, is_finished, refuse_unfit, variants_beside
from mertk.errors import MertkError
from mertk.registry import Registry
from mertk.reproducing import reproduction
from mertk.variants import FULL

Json = Any


def reproduce(arguments: argparse.Namespace) -> int:
    """Tell what was published, what a finished run comes to, and where they differ."""
    target = read_target(arguments.target)
    margin = target.margin.points if arguments.margin is None else arguments.margin
    if not (math.isfinite(margin) and margin > 0):
        raise MertkError(f"--margin {margin}: must be a number of points above 0, such as 1.0")
    screen, registry = begin()
    run, results = arguments.run or target.recipes[0], Path(arguments.results)
    found = _finished if is_finished(run, results) else _planned
    told = found(target, run, results, margin, registry)
    if arguments.json:
        answer(as_json(told))
    else:
        show(screen, told)
    return 0


def _finished(target: Target, run: str, results: Path, margin: float, registry: Registry) -> Told:
    """A run that has left trials: nothing of it is built again but its metrics."""
    folder = folder_of(run, results)
    variants = variants_beside(folder)
    of = {name: line.name for line in target.rows for name in line.variants}
    kept = {of[name]: one for name, one in variants.items() if name in of}
    full = variants.get(FULL) or next(o for o in variants.values() if o.folder == folder)
    metrics = built([{"use": name} for name in target.metrics], registry, target.name)
    refuse_unfit(metrics, kept.values())
    records = {name: one.records for name, one in kept.items()}
    found = reproduction(target, full.recipe, records, metrics, margin)
    notes = [
        f"{name}: left out beside the latest: {counted(one.superseded, 'earlier trial')}"
        for name, one in kept.items()
        if one.superseded
    ]
    notes += [
        f"{name}: {counted(one.failed, 'trial')} failed and in no number"
        for name, one in kept.items()
        if one.failed
    ]
    return Told(found, str(folder), full.recipe, str(results), finished=True, notes=notes)


def _planned(target: Target, run: str, results: Path, margin: float, registry: Registry) -> Told:
    """A recipe that has not been run: its components are built to know their defaults."""
    if run not in draft.shipped() and not Path(run).is_file():
        folder_of(run, results)  # which tells what is wrong with the name
    recipe: Mapping[str, Json] = resolve(draft.read(run), registry).recipe.model_dump(mode="json")
    metrics = built([{"use": name} for name in target.metrics], registry, target.name)
    found = reproduction(target, recipe, {}, metrics, margin)
    return Told(found, run, recipe, str(results), finished=False)
