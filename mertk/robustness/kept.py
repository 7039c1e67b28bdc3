"""What is kept of a run under bad conditions, one file per trial, condition and level.

    <trial>/robustness/<condition>@<level>.parquet

Each holds what the trial's model said of its test clips, and in its header the scores. Reading it
needs neither torch nor the components of the recipe.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mertk.errors import MertkError
from mertk.records import Predicted, Record, read_kept, to_table
from mertk.robustness.choice import names
from mertk.robustness.condition import VERSION, Condition
from mertk.whole import whole

Json = Any
Key = tuple[str, int]
"""A trial's fold and seed."""
FOLDER: Final = "robustness"
HEADER: Final = b"mertk"
COLUMN: Final = "said"


@dataclass(frozen=True)
class Level:
    """One trial under one condition at one level.

    Args:
        file: Where it lies.
        facts: Its header: `condition`, `meaning`, `unit`, `level`, `place` (of the level among the
            condition's, from 0), `of` (how many there are), `key` (of all its causes), `clean` and
            `scores` (by metric).
    """

    file: Path
    facts: Mapping[str, Json]

    def said(self) -> NDArray[np.float32]:
        """[B, N] class probabilities of the trial's test clips, in the trial's order."""
        table = pq.read_table(self.file)
        said = table[COLUMN].combine_chunks()
        flat: NDArray[np.float32] = said.flatten().to_numpy()
        return flat.reshape(len(table), -1)


@dataclass(frozen=True)
class Curve:
    """A run under one condition, over the trials that finished all of its levels.

    Args:
        condition: Its name, such as `noise`.
        meaning: What it is.
        unit: Of its levels; may be ''.
        levels: From mild to severe.
        trials: (fold, seed).
        clean: By metric, the score of each trial on the clips as they are; NaN where none exists.
        scores: Per level, the same.
        kept: Per level, the trials' files.
    """

    condition: str
    meaning: str
    unit: str
    levels: tuple[float, ...]
    trials: tuple[Key, ...]
    clean: Mapping[str, Sequence[float]]
    scores: Sequence[Mapping[str, Sequence[float]]]
    kept: Sequence[Sequence[Level]] = field(repr=False, default=())

    @property
    def area(self) -> dict[str, list[float]]:
        """By metric, the area under each trial's curve, see `area_under`."""
        return {
            metric: [*map(area_under, values, self.by_trial(metric))]
            for metric, values in self.clean.items()
        }

    def by_trial(self, metric: str) -> list[list[float]]:
        """For each trial its scores, from mild to severe."""
        trials = range(len(self.trials))
        return [[scores[metric][trial] for scores in self.scores] for trial in trials]


def area_under(clean: float, scores: Sequence[float]) -> float:
    """Area under a curve as share of what it is where nothing is lost.

        area = integral over [0, 1] of s(x) dx / s(0),  s(i / n) = score at level i, s(0) = clean

    by trapezoids. The n levels stand at equal steps from clean (0) to the most severe (1), whatever
    their unit; 1 means that the condition costs nothing. NaN where the clean score is 0, a score
    does not exist, or there is one level: two points are no curve, and would look mild beside one.

    Args:
        clean: The score on clips as they are.
        scores: At each level, from mild to severe.
    """
    if not clean or len(scores) < 2:
        return nan
    return float(np.trapezoid([clean, *scores], dx=1 / len(scores)) / clean)


def place_of(record: Record, condition: Condition, level: float) -> Path:
    """The file of one trial under one condition at one level."""
    return record.folder / FOLDER / f"{condition.name.replace(' ', '_')}@{level:g}.parquet"


def read_level(file: Path) -> Level | None:
    """What a file holds; None where there is none, or of another version of the conditions.

    Raises:
        MertkError: It cannot be read.
    """
    try:
        header = (pq.read_schema(file).metadata or {}).get(HEADER)
        facts = json.loads(header) if header else {}
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise MertkError(f"{file}: cannot be read ({error}); remove it and run again") from None
    return Level(file, facts) if facts.get("version") == VERSION else None


def write_level(
    record: Record,
    condition: Condition,
    level: float,
    said: NDArray[np.float32],
    facts: Mapping[str, Json],
) -> Level:
    """Keep one level: all of it or nothing.

    Args:
        record: The trial.
        condition: The condition.
        level: One of its levels.
        said: [B, N] class probabilities of the trial's test clips.
        facts: `key`, `clean` and `scores`; a score that does not exist is None.

    Raises:
        MertkError: It cannot be written.
    """
    file = place_of(record, condition, level)
    told = {
        "version": VERSION,
        "condition": condition.name,
        "meaning": condition.meaning,
        "unit": condition.unit,
        "level": level,
        "place": condition.levels.index(level),
        "of": len(condition.levels),
        **facts,
    }
    labels, _ = record.predictions()
    table = to_table(Predicted(record.clips, record.speakers, labels, {COLUMN: said}))
    header = json.dumps(told, allow_nan=False).encode()
    try:
        file.parent.mkdir(exist_ok=True)
        with whole(file) as draft:
            pq.write_table(table.replace_schema_metadata({HEADER: header}), draft)
    except OSError as error:
        raise MertkError(
            f"{file}: cannot be written ({error.strerror}); what is finished is kept, make room "
            "and run again"
        ) from error
    return Level(file, told)


def read_robustness(
    folder: Path, records: Mapping[Key, Record] | None = None
) -> list[Curve] | None:
    """The curves of a run, in the order that conditions are told in; None where there are none.

    Args:
        folder: `<results>/<recipe>/<fingerprint>`.
        records: Trials to read; the latest of each fold and seed where none are given.

    Raises:
        MertkError: The trials, or what is kept beside them, cannot be read.
    """
    records = read_kept(folder).records if records is None else records
    found: dict[str, dict[float, dict[Key, Level]]] = {}
    for key, record in records.items():
        for file in sorted((record.folder / FOLDER).glob("[!.]*.parquet")):
            one = read_level(file)
            if one is not None:
                levels = found.setdefault(one.facts["condition"], {})
                levels.setdefault(one.facts["level"], {})[key] = one
    curves = (_curve(found[name]) for name in sorted(found, key=_rank))
    return [curve for curve in curves if curve is not None] or None


def _curve(levels: Mapping[float, Mapping[Key, Level]]) -> Curve | None:
    ordered = sorted(levels.items(), key=lambda item: _any(item[1]).facts["place"])
    whole = len(ordered) == _any(ordered[0][1]).facts["of"]
    trials = tuple(k for k in ordered[0][1] if all(k in by_trial for _, by_trial in ordered))
    if not (whole and trials):
        return None
    kept = [[by_trial[key] for key in trials] for _, by_trial in ordered]
    facts = kept[0][0].facts
    metrics = [m for m in facts["scores"] if all(m in o.facts["scores"] for e in kept for o in e)]
    return Curve(
        condition=facts["condition"],
        meaning=facts["meaning"],
        unit=facts["unit"],
        levels=tuple(level for level, _ in ordered),
        trials=trials,
        clean={m: [_number(one.facts["clean"][m]) for one in kept[0]] for m in metrics},
        scores=[{m: [_number(o.facts["scores"][m]) for o in e] for m in metrics} for e in kept],
        kept=kept,
    )


def _rank(condition: str) -> tuple[int, int, str]:
    """Where a condition is told: subsets of modalities by how many are missing."""
    known, first = names(), condition.split()[0]
    place = known.index(first) if first in known else len(known)
    return place, condition.count("+"), condition


def _any(by_trial: Mapping[Key, Level]) -> Level:
    return next(iter(by_trial.values()))


def _number(value: float | None) -> float:
    return nan if value is None else float(value)


def finite(scores: Mapping[str, float]) -> dict[str, float | None]:
    """Scores as JSON has them: one that does not exist is None."""
    return {name: value if isfinite(value) else None for name, value in scores.items()}
