"""The state of an unfinished fit at the end of an epoch, so that a killed run goes on there."""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

Json = Any
log = logging.getLogger(__name__)


class Checkpoint:
    """Writes the state to one file now and then; reads it back without executing code.

    Args:
        path: The file.
        every: Least seconds between two writes.
    """

    def __init__(self, path: Path, every: float = 60.0) -> None:
        self.path = path
        self.every = every
        self._written = time.monotonic()

    def due(self) -> bool:
        """Whether enough time has gone by since the last write."""
        return time.monotonic() - self._written >= self.every

    def write(self, state: dict[str, Json]) -> None:
        """Replace the file as a whole.

        A disk without room for it costs only what the fit would have saved after a kill, so it is
        no reason to stop.
        """
        temporary = self._temporary
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state, temporary)
            temporary.replace(self.path)
        except (OSError, RuntimeError) as error:  # torch's writer raises either
            log.warning("%s: an unfinished trial cannot be kept (%s)", self.path, error)
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        self._written = time.monotonic()

    def read(self) -> dict[str, Json] | None:
        """The last state; None where there is none to be read, and the fit starts anew."""
        if not self.path.is_file():
            return None
        try:
            state: dict[str, Json] = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # whatever is wrong with it, the fit can be done without it
            log.warning("%s: cannot be read (%s); the trial starts anew", self.path, error)
            return None
        return state

    def remove(self) -> None:
        """Delete the file, and what a kill may have left of another."""
        for path in (self.path, self._temporary):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    @property
    def _temporary(self) -> Path:
        return self.path.with_name(f"{self.path.name}.tmp")
