"""How often 95% intervals hold the truth, and how often copies of one system are called different.

    python benchmarks/coverage.py [--quick]

What is simulated stands in `simulated.py`. Beside the intervals of `mertk.stats` stand the
percentile and BCa intervals of scipy over the same clusters, the percentile one with clusters and
seeds drawn in one go. The last line is one JSON object.
"""

import argparse
import json
import platform
import time
import timeit
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats
from simulated import Floats, Ints, Scores, World

from mertk.stats import Bootstrap, Design, design, difference, interval, mcnemar, nadeau_bengio
from mertk.stats.scorers import scorer, tally
from mertk_plugins.metrics.ua import UA

REPLICATES = 1000
CORPORA = ("ravdess", "iemocap")
SCORES = [World(c, s, fits) for c in CORPORA for s in (1, 3) for fits in ("small", "large")]
DIFFERENCES = [replace(world, own=0.3) for world in SCORES]
COPIES = [
    *(World(c, s, f) for c in CORPORA for s in (1, 2, 3, 5) for f in ("none", "small", "large")),
    *(World(c, s, "large", one_fold=True) for c in CORPORA for s in (2, 3, 5)),
]
KIN = [World(c, 3, "large", kin=0.5) for c in CORPORA]


def textbook(clips: Design, systems: Sequence[Scores], method: str, seed: int) -> tuple[float, ...]:
    """Scipy's interval of a score or difference over clusters, as (low, high)."""
    scorers = [scorer(UA(), clips, s) for s in systems]
    random = np.random.default_rng(seed)

    def statistic(drawn: Ints, axis: int = -1) -> Floats:  # noqa: ARG001
        rows, count = np.atleast_2d(drawn), clips.cluster_count
        cells = (rows + count * np.arange(len(rows))[:, None]).ravel()
        weights = np.bincount(cells, minlength=len(rows) * count).reshape(-1, count).astype(float)
        first, *second = (s.resampled(weights) for s in scorers)
        by_seed = first - second[0] if second else first
        if method == "percentile":
            by_seed = np.take_along_axis(
                by_seed, random.integers(by_seed.shape[1], size=by_seed.shape), 1
            )
        return by_seed.mean(1).reshape(drawn.shape[:-1])

    found = stats.bootstrap(
        (np.arange(clips.cluster_count),),
        statistic,
        n_resamples=REPLICATES,
        vectorized=True,
        method=method,
        rng=random,
    )
    return tuple(found.confidence_interval)


def coverage(world: World, simulations: int, clusters: str = "speaker") -> dict[str, float]:
    """Shares of intervals that hold the truth, and the mean width of ours.

    Of one system's UA, or of the difference of two that differ in their speakers' effects.
    """
    clips = design(world.clips.labels, getattr(world.clips, clusters), world.fold)
    random, held = np.random.default_rng(1), defaultdict(list)
    for seed in range(simulations):
        how = Bootstrap(replicates=REPLICATES, seed=seed)
        first, second = world.draw(random)
        if world.own:
            systems, truth = [first, second], 0.0
            found = difference(UA(), clips, first, second, how).interval
        else:
            systems, truth = [first], world.accuracy
            found = interval(UA(), clips, first, how)
        if found.low is None or found.high is None:
            raise AssertionError(found.reason)
        held["mertk"].append(found.low <= truth <= found.high)
        held["width"].append(found.high - found.low)
        for method in ("percentile", "BCa"):
            low, high = textbook(clips, systems, method, seed)
            held[method].append(low <= truth <= high)
    return {name: float(np.mean(values)) for name, values in held.items()}


def false_alarms(world: World, simulations: int) -> dict[str, float]:
    """Shares of simulations in which each test calls two copies of one system different."""
    labels, fold = world.clips.labels, world.fold
    clips, sizes = design(labels, world.clips.speaker, fold), np.bincount(fold)
    random, called = np.random.default_rng(2), defaultdict(list)
    for seed in range(simulations):
        first, second = world.draw(random)
        how = Bootstrap(replicates=REPLICATES, seed=seed)
        p = {
            "mertk": difference(UA(), clips, first, second, how).p,
            "mcnemar": mcnemar(labels, first, second).p,
        }
        if len(sizes) > 1:
            by_fold = _ua_by_fold(labels, first, fold) - _ua_by_fold(labels, second, fold)
            p["nadeau_bengio"] = nadeau_bengio(by_fold, sizes, sizes.sum() - sizes).p
        for name, value in p.items():
            called[name].append(value is not None and value < 0.05)
    return {name: float(np.mean(values)) for name, values in called.items()}


def _ua_by_fold(labels: Ints, scores: Scores, fold: Ints) -> Floats:
    """[S, F]."""
    counts = tally(fold, labels, scores.argmax(-1), scores.shape[-1])
    return UA().from_confusion(counts).T


def seconds_for_one() -> float:
    """Of a difference on 5,531 clips, 3 seeds, 10,000 replicates; the fastest of five."""
    world = World("iemocap", 3, "small")
    first, second = world.draw(np.random.default_rng(3))
    clips = design(world.clips.labels, world.clips.speaker, world.fold)
    return min(timeit.repeat(lambda: difference(UA(), clips, first, second), number=1, repeat=5))


def told(world: World, clusters: str = "speaker") -> str:
    """A row's name."""
    folds = "one fold" if world.one_fold else "folds"
    kin = ", kin fits" if world.kin else ""
    seeds = "1 seed" if world.seeds == 1 else f"{world.seeds} seeds"
    return f"{world.corpus} by {clusters}, {folds}, {seeds}, {world.fits} fits{kin}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few simulations, under a minute")
    parser.add_argument("--simulations", type=int, help="per row; 1000 unless quick")
    arguments = parser.parse_args()
    count = arguments.simulations or (30 if arguments.quick else 1000)
    began = time.perf_counter()
    measured: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    runs: list[tuple[str, Callable[..., dict[str, float]], list[World], tuple[str, ...]]] = [
        ("coverage of a score", coverage, SCORES, ()),
        (
            "coverage of a score, clusters too small",
            coverage,
            [World("iemocap", 3, "small")],
            ("dialogue",),
        ),
        ("coverage of a difference", coverage, DIFFERENCES, ()),
        ("copies called different", false_alarms, COPIES + KIN, ()),
    ]
    for title, measure, worlds, more in runs:
        print(f"\n{title}, {count} simulations")
        for world in worlds:
            row = measure(world, count, *more)
            measured[title][told(world, *more)] = row
            cells = "  ".join(f"{name} {value:.3f}" for name, value in row.items())
            print(f"  {told(world, *more):52} {cells}", flush=True)
    summary = {
        "name": "coverage",
        "device": platform.processor() or platform.machine(),
        "simulations": count,
        "seconds": round(time.perf_counter() - began, 1),
        "seconds_for_one_difference": round(seconds_for_one(), 3),
        **measured,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
