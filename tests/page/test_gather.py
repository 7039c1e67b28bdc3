"""A folder of results becomes systems under protocols; nothing of it is lost on the way."""

from pathlib import Path

import pytest

from mertk.errors import MertkError
from mertk.page.gather import find
from tests.page.made import cost, made_run, sorted_out


def test_the_simplest_recipe_is_what_others_are_compared_with(tmp_path: Path) -> None:
    made_run(tmp_path, "a-large", cost=cost(500))
    made_run(tmp_path, "small", cost=cost(5))
    (board,) = sorted_out(tmp_path)
    assert [s.name for s in board.systems] == ["small", "a-large"]
    (board,) = sorted_out(tmp_path, against="a-large")
    assert [s.name for s in board.systems] == ["a-large", "small"]


def test_a_reference_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    made_run(tmp_path, "one")
    made_run(tmp_path, "two")
    with pytest.raises(MertkError, match=r"--against three: no system .* there are one, two"):
        sorted_out(tmp_path, against="three")


def test_every_protocol_has_a_board_of_its_own(tmp_path: Path) -> None:
    made_run(tmp_path, "one")
    made_run(tmp_path, "two", protocol="other-4c-3f@11111111")
    assert [b.protocol for b in sorted_out(tmp_path)] == [
        "toy-4c-3f@00000000",
        "other-4c-3f@11111111",
    ]


def test_variants_belong_to_the_full_recipe(tmp_path: Path) -> None:
    made_run(tmp_path, "one")
    made_run(tmp_path, "one", fingerprint="1" * 12, variant="no mem", note="mem: left out")
    (board,) = sorted_out(tmp_path)
    assert [s.name for s in board.systems] == ["one"]
    assert [s.name for s in board.ablations["one"]] == ["one", "one: no mem"]
    assert board.ablations["one"][1].row.note == "mem: left out"
    assert [s.name for s in board.every] == ["one", "one: no mem"]


def test_a_variant_whose_full_recipe_is_not_there_stands_for_itself(tmp_path: Path) -> None:
    made_run(tmp_path, "one", variant="no mem")
    (board,) = sorted_out(tmp_path)
    assert [s.name for s in board.systems] == ["one: no mem"]
    assert not board.ablations


def test_two_runs_of_one_name_are_told_apart_by_fingerprint(tmp_path: Path) -> None:
    made_run(tmp_path, "one")
    made_run(tmp_path, "one", fingerprint="1" * 12)
    (board,) = sorted_out(tmp_path)
    assert [s.name for s in board.systems] == [f"one ({'0' * 12})", f"one ({'1' * 12})"]


def test_runs_of_one_name_and_fingerprint_are_told_apart_by_folder(tmp_path: Path) -> None:
    folders = [made_run(tmp_path / place, "one") for place in ("first", "second")]
    (board,) = sorted_out(tmp_path)
    assert [s.name for s in board.systems] == [f"one ({folder})" for folder in folders]
    assert len(board.every) == 2


def test_failed_and_superseded_trials_are_counted(tmp_path: Path) -> None:
    folder = made_run(tmp_path, "one")
    (folder / "fold9-seed0-abc.failed.txt").write_text("Traceback")
    (board,) = sorted_out(tmp_path)
    assert board.systems[0].row.failed == board.systems[0].kept.failed == 1


def test_a_folder_without_results_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(MertkError, match="holds no finished trial; give a folder that `mertk run`"):
        find(tmp_path)


def test_a_run_in_which_nothing_is_finished_is_no_run(tmp_path: Path) -> None:
    made_run(tmp_path, "one")
    (tmp_path / "begun" / "0").mkdir(parents=True)
    (tmp_path / "begun" / "0" / "recipe.yaml").write_text("{}")
    (tmp_path / "begun" / "0" / ".half").mkdir()
    (tmp_path / "begun" / "0" / ".half" / "trial.json").write_text("{}")
    assert len(find(tmp_path)) == 1
