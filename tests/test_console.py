"""What a person sees besides results: lines that stay, on stderr."""

import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mertk.console import Screen


def test_what_is_logged_below_mertk_is_said_once_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen()
    Screen()
    logging.getLogger("mertk.anyone").info("working on %s", "[it]")
    logging.getLogger("mertk.store").warning("careful")
    logging.getLogger("mertk.anyone").debug("too much detail")
    logging.getLogger("somebody.else").info("not for us")
    told = capsys.readouterr()
    assert told.err == "working on [it]\ncareful\n"
    assert told.out == ""


@pytest.mark.parametrize("ends", ["2> /dev/full", "2>&1 | head -1"])
def test_a_message_that_nobody_can_read_stops_nothing(ends: str, tmp_path: Path) -> None:
    done, script = tmp_path / "done", tmp_path / "say.py"
    script.write_text(f"""
from pathlib import Path
from mertk.console import Screen
screen = Screen()
for _ in range(2000):
    screen.say("x" * 100)
screen.table("t", ["a"], [["b"]])
Path({str(done)!r}).touch()
""")
    command = f"{sys.executable} {script} {ends}"
    told = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.exists()
    assert "Traceback" not in told.stdout + told.stderr


HEADER = ["variant", "UA", "ΔUA", "WA", "ΔWA", "n"]
ROWS = [
    ["full", "0.583 ± 0.075", "", "0.583 ± 0.075", "", "5"],
    ["fusion=concat", "0.350 ± 0.033", "-0.233 ± 0.070", "0.350 ± 0.033", "-0.233 ± 0.070", "5"],
]
TITLE = "a method on a corpus with a title that is longer than its table is wide, as titles are"


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a table looks like in a terminal of so many columns."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def show(columns: int, rows: list[list[str]] = ROWS, title: str = "") -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        Screen().table(title, HEADER, rows)
        lines = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()
        assert not [line for line in lines if len(line) > columns]
        return [line.rstrip() for line in lines]

    return show


def test_a_table_has_a_box_where_there_is_room(terminal: Any) -> None:
    shown = terminal(90)
    assert len(shown) == 6
    assert shown[4].replace("│", "").split() == " ".join(ROWS[1]).split()


def test_in_a_narrower_terminal_its_box_goes_and_every_row_stays_on_its_line(terminal: Any) -> None:
    shown = terminal(80)
    assert [line.split() for line in shown] == [" ".join(row).split() for row in (HEADER, *ROWS)]


def test_names_take_several_lines_before_numbers_are_cut(terminal: Any) -> None:
    longer = [ROWS[0], ["without mem + fusion=concat", *ROWS[1][1:]]]
    shown = terminal(80, longer)
    assert shown[2].split() == ["without", "mem", "+", *" ".join(ROWS[1][1:]).split()]
    assert shown[3].strip() == "fusion=concat"


def test_where_no_table_fits_each_row_becomes_lines(terminal: Any) -> None:
    assert terminal(40) == [
        "full",
        "  UA   0.583 ± 0.075",
        "  WA   0.583 ± 0.075",
        "  n    5",
        "fusion=concat",
        "  UA   0.350 ± 0.033",
        "  ΔUA  -0.233 ± 0.070",
        "  WA   0.350 ± 0.033",
        "  ΔWA  -0.233 ± 0.070",
        "  n    5",
    ]


words = st.text("abcdefgh", min_size=1, max_size=12)
cells = st.lists(words, min_size=1, max_size=5).map(" ".join)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), columns=st.integers(20, 120), width=st.integers(1, 8))
def test_at_any_width_nothing_is_cut(
    capsys: pytest.CaptureFixture[str], data: st.DataObject, columns: int, width: int
) -> None:
    header = data.draw(st.lists(words, min_size=width, max_size=width, unique=True))
    left = data.draw(st.sets(st.sampled_from(header)))
    row = [data.draw(cells if name in {header[0], *left} else words) for name in header]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", str(columns))
        patch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        Screen().table("", header, [row], left=left)
    shown = re.sub(r"\x1b\[\d*m|[│┃]", " ", capsys.readouterr().out).split()
    assert {word for cell in (*header[1:], *row) for word in cell.split()} <= set(shown)


def test_a_title_is_as_wide_as_the_terminal_not_as_its_table(terminal: Any) -> None:
    assert terminal(120, title=TITLE)[0] == TITLE
    assert " ".join(terminal(80, title=TITLE)[:2]) == TITLE


def test_in_a_file_nothing_is_cut_or_broken(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().table(TITLE * 3, HEADER * 4, [row * 4 for row in ROWS], ["note " * 50])
    title, *table, note = capsys.readouterr().out.splitlines()
    assert title == TITLE * 3
    assert len(table) == 6
    assert note == "note " * 50


def test_a_bar_says_what_remains_though_its_steps_take_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setenv("FORCE_COLOR", "1")
    screen = Screen()
    with screen.bar("trials", 5) as advance:
        progress = screen._progress
        assert progress is not None
        progress.get_time = lambda: now[0]
        (task,) = progress.tasks
        for _ in range(3):
            now[0] += 120
            advance(1)
        assert task.time_remaining == pytest.approx(240)
