"""Systems ranked over corpora: one run of each protocol, or a refusal that names what is wrong."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import friedmanchisquare
from sklearn.metrics import balanced_accuracy_score

from mertk.errors import MertkError
from mertk.ranking import rank
from mertk.records import Kept, read_kept
from mertk_plugins.metrics.nll import NLL
from mertk_plugins.metrics.ua import UA
from tests.results_made import LABELS, system

CORPORA = ("one", "two", "three")
RIGHT = {"plain": 0.4, "better": 0.6, "best": 0.9}


def kept(folder: Path, corpus: str, right: float, rule: str = "0", **more) -> Kept:
    told = {"title": corpus, "synthetic": False, "classes": list("abcd")}
    protocol = f"{corpus}-4c-3f@{rule * 8}"
    system(folder, right, **({"protocol": protocol, "corpus": told} | more))
    return read_kept(folder)


@pytest.fixture
def runs(tmp_path: Path) -> dict[str, list[Kept]]:
    return {
        name: [kept(tmp_path / name / corpus, corpus, right) for corpus in CORPORA]
        for name, right in RIGHT.items()
    }


def test_scores_are_means_and_ranks_friedmans(runs) -> None:
    found = rank(runs, "ua", UA())
    assert found.systems == ("plain", "better", "best")
    assert found.corpora == CORPORA
    expected = np.array(
        [
            [
                np.mean(
                    [
                        balanced_accuracy_score(LABELS, r.predictions()[1].argmax(1))
                        for r in runs[name][place].records.values()
                    ]
                )
                for name in RIGHT
            ]
            for place in range(3)
        ]
    )
    assert np.array(found.scores) == pytest.approx(expected)
    assert found.ranking.ranks == (3, 2, 1)
    assert found.ranking.statistic == pytest.approx(friedmanchisquare(*expected.T).statistic)
    assert found.order == (2, 1, 0)
    assert (found.notes, found.selected_on_test, found.synthetic) == ((), False, False)


def test_the_order_in_which_runs_are_named_does_not_matter(runs) -> None:
    turned = {**runs, "best": runs["best"][::-1]}
    assert rank(turned, "ua", UA()) == rank(runs, "ua", UA())


def test_a_metric_of_which_less_is_better_turns_the_ranks(runs) -> None:
    assert rank(runs, "nll", NLL()).order[0] == 2


def refused(runs) -> str:
    with pytest.raises(MertkError) as caught:
        rank(runs, "ua", UA())
    return str(caught.value)


def test_every_missing_and_double_run_is_named_at_once(runs, tmp_path: Path) -> None:
    again = kept(tmp_path / "again", "one", 0.5)
    message = refused(
        {**runs, "plain": runs["plain"][1:], "best": [*runs["best"][:2], again]},
    )
    assert "plain: has no run of one-4c-3f@00000000, which better has" in message
    assert "best: has no run of three-4c-3f@00000000, which plain has" in message
    assert f"best: has 2 runs of one-4c-3f@00000000 ({tmp_path / 'best/one'}, " in message


def test_another_rule_that_picks_the_epoch_is_another_protocol(runs, tmp_path: Path) -> None:
    other = kept(tmp_path / "other", "one", 0.9, rule="1")
    message = refused({**runs, "best": [other, *runs["best"][1:]]})
    assert "best: has no run of one-4c-3f@00000000, which plain has" in message
    assert "plain: has no run of one-4c-3f@11111111, which best has" in message


def test_one_corpus_does_not_count_twice_under_two_rules(runs, tmp_path: Path) -> None:
    both = {
        name: [*each, kept(tmp_path / f"again/{name}", "one", RIGHT[name], rule="1")]
        for name, each in runs.items()
    }
    message = refused(both)
    assert "test the same clips" in message
    assert "one-4c-3f@00000000 and one-4c-3f@11111111" in message


def test_folds_and_seeds_that_are_not_finished_are_named(runs) -> None:
    first, second = runs["best"][0], runs["plain"][1]
    for seed in (0, 1):
        del first.records["fold2", seed]
    del second.records["fold3", 1]
    message = refused(runs)
    assert "best: lacks fold2 of one-4c-3f@00000000" in message
    assert "plain: not every seed has finished every fold of two-4c-3f@00000000" in message


def test_other_seeds_are_told(runs, tmp_path: Path) -> None:
    one = kept(tmp_path / "single", "two", 0.9)
    for fold in ("fold1", "fold2", "fold3"):
        del one.records[fold, 1]
    found = rank({**runs, "best": [runs["best"][0], one, runs["best"][2]]}, "ua", UA())
    assert found.notes == ("two-4c-3f@00000000: other seeds (plain 0, 1, better 0, 1, best 0)",)


def test_too_few_of_either_are_refused(runs) -> None:
    assert "one corpus" in refused({name: each[:1] for name, each in runs.items()})
    assert "2 systems" in refused({name: runs[name] for name in ("plain", "best")})


def test_a_score_that_does_not_exist_is_named(runs) -> None:
    class Nothing(UA):
        def __call__(self, labels, scores):
            return float("nan")

    with pytest.raises(MertkError, match="there is no nothing of plain on one-4c-3f@00000000, "):
        rank(runs, "nothing", Nothing())
