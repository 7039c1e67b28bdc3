"""What is shown of names that hold letters nobody can see."""

import pytest

from mertk.letters import visible


@pytest.mark.parametrize("text", ["", "ä ß 中 👩‍👩‍👧", "two\nlines\tand\r\na tab", "עברית"])
def test_what_can_be_shown_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_what_steers_a_terminal_or_turns_text_round_is_written_out() -> None:
    assert visible("a\x1b[2J\x07b\x9b") == r"a\x1b[2J\x07b\x9b"
    assert visible("\u202eworse\u2066") == r"\u202eworse\u2066"


def test_what_no_file_in_utf_8_can_hold_is_written_out() -> None:
    assert visible("caf\udce9 \ud83d") == r"caf\udce9 \ud83d"
