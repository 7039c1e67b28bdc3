"""`mertk robustness`: a finished run on clips whose media are bad, out of step, or missing."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mertk.amounts import number, spread
from mertk.cli.answer import answer
from mertk.cli.beginning import begin
from mertk.cli.run import names_of, seeds_of
from mertk.cli.runs import folder_of
from mertk.console import Screen
from mertk.errors import MertkError
from mertk.records import read_kept
from mertk.report import INTERVAL, SELECTED_ON_TEST, SPREAD, SYNTHETIC, ends
from mertk.robustness.choice import Inapplicable, choose, refuse_unknown
from mertk.robustness.condition import Condition
from mertk.robustness.kept import read_robustness
from mertk.robustness.probe import unnoticed
from mertk.robustness.reopen import Run, reopen
from mertk.robustness.table import Line, Matrix

Json = Any


def robustness(arguments: argparse.Namespace) -> int:
    """Have the trained models of a run predict under every condition, and tell what it costs."""
    chosen = names_of(arguments.conditions, "--conditions")
    refuse_unknown(chosen)
    seeds, folds = seeds_of(arguments.seeds), names_of(arguments.folds, "--folds")
    screen, registry = begin()
    kept = read_kept(folder_of(arguments.run, Path(arguments.results)))
    run = reopen(kept, arguments.set, registry, seeds=seeds, folds=folds)

    from mertk.home import home
    from mertk.robustness.features import Features  # the engine, once the run is known to be whole
    from mertk.robustness.matrix import fill_matrix
    from mertk.store import Store
    from mertk.train.device import pick_device
    from mertk.variants import Variant

    device = pick_device(arguments.device)
    variant = Variant(arguments.run, run.resolved)
    features = Features.of(variant, Store(home() / "features"), device, screen)
    conditions, unfit = choose(features.modalities, run.scored, chosen)
    unfit += unnoticed(conditions, features.encoders, run.scored)
    conditions = [c for c in conditions if c.name not in {one.name for one in unfit}]
    counts = fill_matrix(run, conditions, features, screen)
    matrix = _matrix(run, conditions)
    if arguments.json:
        answer(
            {
                **_facts(run, unfit, features.looked_up),
                "failed": kept.failed,
                "computed": counts.computed,
                "reused": counts.reused,
                "conditions": matrix.as_json(),
            }
        )
    else:
        notes = _notes(run, matrix, unfit, features.looked_up)
        failed = [f"trials of the run that failed, in no number: {kept.failed}"] * bool(kept.failed)
        _show(screen, run, matrix, [*notes, *failed])
    return 0


def _matrix(run: Run, conditions: Sequence[Condition]) -> Matrix:
    """What is kept of these conditions, in their order."""
    found = {curve.condition: curve for curve in read_robustness(run.folder, run.records) or ()}
    curves = [found[condition.name] for condition in conditions]
    return Matrix(curves, run.records, run.resolved.metrics())


def _facts(run: Run, unfit: Sequence[Inapplicable], looked_up: Sequence[str]) -> dict[str, Json]:
    recipe = run.resolved.recipe
    first = next(iter(run.records.values())).facts
    return {
        "run": str(run.folder),
        "recipe": recipe.name,
        "fingerprint": run.resolved.fingerprint,
        "protocol": first["protocol"],
        "synthetic": run.corpus.card.synthetic,
        "selected_on_test": recipe.selects_on_test,
        "trials": [list(key) for key in run.records],
        "not_applicable": [{"name": one.name, "reason": one.reason} for one in unfit],
        "looked_up": list(looked_up),
    }


def _show(screen: Screen, run: Run, matrix: Matrix, notes: Sequence[str]) -> None:
    if not matrix.curves:
        raise MertkError("\n  ".join(["robustness: no condition applies to this run", *notes]))
    title = f"{run.resolved.recipe.name} on {run.corpus.card.title}"
    for place, metric in enumerate(matrix.metrics):
        name, last = metric.upper(), place == len(matrix.metrics) - 1
        header = ["condition", "level", name, f"Δ{name}", "95%", "area"]
        rows = [
            ["clean", "", spread(matrix.curves[0].clean[metric]), "", "", ""],
            *map(_cells, matrix.lines(metric)),
        ]
        screen.table("" if place else title, header, rows, notes if last else [])


def _cells(line: Line) -> list[str]:
    found = line.drop.interval if line.drop else None
    lost = "-" if found is None or found.estimate is None else number(found.estimate, sign=True)
    area = spread(line.area) if line.area else ""
    return [line.condition, line.level, spread(line.scores), lost, ends(found, sign=True), area]


def _notes(
    run: Run, matrix: Matrix, unfit: Sequence[Inapplicable], looked_up: Sequence[str]
) -> list[str]:
    first = next(iter(run.records.values())).facts
    notes = [
        SPREAD,
        f"Δ: difference from clean, paired by clip; {INTERVAL}",
        *matrix.notes(),
        *(f"not done: {one.name}: {one.reason}" for one in unfit),
        f"protocol: {first['protocol']}",
    ]
    if looked_up:
        told = ", ".join(looked_up)
        notes.append(f"{told}: looked up by clip id (features), so changed by nothing but absence")
    notes += [SELECTED_ON_TEST] * run.resolved.recipe.selects_on_test
    notes += [SYNTHETIC] * run.corpus.card.synthetic
    return notes
