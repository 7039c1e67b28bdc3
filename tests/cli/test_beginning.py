"""What every verb that works on a corpus says first."""

from dataclasses import replace
from pathlib import Path

import pytest

from mertk.cli import main
from mertk.registry import Skipped, discover

MISSING = "dataset.path=there_is_no_such_file.csv"


@pytest.mark.parametrize(
    "argv",
    [
        ["run", "foalnet", "--dry-run", "--set", MISSING],
        ["baselines", "manifest", "--set", MISSING],
        ["doctor", "manifest", "--set", MISSING],
        ["compare", "one", "other"],
    ],
)
def test_a_plugin_that_does_not_load_is_named(
    argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = replace(discover(), skipped=[Skipped("bad 1.0", "RuntimeError: oh no")])
    monkeypatch.setattr("mertk.cli.beginning.discover", lambda: bad)
    assert main(argv) == 2
    assert "plugin bad 1.0 was skipped: RuntimeError: oh no" in capsys.readouterr().err
