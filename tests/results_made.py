"""Finished trials as they lie on disk, with scores that a test chooses."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray

from mertk.records import PICKS, PREDICTIONS, Predicted, Record, to_table

FOLDS, SPEAKERS, CLIPS, CLASSES = 3, 4, 10, 4
LABELS = np.tile(np.arange(CLASSES), SPEAKERS * CLIPS)[: SPEAKERS * CLIPS].astype(np.int64)


def scores(right: float, seed: int, labels: NDArray[np.int64] = LABELS) -> NDArray[np.float32]:
    """[B, N] probabilities whose largest is the label for a share of the clips."""
    random = np.random.default_rng(seed)
    said = np.where(
        random.random(len(labels)) < right, labels, random.integers(CLASSES, size=len(labels))
    )
    return np.where(np.eye(CLASSES)[said] == 1, 0.7, 0.1).astype(np.float32)


def clips(fold: int) -> list[str]:
    return [f"fold{fold}_s{s}_{i}" for s in range(SPEAKERS) for i in range(CLIPS)]


def speakers(fold: int) -> list[str]:
    return [f"fold{fold}_s{s}" for s in range(SPEAKERS) for _ in range(CLIPS)]


def keep(
    folder: Path,
    fold: int,
    seed: int,
    picked: Mapping[str, NDArray[np.float32]],
    *,
    labels: NDArray[np.int64] = LABELS,
    who: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    **facts: Any,
) -> Record:
    """Write one trial the way a results folder holds it."""
    place = folder / f"fold{fold}-seed{seed}-{facts.get('key', '0' * 12)}"
    place.mkdir(parents=True)
    told = {
        "variant": "full",
        "fingerprint": "0" * 12,
        "fold": f"fold{fold}",
        "seed": seed,
        "protocol": "toy-4c-3f@00000000",
        "selected_on_test": False,
        "clips": {"train": 80, "valid": 0, "test": len(labels)},
        "corpus": {"title": "toy corpus", "synthetic": True, "classes": list("abcd")},
        "picks": {pick: {"epoch": 2} for pick in picked},
        "select": {"on": "held_out_speaker", "by": "ua"},
        "history": [
            {
                "number": n,
                "losses": {"emotion": 1 / n, "total": 2 / n},
                "lr": 0.1,
                "valid": 0.1 * n,
                "test": 0.1,
            }
            for n in (1, 2, 3)
        ],
        "cost": {"seconds": 3.0, "parameters": 10, "memory": {"device": None, "process": 10**9}},
        "provenance": {"began": "2026-01-01T00:00:00+00:00", "device": "cpu (toy)"},
    } | facts
    (place / "trial.json").write_text(json.dumps(told))
    said = Predicted(
        ids or clips(fold),
        speakers(fold) if who is None else who,
        labels,
        picked,
        groups=[
            {"gender": "male" if i < len(labels) // 2 else "female"} for i in range(len(labels))
        ],
        seconds=[1.0 + i for i in range(len(labels))],
    )
    pq.write_table(to_table(said), place / PREDICTIONS)
    metrics = [{"use": "ua"}, {"use": "wa"}]
    (folder / "recipe.yaml").write_text(yaml.safe_dump({"name": "toy", "metrics": metrics}))
    return Record(place, told)


def system(
    folder: Path, right: float, seeds: Sequence[int] = (0, 1), **facts: Any
) -> dict[tuple[str, int], Record]:
    """A system that is right on a share of the clips, whichever epoch is picked."""
    made = {}
    for fold in range(1, FOLDS + 1):
        for seed in seeds:
            said = scores(right, seed=100 * fold + seed + int(1000 * right))
            picked = dict.fromkeys(PICKS, said)
            made[f"fold{fold}", seed] = keep(folder, fold, seed, picked, **facts)
    return made
