"""Rows and comparisons as tables and JSON."""

import json
from pathlib import Path

import numpy as np

from mertk.amounts import number
from mertk.records import PICKS
from mertk.report import Report, ends
from mertk.rows import Row, row
from mertk_plugins.metrics.ua import UA
from mertk_plugins.metrics.wa import WA
from tests.results_made import keep, scores, system

METRICS = {"ua": UA(), "wa": WA()}


def made(folder: Path, right: float, **facts: object) -> Row:
    return row(folder.name, system(folder, right, **facts), METRICS, selected_on_test=False)


def test_one_row_is_one_table_with_intervals(tmp_path: Path) -> None:
    report = Report([made(tmp_path / "full", 0.8)])
    (table,) = report.tables()
    assert table.header == ["variant", "UA", "95%", "WA", "95%", "n"]
    (cells,) = table.cells
    assert cells[2] == ends(report.rows[0].intervals["ua"])
    assert cells[-1] == "6"
    assert "protocol: toy-4c-3f@00000000" in report.legend()


def test_several_rows_are_a_table_per_metric_with_verdicts(tmp_path: Path) -> None:
    report = Report([made(tmp_path / "full", 0.5), made(tmp_path / "better", 0.95)])
    ua, wa = report.tables()
    assert ua.header == ["variant", "UA", "ΔUA", "95%", "p", "verdict", "n"]
    assert wa.header[1] == "WA"
    assert ua.cells[0][2:6] == ["", "", "", ""]
    assert ua.cells[1][5] == "better"
    (found,) = report.comparisons["ua"]
    assert found is not None
    assert found.p is not None
    assert ua.cells[1][4] == number(found.p)
    assert any("would be found with a probability of 80%" in line for line in report.legend())


def test_a_trial_without_a_partner_is_named_below_the_table(tmp_path: Path) -> None:
    full, other = made(tmp_path / "full", 0.5), system(tmp_path / "other", 0.6)
    del other["fold3", 1]
    lacking = row("other", other, METRICS, failed=1, selected_on_test=False)
    report = Report([full, lacking])
    told = "\n".join(report.legend())
    assert "without a partner, so in no difference: fold3 seed 0, fold3 seed 1" in told
    (table, _) = report.tables()
    assert table.cells[1][-1] == "5 (1 failed)"


def test_a_row_without_trials_has_no_number_and_no_verdict(tmp_path: Path) -> None:
    empty = row("empty", {}, METRICS, failed=6, selected_on_test=True)
    report = Report([made(tmp_path / "full", 0.5), empty])
    (table, _) = report.tables()
    assert table.cells[1] == [
        "empty [selected on test]",
        "-",
        "-",
        "-",
        "-",
        "undecided",
        "0 (6 failed)",
    ]
    assert "empty: not compared with full: they share no trial" in report.legend()
    told = report.as_json()[1]
    assert told["metrics"]["ua"]["interval"] is None
    assert told["difference"]["ua"]["verdict"] == "undecided"
    json.dumps(told, allow_nan=False)


def test_trials_that_no_interval_covers_are_named(tmp_path: Path) -> None:
    """A mean over five trials beside an interval over four would be taken for its own."""
    records = system(tmp_path, 0.6)
    del records["fold3", 1]
    report = Report([row("full", records, METRICS, failed=1, selected_on_test=False)])
    why = "full: in no interval, since not every seed has finished the fold"
    assert f"{why}: fold3 seed 0" in report.legend()
    assert report.as_json()[0]["uncovered"] == [["fold3", 0]]
    for key in (("fold1", 0), ("fold2", 1)):
        del records[key]
    report = Report([row("full", records, METRICS, failed=3, selected_on_test=False)])
    assert f"{why}: fold1 seed 1, fold2 seed 0, fold3 seed 0" in report.legend()
    assert report.as_json()[0]["metrics"]["ua"]["interval"] is None


def test_systems_without_a_whole_fold_in_common_are_told_so(tmp_path: Path) -> None:
    full, records = made(tmp_path / "full", 0.5), system(tmp_path / "other", 0.6)
    left = {("fold1", 0), ("fold2", 1)}
    other = row("other", {k: records[k] for k in left}, METRICS, failed=4, selected_on_test=False)
    report = Report([full, other])
    why = "no fold has every seed that they share"
    assert f"other: not compared with full: {why}" in report.legend()
    (table, _) = report.tables()
    assert table.cells[1][2:6] == ["-", "-", "-", "undecided"]
    assert report.as_json()[1]["difference"]["ua"]["reason"] == why


def test_a_class_that_a_fold_does_not_test_is_named(tmp_path: Path) -> None:
    labels = np.tile(np.arange(3), 14)[:40]
    records = {
        (f"fold{fold}", 0): keep(
            tmp_path, fold, 0, dict.fromkeys(PICKS, scores(0.6, fold)), labels=labels
        )
        for fold in (1, 2)
    }
    report = Report([row("full", records, METRICS, selected_on_test=False)])
    what = "classes without a test clip, so that scores over classes are over the others"
    assert f"{what}: fold1: d; fold2: d" in report.legend()
    assert report.as_json()[0]["absent"] == {"fold1": ["d"], "fold2": ["d"]}
    assert not Report([made(tmp_path / "whole", 0.6)]).absent()


def test_the_gap_is_what_choosing_by_the_test_clips_would_add(tmp_path: Path) -> None:
    records = {}
    for fold in (1, 2):
        honest, best = scores(0.5, fold), scores(0.9, fold)
        picked = dict(zip(PICKS, (honest, honest, best), strict=True))
        records[f"fold{fold}", 0] = keep(tmp_path, fold, 0, picked)
    this = row("full", records, METRICS, selected_on_test=False)
    report = Report([this])
    means = report.as_json()[0]["picks"]
    assert means["test_best"]["ua"] > means["selected"]["ua"] + 0.1
    (cells,) = report.picks().cells
    assert cells[-1] == number(means["test_best"]["ua"] - means["selected"]["ua"], sign=True)


def test_json_has_everything_that_the_tables_say(tmp_path: Path) -> None:
    report = Report([made(tmp_path / "full", 0.5), made(tmp_path / "other", 0.6)])
    full, other = report.as_json()
    json.dumps([full, other], allow_nan=False)
    assert "difference" not in full
    assert set(other["difference"]) == {"ua", "wa"}
    found = other["difference"]["ua"]
    assert found["interval"]["low"] < found["interval"]["estimate"] < found["interval"]["high"]
    assert {"p", "p_holm", "verdict", "detectable", "over_folds", "mcnemar"} <= set(found)
    assert full["protocols"] == ["toy-4c-3f@00000000"]
