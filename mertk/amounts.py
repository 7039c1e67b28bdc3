"""Numbers, counts and sizes as people read them."""

from collections.abc import Iterable, Sequence
from math import isfinite
from statistics import fmean, stdev


def number(value: float, *, sign: bool = False) -> str:
    """Three decimals, `.812`; a leading 0 would cost a table its width."""
    told = f"{value:+.3f}" if sign else f"{value:.3f}"
    return told.replace("0.", ".", 1) if abs(value) < 1 and "1.000" not in told else told


def probability(p: float) -> str:
    """A p value, `.012` or `<.001`."""
    return "<.001" if p < 0.001 else number(p)


def mean(values: Iterable[float]) -> float | None:
    """The mean; None where there is no value, or one that is no number."""
    known = list(values)
    return fmean(known) if known and all(map(isfinite, known)) else None


def spread(values: Sequence[float]) -> str:
    """Mean and sample standard deviation, `.812 ± .031`; `-` where there is no mean."""
    middle = mean(values)
    if middle is None:
        return "-"
    return number(middle) + (f" ± {number(stdev(values))}" if len(values) > 1 else "")


def counted(count: int, what: str) -> str:
    """How many there are of something, such as `1 row` or `2 rows`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def few(names: Sequence[str], most: int) -> str:
    """The first few of some names.

    >>> few(["a", "b", "c"], 2)
    'a, b, ...'
    """
    return ", ".join([*names[:most], *(["..."] if len(names) > most else [])])


def sized(nbytes: float) -> str:
    """Bytes, in the binary units.

    >>> sized(3 << 20), sized(20 << 30)
    ('3.0 MiB', '20.0 GiB')
    """
    return f"{nbytes / 2**30:.1f} GiB" if nbytes >= 10 << 30 else f"{nbytes / 2**20:.1f} MiB"
