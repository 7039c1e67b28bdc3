"""Content digests of media files, remembered so that an unchanged file is hashed once."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from mertk import media
from mertk.errors import MediaError
from mertk.threads import default_workers, map_ahead
from mertk.whole import whole

DIGESTS: Final = "digests.txt"
"""The file of a store that remembers them."""

SETTLED_NS: Final = 2_000_000_000
"""A file changed less than this ago might change again within one tick of its time stamps, so its
digest is not remembered."""


class Digests:
    """Content digests of files, remembered on disk.

    The memory is a text file of lines that several processes may append to. It is a cache and no
    more: a line that was torn by a kill is ignored, a folder that cannot be written to only means
    hashing again.

    Args:
        file: Where they are remembered.
        digest: The digest of one file.
    """

    def __init__(self, file: Path, digest: Callable[[Path], str] = media.digest) -> None:
        self._file = file
        self._digest = digest
        self._known: dict[str, tuple[str, str]] | None = None

    def of(self, paths: Iterable[Path]) -> dict[str, str | MediaError]:
        """Digest of each file by `str(path)`, or why it cannot be read."""
        if self._known is None:
            self._known = self._recall()
        found: dict[str, str | MediaError] = {}
        unknown: list[str] = []
        for path in {str(path) for path in paths}:
            stamp, digest = self._known.get(_absolute(path), ("", ""))
            if stamp and stamp == _stamp(path):
                found[path] = digest
            else:
                unknown.append(path)
        found.update(self._hash(sorted(unknown), self._known))
        return found

    def _hash(
        self, paths: Sequence[str], known: dict[str, tuple[str, str]]
    ) -> Iterator[tuple[str, str | MediaError]]:
        if not paths:
            return
        workers = default_workers()
        hashed = map_ahead(self._hash_one, paths, workers=workers, depth=lambda: 4 * workers)
        with self._memory() as remember, closing(hashed):
            for path, (stamp, digest) in zip(paths, hashed, strict=True):
                if stamp and isinstance(digest, str):
                    known[_absolute(path)] = (stamp, digest)
                    remember(digest, stamp, _absolute(path))
                yield path, digest

    def _hash_one(self, path: str) -> tuple[str, str | MediaError]:
        """The stamp to remember the digest under, empty where it must not be, and the digest."""
        before = _stamp(path)
        now = time.time_ns()
        try:
            digest = self._digest(Path(path))
        except MediaError as error:
            return "", error
        settled = before and now - max(map(int, before.split()[1:])) >= SETTLED_NS
        return (before if settled and _stamp(path) == before else ""), digest

    def _recall(self) -> dict[str, tuple[str, str]]:
        known = {}
        try:
            text = os.fsdecode(self._file.read_bytes())
        except OSError:
            return {}
        for line in text.split("\n"):
            digest, _, rest = line.partition("\t")
            stamp, _, name = rest.partition("\t")
            if name.endswith("\t"):
                known[name[:-1]] = (stamp, digest)
        return known

    def gone(self) -> int:
        """How many remembered digests are of files that are not there any more."""
        return sum(not os.path.lexists(name) for name in self._recall())

    def forget_gone(self) -> None:
        """Forget the digests of files that are not there, and lines that say nothing.

        What others remember meanwhile may be lost: they hash it again.

        Raises:
            OSError: The memory cannot be written.
        """
        known = {name: told for name, told in self._recall().items() if os.path.lexists(name)}
        with whole(self._file) as draft:
            draft.write_bytes(b"".join(_line(d, stamp, n) for n, (stamp, d) in known.items()))
        self._known = None

    @contextmanager
    def _memory(self) -> Iterator[Callable[[str, str, str], None]]:
        """A function that remembers a digest, or one that does nothing where none can be."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            file = self._file.open("ab", buffering=0)
        except OSError:
            yield lambda *_: None
            return

        def remember(digest: str, stamp: str, name: str) -> None:
            if "\n" not in name:
                with suppress(OSError):
                    file.write(_line(digest, stamp, name))

        with file:
            yield remember


def _line(digest: str, stamp: str, name: str) -> bytes:
    """Between line breaks of its own, so that a torn line spoils neither neighbour."""
    return os.fsencode(f"\n{digest}\t{stamp}\t{name}\t\n")


def _absolute(path: str) -> str:
    return path if path.startswith("/") else os.path.abspath(path)  # noqa: PTH100 - 100,000 calls


def _stamp(path: str) -> str:
    """Size, modification and change time of a file; empty where it cannot be told.

    The change time moves even where a copy restores size and modification time.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - 100,000 calls
    except (OSError, ValueError):  # a NUL in its name
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
