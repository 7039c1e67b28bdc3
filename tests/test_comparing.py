"""One system against another: numbers from the statistics, a verdict from the numbers."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from mertk.comparing import compare
from mertk.pooled import pool
from mertk.rows import Row, row
from mertk_plugins.metrics.nll import NLL
from mertk_plugins.metrics.ua import UA
from tests.results_made import LABELS, system

METRICS = {"ua": UA(), "nll": NLL()}


def made(folder: Path, right: float, seeds: tuple[int, ...] = (0, 1)) -> Row:
    return row(folder.name, system(folder, right, seeds), METRICS, selected_on_test=False)


def test_the_difference_is_that_of_the_pooled_scores(tmp_path: Path) -> None:
    base, other = made(tmp_path / "base", 0.5), made(tmp_path / "other", 0.9)
    (found,) = compare(base, [other], "ua")
    assert found is not None

    def pooled_ua(this: Row) -> float:
        by_seed = []
        for seed in (0, 1):
            told = [this.records[f"fold{f}", seed].predictions() for f in (1, 2, 3)]
            said = np.concatenate([scores.argmax(1) for _, scores in told])
            by_seed.append(balanced_accuracy_score(np.tile(LABELS, 3), said))
        return float(np.mean(by_seed))

    assert found.difference.interval.estimate == pytest.approx(pooled_ua(other) - pooled_ua(base))
    assert found.verdict == "better"
    assert found.p == found.difference.p
    assert found.folds.mean == pytest.approx(np.mean(other.differences(base, "ua")))


def test_what_is_lower_is_better_where_the_metric_says_so(tmp_path: Path) -> None:
    base, other = made(tmp_path / "base", 0.5), made(tmp_path / "other", 0.95)
    (found,) = compare(base, [other], "nll")
    assert found is not None
    assert found.difference.interval.estimate is not None
    assert found.difference.interval.estimate < 0
    assert found.verdict == "better"


def test_a_copy_is_inside_noise(tmp_path: Path) -> None:
    base = made(tmp_path / "base", 0.5)
    (found,) = compare(base, [base], "ua")
    assert found is not None
    assert found.p == 1.0
    assert found.verdict == "inside noise"


def test_p_is_corrected_over_all_that_is_compared(tmp_path: Path) -> None:
    base = made(tmp_path / "base", 0.5)
    others = [made(tmp_path / name, right) for name, right in (("a", 0.62), ("b", 0.7))]
    alone = [compare(base, [other], "ua")[0] for other in others]
    together = compare(base, others, "ua")
    raw = sorted(c.p for c in alone if c is not None and c.p is not None)
    corrected = sorted(c.p for c in together if c is not None and c.p is not None)
    assert corrected[0] == pytest.approx(min(1.0, 2 * raw[0]))
    assert corrected[1] == pytest.approx(max(corrected[0], raw[1]))


def test_systems_that_share_no_trial_are_not_compared(tmp_path: Path) -> None:
    base, other = made(tmp_path / "a", 0.5, (0,)), made(tmp_path / "b", 0.5, (1,))
    assert compare(base, [other], "ua") == [None]


def test_an_interval_holds_its_estimate_and_stays_within_the_metrics_bounds(tmp_path: Path) -> None:
    this = made(tmp_path / "this", 0.97)
    pooled = pool(this.records)
    assert pooled is not None
    found = this.intervals["ua"]
    assert found.low is not None
    assert found.high is not None
    assert found.estimate is not None
    assert 0 <= found.low <= found.estimate <= found.high <= 1
