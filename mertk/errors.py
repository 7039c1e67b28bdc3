"""Errors a user can mend: each names the place, the value and the way out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


class MertkError(Exception):
    """What a user can mend: shown as a message without a traceback, exit status 2."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a recipe.

    Args:
        where: Dotted path into the recipe, for example `encoders.audio.layer`.
        what: What is wrong, with the value, and the nearest right one.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class RecipeError(MertkError):
    """Every fault of one recipe, told together."""

    def __init__(self, source: str, faults: Sequence[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = [f"{source}: {count}", *(f"  {fault}" for fault in self.faults)]
        super().__init__("\n".join(lines))


class PluginError(MertkError):
    """A plugin breaks the rules of registration, or a component cannot be loaded."""


class CorpusError(MertkError):
    """A corpus is missing, incomplete or contradicts itself."""


class MediaError(MertkError):
    """A media file, or the part of it that a clip names, cannot be read."""

    def __init__(self, path: Path | str, what: str) -> None:
        self.path = Path(path)
        self.what = what
        super().__init__(f"{path}: {what}")

    def __reduce__(self) -> tuple[type["MediaError"], tuple[Path, str]]:
        return MediaError, (self.path, self.what)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message that points to the nearest known name.

    Falls back to the whole list where nothing is near and the list is short enough to read.
    """
    known = sorted(set(known))
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    if known and len(known) <= 12:
        return f"; there are: {', '.join(known)}"
    return ""
