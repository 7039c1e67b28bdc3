"""Media that a table carries inside itself, written out once so that decoders can open them."""

import os
import tempfile
from pathlib import Path, PurePosixPath

import xxhash

from mertk.errors import CorpusError
from mertk.home import home


def keep(content: bytes, name: str) -> Path:
    """Write `content` below `mertk.home` under its digest, unless it is there already.

    Args:
        content: What a media file holds.
        name: What it was called; only its suffix is used.

    Raises:
        CorpusError: It cannot be written.
    """
    suffix = PurePosixPath(name).suffix.lower()
    digest = xxhash.xxh3_128_hexdigest(content)
    path = home() / "media" / digest[:2] / f"{digest}{suffix if suffix[1:].isalnum() else ''}"
    try:
        if path.is_file() and path.stat().st_size == len(content):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Renamed when complete: another process, or one after a kill, never sees half a file.
        handle, half = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(half).replace(path)
        except BaseException:
            Path(half).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot write media that the table holds as bytes ({error.strerror}); free "
            "the disk, or set MERTK_HOME to another folder"
        ) from error
    return path
