"""The state of an unfinished fit at the end of an epoch, so that a killed run goes on there."""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from mertk.train.nested import apart, together
from mertk.whole import drafts, whole

STATE: Final = "state"

log = logging.getLogger(__name__)


class Checkpoint:
    """Writes the state to one file now and then; reads it back without executing code.

    The file is a safetensors file whose metadata is JSON (see `mertk.train.nested`).

    Args:
        path: The file.
        every: Least seconds between two writes.
        keeps_end: Whether the state after the last epoch is kept in any case; else never, since
            what comes of it follows at once.
    """

    def __init__(self, path: Path, every: float = 60.0, *, keeps_end: bool = False) -> None:
        self.path, self.every, self.keeps_end = path, every, keeps_end
        self._written = time.monotonic()

    def due(self, *, last: bool = False) -> bool:
        """Whether to write after an epoch.

        Args:
            last: Whether it is the last one.
        """
        return self.keeps_end if last else time.monotonic() - self._written >= self.every

    def write(self, state: dict[str, Any]) -> None:
        """Replace the file as a whole.

        A disk without room for it costs only what the fit would have saved after a kill, so it is
        no reason to stop.
        """
        text, tensors = apart(state)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with whole(self.path) as draft:
                save_file(tensors, draft, metadata={STATE: text})
        except (OSError, SafetensorError) as error:
            log.warning("%s: an unfinished trial cannot be kept (%s)", self.path, error)
        self._written = time.monotonic()

    def read(self) -> dict[str, Any] | None:
        """The last state; None where there is none to be read, and the fit starts anew."""
        if not self.path.is_file():
            return None
        try:
            with safe_open(self.path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                state: dict[str, Any] = together(file.metadata()[STATE], tensors)
        except Exception as error:  # whatever is wrong with it, the fit can be done without it
            log.warning("%s: cannot be read (%s); the trial starts anew", self.path, error)
            return None
        return state

    def remove(self) -> None:
        """Delete the file, and what a kill may have left of another."""
        for path in (self.path, *drafts(self.path)):
            with suppress(OSError):
                path.unlink(missing_ok=True)
