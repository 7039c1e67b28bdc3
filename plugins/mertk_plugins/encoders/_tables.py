"""Numbers by key from npz, Parquet and CSV files and from folders of npy files."""

import os
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from mertk.errors import CorpusError
from mertk_plugins.encoders._table_columns import columns
from mertk_plugins.encoders._table_numpy import Folder, npz
from mertk_plugins.encoders._table_rows import Lookup

FILES = (".npz", ".parquet", ".csv", ".tsv")

_lock = threading.Lock()


def open_table(path: Path, keys: str | None, values: str | Sequence[str] | None) -> Lookup:
    """Open a table; each is read once in a process, until it changes.

    Raises:
        CorpusError: It is not there, not in a known format, or lacks what `keys` or `values` name.
    """
    chosen = values if values is None or isinstance(values, str) else tuple(values)
    try:
        status = path.stat()
        with _lock:
            # The process is part of the key: an open npz may not be shared with a forked one.
            return _opened(path, keys, chosen, status.st_mtime_ns, status.st_size, os.getpid())
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error})") from None


@lru_cache(maxsize=8)
def _opened(
    path: Path, keys: str | None, values: str | tuple[str, ...] | None, *_version: int
) -> Lookup:
    if path.is_dir():
        return Folder(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return npz(path, keys, values)
    if suffix in (".parquet", ".csv", ".tsv"):
        return columns(path, keys, values)
    raise CorpusError(f"{path}: no table by its name; use {', '.join(FILES)} or a folder of .npy")
