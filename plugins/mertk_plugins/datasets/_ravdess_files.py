"""Which file of a RAVDESS tree holds the sound, and which the pictures, of each trial."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from mertk.errors import CorpusError

NAMES = {
    "audio": "Actor_NN/{03,01}-CC-EE-II-SS-RR-AA.{wav,flac,mp4,avi}",
    "video": "Actor_NN/{01,02}-CC-EE-II-SS-RR-AA.{mp4,avi}",
}
SOUND = ("wav", "flac")
PICTURES = ("mp4", "avi")

_NAME = re.compile(
    r"(?P<kind>0[123])-(?P<trial>0[12](?:-\d\d){5})(?P<suffix>_\w+)?\.(?P<format>wav|flac|mp4|avi)",
    re.IGNORECASE,
)
# Best first: (kind of file, formats).
_SOURCES = {
    "audio": (("03", SOUND), ("03", PICTURES), ("01", SOUND), ("01", PICTURES)),
    "video": (("01", PICTURES), ("02", PICTURES)),
}


def locate(root: Path, folder: Path | None, modality: str) -> dict[str, Path]:
    """The file of each trial, by the last six fields of its name.

    Args:
        root: The corpus.
        folder: Subfolder of it to look in; without one, files with a suffix are passed over.
        modality: audio or video.

    Raises:
        CorpusError: The folder is not there, or two different files are equally good.
    """
    where = root / (folder or "")
    if not where.is_dir():
        raise CorpusError(f"{where}: no such folder; give `{modality}` relative to {root}")
    ranks = {source: rank for rank, source in enumerate(_SOURCES[modality])}
    found: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path in _files(where):
        name = _NAME.fullmatch(path.name)
        if name is None or (name["suffix"] and folder is None):
            continue
        formats = SOUND if name["format"].lower() in SOUND else PICTURES
        rank = ranks.get((name["kind"], formats))
        if rank is not None:
            found[name["trial"]].append((rank, path))
    return {trial: _best(trial, ranked, modality) for trial, ranked in found.items()}


def is_trial(path: Path) -> bool:
    """Whether a file is called like a recording of a trial."""
    return _NAME.fullmatch(path.name) is not None


def _best(trial: str, ranked: list[tuple[int, Path]], modality: str) -> Path:
    ranked.sort()
    rank, best = ranked[0]
    for other in (path for r, path in ranked[1:] if r == rank):
        # The archive is often unpacked twice; only copies may stand in for each other.
        if (other.name, other.stat().st_size) != (best.name, best.stat().st_size):
            raise CorpusError(
                f"trial {trial}: two different files for its {modality}: {best} and {other}; "
                f"name the subfolder to read with `{modality}`, or remove one"
            )
    return best


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, through links; each real folder once, so that no link loops."""
    seen = set()
    for where, folders, names in os.walk(folder, followlinks=True):
        folders.sort()
        status = Path(where).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        yield from (Path(where, name) for name in names)
