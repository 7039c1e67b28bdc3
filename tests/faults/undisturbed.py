"""A run that nobody disturbs, which all others are held against."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing import Pipe
from pathlib import Path

from tests.faults import holding
from tests.faults.lives import Ended, Life, run, small_steps
from tests.faults.phases import Announce, heard


@dataclass
class Undisturbed:
    """A run of the tiny recipe from nothing to its end.

    Args:
        place: Where it ran.
        seconds: How long each of its phases took, each time.
    """

    place: Path
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def conduct(self) -> Ended:
        """Run it, and take the times."""
        here, there = Pipe(duplex=False)
        life = Life(run(), self.place, (small_steps, Announce(there)))
        there.close()
        began = 0.0
        for told in heard(here):
            if told.begins:
                began = time.monotonic()
            else:
                self.seconds[told.phase].append(time.monotonic() - began)
        return life.end()

    @cached_property
    def results(self) -> dict[str, object]:
        """What it left in its results folder."""
        return holding.results(self.place / "results")

    @cached_property
    def store(self) -> dict[str, dict[str, bytes]]:
        """What it left in the store."""
        return holding.store(self.place / "home")

    def give_corpus(self, place: Path) -> None:
        """Have a run in another place find the generated corpus there."""
        home = place / "home"
        home.mkdir(parents=True, exist_ok=True)
        (corpus,) = (p for p in (self.place / "home").glob("iemocap_synthetic*") if p.is_dir())
        (home / corpus.name).symlink_to(corpus)
