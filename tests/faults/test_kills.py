"""kill -9 at a hundred moments, in every phase of a run; then it is run again."""

import random
import time
from collections import Counter
from multiprocessing import Pipe
from pathlib import Path

import pytest

from tests.faults import holding
from tests.faults.lives import Ended, Life, live, run, small_steps
from tests.faults.phases import PHASES, Announce, Told, heard, shares
from tests.faults.undisturbed import Undisturbed

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]

KILLS = 100
PLAN = ("extraction", "extraction", "training", "writing", "training", "writing", "writing")
"""What is killed in one life, one after the other; then the run may finish."""
FROM_NOTHING = ("generation", *PLAN)


def killed_in(place: Path, phase: str, turn: int, delay: float) -> tuple[str | None, Ended | None]:
    """Kill a run some seconds after it began a phase, and say in what it was; or how it ended.

    Args:
        place: Where it runs.
        phase: Of PHASES.
        turn: Which time that it begins it, from 1.
        delay: Seconds.
    """
    here, there = Pipe(duplex=False)
    life = Life(run(), place, (small_steps, Announce(there)))
    there.close()
    for told in heard(here):
        turn -= told == Told(phase, begins=True)
        if not turn:
            time.sleep(delay)
            life.kill()
            last = [told, *heard(here)][-1]
            return last.phase if last.begins else "between", None
    return None, life.end()


def test_a_hundred_kills_change_no_byte(undisturbed: Undisturbed, tmp_path: Path) -> None:
    chance, hit, lives, began = random.Random(0), Counter[str](), 0, time.monotonic()
    while hit.total() < KILLS:
        place = tmp_path / f"life{lives}"
        place.mkdir()
        plan = PLAN if lives % 5 else FROM_NOTHING
        if plan is PLAN:
            undisturbed.give_corpus(place)
        for phase in plan[: KILLS - hit.total()]:
            delay = chance.uniform(0, max(undisturbed.seconds[phase]))
            where, ended = killed_in(place, phase, chance.choice((1, 1, 2)), delay)
            if where is None:
                assert ended is not None
                assert ended.status == 0, ended.err
            else:
                hit[where] += 1
        ended = live(run(), place, small_steps)
        assert ended.status == 0, ended.err
        assert holding.results(place / "results") == undisturbed.results
        assert holding.store(place / "home") == undisturbed.store
        assert not list((place / "home").glob(".*")), "half a corpus was left behind"
        lives += 1
    spent = time.monotonic() - began
    print(f"\n{hit.total()} kills in {lives} lives: {shares(hit)}; {spent:.0f} s")
    assert all(hit[phase] >= KILLS // 10 for phase in PHASES if phase != "generation"), hit
