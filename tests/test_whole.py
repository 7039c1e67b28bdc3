"""A file is there as a whole or not at all."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mertk.whole import whole

KILLED = """
import os, signal, sys
from pathlib import Path
from mertk.whole import whole
with whole(Path(sys.argv[1])) as draft:
    draft.write_text("half")
    os.kill(os.getpid(), signal.{})
"""


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _fail(path: Path) -> None:
    with whole(path) as draft:
        draft.write_text("half")
        raise ValueError("full")


def _write(path: Path, letter: str) -> None:
    for _ in range(50):
        with whole(path) as draft:
            draft.write_text(letter * 100_000)


def test_what_was_there_stays_until_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with whole(path) as draft:
        draft.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert _names(tmp_path) == ["a.txt"]


def test_what_fails_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(ValueError, match="full"):
        _fail(path)
    assert not _names(tmp_path)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_what_a_killed_process_left_goes_when_the_next_one_writes(tmp_path, name: str) -> None:
    path = tmp_path / "a.txt"
    run = subprocess.run([sys.executable, "-c", KILLED.format(name), str(path)], check=False)
    assert run.returncode == -getattr(signal, name)
    assert len(_names(tmp_path)) == 1
    assert not path.exists()
    with whole(tmp_path / "other.txt") as draft:
        draft.write_text("whole")
    assert _names(tmp_path) == ["other.txt"]


def test_several_that_write_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, letter)) for letter in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert path.read_text() in ("a" * 100_000, "b" * 100_000)
    assert _names(tmp_path) == ["a.txt"]


def test_a_link_stays_one_and_a_device_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a.txt")
    with whole(tmp_path / "link") as draft:
        draft.write_text("x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a.txt").read_text() == "x"
    with whole(Path(os.devnull)) as draft:
        draft.write_text("gone")
    assert not Path(os.devnull).is_file()
