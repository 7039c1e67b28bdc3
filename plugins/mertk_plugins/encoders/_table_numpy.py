"""Tables in NumPy's formats: npz files, and folders of npy files. Pickled ones are refused."""

import os
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mertk.errors import CorpusError, MediaError, did_you_mean
from mertk_plugins._checks import inside
from mertk_plugins.encoders._table_rows import Lookup, Rows, runs


@dataclass(frozen=True)
class Arrays:
    """An npz file that holds one array per key."""

    path: Path
    arrays: Any
    channels: Sequence[str] | None = None

    def get(self, key: str) -> NDArray[Any] | None:
        """The array of that name."""
        if key not in self.arrays.files:
            return None
        try:
            return _member(self.arrays, key)
        except ValueError as error:
            raise MediaError(self.path, str(error)) from None

    def names(self) -> Iterable[str]:
        """Every array's name."""
        return list(self.arrays.files)


@dataclass(frozen=True)
class Folder:
    """A folder with one `<key>.npy` per key, which may stand in subfolders named in the key."""

    path: Path
    channels: Sequence[str] | None = None

    def get(self, key: str) -> NDArray[Any] | None:
        """The file's array, mapped into memory."""
        file = Path(os.path.normpath(self.path / f"{key}.npy"))
        return read_npy(file) if inside(file, self.path) and file.is_file() else None

    def names(self) -> Iterable[str]:
        """Every file's name below the folder, without its ending."""
        files = sorted(self.path.rglob("*.npy"))
        return [file.relative_to(self.path).with_suffix("").as_posix() for file in files]


def npz(path: Path, keys: str | None, values: str | tuple[str, ...] | None) -> Lookup:
    """Open an npz file: an array of keys and one of values, or one array per key.

    Raises:
        CorpusError: It is no such file.
    """
    try:
        zipfile.ZipFile(path).close()
    except zipfile.BadZipFile:
        raise CorpusError(f"{path}: not an npz file, or only a part of one; save it anew") from None
    arrays: Any = np.load(path, allow_pickle=False)
    names = list(arrays.files)
    if keys is None and values is None:
        return Arrays(path, arrays)
    with arrays:
        if keys is None or not isinstance(values, str):
            raise CorpusError(
                f"{path}: needs both `keys` and `values`, each the name of one array (there are: "
                f"{', '.join(names[:12])}); or neither, where every clip has an array of its own"
            )
        for argument, name in (("keys", keys), ("values", values)):
            if name not in names:
                raise CorpusError(
                    f"{path}: {argument}: no array {name!r}{did_you_mean(name, names)}"
                )
        try:
            listed, table = _strings(arrays, keys), _member(arrays, values)
        except ValueError as error:
            raise CorpusError(f"{path}: {error}") from None
    if table.ndim == 0 or len(table) != len(listed):
        raise CorpusError(
            f"{path}: {len(listed)} {keys!r} do not fit {values!r} of shape {table.shape}"
        )
    rows = runs(path, listed)
    if table.ndim > 2 and len(rows) != len(listed):
        raise CorpusError(f"{path}: {keys!r}: a key stands twice, though each row is a sequence")
    return Rows(rows, table.reshape(-1, 1) if table.ndim == 1 else table)


def _strings(arrays: Any, name: str) -> list[str]:
    try:
        found = arrays[name]
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"array {name!r} cannot be used ({_why(error)})") from None
    if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype.kind not in "USiu":
        raise ValueError(
            f"array {name!r} is no list of keys: it has to be [n] and hold text or whole numbers"
        )
    return [key.decode() if isinstance(key, bytes) else str(key) for key in found.tolist()]


def read_npy(path: Path) -> NDArray[Any]:
    """Map one array into memory.

    Raises:
        MediaError: It is no array of numbers.
    """
    try:
        return _numeric(np.load(path, mmap_mode="r", allow_pickle=False))
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror or error})") from None
    except (ValueError, EOFError) as error:
        raise MediaError(path, f"no array of numbers ({_why(error)})") from None


def _member(arrays: Any, name: str) -> NDArray[Any]:
    """One array of an npz file.

    Raises:
        ValueError: It holds something else than numbers, or is damaged.
    """
    try:
        return _numeric(arrays[name])
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"array {name!r} cannot be used ({_why(error)})") from None


def _numeric(array: Any) -> NDArray[Any]:
    # NumPy gives the bytes of what is in a zip file but no array.
    if not isinstance(array, np.ndarray):
        raise ValueError("it is no array")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"it holds {array.dtype}, not numbers")
    return array


def _why(error: Exception) -> str:
    if "allow_pickle" in str(error) or "Python objects" in str(error):
        return "it is pickled, which could run anything when loaded; save plain numbers instead"
    return str(error) or type(error).__name__
