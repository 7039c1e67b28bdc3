"""`mertk run` and `mertk ablate`."""

import argparse
import json

from mertk import draft
from mertk.cli import FAILED, OK
from mertk.console import Screen
from mertk.errors import MertkError
from mertk.registry import discover
from mertk.variants import Edit, edits_from, edits_of, variants


def run(arguments: argparse.Namespace) -> int:
    """Train and score a recipe."""
    return _go(arguments, [])


def ablate(arguments: argparse.Namespace) -> int:
    """Train and score a recipe and its variants on the same trials."""
    edits = edits_from(arguments.without, arguments.swap, grid=arguments.grid)
    swapped = [e.name for e in edits if "dataset" in e.swap]
    if swapped:
        raise MertkError(f"--swap {swapped[0]}: variants share their clips; use --set or mertk run")
    if arguments.grid and not edits:
        raise MertkError("--grid: needs --without or --swap")
    return _go(arguments, edits, ablating=True)


def _go(arguments: argparse.Namespace, edits: list[Edit], *, ablating: bool = False) -> int:
    screen = Screen()
    registry = discover()
    for skipped in registry.skipped:
        screen.say(f"mertk: plugin {skipped.name} was skipped: {skipped.reason}")
    recipe = draft.read(arguments.recipe).set(arguments.set)
    if ablating:
        screen.say(f"ablating {arguments.recipe}")
        edits = edits or _from_recipe(recipe, registry)
    made = variants(recipe, edits, registry)

    from mertk.run import Options, run_all  # torch is imported here, after the recipe is checked

    options = Options.of(
        seeds=arguments.seeds,
        folds=arguments.folds,
        results=arguments.results,
        device=arguments.device,
        redo=arguments.redo,
    )
    if arguments.dry_run:
        return _show_plan(arguments, screen, run_all(made, options, screen, dry=True))
    finished = run_all(made, options, screen)
    _show(arguments, screen, finished)
    return FAILED if any(row.failed for row in finished.rows) else OK
