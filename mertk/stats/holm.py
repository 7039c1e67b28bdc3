"""Holm's correction over a family of comparisons."""

from collections.abc import Sequence
from math import isnan


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p: below a only as often as a if nothing differs, over the family as a whole.

        of m values in rising order, the i-th becomes  max over j <= i of  min(1, (m - j + 1) p_j)

    It holds whatever the dependence between the comparisons. A comparison without a p was meant to
    be made: it counts in m and stays None.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 1979.

    Raises:
        ValueError: A value is no probability.
    """
    wrong = [p for p in values if p is not None and (isnan(p) or not 0 <= p <= 1)]
    if wrong:
        raise ValueError(f"values: a p lies between 0 and 1 ({', '.join(map(str, wrong))})")
    adjusted: list[float | None] = [None] * len(values)
    largest = 0.0
    rising = sorted((p, place) for place, p in enumerate(values) if p is not None)
    for done, (p, place) in enumerate(rising):
        largest = max(largest, min(1.0, (len(values) - done) * p))
        adjusted[place] = largest
    return adjusted
