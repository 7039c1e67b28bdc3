import threading
import time
from contextlib import closing

import pytest

from mertk.threads import Behind, map_ahead


def test_results_come_in_order_however_long_each_takes():
    def slow_first(i):
        time.sleep(0.02 if i % 4 == 0 else 0)
        return i * i

    found = map_ahead(slow_first, range(20), workers=4, depth=lambda: 8)
    assert list(found) == [i * i for i in range(20)]


def test_no_more_than_the_depth_is_computed_ahead():
    started = []
    results = map_ahead(started.append, range(50), workers=2, depth=lambda: 5)
    for taken in range(1, 20):
        next(results)
        time.sleep(0.002)
        assert len(started) <= taken + 4
    results.close()


def test_what_waits_is_dropped_when_the_consumer_stops():
    started, gate = [], threading.Event()

    def wait(i):
        started.append(i)
        gate.wait(10 if i else 0)

    results = map_ahead(wait, range(1000), workers=2, depth=lambda: 100)
    threading.Timer(0.05, gate.set).start()
    with closing(results):
        next(results)
    assert len(started) < 100


def test_an_error_comes_out_where_its_item_stood():
    def fail(i):
        if i == 3:
            raise ZeroDivisionError
        return i

    results = map_ahead(fail, range(10), workers=2, depth=lambda: 10)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_depth_of_nothing_still_goes_on():
    assert list(map_ahead(str, range(3), workers=1, depth=lambda: 0)) == ["0", "1", "2"]


def test_one_call_at_a_time_goes_on_behind_the_caller():
    gate, done = threading.Event(), []

    def work(name):
        assert gate.wait(30)
        done.append(name)

    with Behind() as behind:
        behind(work, "first")
        assert done == [], "the caller did not wait"
        gate.set()
        for name in ("second", "third"):
            behind(work, name)
            assert name not in done[:-1]
    assert done == ["first", "second", "third"]


def fail():
    raise ZeroDivisionError("behind")


def call_all(*functions, then=None):
    with Behind() as behind:
        for function in functions:
            behind(function)
        if then is not None:
            raise then


def test_what_fails_behind_is_told_where_the_next_is_asked_for_or_at_the_end():
    begun = []
    with pytest.raises(ZeroDivisionError, match="behind"):
        call_all(fail)
    with pytest.raises(ZeroDivisionError, match="behind"):
        call_all(fail, lambda: begun.append("second"))
    assert begun == []


def test_an_error_of_the_caller_goes_first_and_waits_for_what_is_under_way():
    done = []

    def slow():
        time.sleep(0.01)
        done.append("written")
        fail()

    with pytest.raises(KeyError):
        call_all(slow, then=KeyError())
    assert done == ["written"]
