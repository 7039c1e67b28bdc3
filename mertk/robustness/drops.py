"""What a level costs: score under it minus score on the clips as they are, paired by clip."""

from collections.abc import Mapping, Sequence

import numpy as np

from mertk.contracts import Metric
from mertk.pooled import pool
from mertk.records import Record
from mertk.robustness.kept import Curve, Key
from mertk.stats import Difference, difference


def drops(
    curve: Curve, records: Mapping[Key, Record], metrics: Mapping[str, Metric]
) -> list[dict[str, Difference | None]]:
    """Per level and metric, the paired difference from clean; None where no fold has every seed.

    Args:
        curve: The run under one condition.
        records: Its trials.
        metrics: By name.
    """
    pooled = pool({key: records[key] for key in curve.trials})
    if pooled is None:
        return [dict.fromkeys(metrics) for _ in curve.levels]
    place = {key: number for number, key in enumerate(curve.trials)}
    found: list[dict[str, Difference | None]] = []
    for kept in curve.kept:
        said = [one.said() for one in kept]
        bad = np.stack(
            [np.concatenate([said[place[f, s]] for f in pooled.folds]) for s in pooled.seeds]
        )
        found.append(
            {
                name: difference(m, pooled.design, bad, pooled.scores[0])
                for name, m in metrics.items()
            }
        )
    return found


def extremes(curves: Sequence[Curve], metric: str) -> tuple[Curve, Curve] | None:
    """The curve with the smallest area and the one with the largest; None for fewer than two."""
    areas = {i: float(np.mean(curve.area[metric])) for i, curve in enumerate(curves)}
    known = [i for i, area in areas.items() if np.isfinite(area)]
    if len(known) < 2:
        return None
    ordered = sorted(known, key=areas.__getitem__)
    return curves[ordered[0]], curves[ordered[-1]]
