"""`mertk` in processes of its own that begin warm: forked from one that has imported everything.

A cold `python -m mertk run` spends seconds on imports, which is too long for some hundred of them.
What is forked is the same `mertk.cli.main`, and can be killed, starved and lied to like any other.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# One thread each, as tests on shared cores have it; and none that a fork would lose.
os.environ["OMP_NUM_THREADS"] = "1"

import mertk.filling
from mertk.cli import main
from mertk.train.checkpoint import Checkpoint

TINY = Path(__file__).with_name("tiny.yaml")
DEADLINE = 600.0
"""Seconds; on idle cores nothing here takes a twentieth of them."""

Change = Callable[[], object]
"""Something to be done in a new process before mertk begins."""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Args:
        status: Its exit status; minus the signal that ended it.
        out: What it printed.
        err: What it printed on stderr.
    """

    status: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        """Its JSON object."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Life:
    """One `mertk` in a process of its own.

    Args:
        words: Its command line.
        place: Where it runs: `home` is its $MERTK_HOME, `results` its results folder.
        changes: What is done in it before mertk begins.
        number: Tells its outputs from those of others in the same place.
    """

    words: Sequence[str]
    place: Path
    changes: Sequence[Change] = ()
    number: int = 0
    said: Path = field(init=False)

    def __post_init__(self) -> None:
        # Beside the place, which may be full or read-only.
        said = self.place.with_name(f"{self.place.name}-said")
        said.mkdir(exist_ok=True)
        self.said = said / str(self.number)
        context = get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.warm"])
        arguments = (list(self.words), self.place, self.said, list(self.changes))
        self.process = context.Process(target=_live, args=arguments)
        self.process.start()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.join()

    def end(self) -> Ended:
        """Wait for its end.

        Raises:
            AssertionError: It does not come.
        """
        self.process.join(DEADLINE)
        if self.process.exitcode is None:
            self.kill()
            raise AssertionError(f"mertk {' '.join(self.words)}: does not end")
        out, err = (Path(f"{self.said}.{name}").read_text("utf-8") for name in ("out", "err"))
        return Ended(self.process.exitcode, out, err)


def live(words: Sequence[str], place: Path, *changes: Change) -> Ended:
    """Run one command to its end."""
    return Life(words, place, changes).end()


def run(*words: str) -> list[str]:
    """The command line of a run of the tiny recipe."""
    return ["run", str(TINY), "--device", "cpu", "--json", *words]


def small_steps() -> None:
    """Keep the state of a fit after every epoch and features in small blocks.

    So that there is a kept state to go on from in runs of seconds.
    """
    Checkpoint.__init__.__defaults__ = (0.0,)
    mertk.filling.BLOCK_CLIPS = 8


def _live(words: list[str], place: Path, said: Path, changes: list[Change]) -> None:
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(f"{said}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(file, number)
        os.close(file)
    os.chdir(place)
    os.environ["MERTK_HOME"] = str(place / "home")
    for change in changes:
        change()
    status = main(words)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
