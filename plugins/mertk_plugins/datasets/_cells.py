"""Cells of a manifest -> clips, with everything that is wrong told by row."""

import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mertk.contracts import Clip, Label, MediaRef
from mertk.errors import did_you_mean
from mertk_plugins._checks import inside
from mertk_plugins.datasets import _embedded
from mertk_plugins.datasets._row_faults import RowFault

MEDIA = ("audio", "video", "features")
COLUMNS = ("id", "label", "speaker", "group", *MEDIA, "text", "start", "end", "fold", "split")
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev"), "valid"),
    **dict.fromkeys(("test", "testing", "eval"), "test"),
}

Cells = Mapping[str, Any]

_FIELD = re.compile(r"\{([^{}]+)\}")


def sources(column: str) -> list[str]:
    """The columns of the table that one of `COLUMNS` is made from: several for a template."""
    return _FIELD.findall(column) or [column]


def filled(column: str, row: Cells) -> Any:
    """The cell, or the template with its fields filled in; None where one of these is empty."""
    if not _FIELD.search(column):
        return row.get(column)
    cells = {name: _plain(row.get(name)) for name in sources(column)}
    return _FIELD.sub(lambda m: cells[m[1]], column) if all(cells.values()) else None


@dataclass(frozen=True)
class Record:
    """One row that became a clip, and the fold and split it names ('' where it names none)."""

    clip: Clip
    fold: str
    split: str


@dataclass
class CellReader:
    """Turns rows into records and collects faults.

    Args:
        columns: For each of `COLUMNS` that the table has, its name there, or a template.
        required: Those that may not be empty in any row.
        classes: The classes; None takes every label.
        numbers: Columns of numbers that are predicted instead of the label.
        binary: Whether these are 1 and 0.
        drop_unlisted: Pass over rows with other labels instead of reporting them.
        root: What media paths are relative to.
        allow_outside: Let them lead out of it.
        features: File of precomputed features for clips whose row names none.
    """

    columns: Mapping[str, str]
    required: Sequence[str]
    classes: Sequence[str] | None
    numbers: Sequence[str]
    binary: bool
    drop_unlisted: bool
    root: Path
    allow_outside: bool
    features: Path | None
    faults: list[RowFault] = field(default_factory=list)
    dropped: set[Path] = field(default_factory=set)  # media of rows that were passed over

    def read(self, rows: Iterable[tuple[int, Cells]]) -> list[Record]:
        """Every row that makes a clip."""
        records = []
        seen: dict[str, int] = {}
        further: dict[str, dict[str, str | float]] = {}
        for number, row in rows:
            if self._unlisted(row):
                self.dropped |= self._media_paths(row)
                continue
            before = len(self.faults)
            record = self._record(number, row)
            clip_id = record.clip.id
            if clip_id in seen:
                what = f"id: {clip_id!r} stands in row {seen[clip_id]} too"
                self._fault(number, what, cause="id: twice")
            elif clip_id:
                seen[clip_id] = number
            if len(self.faults) == before:
                records.append(record)
                further[clip_id] = self._further(row)
        labels = _typed(further)
        return [
            replace(r, clip=replace(r.clip, labels={**r.clip.labels, **labels[r.clip.id]}))
            for r in records
        ]

    def _unlisted(self, row: Cells) -> bool:
        """Whether a row is to be passed over for its label."""
        if not self.drop_unlisted or self.classes is None:
            return False
        return _plain(filled(self.columns["label"], row)) not in self.classes

    def _record(self, number: int, row: Cells) -> Record:
        cells = {n: self._cell(number, n, row) for n in self.columns if n not in MEDIA}
        for name in self.required:
            if not cells[name]:
                self._fault(number, f"{name}: is empty")
        self._check_id(number, cells["id"])
        label = cells.get("label", "")
        if self.classes is not None and label and label not in self.classes:
            near = did_you_mean(label, self.classes)
            self._fault(number, f"label: {label!r} is none of the classes{near}")
        split = cells.get("split", "").lower()
        if "split" in self.required and split and split not in SPLITS:
            near = did_you_mean(split, ("train", "valid", "test"))
            self._fault(number, f"split: {cells['split']!r} is no part{near}")
        group = cells.get("group", "")
        return Record(
            Clip(
                id=cells["id"],
                labels={**({"emotion": label} if label else {}), **self._numbers(number, cells)},
                speaker=cells.get("speaker", ""),
                group={"group": group} if group else {},
                media=self._media(number, row, cells),
                text=cells.get("text") or None,
            ),
            fold=cells.get("fold", ""),
            split=SPLITS.get(split, ""),
        )

    def _numbers(self, number: int, cells: Mapping[str, str]) -> dict[str, Label]:
        """What is predicted instead of the label, where it is rated."""
        found: dict[str, Label] = {}
        for name in (n for n in self.numbers if cells[n]):
            if not _is_number(cells[name]):
                what = f"{name}: not a number ({cells[name]!r})"
                self._fault(number, what, cause=f"{name}: not a number")
                continue
            found[name] = float(cells[name])
            if self.binary and found[name] not in (0, 1):
                what = f"{name}: neither 0 nor 1 ({cells[name]})"
                self._fault(number, what, cause=f"{name}: neither 0 nor 1")
        if self.numbers and not any(cells[n] for n in self.numbers):
            self._fault(number, f"{', '.join(self.numbers)}: all are empty; leave the row out")
        return found

    def _media(self, number: int, row: Cells, cells: Mapping[str, str]) -> dict[str, MediaRef]:
        start = self._seconds(number, "start", cells.get("start", ""))
        end = self._seconds(number, "end", cells.get("end", ""))
        if end is not None and end <= (start or 0.0):
            what = f"end: not after start ({start or 0.0:g}-{end:g})"
            self._fault(number, what, cause="end: not after start")
        media = {}
        for modality in (m for m in MEDIA if m in self.columns):
            path = self._path(number, modality, filled(self.columns[modality], row))
            if path is not None and modality == "features":
                media[modality] = MediaRef(path)
            elif path is not None:
                media[modality] = MediaRef(path, start or 0.0, end)
        if self.features is not None:
            media.setdefault("features", MediaRef(self.features))
        return media

    def _path(self, number: int, modality: str, value: Any) -> Path | None:
        if isinstance(value, Mapping) and set(value) <= {"bytes", "path"}:
            if value.get("bytes") is not None:
                return _embedded.keep(value["bytes"], str(value.get("path") or ""))
            value = value.get("path")
        text = _plain(value)
        if not text:
            return None
        if "://" in text:
            what = f"{modality}: an address ({text}); download it and name the file"
            self._fault(number, what, cause=f"{modality}: an address")
            return None
        if "\0" in text:
            self._fault(number, f"{modality}: {text!r} is no path", cause=f"{modality}: no path")
            return None
        path = self._below(text)
        if not self.allow_outside and not inside(path, self.root):
            self._fault(
                number,
                f"{modality}: {text!r} leads out of {self.root}; set `media_root` to a folder "
                "above it, or `allow_outside: true`",
                cause=f"{modality}: outside",
            )
        return path

    def _below(self, text: str) -> Path:
        # A manifest written on Windows; a backslash in a file name is unheard of.
        text = text.replace("\\", "/") if os.sep == "/" else text
        # Links are not followed: whoever laid one below the root meant it to lead there.
        return Path(os.path.normpath(self.root / text))

    def _media_paths(self, row: Cells) -> set[Path]:
        """The files that a row names, whatever is wrong with it."""
        cells = (filled(self.columns[m], row) for m in MEDIA if m in self.columns)
        texts = (_plain(cell) for cell in cells if isinstance(cell, str))
        return {self._below(text) for text in texts if text and "\0" not in text}

    def _cell(self, number: int, name: str, row: Cells) -> str:
        value = filled(self.columns[name], row)
        if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
            self._fault(number, f"{name}: a {type(value).__name__}, not text or a number")
            return ""
        return _plain(value)

    def _seconds(self, number: int, name: str, text: str) -> float | None:
        if not text:
            return None
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
        what = f"{name}: not a number of seconds ({text!r}); write 1.5, not 0:01,5"
        self._fault(number, what, cause=f"{name}: not a number")
        return None

    def _check_id(self, number: int, name: str) -> None:
        if name and not safe(name):
            self._fault(
                number,
                f"id: {name!r} cannot be part of a file name; use up to 200 characters without "
                "/ and \\, the first of them no dot",
                cause="id: no name of a file",
            )

    def _further(self, row: Cells) -> dict[str, str | float]:
        """Cells of columns that the manifest does not know: further labels."""
        known = set(self.columns.values())
        return {
            column: value
            for column, value in row.items()
            if column not in known and isinstance(value, str | int | float) and _plain(value)
        }

    def _fault(self, number: int, what: str, cause: str = "") -> None:
        """Note what is wrong; the cause is named where `what` differs from row to row."""
        self.faults.append(RowFault(number, what, cause or what))


def safe(name: str) -> bool:
    """Whether a file can be called so on every system that matters."""
    return (
        len(name) <= 200
        and name.isprintable()
        and not name.startswith(".")
        and not (set(name) & set("/\\"))
    )


def _plain(value: Any) -> str:
    """A scalar as text, empty where there is none; 3.0 as 3: gaps turn integers into floats."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _typed(further: Mapping[str, Mapping[str, str | float]]) -> dict[str, dict[str, Label]]:
    """Numbers where a whole column holds numbers, text elsewhere."""
    texts = {i: {c: _plain(v) for c, v in row.items()} for i, row in further.items()}
    words = {c for row in texts.values() for c, text in row.items() if not _is_number(text)}
    return {
        i: {c: text if c in words else float(text) for c, text in row.items()}
        for i, row in texts.items()
    }


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
