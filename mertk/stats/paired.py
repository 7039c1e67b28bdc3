"""The difference between two systems on the same clips, folds and seeds."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import stats

from mertk.contracts import Metric
from mertk.stats.design import Array, Design
from mertk.stats.infer import ROUNDING, Bootstrap, Interval, infer
from mertk.stats.intervals import drawn_from
from mertk.stats.scorers import scorer

POWER: Final = 0.8
"""With which probability the smallest detectable difference would be found."""


@dataclass(frozen=True)
class Difference:
    """The first system's score minus the second's.

    Args:
        interval: Of the difference.
        p: Two-sided, of no difference; None where there is none.
        detectable: The smallest true difference that this design finds with probability POWER;
            None where there is no interval.
    """

    interval: Interval
    p: float | None
    detectable: float | None


def difference(
    metric: Metric,
    design: Design,
    first: Array,
    second: Array,
    how: Bootstrap | None = None,
) -> Difference:
    """Compare two systems clip by clip, fold by fold and seed by seed.

        p = 2 P(T > |difference| / sqrt(V)),  detectable = (t(1 - a/2) + t(power)) sqrt(V)

    with T and the quantiles t of Student's distribution and a = 1 - level. Every draw takes the
    same clusters of both systems, and fits are exchanged in pairs, so what both share cancels.

    Where the difference is 0 in every cluster and seed there is no interval, and p is 1.

    Args:
        metric: Fast if it offers `from_confusion`.
        design: The clips.
        first: [S, B, ...] scores by seed.
        second: Likewise, of the same seeds.
        how: To resample.

    Raises:
        ValueError: Shapes do not fit, or a score is not finite.
    """
    first, second, how = np.asarray(first), np.asarray(second), how or Bootstrap()
    if len(first) != len(second):
        raise ValueError(
            f"second: {len(second)} seeds against {len(first)}; pairs need the same seeds"
        )
    units, covers, notes = drawn_from(design, len(first))
    found = infer(units, [scorer(metric, units, s) for s in (first, second)], how)
    found = replace(found, covers_training=covers, notes=(*notes, *found.notes))
    if found.estimate is None or found.error is None or found.df is None:
        same = found.error == 0 and abs(found.estimate or 0.0) <= ROUNDING
        return Difference(found, p=1.0 if same else None, detectable=None)
    t = stats.t(found.df)
    return Difference(
        found,
        p=float(2 * t.sf(abs(found.estimate) / found.error)),
        detectable=float(t.ppf(0.5 + how.level / 2) + t.ppf(POWER)) * found.error,
    )
