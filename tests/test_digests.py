import os

import pytest

from mertk import digests as digests_module
from mertk import media
from mertk.digests import Digests
from mertk.errors import MediaError


class Counted:
    """mertk's own digest, counting its calls."""

    def __init__(self):
        self.calls = []

    def __call__(self, path):
        self.calls.append(path.name)
        return media.digest(path)


@pytest.fixture
def settled(monkeypatch):
    """Files count as settled at once."""
    monkeypatch.setattr(digests_module, "SETTLED_NS", 0)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"aaaa")
    return path


@pytest.mark.usefixtures("settled")
def test_an_unchanged_file_is_hashed_once_for_all_processes_to_come(tmp_path, file):
    memory, counted = tmp_path / "store" / "digests.txt", Counted()
    first = Digests(memory, counted)
    expected = {str(file): media.digest(file)}
    assert first.of([file, file]) == expected
    assert first.of([file]) == expected
    assert Digests(memory, counted).of([file]) == expected
    assert counted.calls == ["a.wav"]


@pytest.mark.usefixtures("settled")
def test_a_file_that_changes_is_hashed_again_even_with_its_time_restored(tmp_path, file):
    digests = Digests(tmp_path / "digests.txt")
    before, status = digests.of([file]), file.stat()
    file.write_bytes(b"bbbb")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = digests.of([file])
    assert after == {str(file): media.digest(file)}
    assert after != before


def test_a_file_that_was_written_just_now_is_not_remembered(tmp_path, file):
    counted = Counted()
    digests = Digests(tmp_path / "digests.txt", counted)
    digests.of([file])
    digests.of([file])
    assert len(counted.calls) == 2


@pytest.mark.usefixtures("settled")
def test_every_torn_line_is_ignored_and_spoils_no_other(tmp_path, file):
    other = tmp_path / "odd \t name.wav"
    other.write_bytes(b"other")
    memory = tmp_path / "digests.txt"
    expected = Digests(memory).of([file, other])
    whole = memory.read_bytes()
    for size in range(len(whole)):
        memory.write_bytes(whole[:size])
        assert Digests(memory).of([file, other]) == expected
        counted = Counted()
        assert Digests(memory, counted).of([file, other]) == expected
        assert counted.calls == []


@pytest.mark.usefixtures("settled")
def test_a_name_with_a_line_break_is_hashed_each_time(tmp_path):
    path = tmp_path / "two\nlines.wav"
    path.write_bytes(b"x")
    memory = tmp_path / "digests.txt"
    assert (
        Digests(memory).of([path]) == Digests(memory).of([path]) == {str(path): media.digest(path)}
    )


def test_a_memory_that_cannot_be_written_only_means_hashing_again(tmp_path, file):
    (tmp_path / "occupied").write_text("")
    digests = Digests(tmp_path / "occupied" / "digests.txt")
    assert digests.of([file]) == {str(file): media.digest(file)}


@pytest.mark.usefixtures("settled")
def test_what_cannot_be_read_is_told_and_the_others_are_hashed(tmp_path, file):
    gone = tmp_path / "gone.wav"
    found = Digests(tmp_path / "digests.txt").of([gone, file, tmp_path])
    assert isinstance(found[str(gone)], MediaError)
    assert isinstance(found[str(tmp_path)], MediaError)
    assert found[str(file)] == media.digest(file)
