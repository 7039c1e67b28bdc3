"""What a person sees besides results: lines that stay, on stderr."""

import logging

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
