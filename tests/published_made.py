"""A published result and finished runs of its corpus, both made up."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mertk.records import PICKS, Record
from tests.results_made import keep, scores

TARGET = {
    "name": "toynet",
    "title": "ToyNet on the toy corpus",
    "source": {"paper": "Nobody: Nothing, Nowhere 2026"},
    "recipes": ["foalnet"],
    "needs": ["train.epochs=40"],
    "protocol": {
        "words": "three folds",
        "dataset": "toy",
        "clips": 120,
        "folds": {"fold1": 40, "fold2": 40, "fold3": 40},
        "classes": {"a": 30, "b": 30, "c": 30, "d": 30},
        "select": {"on": "test", "by": "ua"},
        "seeds": 1,
    },
    "margin": {"points": 1.0, "why": "it is a toy"},
    "rows": [
        {"name": "ToyNet", "variants": ["full"], "scores": {"ua": 80.0, "wa": 80.0}},
        {"name": "plain", "variants": ["neither", "without avel, mem"], "scores": {"ua": 70.0}},
    ],
    "settings": [
        {"name": "batch", "where": "train.batch_size", "paper": 64, "code": 16, "note": "torn"},
        {"name": "weight", "where": "tasks.mem.weight", "paper": 0.1, "code": 0.1},
        {"name": "precision", "where": "train.precision", "fact": "precision", "code": "fp16"},
        {"name": "care", "toolkit": True, "code": False},
        {"name": "luck", "where": "train.luck"},
    ],
    "remarks": ["nobody knows"],
}

RECIPE: dict[str, Any] = {
    "name": "toynet",
    "metrics": [{"use": "ua"}, {"use": "wa"}],
    "encoders": {"audio": {"use": "x", "train": False}},
    "fusion": {"use": "concat"},
    "tasks": {"avel": {"use": "avel", "weight": 1.0}, "mem": {"use": "mem", "weight": 0.1}},
    "head": {"dropout": 0.1},
    "train": {"batch_size": 16, "precision": "auto", "seeds": [0], "select": {"on": "valid"}},
    "ablations": {"neither": {"without": ["avel", "mem"]}},
}

FACTS: dict[str, Any] = {
    "corpus": {
        "dataset": "toy",
        "title": "toy corpus",
        "synthetic": False,
        "classes": ["a", "b", "c", "d"],
    },
    "select": {"on": "valid", "by": "ua"},
    "precision": "fp16",
}


def without(*tasks: str) -> dict[str, Any]:
    """The recipe with some tasks left out."""
    return {**RECIPE, "tasks": {k: v for k, v in RECIPE["tasks"].items() if k not in tasks}}


def run(
    folder: Path,
    right: Mapping[str, float],
    seeds: Sequence[int] = (0, 1, 2),
    folds: Sequence[int] = (1, 2, 3),
    recipe: Mapping[str, Any] = RECIPE,
    **facts: Any,
) -> dict[tuple[str, int], Record]:
    """Finished trials that are right on a share of the clips that depends on the kept epoch."""
    made = {}
    for fold in folds:
        for seed in seeds:
            picked = {pick: scores(right[pick], 100 * fold + seed) for pick in PICKS}
            made[f"fold{fold}", seed] = keep(folder, fold, seed, picked, **(FACTS | facts))
    (folder / "recipe.yaml").write_text(yaml.safe_dump(dict(recipe)))
    return made
