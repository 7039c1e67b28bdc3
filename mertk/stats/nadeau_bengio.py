"""Nadeau and Bengio's corrected resampled t test over folds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mertk.stats.design import Array


@dataclass(frozen=True)
class CorrectedT:
    """What the folds say about a mean difference.

    Args:
        mean: Over folds and seeds; None where there is no fold.
        t: The statistic; None, like all that follows, where there is no test.
        df: Degrees of freedom.
        p: Two-sided.
        low: Lower end of the interval.
        high: Upper end.
        reason: Why there is no test; '' where there is one.
    """

    mean: float | None
    t: float | None = None
    df: int | None = None
    p: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def nadeau_bengio(
    differences: Array, test: Sequence[int], train: Sequence[int], level: float = 0.95
) -> CorrectedT:
    """Test whether the mean difference over folds is 0, given that folds share training clips.

        t = mean / sqrt((1 / F + n_test / n_train) s^2),  df = F - 1

    with s^2 the variance between folds. A plain t test over folds takes them for independent and
    finds too many differences.

    Source: Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 2003.
    Differs: seeds are averaged within a fold first. The repeats of Bouckaert and Frank (PAKDD 2004)
    draw new folds, seeds do not, and counting them as repeats would feign degrees of freedom.

    Args:
        differences: [S, F] of the score of each fold's test clips, by seed.
        test: [F] clips tested.
        train: [F] clips trained on.
        level: Of the interval.

    Raises:
        ValueError: Shapes do not fit, a difference is not finite, or a fold has no clips.
    """
    differences = np.asarray(differences, dtype=np.float64)
    tested, trained = np.asarray(test), np.asarray(train)
    if differences.ndim != 2 or not tested.shape == trained.shape == differences.shape[1:]:
        raise ValueError(
            f"differences: shape {differences.shape} with {len(tested)} test and {len(trained)} "
            "train sizes; [S, F] and F of each are needed"
        )
    if not np.isfinite(differences).all():
        raise ValueError(f"differences: {(~np.isfinite(differences)).sum()} are not finite")
    if (tested < 1).any() or (trained < 1).any():
        raise ValueError(f"test, train: a fold has no clips ({list(test)}, {list(train)})")
    if not differences.size:
        return CorrectedT(None, reason="no fold: there is nothing to compare")
    folds = differences.mean(0)
    return _tested(folds, tested.sum() / trained.sum(), level)


def _tested(folds: Array, ratio: float, level: float) -> CorrectedT:
    mean, count = float(folds.mean()), len(folds)
    if count < 2:
        return CorrectedT(mean, reason="one fold: nothing tells how another would come out")
    error = float(np.sqrt((1 / count + ratio) * folds.var(ddof=1)))
    if error <= 1e-12 * max(1.0, abs(mean)):
        same = abs(mean) <= 1e-12
        return CorrectedT(mean, p=1.0 if same else None, reason="no spread: all folds differ alike")
    half = float(stats.t.ppf(0.5 + level / 2, count - 1)) * error
    return CorrectedT(
        mean,
        t=mean / error,
        df=count - 1,
        p=float(2 * stats.t.sf(abs(mean) / error, count - 1)),
        low=mean - half,
        high=mean + half,
    )
