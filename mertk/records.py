"""What is kept of finished trials, as it is read back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from mertk.errors import MertkError
from mertk.facts import faults

Json = Any
PICKS = ("selected", "last", "test_best")
"""Epochs whose predictions are kept: what the recipe's rule picks, the last one, and the one that
the test clips would have picked."""
COLUMNS = ("clip", "speaker", "groups", "seconds", "label")
PREDICTIONS, VALIDATION = "predictions.parquet", "validation.parquet"
WEIGHTS, INSIGHT = "weights.safetensors", "insight.safetensors"
MOMENTS = ("before", "after")


@dataclass(frozen=True)
class Predicted:
    """What a model said on one part of a fold.

    Args:
        clips: Ids.
        speakers: [B] who talks, '' where nobody knows.
        labels: [B] class indices, or [B, N] of another target.
        scores: Per pick, [B, N]: class probabilities, or as the target is.
        groups: [B] what else clips share, such as `gender`; none where nothing is known.
        seconds: [B] how long they are; None where nobody knows.
    """

    clips: Sequence[str]
    speakers: Sequence[str]
    labels: NDArray[Any]
    scores: Mapping[str, NDArray[np.float32]]
    groups: Sequence[Mapping[str, str]] = ()
    seconds: Sequence[float | None] = ()


@dataclass(frozen=True)
class Insight:
    """What was seen inside a model, for pictures.

    Args:
        clips: Ids of the clips that were looked at, those of one class side by side.
        fused: [B, C] principal components of the fused vectors of all test clips, in the order of
            the predictions, at the selected epoch.
        before: In the untrained model: `<name>/<first>/<second>` -> [B, B] numbers about pairs of
            the clips; `attention/<stream>/<other>/<i>` -> [T, T'] weights of clip i.
        after: The same at the selected epoch.
    """

    clips: Sequence[str]
    fused: NDArray[np.float32]
    before: Mapping[str, NDArray[np.float32]]
    after: Mapping[str, NDArray[np.float32]]


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
        return _read(self.folder / PREDICTIONS)

    def predictions(self, pick: str = "selected") -> tuple[NDArray[Any], NDArray[np.float32]]:
        """Labels and scores [B, N] of the test clips at one of the kept epochs.

        Labels are [B] class indices, or [B, N] of another target, NaN where nobody rated.
        """
        return _arrays(self._predictions, pick, self.folder / PREDICTIONS)

    @property
    def clips(self) -> list[str]:
        """The test clips, in the order of the predictions."""
        names: list[str] = self._predictions["clip"].to_pylist()
        return names

    @property
    def speakers(self) -> list[str]:
        """Who talks in each test clip, '' where nobody knows."""
        names: list[str] = self._predictions["speaker"].to_pylist()
        return names

    @property
    def groups(self) -> list[dict[str, str]]:
        """What else each test clip shares with others, by its name."""
        return [dict(pairs) for pairs in self._predictions["groups"].to_pylist()]

    @property
    def seconds(self) -> list[float | None]:
        """How long each test clip is; None where nobody knows."""
        found: list[float | None] = self._predictions["seconds"].to_pylist()
        return found

    def insight(self) -> Insight | None:
        """What was seen inside the model; None where nothing was kept.

        Raises:
            MertkError: It cannot be read.
        """
        file = self.folder / INSIGHT
        if not file.is_file():
            return None
        try:
            with safe_open(file, "numpy") as kept:
                clips = json.loads(kept.metadata()["clips"])
                found = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
            return Insight(clips, found.pop("fused"), *(_below(found, p) for p in MOMENTS))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise MertkError(f"{file}: cannot be read ({error}); run with --redo") from None

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
        table = _read(file)
        labels, scores = _arrays(table, "selected", file)
        clips, speakers = table["clip"].to_pylist(), table["speaker"].to_pylist()
        return Predicted(clips, speakers, labels, {"selected": scores})


@dataclass(frozen=True)
class Kept:
    """All finished trials of one recipe, or of one variant of it.

    Args:
        folder: `<results>/<recipe>/<fingerprint>`.
        recipe: As it was run, every default written in.
        records: By (fold, seed); the latest where what made them changed meanwhile.
        superseded: How many earlier trials lie beside them.
        failed: How many trials failed and were not done again.
    """

    folder: Path
    recipe: Mapping[str, Json]
    records: Mapping[tuple[str, int], Record]
    superseded: int
    failed: int = 0


def read_kept(folder: Path) -> Kept:
    """Read the trials in a folder.

    Raises:
        MertkError: It holds none, or one that cannot be read.
    """
    try:
        recipe = yaml.safe_load((folder / "recipe.yaml").read_text(encoding="utf-8"))
        _check_recipe(recipe)
        files = [f for f in folder.glob("*/trial.json") if not f.parent.name.startswith(".")]
        found = [Record(f.parent, json.loads(f.read_text(encoding="utf-8"))) for f in files]
        found.sort(key=_began)
        latest = {(str(r.facts["fold"]), int(r.facts["seed"])): r for r in found}
        for record in latest.values():
            _check(record)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise MertkError(
            f"{folder}: its trials cannot be read ({error}); move away what is damaged, or made by "
            "an earlier version, and run the recipe again"
        ) from None
    if not latest:
        raise MertkError(f"{folder}: there is no finished trial; run the recipe again")
    failed = sum(1 for _ in folder.glob("*.failed.txt"))
    return Kept(folder, recipe, dict(sorted(latest.items())), len(found) - len(latest), failed)


def _began(record: Record) -> tuple[str, str]:
    """Orders trials; those beside the latest of their fold and seed need tell no more than this."""
    try:
        return str(record.facts["provenance"]["began"]), record.folder.name
    except (KeyError, TypeError):
        raise ValueError(f"{record.folder.name}/trial.json: provenance.began: is missing") from None


def _check(record: Record) -> None:
    """Hold a trial to what whoever reads it asks of it.

    Raises:
        ValueError: Something is not there, or not what it should be.
    """
    if wrong := faults(record.facts):
        raise ValueError(f"{record.folder.name}/trial.json: {wrong}")
    there = set(pq.read_schema(record.folder / PREDICTIONS).names)
    if missing := [c for c in (*COLUMNS, *PICKS) if c not in there]:
        raise ValueError(f"{record.folder.name}/{PREDICTIONS}: has no {', '.join(missing)}")


def _check_recipe(recipe: Json) -> None:
    named = isinstance(recipe, dict) and isinstance(recipe.get("name"), str)
    metrics = recipe.get("metrics") if named else None
    told = isinstance(metrics, list) and all(
        isinstance(m, dict) and isinstance(m.get("use"), str) for m in metrics
    )
    if not (named and metrics and told):
        raise ValueError("recipe.yaml: a recipe with a name and metrics was expected")


def _below(found: Mapping[str, NDArray[np.float32]], moment: str) -> dict[str, NDArray[np.float32]]:
    prefix = f"{moment}/"
    return {n.removeprefix(prefix): value for n, value in found.items() if n.startswith(prefix)}


def to_table(predicted: Predicted) -> pa.Table:
    """The columns that are kept on disk."""
    count = len(predicted.clips)
    columns = {
        "clip": pa.array(list(predicted.clips), pa.string()),
        "speaker": pa.array(list(predicted.speakers), pa.string()),
        "label": _column(predicted.labels),
        "groups": pa.array(
            [list(shared.items()) for shared in predicted.groups or [{}] * count],
            pa.map_(pa.string(), pa.string()),
        ),
        "seconds": pa.array(list(predicted.seconds) or [None] * count, pa.float64()),
    }
    for pick, scores in predicted.scores.items():
        columns[pick] = _column(scores.astype(np.float32, copy=False))
    return pa.table(columns)


def _column(values: NDArray[Any]) -> pa.Array:
    """[B] as numbers, [B, N] as lists of N numbers."""
    flat = pa.array(np.ascontiguousarray(values).ravel())
    return flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _read(file: Path) -> pa.Table:
    try:
        return pq.read_table(file)
    except (OSError, ValueError) as error:
        raise MertkError(f"{file}: cannot be read ({error}); run with --redo") from None


def _arrays(table: pa.Table, pick: str, file: Path) -> tuple[NDArray[Any], NDArray[np.float32]]:
    try:
        labels, scores = _array(table["label"]), _array(table[pick])
    except (KeyError, ValueError, TypeError) as error:
        raise MertkError(f"{file}: is no table of predictions ({error}); run with --redo") from None
    classes = scores.shape[-1]
    if labels.ndim == 1 and not ((labels >= 0) & (labels < classes)).all():
        raise MertkError(f"{file}: a label is none of {classes} classes; run with --redo")
    return labels, scores


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    whole = column.combine_chunks()
    if not pa.types.is_fixed_size_list(whole.type):
        found: NDArray[Any] = whole.to_numpy()
        return found
    values: NDArray[Any] = whole.flatten().to_numpy().reshape(len(whole), -1)
    return values
