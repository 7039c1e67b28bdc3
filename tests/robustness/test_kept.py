"""What is kept of a run under bad conditions, read back without torch."""

import json
import subprocess
import sys
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.errors import MertkError
from mertk.robustness import kept
from mertk.robustness.condition import Condition
from mertk.robustness.drops import drops
from mertk.robustness.kept import (
    area_under,
    place_of,
    read_level,
    read_robustness,
    write_level,
)
from mertk.robustness.table import Matrix
from mertk_plugins.metrics.ua import UA
from tests.results_made import LABELS, scores, system

NOISE = Condition("noise", "white noise", "dB SNR", (20.0, 10.0, 0.0))
GONE = Condition("without audio", "no clip has audio", "", (1.0,))


def keep(folder: Path, condition: Condition = NOISE, worse: float = 0.2, last: int = 0):
    """A system whose models are right less often at each level."""
    records = system(folder, 0.9)
    for number, record in enumerate(records.values()):
        for place, level in enumerate(condition.levels[: len(condition.levels) - last]):
            said = scores(0.9 - worse * (place + 1), seed=number)
            facts = {
                "key": "k",
                "clean": {"ua": UA()(LABELS, record.predictions()[1])},
                "scores": {"ua": UA()(LABELS, said)},
            }
            write_level(record, condition, level, said, facts)
    return records


def test_a_level_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (record, *_) = system(tmp_path / "run", 0.9).values()
    said = scores(0.5, seed=3)
    facts = {"key": "k", "clean": {"ua": 0.9}, "scores": {"ua": None}}
    wrote = write_level(record, GONE, 1.0, said, facts)
    back = read_level(place_of(record, GONE, 1.0))
    assert back == wrote
    np.testing.assert_array_equal(back.said(), said)
    assert [p.name for p in (record.folder / "robustness").iterdir()] == ["without_audio@1.parquet"]


def test_curves_are_read_in_the_order_of_their_levels(tmp_path: Path) -> None:
    records = keep(tmp_path / "run")
    (curve,) = read_robustness(tmp_path / "run")
    assert (curve.condition, curve.unit, curve.levels) == ("noise", "dB SNR", (20.0, 10.0, 0.0))
    assert curve.trials == tuple(records)
    for number, record in enumerate(records.values()):
        assert curve.clean["ua"][number] == UA()(LABELS, record.predictions()[1])
        for place in range(3):
            said = scores(0.9 - 0.2 * (place + 1), seed=number)
            assert curve.scores[place]["ua"][number] == UA()(LABELS, said)
        assert curve.by_trial("ua")[number] == [level["ua"][number] for level in curve.scores]
    assert len(curve.area["ua"]) == 6
    assert all(area < 1 for area in curve.area["ua"])


def test_a_run_without_anything_has_no_curves(tmp_path: Path) -> None:
    system(tmp_path / "run", 0.9)
    assert read_robustness(tmp_path / "run") is None


def test_a_condition_that_was_stopped_half_way_is_no_curve(tmp_path: Path) -> None:
    keep(tmp_path / "run", last=1)
    assert read_robustness(tmp_path / "run") is None


def test_a_trial_that_lacks_a_level_is_left_out(tmp_path: Path) -> None:
    records = keep(tmp_path / "run")
    place_of(records["fold2", 1], NOISE, 10.0).unlink()
    (curve,) = read_robustness(tmp_path / "run")
    assert curve.trials == tuple(key for key in records if key != ("fold2", 1))
    assert [len(level["ua"]) for level in curve.scores] == [5, 5, 5]
    notes = Matrix([curve], records, {"ua": UA()}).notes()
    assert any(n.startswith("noise: of 5 trials of 6, others have not finished") for n in notes)
    seeds = "in no difference from clean, since not every seed has finished the fold: fold2 seed 0"
    assert seeds in notes


def test_what_another_version_kept_does_not_count(tmp_path: Path, monkeypatch) -> None:
    keep(tmp_path / "run")
    monkeypatch.setattr(kept, "VERSION", kept.VERSION + 1)
    assert read_robustness(tmp_path / "run") is None


def test_scores_that_do_not_exist_are_nan_and_null(tmp_path: Path) -> None:
    (record, *_) = system(tmp_path / "run", 0.9).values()
    facts = {"key": "k", "clean": {"ua": 0.9}, "scores": {"ua": None}}
    for level in NOISE.levels:
        write_level(record, NOISE, level, scores(0.5, seed=0), facts)
    records = {("fold1", 0): record}
    (curve,) = read_robustness(tmp_path / "run", records)
    assert isnan(curve.scores[0]["ua"][0])
    assert isnan(curve.area["ua"][0])
    told = json.dumps(Matrix([curve], records, {"ua": UA()}).as_json(), allow_nan=False)
    assert json.loads(told)[0]["area"]["ua"]["mean"] is None


def test_a_torn_file_is_named(tmp_path: Path) -> None:
    records = keep(tmp_path / "run")
    file = place_of(records["fold1", 0], NOISE, 20.0)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(MertkError, match=r"noise@20.parquet: cannot be read .*remove it"):
        read_robustness(tmp_path / "run")


def test_a_kill_while_writing_leaves_nothing_that_is_read(tmp_path: Path, monkeypatch) -> None:
    (record, *_) = system(tmp_path / "run", 0.9).values()
    facts = {"key": "k", "clean": {"ua": 0.9}, "scores": {"ua": 0.5}}

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.pq, "write_table", full)
    with pytest.raises(MertkError, match="No space left on device.*what is finished is kept"):
        write_level(record, GONE, 1.0, scores(0.5, seed=0), facts)
    assert list((record.folder / "robustness").iterdir()) == []


@given(st.floats(0.1, 1), st.integers(2, 8))
def test_an_area_is_one_where_nothing_is_lost_and_a_half_on_a_line_to_zero(clean, count) -> None:
    assert area_under(clean, [clean] * count) == pytest.approx(1)
    line = [clean * (1 - (i + 1) / count) for i in range(count)]
    assert area_under(clean, line) == pytest.approx(0.5)
    assert isnan(area_under(clean, [clean]))
    assert isnan(area_under(0.0, line))
    assert isnan(area_under(clean, [clean, nan]))


def test_an_area_is_that_of_a_polygon() -> None:
    # Trapezoids of width 1/3 between 0.9, 0.6, 0.6 and 0.0, over 0.9.
    assert area_under(0.9, [0.6, 0.6, 0.0]) == pytest.approx((0.75 + 0.6 + 0.3) / 3 / 0.9)


def test_drops_are_paired_and_have_intervals(tmp_path: Path) -> None:
    records = keep(tmp_path / "run", worse=0.25)
    (curve,) = read_robustness(tmp_path / "run")
    found = drops(curve, records, {"ua": UA()})
    for place in range(3):
        interval = found[place]["ua"].interval
        mean = np.mean(curve.scores[place]["ua"]) - np.mean(curve.clean["ua"])
        assert interval.estimate == pytest.approx(mean, abs=0.02)
        assert interval.low < interval.estimate < interval.high < 0


def test_curves_come_in_the_order_that_conditions_are_told_in(tmp_path: Path) -> None:
    (record, *_) = system(tmp_path / "run", 0.9).values()
    facts = {"key": "k", "clean": {"ua": 0.9}, "scores": {"ua": 0.5}}
    names = ["noise", "blur", "without audio", "without text", "without audio+text", "missing"]
    for name in sorted(names):
        write_level(record, Condition(name, "", "", (1.0,)), 1.0, scores(0.5, seed=0), facts)
    assert [c.condition for c in read_robustness(tmp_path / "run")] == names


def test_the_table_names_what_costs_most_and_least(tmp_path: Path) -> None:
    records = keep(tmp_path / "run")
    for number, record in enumerate(records.values()):
        mild = Condition("blur", "blur", "", (0.1, 0.2))
        clean = {"ua": UA()(LABELS, record.predictions()[1])}
        for level in mild.levels:
            facts = {"key": "k", "clean": clean, "scores": clean}
            write_level(record, mild, level, scores(0.9, seed=number), facts)
    curves = read_robustness(tmp_path / "run")
    notes = Matrix(curves, records, {"ua": UA()}).notes()
    assert "UA: noise costs most, blur least, by area" in notes


def test_reading_needs_no_torch(tmp_path: Path) -> None:
    keep(tmp_path / "run")
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from mertk.robustness.kept import read_robustness\n"
        f"print(len(read_robustness(Path({str(tmp_path / 'run')!r}))), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]
