"""How often two copies of one real system, fitted with other seeds, are called different.

    python benchmarks/null_ravdess.py FEATURES [--seeds N]

FEATURES is an npz with `visual` and `audio` [1440, C], `emotion` and `actor` of the RAVDESS speech
trials. A multilayer perceptron is fitted to each of 6 actor-disjoint folds with each seed; then
pairs of disjoint sets of seeds are compared as if they were two systems. The last line is one JSON
object; `kinship` is the variance between seeds of the pooled UA, over what it would be if fits of
one seed had nothing in common over folds, which is what the intervals assume.
"""

import argparse
import json
import platform
import time
import warnings
from pathlib import Path

import numpy as np
from simulated import FOLD_OF_ACTOR, Floats, Ints, Scores
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from mertk.stats import Bootstrap, Design, design, difference
from mertk.stats.scorers import scorer
from mertk_plugins.metrics.ua import UA

PAIRS = 1000


def fitted(x: Floats, labels: Ints, fold: Ints, seeds: int) -> Scores:
    """[S, B, 8]: what each seed's fits say about the clips that they were not fitted to."""
    found = np.zeros((seeds, len(labels), 8), np.float32)
    for held in np.unique(fold):
        test = fold == held
        scaler = StandardScaler().fit(x[~test])
        for seed in range(seeds):
            model = MLPClassifier(64, alpha=1.0, learning_rate_init=3e-3, random_state=seed)
            model.set_params(max_iter=25, n_iter_no_change=25)
            model.fit(scaler.transform(x[~test]), labels[~test])
            found[seed, test] = model.predict_proba(scaler.transform(x[test]))
    return found


def false_alarms(clips: Design, scores: Scores, seeds: int) -> float:
    """Share of pairs of disjoint sets of so many seeds that are called different at 0.05."""
    random, called = np.random.default_rng(0), []
    for pair in range(PAIRS):
        drawn = random.permutation(len(scores))[: 2 * seeds].reshape(2, seeds)
        how = Bootstrap(replicates=1000, seed=pair)
        found = difference(UA(), clips, scores[drawn[0]], scores[drawn[1]], how)
        called.append(found.p is not None and found.p < 0.05)
    return float(np.mean(called))


def kinship(clips: Design, scores: Scores) -> float:
    """Variance between seeds of the pooled UA, over that of fits that are independent."""
    counted = scorer(UA(), clips, scores)
    independent = counted.swapped().mean(2).var(1, ddof=1).sum()
    return float(counted.whole().var(ddof=1) / independent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("--seeds", type=int, default=40)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    began = time.perf_counter()
    with np.load(arguments.features) as table:
        x = np.concatenate([table["visual"], table["audio"]], 1).astype(np.float64)
        labels, actor = table["emotion"], table["actor"]
    clips = design(labels, actor, FOLD_OF_ACTOR[actor - 1])
    scores = fitted(x, labels, clips.folds, arguments.seeds)
    ua = scorer(UA(), clips, scores).whole()
    summary = {
        "name": "null_ravdess",
        "device": platform.processor() or platform.machine(),
        "fits": 6 * arguments.seeds,
        "ua": round(float(ua.mean()), 4),
        "ua_sd_over_seeds": round(float(ua.std(ddof=1)), 4),
        "kinship": round(kinship(clips, scores), 3),
        "called_different": {n: round(false_alarms(clips, scores, n), 3) for n in (1, 2, 3, 5)},
        "pairs": PAIRS,
        "seconds": round(time.perf_counter() - began, 1),
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
