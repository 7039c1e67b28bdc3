"""`mertk compare`: finished runs side by side, from what lies on disk alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mertk.cli import main
from tests.results_made import system


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two recipes, one of them with a variant beside it."""
    system(tmp_path / "results/plain/aaaa", 0.5)
    system(tmp_path / "results/fancy/bbbb", 0.9)
    system(tmp_path / "results/fancy/cccc", 0.8, variant="without mem")
    return tmp_path / "results"


def told(capsys, results: Path, *argv: str) -> dict:
    assert main(["compare", *argv, "--results", str(results), "--json"]) == 0
    answer: dict = json.loads(capsys.readouterr().out)
    return answer


def test_runs_are_named_by_recipe_and_compared_with_the_first(results: Path, capsys) -> None:
    answer = told(capsys, results, "plain", "fancy", "fancy/cccc")
    assert answer["runs"]["fancy"] == str(results / "fancy/bbbb")
    assert answer["synthetic"] is True
    assert [r["variant"] for r in answer["rows"]] == ["plain", "fancy", "fancy/cccc"]
    assert answer["rows"][1]["difference"]["ua"]["verdict"] == "better"


def test_the_tables_tell_verdicts_picks_and_what_the_data_are(results: Path, capsys) -> None:
    argv = ["compare", "plain", "fancy", "--results", str(results), "--picks"]
    assert main(argv) == 0
    shown = capsys.readouterr().out
    assert "better" in shown
    assert "picked on test" in shown
    assert "SYNTHETIC DATA" in shown


def test_a_run_that_was_selected_on_test_is_marked_and_the_mark_explained(
    results: Path, capsys
) -> None:
    system(results / "picked/eeee", 0.7, selected_on_test=True)
    assert main(["compare", "plain", "picked", "--results", str(results)]) == 0
    shown = capsys.readouterr().out
    assert "picked [selected on test]" in shown
    assert "an honest number is lower" in shown


def test_failed_trials_are_counted(results: Path, capsys) -> None:
    (results / "fancy/bbbb/fold9-seed0-abc.failed.txt").write_text("Traceback")
    answer = told(capsys, results, "plain", "fancy")
    assert [r["failed"] for r in answer["rows"]] == [0, 1]
    assert main(["compare", "plain", "fancy", "--results", str(results)]) == 0
    assert "6 (1 failed)" in capsys.readouterr().out


def test_metrics_of_another_target_are_refused(results: Path, capsys) -> None:
    corpus = {"title": "t", "synthetic": True, "classes": list("abcd"), "target": "dimensions"}
    system(results / "rated/dddd", 0.7, corpus=corpus)
    argv = ["compare", "plain", "rated", "--results", str(results), "--mix-protocols"]
    assert main(argv) == 2
    assert "rated/dddd: predicts dimensions, and 'ua' scores classes" in capsys.readouterr().err
    ranked = [f"{name}={run}" for name, run in (("a", "plain"), ("b", "rated"), ("c", "fancy"))]
    assert main(["rank", *ranked, "--results", str(results)]) == 2
    assert "predicts dimensions, and 'ua' scores classes" in capsys.readouterr().err


def test_a_folder_names_a_run_too(results: Path, capsys) -> None:
    answer = told(capsys, results, str(results / "plain/aaaa"), str(results / "fancy/cccc"))
    assert [r["trials"] for r in answer["rows"]] == [6, 6]


def test_several_full_runs_are_told_apart(results: Path, capsys) -> None:
    system(results / "fancy/dddd", 0.7)
    assert main(["compare", "plain", "fancy", "--results", str(results)]) == 2
    shown = capsys.readouterr().err
    assert "fancy: there are several runs; name one of these folders:" in shown
    assert f"{results / 'fancy/dddd'} (full)" in shown


def test_mixed_protocols_are_refused_with_both_ids_unless_told_to(results: Path, capsys) -> None:
    system(results / "other/eeee", 0.7, protocol="toy-4c-3f@11111111")
    argv = ["compare", "plain", "other", "--results", str(results)]
    assert main(argv) == 2
    shown = capsys.readouterr().err
    assert "plain: toy-4c-3f@00000000" in shown
    assert "other: toy-4c-3f@11111111" in shown
    assert main([*argv, "--mix-protocols"]) == 0
    assert "toy-4c-3f@11111111" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (["plain"], "name two runs or more"),
        (["plain", "fanci"], "fanci: no finished run is at fanci or"),
    ],
)
def test_what_the_user_can_mend_is_told(runs, message: str, results: Path, capsys) -> None:
    assert main(["compare", *runs, "--results", str(results)]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_it_needs_no_torch(results: Path) -> None:
    argv = ["compare", "plain", "fancy", "--results", str(results)]
    code = (
        "import sys\nfrom mertk.cli import main\n"
        f"assert main({argv!r}) == 0\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
