"""`mertk run` and `mertk ablate`."""

import argparse
from pathlib import Path

from mertk import draft
from mertk.check import resolve
from mertk.cli import FAILED, OK
from mertk.cli.answer import answer
from mertk.cli.beginning import begin
from mertk.draft import Draft
from mertk.errors import MertkError
from mertk.executors.choice import choose
from mertk.launched import launched
from mertk.registry import Registry
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
    place = choose(arguments.executor, arguments.jobs, arguments.resources, arguments.slurm)
    screen, registry = begin()
    recipe = draft.read(arguments.recipe).set(arguments.set)
    if ablating:
        screen.say(f"ablating {arguments.recipe}")
    # What a recipe names, and the engine after it, is imported: on a busy disk that takes a while.
    with screen.bar(f"reading {arguments.recipe}", 1):
        if ablating:
            edits = edits or _edits_of_recipe(recipe, registry)
        made = variants(recipe, edits, registry)

        from mertk.cli.telling import Telling
        from mertk.run import Options, run_all

    options = Options(
        seeds=seeds_of(arguments.seeds),
        folds=names_of(arguments.folds, "--folds"),
        results=Path(arguments.results),
        device=arguments.device,
        redo=arguments.redo,
        dry=arguments.dry_run,
        mix_protocols=getattr(arguments, "mix_protocols", False),
        picks=arguments.picks,
        place=place,
    )
    finished = run_all(made, options, screen)
    if launched().rank:  # the main process has told it
        return OK
    telling = Telling(made, finished, options)
    if arguments.json:
        answer(telling.as_json())
    elif options.dry:
        telling.plan(screen)
    else:
        telling.results(screen)
    return FAILED if any(row.failed for row in finished.rows) else OK


def _edits_of_recipe(recipe: Draft, registry: Registry) -> list[Edit]:
    edits = edits_of(resolve(recipe, registry).recipe.ablations)
    if not edits:
        raise MertkError(
            f"{recipe.source}: has no `ablations:`; say what to change with --without or --swap"
        )
    return edits


def seeds_of(text: str | None) -> tuple[int, ...]:
    """What `--seeds` says.

    Raises:
        MertkError: It is no list of different numbers.
    """
    try:
        seeds = tuple(int(s) for s in names_of(text, "--seeds"))
    except ValueError:
        raise MertkError(f"--seeds {text}: expected whole numbers, such as 0,1,2") from None
    if len(set(seeds)) < len(seeds) or any(not 0 <= s < 2**63 for s in seeds):
        raise MertkError(f"--seeds {text}: expected different numbers from 0 up, below 2**63")
    return seeds


def names_of(text: str | None, option: str) -> tuple[str, ...]:
    """Names separated by commas; none where the option is not given.

    Raises:
        MertkError: It is given, and names nothing.
    """
    names = tuple(n.strip() for n in (text or "").split(",") if n.strip())
    if text is not None and not names:  # such as a variable of a script that was never set
        raise MertkError(f"{option} {text!r}: names nothing; leave it out where all are meant")
    return names
