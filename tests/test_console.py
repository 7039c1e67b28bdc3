"""What a person sees besides results: lines that stay, on stderr."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

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
