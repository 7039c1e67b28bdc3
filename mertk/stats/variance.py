"""How far a score would move with other speakers and with training again."""

from dataclasses import dataclass

from mertk.stats.design import Floats


@dataclass(frozen=True)
class Variance:
    """The variance of a score averaged over seeds, and how well it is known.

    Args:
        value: The variance.
        df: Degrees of freedom of Student's t for an interval.
    """

    value: float
    df: float


def variance(resampled: Floats, clusters: int, swapped: Floats) -> Variance:
    """Add up what clusters and what training contribute.

        V = Vc + max(Vt - Vct, 0)

    Vc is the bootstrap variance over clusters of the mean over seeds, times C / (C - 1), by which a
    bootstrap of C clusters falls short. Vt is the variance between the seeds' fits, fold by fold:
    the sum over folds of the variance between seeds of the fold's effect, over S. The chance of
    single clips is in both, so it is taken off once: Vct, what the seeds' replicates do not share.
    Resampling clusters and seeds in one go would count it three times (Owen), which makes two
    copies of one system look more alike than they are and hides real differences.

    The degrees of freedom are Satterthwaite's, from C - 1 and F (S - 1), not below the smaller of
    the two; with two fits in all they are 1, since that single difference is often small by luck.

    With one seed, V = Vc.

    Source: Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007; Hillis, "A
    comparison of denominator degrees of freedom methods for multiple observer ROC analysis",
    Statistics in Medicine 2007, for the same sum with readers in the place of fits.
    Differs: fits are independent between folds even where they bear one seed, so each fold tells
    S - 1 degrees of freedom instead of all folds together. `benchmarks/null_ravdess.py` measures
    whether that holds.

    Args:
        resampled: [R, S] scores of the bootstrap replicates.
        clusters: How many were drawn from, C; at least 2.
        swapped: [F, S, S'] scores with the fits of fold F exchanged; see `Scorer`.
    """
    replicates, seeds = resampled.shape
    centred = resampled - resampled.mean(0)
    between = centred.T @ centred / (replicates - 1) * clusters / (clusters - 1)
    by_clusters = max(float(between.mean()), 0.0)  # rounding may put 0 below 0
    if seeds == 1:
        return Variance(by_clusters, clusters - 1)
    common = float((between.sum() - between.trace()) / (seeds * (seeds - 1)))
    by_chance = max(float(between.trace()) / seeds - common, 0.0) / seeds
    by_fits = float(swapped.mean(2).var(1, ddof=1).sum()) / seeds
    value = by_clusters + max(by_fits - by_chance, 0.0)
    fits_df = len(swapped) * (seeds - 1)
    known = [
        (by_clusters, clusters - 1),
        (by_fits, fits_df),
        (by_chance, (clusters - 1) * (seeds - 1)),
    ]
    return Variance(value, _degrees_of_freedom(value, known))


def _degrees_of_freedom(value: float, known: list[tuple[float, int]]) -> float:
    least = min(known[0][1], known[1][1])
    doubt = sum(part**2 / df for part, df in known)
    if least < 2 or not doubt:
        return least
    return max(value**2 / doubt, least)
