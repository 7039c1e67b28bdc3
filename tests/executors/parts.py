"""Parts that stop, wait or kill the process that trains them; never the one that only rehearses."""

import os
import signal
import time
from multiprocessing import parent_process
from pathlib import Path

import torch

from mertk.contracts import Loss


class _Nothing(torch.nn.Module):
    """An auxiliary task whose loss is 0: weights and draws are as without it."""

    requires = ()
    provides = ()

    def forward(self, step):  # type: ignore[no-untyped-def]
        if self.training and not _rehearses():
            self.act()
        return Loss(0.0 * next(iter(step.fused.values())).sum())

    def act(self) -> None:
        raise NotImplementedError


def _rehearses() -> bool:
    worker = parent_process() or {"RAY_RAYLET_PID", "SUBMITIT_LOCAL_JOB_ID"} & os.environ.keys()
    return not worker


class Dies(_Nothing):
    """Kills its process, the first few times.

    Args:
        log: Gets a line each time.
        times: How often.
    """

    def __init__(self, log: Path, times: int = 1) -> None:
        super().__init__()
        self.log, self.times = log, times

    def act(self) -> None:
        told = self.log.read_text() if self.log.exists() else ""
        if told.count("\n") < self.times:
            self.log.write_text(f"{told}{os.getpid()}\n")
            os.kill(os.getpid(), signal.SIGKILL)


class Waits(_Nothing):
    """Goes on when a file is there.

    Args:
        begun: A folder that gets a file for each process that came here, with its Ray node.
        go: The file.
    """

    def __init__(self, begun: Path, go: Path) -> None:
        super().__init__()
        self.begun, self.go = begun, go

    def act(self) -> None:
        place = self.begun / str(os.getpid())
        if not place.exists():
            draft = self.begun / f".{os.getpid()}"
            draft.write_text(_node())
            draft.rename(place)
        while not self.go.exists():
            time.sleep(0.02)


def _node() -> str:
    if "RAY_RAYLET_PID" not in os.environ:
        return ""
    import ray

    return str(ray.get_runtime_context().get_node_id())
