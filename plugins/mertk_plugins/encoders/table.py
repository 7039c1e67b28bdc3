"""Precomputed features, looked up by clip."""

import string
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xxhash
from numpy.typing import NDArray

from mertk import media
from mertk.contracts import Clip, Pretraining, Stream
from mertk.errors import CorpusError, MediaError, MertkError, did_you_mean
from mertk_plugins.encoders._table_numpy import read_npy
from mertk_plugins.encoders._table_rows import Lookup
from mertk_plugins.encoders._tables import FILES, open_table


class Table:
    """Precomputed vectors or sequences by clip: [T, C], T = 1 for a vector.

    What a table may be:

    - npz with an array of keys and one of values, [n, C] or [n, T, C]; rows that stand together
      under one key are a sequence. Or npz with one array, [C] or [T, C], per key.
    - Parquet or CSV with a column of keys and one column per channel; several rows of one key are
      a sequence in their order. Or Parquet with one column of lists.
    - A folder with a file `<key>.npy`, [C] or [T, C], per clip.

    Args:
        path: The table; default: the file that the dataset names for each clip (`features`), which
            may also be an npy file of that clip alone.
        key: Under which key a clip stands; `{id}`, `{speaker}` and the names of the dataset's
            groups are filled in.
        keys: The npz array or the column that holds the keys; default: the column `id`, and for npz
            one array per key.
        values: The npz array that holds the values; or the columns of the channels, as a list or by
            what their names begin with; default: all but the keys.
        missing: What to do with a clip that the table lacks: report it, or treat it as a clip
            without this modality.

    Raises:
        ValueError: `key` or `path` cannot be meant so.
        CorpusError: There is nothing at `path`.
    """

    modality = "features"
    version = "1"

    def __init__(
        self,
        path: Path | None = None,
        key: str = "{id}",
        keys: str | None = None,
        values: str | list[str] | None = None,
        missing: Literal["error", "empty"] = "error",
    ) -> None:
        _check_template(key)
        if path is not None and not path.exists():
            raise CorpusError(f"{path}: no such table; `path` names a file or a folder")
        if path is not None and path.is_file() and path.suffix.lower() not in FILES:
            raise ValueError(
                f"path: no table by its name ({path.name}); use {', '.join(FILES)}, or a folder "
                "of .npy files"
            )
        self.path, self.key, self.keys, self.values = path, key, keys, values
        self.missing = missing
        self._dim: int | None = None

    @classmethod
    def pretraining(cls, _: Mapping[str, Any]) -> Pretraining:
        """Nobody but their maker knows what made the features."""
        return Pretraining(note="features that were made elsewhere")

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, str]:
        """Names of arrays and columns, where the table is a folder of files."""
        folder = arguments["path"] is not None and Path(arguments["path"]).is_dir()
        why = "`path` is a folder with a file per clip, which has no such names; leave it out"
        return dict.fromkeys(("keys", "values"), why) if folder else {}

    @property
    def dim(self) -> int:
        """Channels.

        Raises:
            MertkError: They are in the dataset's files, of which none was read yet.
        """
        if self._dim is None and self.path is not None:
            table = self._open(self.path)
            entries = (table.get(key) for key in table.names())
            first = next((entry for entry in entries if entry is not None), None)
            if first is None:
                raise CorpusError(f"{self.path}: the table is empty")
            self._dim = _sequence(first).shape[1]
        if self._dim is None:
            raise MertkError(
                "table: its channels are known once a clip was read; load one, or give `path`"
            )
        return self._dim

    @cached_property
    def digest(self) -> str:
        """Digest of the table; '' where the dataset's own files are read.

        Raises:
            MediaError: It cannot be read.
        """
        if self.path is None:
            return ""
        if self.path.is_file():
            return media.digest(self.path)
        state = xxhash.xxh3_128()
        for file in sorted(self.path.rglob("*.npy")):
            name = file.relative_to(self.path).as_posix()
            state.update(f"{name}\0{media.digest(file)}\n".encode())
        return state.hexdigest()

    def load(self, clip: Clip) -> NDArray[np.float32]:
        """Look a clip up: float32 [T, C]; [0, C] where it has no features.

        Raises:
            MediaError: The table lacks the clip, or holds something else than numbers for it.
            CorpusError: The table itself is wrong.
        """
        ref = clip.media.get(self.modality)
        if self.path is not None:
            return self._look_up(self.path, clip)
        if ref is None:
            return self._nothing()
        if ref.start or ref.end is not None:
            raise MediaError(ref.path, f"{clip.id}: features cannot be cut at seconds")
        if ref.path.suffix.lower() == ".npy":
            return self._checked(read_npy(ref.path), ref.path, clip, None)
        return self._look_up(ref.path, clip)

    def __call__(self, stream: Stream) -> Stream:
        """The stream as it is."""
        return stream

    def _look_up(self, path: Path, clip: Clip) -> NDArray[np.float32]:
        table, key = self._open(path), self._key(clip)
        found = table.get(key)
        if found is not None:
            return self._checked(found, path, clip, table)
        if self.missing == "empty":
            return self._nothing()
        raise MediaError(
            path,
            f"no features of clip {clip.id!r}: no key {key!r}{did_you_mean(key, table.names())}",
        )

    def _open(self, path: Path) -> Lookup:
        return open_table(path, self.keys, self.values)

    def _nothing(self) -> NDArray[np.float32]:
        known = self.path is not None or self._dim is not None
        return np.zeros((0, self.dim if known else 0), np.float32)

    def _key(self, clip: Clip) -> str:
        fields = {**clip.group, "id": clip.id, "speaker": clip.speaker}
        try:
            return self.key.format_map(fields)
        except KeyError as error:
            name = str(error.args[0])
            raise MertkError(
                f"table: key {self.key!r}: clip {clip.id!r} has no {name!r}"
                f"{did_you_mean(name, fields)}"
            ) from None

    def _checked(
        self, found: NDArray[Any], path: Path, clip: Clip, table: Lookup | None
    ) -> NDArray[np.float32]:
        if found.ndim > 2:
            raise MediaError(path, f"{clip.id}: shape {found.shape}; expected [C] or [T, C]")
        sequence = _sequence(found)
        bad = np.argwhere(~np.isfinite(sequence))
        if len(bad):
            step, channel = bad[0]
            name = table.channels[channel] if table and table.channels else channel
            raise MediaError(
                path,
                f"{clip.id}: {len(bad)} of {sequence.size} numbers are missing or infinite, the "
                f"first in step {step}, channel {name}; mend the table",
            )
        if self._dim is None:
            self._dim = sequence.shape[1]
        if sequence.shape[1] != self._dim:
            raise MediaError(
                path, f"{clip.id}: {sequence.shape[1]} channels, clips before it have {self._dim}"
            )
        return sequence


def _sequence(found: Any) -> NDArray[np.float32]:
    # What does not fit float32 becomes infinite and is reported as that.
    with np.errstate(over="ignore"):
        array = np.asarray(found).astype(np.float32)
    return array if array.ndim == 2 else array.reshape(1, -1)


def _check_template(key: str) -> None:
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(key) if name is not None]
    except ValueError as error:
        raise ValueError(
            f"key: no template ({key!r}: {error}); write such as '01-{{id}}'"
        ) from None
    wrong = [name for name in fields if not name.isidentifier()]
    if wrong or not fields:
        raise ValueError(
            f"key: no template ({key!r}); names of fields stand in braces, such as '01-{{id}}'"
        )
