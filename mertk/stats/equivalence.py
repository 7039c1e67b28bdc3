"""Whether a run's score is that of a published number: two one-sided tests within a margin."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from mertk.stats.design import Array, Floats
from mertk.stats.infer import ROUNDING

Equality = Literal["equivalent", "lower", "higher", "undecided"]


@dataclass(frozen=True)
class Equivalence:
    """A score minus a published one, and what that says.

    Args:
        difference: Mean over seeds and folds, minus the published number.
        margin: Within which the two count as equal, in the score's unit.
        verdict: `equivalent`: the difference lies within the margin; `lower`, `higher`: it does
            not, and is not 0 either; `undecided`: neither was shown.
        error: Standard error; None, like all that follows, where there is no test.
        df: Degrees of freedom of Student's t.
        low: Lower end of the interval at 1 - 2 alpha, which lies within the margin where the
            verdict is `equivalent`.
        high: Upper end.
        p: Of a difference as large as the margin: the larger one of the two one-sided tests.
        p_difference: Two-sided, of no difference.
        reason: Why there is no test; '' where there is one.
        note: What a reader has to know.
    """

    difference: float
    margin: float
    verdict: Equality = "undecided"
    error: float | None = None
    df: int | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_difference: float | None = None
    reason: str = ""
    note: str = ""

    @property
    def least_margin(self) -> float | None:
        """The smallest margin by which the two would have counted as equal."""
        if self.low is None or self.high is None:
            return None
        return max(abs(self.low), abs(self.high))


def equivalence(
    scores: Array, published: float, margin: float, *, alpha: float = 0.05
) -> Equivalence:
    """Test a score that is a mean over folds against a number published of the same folds.

        d = mean of scores - published,  V = sum over folds of var over seeds / (F^2 S)
        p = max(P(T > (d + margin) / sqrt(V)), P(T < (d - margin) / sqrt(V)))

    with T of Student's t with F (S - 1) degrees of freedom. Clips and speakers are those of the
    published number, so they are not drawn: only training again is. The published number is taken
    as fixed, though training again would have moved it as well. With one seed the variance between
    folds over F stands in place of V, with F - 1 degrees of freedom: it holds how hard each fold is
    besides, so less is shown.

    Source: Schuirmann, "A comparison of the two one-sided tests procedure and the power approach",
    Journal of Pharmacokinetics and Biopharmaceutics 1987.

    Args:
        scores: [S, F] by seed and fold.
        published: The number, in the same unit.
        margin: Above 0, likewise.
        alpha: Level of each one-sided test, and of the two-sided test of a difference.

    Raises:
        ValueError: `scores` is not two-dimensional, is empty or not finite, or a number is out of
            its range.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 2 or not scores.size or not np.isfinite(scores).all():
        raise ValueError(
            f"scores: shape {scores.shape}, {int((~np.isfinite(scores)).sum())} not finite; "
            "[S, F] with every seed on every fold is needed"
        )
    if not margin > 0:
        raise ValueError(f"margin: must be above 0 ({margin})")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha: must lie between 0 and 0.5 ({alpha})")
    bare = Equivalence(float(scores.mean()) - published, margin)
    seeds, folds = scores.shape
    if seeds == folds == 1:
        return replace(bare, reason="one seed on one fold: nothing tells how another would score")
    variance, df, note = _variance(scores)
    error = float(np.sqrt(variance))
    if error <= ROUNDING * max(1.0, abs(published)):
        return replace(bare, error=0.0, reason="no spread: all seeds score the same", note=note)
    return _tested(replace(bare, note=note), error, df, alpha)


def _variance(scores: Floats) -> tuple[float, int, str]:
    seeds, folds = scores.shape
    if seeds > 1:
        return float(scores.var(0, ddof=1).sum()) / (folds**2 * seeds), folds * (seeds - 1), ""
    note = "one seed: the spread between folds, which is larger, stands for that of training again"
    return float(scores.var(ddof=1)) / folds, folds - 1, note


def _tested(bare: Equivalence, error: float, df: int, alpha: float) -> Equivalence:
    t, difference, margin = stats.t(df), bare.difference, bare.margin
    half = float(t.ppf(1 - alpha)) * error
    p = float(max(t.sf((difference + margin) / error), t.cdf((difference - margin) / error)))
    p_difference = float(2 * t.sf(abs(difference) / error))
    verdict: Equality = "undecided"
    if p < alpha:
        verdict = "equivalent"
    elif p_difference < alpha:
        verdict = "lower" if difference < 0 else "higher"
    return replace(
        bare,
        verdict=verdict,
        error=error,
        df=df,
        low=difference - half,
        high=difference + half,
        p=p,
        p_difference=p_difference,
    )
