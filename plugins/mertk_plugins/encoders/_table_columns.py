"""Tables with named columns: Parquet and CSV."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mertk.errors import CorpusError, MediaError, did_you_mean
from mertk_plugins._delimited import delimiter
from mertk_plugins.encoders._table_rows import Lookup, Rows, runs

_NUMBERS = ("int", "uint", "float", "halffloat", "double", "bool")


@dataclass(frozen=True)
class Lists:
    """Keys with one Parquet cell each, which holds a list of numbers, or of lists of them."""

    path: Path
    rows: Mapping[str, tuple[int, int]]
    cells: Any
    channels: Sequence[str] | None = None

    def get(self, key: str) -> NDArray[Any] | None:
        """[C] or [T, C]; an empty cell is no features.

        Raises:
            MediaError: The lists are of different lengths.
        """
        cell = self.cells[self.rows[key][0]].as_py() if key in self.rows else None
        try:
            return None if cell is None else np.asarray(cell, np.float64)
        except (ValueError, TypeError) as error:
            raise MediaError(self.path, f"{key}: no array of numbers ({error})") from None

    def names(self) -> Iterable[str]:
        """Every key."""
        return self.rows


def columns(path: Path, keys: str | None, values: str | tuple[str, ...] | None) -> Lookup:
    """Open a table with a column of keys.

    Raises:
        CorpusError: It is no such table, or lacks the columns.
    """
    table = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path, keys)
    name = keys or "id"
    names = [column for column in table.column_names if column]
    if name not in names:
        raise CorpusError(
            f"{path}: keys: no column {name!r} for the clips' keys{did_you_mean(name, names)}"
        )
    listed = table[name].to_pylist()
    empty = [row for row, key in enumerate(listed, start=1) if key in (None, "")]
    if empty:
        raise CorpusError(
            f"{path}: {len(empty)} rows have no {name!r}, the first is row {empty[0]}"
        )
    rows = runs(path, [str(key) for key in listed])
    chosen = _chosen(path, [column for column in names if column != name], values)
    kinds = {column: str(table.schema.field(column).type) for column in chosen}
    if len(chosen) == 1 and "list<" in kinds[chosen[0]]:
        if len(rows) != len(listed):
            raise CorpusError(f"{path}: {name!r}: a key stands twice, though cells are lists")
        return Lists(path, rows, table[chosen[0]])
    words = [c for c, kind in kinds.items() if not kind.startswith(_NUMBERS)]
    if words:
        raise CorpusError(
            f"{path}: no numbers in column {words[0]!r} ({kinds[words[0]]}); name the channels "
            "with `values`: what their names begin with, or a list of them"
        )
    arrays = [table[column].to_numpy() for column in chosen]
    return Rows(rows, np.stack(arrays, axis=1), tuple(chosen))


def _chosen(
    path: Path, names: Sequence[str], values: str | tuple[str, ...] | None
) -> Sequence[str]:
    if values is None:
        chosen: Sequence[str] = names
    elif isinstance(values, str):
        chosen = [name for name in names if name.startswith(values)]
    else:
        unknown = [name for name in values if name not in names]
        if unknown:
            raise CorpusError(
                f"{path}: values: no column {unknown[0]!r}{did_you_mean(unknown[0], names)}"
            )
        chosen = values
    if not chosen:
        begin = f" whose name begins with {values!r}" if values else ""
        raise CorpusError(f"{path}: values: no column{begin}{did_you_mean(str(values), names)}")
    return chosen


def _read_parquet(path: Path) -> Any:
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise CorpusError(f"{path}: not a Parquet file ({error})") from None


def _read_csv(path: Path, keys: str | None) -> Any:
    import pyarrow
    from pyarrow import csv

    with path.open("rb") as file:
        header = file.readline().decode("utf-8", errors="replace")
    try:
        return csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter=delimiter(path.suffix, header)),
            # Keys are text: 007 is not 7.
            convert_options=csv.ConvertOptions(column_types={keys or "id": pyarrow.string()}),
        )
    except pyarrow.ArrowException as error:
        raise CorpusError(f"{path}: not a CSV table ({error})") from None
