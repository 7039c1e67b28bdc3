"""The only writer and reader of a results folder: immutable trials, keyed by their causes."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from mertk.errors import MertkError
from mertk.plan import Trial

Json = Any
PICKS = ("selected", "last", "test_best")
"""Epochs whose predictions are kept: what the recipe's rule picks, the last one, and the one that
the test clips would have picked."""
PREDICTIONS, VALIDATION = "predictions.parquet", "validation.parquet"


@dataclass(frozen=True)
class Predicted:
    """What a model said on one part of a fold.

    Args:
        clips: Ids.
        labels: [B] class indices.
        scores: Per pick, [B, N] class probabilities.
    """

    clips: Sequence[str]
    labels: NDArray[np.int64]
    scores: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Record:
    """A finished trial on disk.

    Args:
        folder: Where it lies.
        facts: Its `trial.json`.
    """

    folder: Path
    facts: Mapping[str, Json]

    @cached_property
    def _predictions(self) -> pa.Table:
        return pq.read_table(self.folder / PREDICTIONS)

    def predictions(self, pick: str = "selected") -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Labels [B] and scores [B, N] of the test clips at one of the kept epochs."""
        return _arrays(self._predictions, pick)

    @property
    def clips(self) -> list[str]:
        """The test clips, in the order of the predictions."""
        names: list[str] = self._predictions["clip"].to_pylist()
        return names

    def validation(self) -> Predicted:
        """What the model said on the validation clips at the selected epoch.

        Raises:
            MertkError: The test clips picked the epoch, so that there are none; or the trial was
                kept by a version that did not keep them.
        """
        file = self.folder / VALIDATION
        if self.facts["selected_on_test"]:
            raise MertkError(
                f"{self.folder}: has no validation clips (train.select.on=test); choose another "
                "train.select.on and run again"
            )
        if not file.is_file():
            raise MertkError(f"{file}: is not there; an earlier version kept none, run with --redo")
        table = pq.read_table(file)
        labels, scores = _arrays(table, "selected")
        return Predicted(table["clip"].to_pylist(), labels, {"selected": scores})


@dataclass(frozen=True)
class Outcome:
    """What is to be kept of a finished trial.

    Args:
        facts: JSON for `trial.json`.
        test: What it said on the test clips, at every pick.
        valid: What it said on the validation clips, at the selected epoch; None where the test
            clips picked it.
        weights: Content of `weights.safetensors`, or None.
    """

    facts: Mapping[str, Json]
    test: Predicted
    valid: Predicted | None = None
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
        return self.home(trial) / f".{trial.name}.checkpoint"

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
        # One name for whoever holds the claim, so that what a kill left is written over.
        temporary = final.with_name(f".{trial.name}.tmp")
        with self._explained():
            try:
                shutil.rmtree(temporary, ignore_errors=True)
                temporary.mkdir(parents=True)
                self._fill(temporary, outcome)
                self._describe(trial)
                self._put(temporary, final)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            self._failure(trial).unlink(missing_ok=True)
        return Record(final, dict(outcome.facts))

    def _fill(self, folder: Path, outcome: Outcome) -> None:
        pq.write_table(_table(outcome.test), folder / PREDICTIONS)
        if outcome.valid is not None:
            pq.write_table(_table(outcome.valid), folder / VALIDATION)
        if outcome.weights is not None:
            (folder / "weights.safetensors").write_bytes(outcome.weights)
        text = json.dumps(outcome.facts, indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "trial.json").write_text(text + "\n", encoding="utf-8")
        for file in folder.iterdir():
            _flush(file)

    def _put(self, temporary: Path, final: Path) -> None:
        old = final.with_name(f".{final.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            final.rename(old)
        temporary.rename(final)
        shutil.rmtree(old, ignore_errors=True)

    def _describe(self, trial: Trial) -> None:
        """The recipe as it was run, defaults and all, beside its trials."""
        recipe = trial.variant.resolved.recipe.model_dump(mode="json")
        path = self.home(trial) / "recipe.yaml"
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_text(
            yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
        temporary.replace(path)

    def fail(self, trial: Trial, traceback: str) -> Path:
        """Keep the traceback of a failed trial; returns where."""
        with self._explained():
            self.home(trial).mkdir(parents=True, exist_ok=True)
            self._failure(trial).write_text(traceback, encoding="utf-8")
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


def _table(predicted: Predicted) -> pa.Table:
    columns = {"clip": pa.array(list(predicted.clips)), "label": pa.array(predicted.labels)}
    for pick, scores in predicted.scores.items():
        flat = pa.array(np.ascontiguousarray(scores, dtype=np.float32).ravel())
        columns[pick] = pa.FixedSizeListArray.from_arrays(flat, scores.shape[1])
    return pa.table(columns)


def _arrays(table: pa.Table, pick: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    labels = table["label"].to_numpy()
    scores = table[pick].combine_chunks()
    return labels, scores.flatten().to_numpy().reshape(len(labels), -1)


def _flush(path: Path) -> None:
    """Have the file's bytes on the disk before its folder gets its final name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
