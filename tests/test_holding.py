import os
import threading

import pytest

from mertk.holding import LOCK, USED, alone, held

pytest.importorskip("fcntl")


def test_many_use_a_shelf_and_then_nobody_has_it_alone(tmp_path):
    with held(tmp_path), held(tmp_path), alone(tmp_path) as mine:
        assert not mine
    with alone(tmp_path) as mine, alone(tmp_path) as another:
        assert mine
        assert not another


def test_using_says_when_it_was_used(tmp_path):
    with held(tmp_path):
        pass
    os.utime(tmp_path / USED, (1, 1))
    with held(tmp_path):
        pass
    assert (tmp_path / USED).stat().st_mtime > 1


def test_who_waits_while_a_shelf_is_pruned_uses_the_one_that_comes_after(tmp_path):
    shelf = tmp_path / "shelf"
    with held(shelf):
        pass
    used = threading.Event()

    def use():
        with held(shelf):
            used.set()

    with alone(shelf) as mine:
        assert mine
        waiting = threading.Thread(target=use)
        waiting.start()
        assert not used.wait(0.2)
        for name in (USED, LOCK):
            (shelf / name).unlink()
        shelf.rmdir()
    waiting.join()
    assert used.is_set()
    assert (shelf / USED).exists()


def test_what_cannot_be_written_to_is_used_all_the_same(tmp_path):
    (tmp_path / "file").touch()
    with held(tmp_path / "file" / "shelf"):
        pass
