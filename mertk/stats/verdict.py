"""What a comparison says, in words."""

from typing import Literal

from mertk.stats.paired import Difference

Verdict = Literal["better", "worse", "inside noise", "undecided"]


def verdict(
    found: Difference,
    *,
    higher_is_better: bool,
    p: float | None = None,
    alpha: float = 0.05,
) -> Verdict:
    """Whether the first system is better than the second.

    "undecided" is not "inside noise": there is no p, or training again could change the difference
    by an amount that this design does not tell (one seed on one fold), so nothing was tested.

    Args:
        found: The comparison.
        higher_is_better: Of the metric.
        p: Corrected over the family of comparisons; None to take the comparison's own.
        alpha: Below which p a difference is one.
    """
    p = found.p if p is None else p
    estimate = found.interval.estimate
    if found.p is None or p is None or estimate is None:
        return "undecided"
    if p >= alpha:
        return "inside noise"
    if not found.interval.covers_training:
        return "undecided"
    return "better" if (estimate > 0) == higher_is_better else "worse"
