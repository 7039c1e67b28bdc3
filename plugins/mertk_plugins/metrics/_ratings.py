"""Ratings on dimensions as their metrics are given them: checked, one dimension at a time."""

from collections.abc import Callable, Sequence

import numpy as np

from mertk.contracts import TargetKind
from mertk.errors import did_you_mean
from mertk_plugins.metrics._cells import Array, cells


def column(dimension: str | None, outputs: Sequence[str]) -> int | None:
    """Which column of labels and scores a recipe asks for; None for all.

    Args:
        dimension: Its name, or None.
        outputs: The names of all.

    Raises:
        ValueError: There is none of that name.
    """
    if dimension is None:
        return None
    if dimension not in outputs:
        near = did_you_mean(dimension, outputs)
        raise ValueError(
            f"dimension: must be one of {', '.join(outputs) or 'the dataset'} ({dimension!r}){near}"
        )
    return list(outputs).index(dimension)


def over_dimensions(
    measure: Callable[[Array, Array], float], labels: Array, scores: Array, only: int | None
) -> float:
    """One dimension's score, or the mean over all; NaN where one of them is rated on no clip.

    Args:
        measure: Of labels [B] and scores [B], at least one.
        labels: [B, N] ratings, NaN where there is none.
        scores: [B, N].
        only: The column, or None for all.

    Raises:
        ValueError: As `cells`.
    """
    labels, scores = cells(labels, scores)
    columns = range(labels.shape[1]) if only is None else [only]
    found = []
    for each in columns:
        rated = ~np.isnan(labels[:, each])
        both = labels[rated, each], scores[rated, each]
        found.append(measure(*both) if rated.any() else np.nan)
    return float(np.mean(found))


def constant(*values: Array) -> bool:
    """Whether one of some arrays [B] does not vary, so that nothing can vary with it."""
    return any(bool(np.ptp(each) == 0) for each in values)


class OverDimensions:
    """A metric of dimensions: one number for each, and their mean.

    Attributes:
        measure: What two arrays [B], ratings and scores, come to.

    Args:
        dimension: Only this one.
        outputs: The names of the dimensions.

    Raises:
        ValueError: There is no such dimension; or there are no clips, shapes do not fit, or a score
            is not finite.
    """

    targets: tuple[TargetKind, ...] = ("dimensions",)
    measure: Callable[[Array, Array], float]

    def __init__(self, dimension: str | None = None, outputs: Sequence[str] = ()) -> None:
        self.column = column(dimension, outputs)

    def __call__(self, labels: Array, scores: Array) -> float:
        """The score of [B, N] scores against [B, N] ratings."""
        return over_dimensions(self.measure, labels, scores, self.column)
