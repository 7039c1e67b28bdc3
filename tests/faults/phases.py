"""What a run is at: told by the run itself as it begins and ends each of its phases."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import mertk.executors.bench
import mertk.inputs
from mertk.results import Results
from mertk_plugins.datasets.iemocap_synthetic import SyntheticIEMOCAP

PHASES = {
    "generation": (SyntheticIEMOCAP, "_write"),
    "extraction": (mertk.inputs, "fill"),
    "training": (mertk.executors.bench, "conduct"),
    "writing": (Results, "write"),
}
"""Which function is each phase."""


@dataclass(frozen=True)
class Told:
    """One message.

    Args:
        phase: Of PHASES.
        begins: Whether it begins or ends.
    """

    phase: str
    begins: bool


@dataclass(frozen=True)
class Announce:
    """Has a process tell its phases, one message at the beginning and one at the end of each."""

    line: Connection

    def __call__(self) -> None:
        for phase, (owner, name) in PHASES.items():
            setattr(owner, name, self._told(phase, getattr(owner, name)))

    def _told(self, phase: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def working(*arguments: Any, **named: Any) -> Any:
            self.line.send(Told(phase, begins=True))
            try:
                return work(*arguments, **named)
            finally:
                self.line.send(Told(phase, begins=False))

        return working


def heard(line: Connection) -> Iterator[Told]:
    """The messages of a process until it ends."""
    while True:
        try:
            yield line.recv()
        except EOFError:
            return


def shares(counts: Counter[str]) -> str:
    """Counts by phase, as a line."""
    return ", ".join(f"{phase} {count}" for phase, count in sorted(counts.items()))
