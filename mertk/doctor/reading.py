"""Read every media file of a corpus once, several at a time; keep a few numbers of each clip."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from mertk.contracts import Clip, MediaRef
from mertk.errors import MediaError
from mertk.media import Heard, Seen, listen, watch
from mertk.threads import default_workers, map_ahead

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]
Facts = tuple[Mapping[MediaRef, Heard | MediaError], Mapping[MediaRef, Seen | MediaError]]


@dataclass(frozen=True)
class Media:
    """What the media of a corpus hold.

    Args:
        heard: Of each part of a file that is some clip's sound: what can be heard, or why nothing.
        seen: The same of pictures.
        missing: Files that are not there; their parts are in neither.
    """

    heard: Mapping[MediaRef, Heard | MediaError] = field(default_factory=dict)
    seen: Mapping[MediaRef, Seen | MediaError] = field(default_factory=dict)
    missing: frozenset[Path] = frozenset()


@dataclass
class File:
    """One file, and the parts of it that are clips' sound and pictures."""

    path: Path
    audio: dict[MediaRef, None] = field(default_factory=dict)
    video: dict[MediaRef, None] = field(default_factory=dict)


def media_files(clips: Iterable[Clip]) -> tuple[list[File], frozenset[Path]]:
    """The files that are to be read, and those that are not there.

    Media that are neither sound nor pictures, such as tables of features, only need be there.
    """
    files: dict[Path, File] = {}
    others: set[Path] = set()
    for clip in clips:
        for modality, ref in clip.media.items():
            if modality not in ("audio", "video"):
                others.add(ref.path)
                continue
            file = files.setdefault(ref.path, File(ref.path))
            (file.audio if modality == "audio" else file.video)[ref] = None
    there = os.path.exists  # which takes a name that no file can have for one that is not there
    missing = frozenset(path for path in {*files, *others} if not there(path))
    return [file for path, file in files.items() if path not in missing], missing


def read_media(
    clips: Iterable[Clip], bar: Bar = lambda _, __: nullcontext(lambda _: None)
) -> Media:
    """Decode the media of all clips; each stream of each file once.

    Memory holds one piece of sound and one picture per thread, and a few numbers of each clip.

    Args:
        clips: The clips.
        bar: Makes a progress bar of a label and a total; yields how to advance it.
    """
    files, missing = media_files(clips)
    workers = default_workers()
    heard: dict[MediaRef, Heard | MediaError] = {}
    seen: dict[MediaRef, Seen | MediaError] = {}
    reading = map_ahead(_read, files, workers=workers, depth=lambda: 4 * workers)
    with bar("media", len(files)) as advance, closing(reading):
        for sounds, films in reading:
            heard |= sounds
            seen |= films
            advance(1)
    return Media(heard, seen, missing)


def _read(file: File) -> Facts:
    audio, video = list(file.audio), list(file.video)
    return (
        dict(zip(audio, listen(audio), strict=True)),
        dict(zip(video, watch(video), strict=True)),
    )
