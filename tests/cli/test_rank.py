"""`mertk rank`: what is told of systems over corpora, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mertk.cli import main
from tests.results_made import system

RIGHT = {"plain": 0.4, "better": 0.6, "best": 0.9}
SYSTEMS = [f"{name}={name}-one,{name}-two" for name in RIGHT]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name, right in RIGHT.items():
        for corpus in ("one", "two"):
            told = {"title": corpus, "synthetic": corpus == "two", "classes": list("abcd")}
            folder = tmp_path / "results" / f"{name}-{corpus}" / "aaaa"
            system(folder, right, protocol=f"{corpus}-4c-3f@00000000", corpus=told)
    return tmp_path / "results"


def test_json_tells_scores_ranks_and_groups(results: Path, capsys) -> None:
    assert main(["rank", *SYSTEMS, "--results", str(results), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["order"] == ["best", "better", "plain"]
    assert told["ranking"]["ranks"] == [3.0, 2.0, 1.0]
    assert told["ranking"]["p"] == pytest.approx(6 / 36)  # 6 of the 36 orders agree as well
    assert told["ranking"]["groups"] == [["best", "better", "plain"]]
    assert told["protocols"] == ["one-4c-3f@00000000", "two-4c-3f@00000000"]
    assert [len(row) for row in told["scores"]] == [3, 3]
    assert told["synthetic"] is True


def test_the_table_tells_the_test_and_its_groups(results: Path, capsys) -> None:
    assert main(["rank", *SYSTEMS, "--results", str(results), "--metric", "wa"]) == 0
    shown = capsys.readouterr().out
    for part in (
        "WA of 3 systems on 2 corpora",
        "p .167",
        "critical difference of mean ranks (Nemenyi, 5%): 2.344",
        "not told apart: best, better, plain",
        "SYNTHETIC DATA",
    ):
        assert part in shown
    assert shown.index("│ best ") < shown.index("│ better ") < shown.index("│ plain ")


@pytest.mark.parametrize(
    ("systems", "messages"),
    [
        (SYSTEMS[:2], ["2 systems (plain, better)", "mertk compare"]),
        (["plain", "x=", *SYSTEMS], ["plain: expected SYSTEM=RUN", "x=: expected SYSTEM=RUN"]),
        ([*SYSTEMS, SYSTEMS[0]], ["a system of this name is there already"]),
        ([*SYSTEMS, "x=plain-one"], ["x: plain-one is a run of plain already; name each run once"]),
        (
            [*SYSTEMS, "a=nowhere", "b=plain-one,neither"],
            ["a: nowhere: no finished run is at", "b: neither: no finished run is at"],
        ),
        ([*SYSTEMS[:2], "best=best-one"], ["best: has no run of two-4c-3f@00000000"]),
        ([s.partition(",")[0] for s in SYSTEMS], ["one corpus"]),
    ],
)
def test_what_the_user_can_mend_is_told(systems, messages, results: Path, capsys) -> None:
    assert main(["rank", *systems, "--results", str(results)]) == 2
    err = capsys.readouterr().err
    assert all(message in err for message in messages), err
    assert "Traceback" not in err


def test_a_metric_that_is_not_there_is_told(results: Path, capsys) -> None:
    assert main(["rank", *SYSTEMS, "--results", str(results), "--metric", "uaa"]) == 2
    assert "did you mean 'ua'?" in capsys.readouterr().err


def test_it_needs_no_torch(results: Path) -> None:
    argv = ["rank", *SYSTEMS, "--results", str(results)]
    code = (
        "import sys\nfrom mertk.cli import main\n"
        f"assert main({argv!r}) == 0\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
