"""`mertk report`: finished trials -> a page to look at, and tables for a paper."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mertk.baselines.measure import measure
from mertk.check import resolve_dataset
from mertk.cli.answer import answer
from mertk.cli.beginning import begin
from mertk.cli.run import names_of
from mertk.cli.runs import metrics_of, results_of
from mertk.console import Screen
from mertk.corpus import as_scored, open_corpus
from mertk.draft import Draft
from mertk.errors import MertkError
from mertk.page.compose import Ground, Wishes, compose
from mertk.page.gather import Board, boards, find
from mertk.page.write import write
from mertk.recipe import Select
from mertk.registry import Registry

Json = Any


def report(arguments: argparse.Namespace) -> int:
    """Write the page of a folder of results."""
    screen, registry = begin()
    Draft("", Path(), {}).set(arguments.set)  # refused here, while a corpus that is away is told
    root = results_of(arguments.folder, Path(arguments.results))
    found = boards(find(root), lambda run: metrics_of(run, registry), arguments.against)
    grounds = {board.protocol: _ground(board, arguments.set, registry) for board in found}
    title = arguments.title or f"Results in {root.resolve().name}"
    page = compose(found, Wishes(title, _clips(arguments.clips, found), grounds))
    files = write(page, found, Path(arguments.out))
    if arguments.json:
        answer(_as_json(found, [words.text for words in page.lead], files))
    else:
        _show(screen, page.lead, files)
    return 0


def _ground(board: Board, changes: Iterable[str], registry: Registry) -> Ground:
    """What the corpus itself tells, where it can be opened and is still the one that was scored."""
    kept, facts = board.systems[0].kept, board.systems[0].records[0].facts
    try:
        content = {"dataset": kept.recipe["dataset"]}
        draft = Draft(str(kept.folder / "recipe.yaml"), kept.folder, content).set(changes)
        dataset = resolve_dataset(draft, registry)
        rule = Select(**kept.recipe["train"]["select"])
        whole = open_corpus(dataset.but({"exclude": ()}))
        standings, skipped = measure(as_scored(whole, dataset.spec.use, rule, facts))
    except (MertkError, KeyError, TypeError, ValueError) as error:  # or the recipe names none
        told = str(error).splitlines() or [type(error).__name__]
        return Ground(missing=[f"the corpus is not at hand ({told[0]})"])
    return Ground(standings, [f"{s.name}: {s.reason}" for s in skipped])


def _clips(named: str | None, found: Iterable[Board]) -> list[str]:
    """The clips whose attention is shown; each was looked at by some system.

    Raises:
        MertkError: One was not.
    """
    asked = list(names_of(named, "--clips"))
    if not asked:
        return []
    seen = [s.records[0].insight() for board in found for s in board.systems]
    known = list(dict.fromkeys(clip for each in seen if each for clip in each.clips))
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise MertkError(
            f"--clips {','.join(unknown)}: attention is kept of the first clip of each class, such "
            f"as {', '.join(known[:3]) or 'none'}"
        )
    return asked


def _as_json(found: list[Board], said: list[str], files: list[Path]) -> dict[str, Json]:
    return {
        "page": str(files[0]),
        "files": [str(path) for path in files],
        "answers": said,
        "protocols": {
            board.protocol: {
                "synthetic": board.corpus["synthetic"],
                "systems": board.report.as_json(),
            }
            for board in found
        },
    }


def _show(screen: Screen, said: Iterable[Any], files: list[Path]) -> None:
    for words in said:
        screen.tell(words.text)
    tables = [path for path in files if path.parent.name == "tables"]
    screen.tell(f"page: {files[0]}")
    screen.tell(f"tables: {tables[0].parent} ({len(tables)} files: Markdown, CSV, LaTeX)")
