"""A run against published numbers: which number, which test, and when there is none."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from mertk.claims import Target
from mertk.reproducing import Reproduction, reproduction
from mertk_plugins.metrics.ua import UA
from mertk_plugins.metrics.wa import WA
from tests.published_made import FACTS, RECIPE, TARGET, run
from tests.results_made import LABELS

RIGHT = {"selected": 0.6, "last": 0.5, "test_best": 0.75}
TOYNET = Target.model_validate_json(json.dumps(TARGET))


def against(records, margin: float = 1.0, recipe=RECIPE, target: Target = TOYNET) -> Reproduction:
    return reproduction(target, recipe, {"ToyNet": records}, {"ua": UA(), "wa": WA()}, margin)


@pytest.fixture
def records(tmp_path: Path):
    return run(tmp_path / "full", RIGHT)


def test_numbers_are_means_over_folds_then_seeds_by_each_rule(records) -> None:
    for standing, judge in zip(
        against(records).standings, (balanced_accuracy_score, accuracy_score), strict=False
    ):
        for scored, pick in ((standing.same_rule, "test_best"), (standing.honest, "selected")):
            by_seed = [
                np.mean(
                    [
                        judge(LABELS, records[f"fold{f}", seed].predictions(pick)[1].argmax(1))
                        for f in (1, 2, 3)
                    ]
                )
                for seed in (0, 1, 2)
            ]
            assert scored.mean == pytest.approx(np.mean(by_seed))
            assert scored.spread == pytest.approx(np.std(by_seed, ddof=1))
            assert scored.seeds == (0, 1, 2)
        assert standing.gap == pytest.approx(standing.same_rule.mean - standing.honest.mean)
        assert standing.published == 0.8


def test_the_test_is_of_the_published_rule_and_restated_by_hand(records) -> None:
    tested = against(records, margin=3.0).standings[0].equivalence
    scores = np.array(
        [
            [
                balanced_accuracy_score(
                    LABELS, records[f"fold{f}", s].predictions("test_best")[1].argmax(1)
                )
                for f in (1, 2, 3)
            ]
            for s in (0, 1, 2)
        ]
    )
    pooled = ((scores - scores.mean(0)) ** 2).sum() / 6  # of one fold's fits, 3 x 2 df
    error = np.sqrt(pooled / 9)
    difference = scores.mean() - 0.8
    one_sided = max(t.sf((difference + 0.03) / error, 6), t.cdf((difference - 0.03) / error, 6))
    assert tested.error == pytest.approx(error)
    assert tested.p == pytest.approx(one_sided)
    assert tested.margin == 0.03


def test_one_seed_has_no_spread(tmp_path: Path) -> None:
    found = against(run(tmp_path / "full", RIGHT, seeds=(7,))).standings[0]
    assert found.same_rule.spread is None
    assert found.equivalence.note.startswith("one seed")


def test_a_seed_that_lacks_a_fold_is_left_out(tmp_path: Path) -> None:
    records = run(tmp_path / "full", RIGHT)
    del records["fold2", 1]
    assert against(records).standings[0].same_rule.seeds == (0, 2)
    for seed in (0, 2):
        del records["fold1", seed]
    found = against(records).standings[0]
    assert (found.same_rule, found.equivalence) == (None, None)
    assert found.reason == "no seed has finished every fold"


def test_a_row_without_a_run_says_so(records) -> None:
    (plain,) = (s for s in against(records).standings if s.line.name == "plain")
    assert plain.reason == "no finished trial"
    assert plain.same_rule is plain.gap is None


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            {"corpus": {**FACTS["corpus"], "dataset": "ravdess"}},
            "dataset ravdess, published on toy",
        ),
        ({"select": {"on": "valid", "by": "wa"}}, "picked the epoch by wa, published by ua"),
        (
            {"corpus": {**FACTS["corpus"], "classes": list("abce")}},
            "4 classes (a, b, c, e), published with a, b, c, d",
        ),
        (
            {"clips": {"train": 80, "valid": 0, "test": 39}},
            "test clips by fold: 39 fold1 (published 40), 39 fold2",
        ),
        ({"labels": np.zeros(40, dtype=np.int64)}, "clips by class: 120 a (published 30), 0 b"),
        ({"folds": (1, 2, 4)}, "3 folds (fold1, fold2, fold4), published over fold1, fold2, fold3"),
        ({"folds": (1, 2, 3, 4)}, "160 clips, published on 120"),
        ({"folds": (1, 3)}, "2 of 3 folds are finished (fold1, fold3)"),
    ],
)
def test_another_protocol_is_told_and_nothing_is_tested(facts, message, tmp_path: Path) -> None:
    records = run(tmp_path / "full", RIGHT, **facts)
    found = against({(r.facts["fold"], r.facts["seed"]): r for r in records.values()})
    assert any(message in what for what in found.mismatches), found.mismatches
    assert all(s.equivalence is None for s in found.standings)
    assert found.standings[0].reason == "no reproduction"
    assert found.standings[0].same_rule is not None
    assert found.settings[0].follows == "code"


def test_a_run_of_the_protocol_has_no_mismatch(records) -> None:
    assert list(against(records).mismatches) == []


def test_another_method_is_no_reproduction(records) -> None:
    found = against(records, recipe={**RECIPE, "tasks": {}})
    assert list(found.mismatches) == ["another method: its recipe has no tasks.mem"]
    assert all(s.equivalence is None for s in found.standings)


def test_a_mismatch_of_some_rows_names_them(tmp_path: Path) -> None:
    whole = run(tmp_path / "full", RIGHT)
    part = run(tmp_path / "neither", RIGHT, folds=(1, 2), variant="neither")
    metrics = {"ua": UA(), "wa": WA()}
    found = reproduction(TOYNET, RECIPE, {"ToyNet": whole, "plain": part}, metrics, 1.0)
    assert list(found.mismatches) == ["plain: 2 of 3 folds are finished (fold1, fold2)"]
    tested = {s.line.name: s.equivalence is not None for s in found.standings}
    assert tested == {"ToyNet": True, "plain": False}


def test_settings_come_from_recipe_trials_and_toolkit(records) -> None:
    found = {s.setting.name: (s.values, s.follows) for s in against(records).settings}
    assert found == {
        "batch": ([16], "code"),
        "weight": ([0.1], "both"),
        "precision": (["fp16"], "code"),  # the recipe says auto, the trials what that came to
        "care": ([True], "neither"),
        "luck": ([], "not known"),
    }
    before = {s.setting.name: s.values for s in against({}).settings}
    assert before["precision"] == ["auto"]


def test_trials_that_disagree_are_told_together(tmp_path: Path) -> None:
    records = run(tmp_path / "one", RIGHT, seeds=(0,))
    records |= run(tmp_path / "two", RIGHT, seeds=(1,), precision="bf16")
    records |= run(tmp_path / "three", RIGHT, seeds=(2,), precision=None)
    found = {s.setting.name: (s.values, s.follows) for s in against(records).settings}
    assert found["precision"] == ([[None, "bf16", "fp16"]], "neither")
