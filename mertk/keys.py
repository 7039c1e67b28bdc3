"""What a stored sequence depends on, as keys: the encoder's identity and what a clip lets it read.

Neither holds a path or a time: a corpus that moves, or is copied, keeps its keys.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from mertk import media
from mertk.contracts import Clip, MediaRef
from mertk.errors import MediaError
from mertk.threads import default_workers, map_ahead

FEATURES: Final = "features"
"""The modality of what is looked up by clip id instead of being read from the clip's own media."""

TEXT: Final = "text"
"""The modality that is read from `Clip.text`."""

MISSING: Final = b""
"""The key of a clip that lacks the modality: nothing is stored, its sequence has no step."""

Key = bytes | MediaError


def identity_key(identity: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON of what identifies an encoder."""
    text = json.dumps(
        identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def clip_keys(modality: str, clips: Sequence[Clip], digests: "Digests") -> list[Key]:
    """The key of what an encoder of `modality` reads of each clip.

    Content digest, start, end and crop of the clip's media; the text for `text`; for `features`
    also the clip's id, by which such encoders look things up. Where the media cannot be read, the
    error stands in place of the key.
    """
    if modality == TEXT:
        return [MISSING if clip.text is None else _key(TEXT, clip.text) for clip in clips]
    refs = [clip.media.get(modality) for clip in clips]
    content = digests.of(ref.path for ref in refs if ref is not None)
    if modality == FEATURES:
        return [_feature_key(ref, content, clip.id) for ref, clip in zip(refs, clips, strict=True)]
    return [MISSING if ref is None else _media_key(ref, content[ref.path]) for ref in refs]


def _media_key(ref: MediaRef, content: str | MediaError) -> Key:
    if isinstance(content, MediaError):
        return content
    end = None if ref.end is None else float(ref.end)
    crop = None if ref.crop is None else [float(edge) for edge in ref.crop]
    return _key("media", content, f"{float(ref.start)!r} {end!r} {crop!r}")


def _feature_key(
    ref: MediaRef | None, content: Mapping[Path, str | MediaError], clip_id: str
) -> Key:
    if ref is None:
        return _key(FEATURES, "", clip_id)
    digest = content[ref.path]
    return digest if isinstance(digest, MediaError) else _key(FEATURES, digest, clip_id)


def _key(*parts: str) -> bytes:
    return hashlib.blake2b("\x1f".join(parts).encode(errors="surrogatepass"), digest_size=16).digest()


class Digests:
    """Content digests of files, remembered on disk so that an unchanged file is hashed once.

    The memory is a text file of JSON lines, which several processes may append to. It is a cache
    and no more: a line that was torn by a kill is ignored, a folder that cannot be written to only
    means hashing again.

    Args:
        file: Where they are remembered.
        digest: The digest of one file.
    """

    SETTLED_NS = 2_000_000_000
    """A file changed less than this ago might change again within one tick of its time stamps, so
    its digest is not remembered."""

    def __init__(self, file: Path, digest: Callable[[Path], str] | None = None) -> None:
        self._file = file
        self._digest = digest or media.digest
        self._known: dict[str, tuple[tuple[int, int, int], str]] | None = None

    def of(self, paths: Iterable[Path]) -> dict[Path, str | MediaError]:
        """Digest of each path, or why it cannot be read."""
        if self._known is None:
            self._known = self._recall()
        found: dict[Path, str | MediaError] = {}
        unknown: list[Path] = []
        for path in set(paths):
            try:
                stamp = _stamp(path)
            except OSError as error:
                found[path] = MediaError(path, error.strerror or str(error))
                continue
            known = self._known.get(os.path.abspath(path))  # noqa: PTH100 - 100,000 calls
            if known is not None and known[0] == stamp:
                found[path] = known[1]
            else:
                unknown.append(path)
        found.update(self._hash(sorted(unknown), self._known))
        return found

    def _hash(
        self, paths: Sequence[Path], known: dict[str, tuple[tuple[int, int, int], str]]
    ) -> dict[Path, str | MediaError]:
        found: dict[Path, str | MediaError] = {}
        workers = default_workers()
        stamped = map_ahead(self._stamped, paths, workers=workers, depth=lambda: 4 * workers)
        for path, (stamp, digest) in zip(paths, stamped, strict=True):
            found[path] = digest
            if stamp is not None and isinstance(digest, str):
                name = os.path.abspath(path)  # noqa: PTH100
                known[name] = (stamp, digest)
                self._remember(name, stamp, digest)
        return found

    def _stamped(self, path: Path) -> tuple[tuple[int, int, int] | None, str | MediaError]:
        """The digest, and the time stamps it may be remembered under."""
        try:
            before = _stamp(path)
            settled = time.time_ns() - max(before[1:]) >= self.SETTLED_NS
            digest = self._digest(path)
            unchanged = _stamp(path) == before
        except MediaError as error:
            return None, error
        except OSError as error:
            return None, MediaError(path, error.strerror or str(error))
        return (before if settled and unchanged else None), digest

    def _recall(self) -> dict[str, tuple[tuple[int, int, int], str]]:
        known = {}
        try:
            lines = self._file.read_text("utf-8", errors="surrogateescape").splitlines()
        except OSError:
            return {}
        for line in lines:
            try:
                name, size, modified, changed, digest = json.loads(line)
            except (ValueError, TypeError):
                continue
            known[name] = ((size, modified, changed), digest)
        return known

    def _remember(self, name: str, stamp: tuple[int, int, int], digest: str) -> None:
        # A leading line break keeps this line whole where the one before it was torn.
        line = "\n" + json.dumps([name, *stamp, digest])
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError:
            return


def _stamp(path: Path) -> tuple[int, int, int]:
    # The change time too: it moves where a copy restores size and modification time.
    status = os.stat(path)  # noqa: PTH116 - 100,000 calls
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
