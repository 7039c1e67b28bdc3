"""A clock that jumps: between runs, within one, and media from the future."""

import itertools
import os
import time
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path

import pytest

import mertk.trial
from tests.faults import holding
from tests.faults.lives import live, run, small_steps
from tests.faults.undisturbed import Undisturbed

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

YEAR = 365 * 86400.0


def clock(shift: float, step: float) -> None:
    """Have the wall clock be off by some seconds, and by more each time that it is looked at."""
    real, real_ns, off = time.time, time.time_ns, itertools.count(shift, step)
    time.time = lambda: real() + next(off)
    time.time_ns = lambda: real_ns() + int(next(off) * 1e9)

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Shifted":
            return cls.fromtimestamp(real(), tz) + timedelta(seconds=next(off))  # type: ignore[return-value]

    mertk.trial.datetime = Shifted  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("first", "then"),
    [((0.0, 0.0), (-10 * YEAR, 0.0)), ((0.0, -1000.0), (0.0, -1000.0)), ((YEAR, 0.0), (0.0, 0.0))],
    ids=["back between runs", "back all the time", "back from the future"],
)
def test_a_clock_that_goes_back_changes_nothing(
    undisturbed: Undisturbed, tmp_path: Path, first: tuple[float, float], then: tuple[float, float]
) -> None:
    place = tmp_path / "place"
    undisturbed.give_corpus(place)
    half = live(run("--folds", "session1,session2"), place, small_steps, partial(clock, *first))
    assert half.status == 0, half.err
    ended = live(run(), place, small_steps, partial(clock, *then))
    assert ended.status == 0, ended.err
    assert ended.answer["reused"] == 2
    assert holding.results(place / "results") == undisturbed.results
    assert holding.store(place / "home") == undisturbed.store


def test_media_and_results_from_the_future_are_taken_as_they_are(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    before = live(run("--folds", "session1"), place, small_steps)
    assert before.status == 0, before.err
    kept = holding.results(place / "results")
    future = time.time() + 10 * YEAR
    for path in place.rglob("*"):
        os.utime(path, (future, future))
    again = live(run("--folds", "session1"), place, small_steps)
    assert (again.status, again.answer["reused"]) == (0, 1), again.err
    anew = live(run("--folds", "session1", "--redo"), place, small_steps)
    assert anew.status == 0, anew.err
    assert holding.results(place / "results") == kept
