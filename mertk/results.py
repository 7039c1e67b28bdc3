"""The only writer and reader of a results folder: immutable trials, keyed by their causes."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml
from filelock import FileLock, Timeout

from mertk.errors import MertkError
from mertk.plan import Trial
from mertk.records import INSIGHT, PREDICTIONS, VALIDATION, WEIGHTS, Predicted, Record, to_table
from mertk.whole import drafts

Json = Any


@dataclass(frozen=True)
class Outcome:
    """What is to be kept of a finished trial.

    Args:
        facts: JSON for `trial.json`.
        test: What it said on the test clips, at every pick.
        valid: What it said on the validation clips, at the selected epoch; None where the test
            clips picked it.
        insight: Content of `insight.safetensors`, or None.
        weights: Content of `weights.safetensors`, or None.
    """

    facts: Mapping[str, Json]
    test: Predicted
    valid: Predicted | None = None
    insight: bytes | None = None
    weights: bytes | None = None


class Results:
    """A results folder: `<recipe>/<fingerprint>/<fold>-seed<seed>-<key>/`.

    Args:
        root: The folder; it is made when something is first written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def home(self, trial: Trial) -> Path:
        """The folder of all trials of the trial's variant."""
        resolved = trial.variant.resolved
        return self.root / resolved.recipe.name / resolved.fingerprint

    def find(self, trial: Trial) -> Record | None:
        """The finished trial, or None where it is still to be done.

        Raises:
            MertkError: It is there and cannot be read.
        """
        folder = self.home(trial) / trial.name
        with self._explained():
            if not folder.is_dir():
                return None
        try:
            facts = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
            pq.read_metadata(folder / PREDICTIONS)
            return Record(folder, facts)
        except (OSError, ValueError) as error:
            raise MertkError(
                f"{folder}: a finished trial that cannot be read ({error}); remove this folder and "
                "run again (--redo repeats every trial)"
            ) from None

    def scratch(self, trial: Trial) -> Path:
        """Where an unfinished trial keeps its state."""
        return self._beside(trial, "checkpoint")

    def tidy(self, trial: Trial) -> None:
        """Delete what a kill may have left beside a finished trial."""
        endings = ("checkpoint", "yaml.tmp", "tmp", "old")
        left = [path for e in endings if (path := self._beside(trial, e)).exists()]
        left += drafts(self.scratch(trial))
        if not left:
            return
        # A folder that cannot be written to stays as it is, and so does what another process is at.
        with suppress(MertkError), self.claim(trial, wait=False) as mine:
            for path in left if mine else ():
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _beside(self, trial: Trial, ending: str) -> Path:
        """A name for what is not finished, known to whoever holds the claim: it is written over."""
        return self.home(trial) / f".{trial.name}.{ending}"

    @contextmanager
    def claim(self, trial: Trial, *, wait: bool) -> Iterator[bool]:
        """Hold a trial against other processes; False where another one holds it.

        Args:
            trial: Which.
            wait: Whether to wait for the other process.
        """
        with self._explained():
            locks = self.root / ".locks"
            locks.mkdir(parents=True, exist_ok=True)
            lock = FileLock(locks / f"{trial.key}.lock")
            try:
                lock.acquire(timeout=-1 if wait else 0)
            except Timeout:
                yield False
                return
        try:
            yield True
        finally:
            lock.release()

    def write(self, trial: Trial, outcome: Outcome) -> Record:
        """Keep a finished trial: all of it or nothing."""
        final = self.home(trial) / trial.name
        temporary = self._beside(trial, "tmp")
        with self._explained():
            try:
                shutil.rmtree(temporary, ignore_errors=True)
                temporary.mkdir(parents=True)
                self._fill(temporary, outcome)
                self._describe(trial)
                self._put(temporary, final, self._beside(trial, "old"))
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            self._failure(trial).unlink(missing_ok=True)
        return Record(final, dict(outcome.facts))

    def _fill(self, folder: Path, outcome: Outcome) -> None:
        pq.write_table(to_table(outcome.test), folder / PREDICTIONS)
        if outcome.valid is not None:
            pq.write_table(to_table(outcome.valid), folder / VALIDATION)
        for name, content in ((INSIGHT, outcome.insight), (WEIGHTS, outcome.weights)):
            if content is not None:
                (folder / name).write_bytes(content)
        text = json.dumps(outcome.facts, indent=1, ensure_ascii=False, allow_nan=False)
        # Paths may hold what is no Unicode; escaped so it is valid in JSON too.
        (folder / "trial.json").write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        for file in folder.iterdir():
            _flush(file)

    def _put(self, temporary: Path, final: Path, old: Path) -> None:
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            final.rename(old)
        temporary.rename(final)
        shutil.rmtree(old, ignore_errors=True)

    def _describe(self, trial: Trial) -> None:
        """The recipe as it was run, defaults and all, beside its trials."""
        recipe = trial.variant.resolved.recipe.model_dump(mode="json")
        path = self.home(trial) / "recipe.yaml"
        temporary = self._beside(trial, "yaml.tmp")
        temporary.write_text(
            yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
        temporary.replace(path)

    def fail(self, trial: Trial, traceback: str) -> Path:
        """Keep the traceback of a failed trial; returns where."""
        with self._explained():
            self.home(trial).mkdir(parents=True, exist_ok=True)
            self._failure(trial).write_text(traceback, encoding="utf-8", errors="backslashreplace")
        return self._failure(trial)

    def _failure(self, trial: Trial) -> Path:
        return self.home(trial) / f"{trial.name}.failed.txt"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise MertkError(
                f"{self.root}: results cannot be written ({reason}); finished trials are kept, "
                "make room or choose another --results and run again"
            ) from error


def _flush(path: Path) -> None:
    """Have the file's bytes on the disk before its folder gets its final name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
