"""Rows of a CSV, TSV, JSON Lines or Parquet file, or of a Hugging Face dataset, as they stand."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mertk.errors import CorpusError
from mertk_plugins._delimited import delimiter
from mertk_plugins.datasets._row_faults import RowFault

Row = tuple[int, Mapping[str, Any]]
FORMATS = ".csv, .tsv, .jsonl, .ndjson, .parquet, or a folder written by datasets.save_to_disk"


@dataclass(frozen=True)
class Rows:
    """A table that is read row by row.

    Args:
        columns: The names of its columns.
        each: Rows with their numbers. CSV rows are counted as a spreadsheet does (the header is row
            1), JSON Lines by line, others from 1.
        faults: What is wrong with the shape of rows; complete when `each` was read to the end.
    """

    columns: tuple[str, ...]
    each: Iterable[Row]
    faults: Sequence[RowFault] = ()


def read(path: Path) -> Rows:
    """The rows of a file or folder.

    Raises:
        CorpusError: It is not there, or not in a format that is known.
    """
    if path.is_dir():
        return saved(path)
    reader = _READERS.get(path.suffix.lower())
    if not path.exists():
        raise CorpusError(f"{path}: no such file; `path` names a manifest ({FORMATS})")
    if reader is None:
        raise CorpusError(f"{path}: not a manifest by its name ({path.suffix!r}); use {FORMATS}")
    try:
        return reader(path)
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error})") from None


def _text(path: Path) -> str:
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{path}: line {line}: not UTF-8 (byte 0x{content[error.start]:02x}); save the file "
            "as UTF-8 (in Excel: 'CSV UTF-8')"
        ) from None


def _csv(path: Path) -> Rows:
    text = _text(path)
    separator = delimiter(path.suffix, text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[tuple[int, list[str]]] = []
    try:
        records.extend((n, cells) for n, cells in enumerate(reader, start=1) if any(cells))
    except csv.Error as error:
        raise CorpusError(f"{path}: line {reader.line_num}: not valid CSV ({error})") from None
    header = [name.strip() for name in records[0][1]] if records else []
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise CorpusError(f"{path}: two columns are named {twice[0]!r}; rename one")
    # A short row has lost cells, a long one has a delimiter too many: in neither is it known which.
    faults = [
        RowFault(
            number,
            f"{len(cells)} cells under {len(header)} columns; quote cells that hold {separator!r}",
            cause="cells",
        )
        for number, cells in records[1:]
        if len(cells) != len(header)
    ]
    rows = [
        # A column without a name is the index that pandas writes.
        (number, {name: cell for name, cell in zip(header, cells, strict=True) if name})
        for number, cells in records[1:]
        if len(cells) == len(header)
    ]
    return Rows(tuple(name for name in header if name), rows, faults)


def _jsonl(path: Path) -> Rows:
    rows: list[Row] = []
    faults = []
    columns: dict[str, None] = {}
    # Not splitlines: JSON strings may hold other characters that it takes for line ends.
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            faults.append(RowFault(number, f"not JSON ({error})", cause="JSON"))
            continue
        if not isinstance(row, dict):
            what = f"a {type(row).__name__}, not an object such as {{...}}"
            faults.append(RowFault(number, what, cause="object"))
            continue
        columns.update(dict.fromkeys(row))
        rows.append((number, row))
    if faults and not rows:
        raise CorpusError(f"{path}: {faults[0]}; JSON Lines holds one object on each line")
    return Rows(tuple(columns), rows, faults)


def _parquet(path: Path) -> Rows:
    import pyarrow
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(path)
    except pyarrow.ArrowException as error:
        raise CorpusError(f"{path}: not a Parquet file ({error})") from None
    known = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = known.get("info", {}).get("features", {})
    names = {
        column: feature["names"]
        for column, feature in features.items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
    }

    def batches() -> Iterator[Mapping[str, Any]]:
        try:
            with parquet.ParquetFile(path) as file:
                # Few rows at a time: they may hold whole media files.
                for batch in file.iter_batches(batch_size=64):
                    yield from batch.to_pylist()
        except (pyarrow.ArrowException, OSError) as error:
            raise CorpusError(f"{path}: cannot be read to its end ({error})") from None

    return Rows(tuple(schema.names), _numbered(batches(), names))


def saved(path: Path) -> Rows:
    """The rows of a folder that `datasets.save_to_disk` wrote.

    Raises:
        CorpusError: It is no such folder.
    """
    from datasets import load_from_disk

    try:
        return _hugging_face(load_from_disk(str(path)))
    except FileNotFoundError as error:
        raise CorpusError(f"{path}: a folder, but not a saved dataset ({error})") from None


def hub(dataset: str, config: str | None, revision: str | None) -> Rows:
    """The rows of a dataset that `datasets.load_dataset` finds.

    Raises:
        CorpusError: It finds none.
    """
    from datasets import load_dataset

    try:
        return _hugging_face(load_dataset(dataset, config, revision=revision))
    except Exception as error:  # whatever the hub, the network or the dataset's files bring up
        raise CorpusError(
            f"dataset {dataset!r}: cannot be loaded ({type(error).__name__}: {error}); check the "
            "name, `config` and `revision`, the network, and `hf auth login` for gated ones"
        ) from error


def _hugging_face(loaded: Any) -> Rows:
    names: dict[str, Sequence[str]] = {}
    if not isinstance(loaded, dict):
        part = _undecoded(loaded, names)
        return Rows(tuple(part.features), _numbered(part, names))
    parts = {split: _undecoded(part, names) for split, part in loaded.items()}
    columns = dict.fromkeys(column for part in parts.values() for column in part.features)
    rows = ({"split": split, **row} for split, part in parts.items() for row in part)
    return Rows(tuple({**columns, "split": None}), _numbered(rows, names))


def _undecoded(part: Any, names: dict[str, Sequence[str]]) -> Any:
    """The dataset with media as files or bytes; adds the names of its classes to `names`."""
    from datasets import Audio, ClassLabel, Image, Video

    for column, feature in part.features.items():
        if isinstance(feature, Audio | Video | Image):
            part = part.cast_column(column, type(feature)(decode=False))
        elif isinstance(feature, ClassLabel):
            names[column] = feature.names
    return part


def _numbered(
    rows: Iterable[Mapping[str, Any]], names: Mapping[str, Sequence[str]]
) -> Iterator[Row]:
    """Count rows, and put class names in the place of indices; -1 is how the hub marks none."""
    for number, row in enumerate(rows, start=1):
        named = {
            column: known[row[column]] if row[column] >= 0 else None
            for column, known in names.items()
            if row.get(column) is not None
        }
        yield number, {**row, **named}


_READERS: Mapping[str, Callable[[Path], Rows]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
}
