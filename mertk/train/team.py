"""The processes that train one model together, and what passes between them."""

import logging
import os
import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import psutil
import torch
import torch.distributed as dist
from accelerate.state import PartialState
from torch import Tensor, nn

from mertk.errors import MertkError
from mertk.launched import launched

PATIENCE: Final = timedelta(days=7)
"""How long the others wait for the main process, which may have features of a corpus to compute.
One that ends is noticed at once, and training itself waits for minutes only, as torch has it."""
AGREEING: Final = timedelta(seconds=30)
"""How long a process that met a fault waits for the others to meet the same."""
AT_ONCE: Final = 1 << 24
"""Numbers of gradients that go over the wire together."""

log = logging.getLogger(__name__)


class Team:
    """Processes that hold the same model and take the same steps; one alone by default.

    Each runs the trained encoders on its share of a batch and all go on with the joint batch, so
    that whatever comes after the encoders is computed by each of them, the same.

    Args:
        rank: This one's number; 0 is the main one, which decides, writes and speaks.
        size: How many there are.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size
        # What hosts tell each other goes past the devices, which need not be waited for then.
        self._hosts: Any = dist.new_group(backend="gloo", timeout=PATIENCE) if size > 1 else None
        self._faults: Any = dist.new_group(backend="gloo", timeout=AGREEING) if size > 1 else None

    @property
    def main(self) -> bool:
        """Whether this process decides, writes and speaks."""
        return self.rank == 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """Have the main process go through a `with` block before the others do.

        Raises:
            MertkError: In the others, where it failed in the main process.
        """
        if self.main:
            try:
                yield
            except BaseException:
                self._tell(False)
                raise
            self._tell(True)
            return
        if not self._hear():
            raise MertkError("the main process cannot go on, see what it says")
        yield

    def call(self, what: str) -> None:
        """Main process: tell the others what comes next; '' where nothing does."""
        self._tell(what)

    def called(self) -> str:
        """The others: what the main process says that comes next."""
        return str(self._hear())

    def _tell(self, what: object) -> None:
        if self.size > 1:
            dist.broadcast_object_list([what], src=0, group=self._hosts)

    def _hear(self) -> object:
        heard: list[object] = [None]
        try:
            dist.broadcast_object_list(heard, src=0, group=self._hosts)
        except RuntimeError as error:
            raise MertkError("the main process has ended, see what it says") from error
        return heard[0]

    def largest(self, numbers: Sequence[int]) -> list[int]:
        """The largest of what the processes say, number by number; no device is waited for."""
        if self.size == 1 or not numbers:
            return list(numbers)
        said = torch.tensor(numbers, dtype=torch.int64)
        dist.all_reduce(said, dist.ReduceOp.MAX, group=self._hosts)
        return [int(number) for number in said.tolist()]

    def any(self, said: bool) -> bool:
        """Whether one of the processes says so."""
        return bool(self.largest([said])[0])

    def alike(self, number: int) -> bool:
        """Whether all of the processes say the same number."""
        most, least = self.largest([number, -number])
        return most == -least

    def failed_together(self) -> bool:
        """In one that met a fault: whether all met one, and none waits in the middle of a step.

        What follows the encoders is computed by all of them, and fails in all alike.
        """
        if self.size == 1:
            return True
        try:
            dist.all_reduce(torch.zeros(1), group=self._faults)
        except RuntimeError:  # too late, or another one has ended
            return False
        return True

    def share(self, rows: Tensor) -> Tensor:
        """The rows of a batch that this process encodes: as many in each, in order.

        Where they do not come out even, the last row stands in for what is lacking at the end.
        """
        each = -(-len(rows) // self.size)
        own = torch.arange(self.rank * each, (self.rank + 1) * each)
        return rows[own.clamp(max=len(rows) - 1)]

    def gather(self, x: Tensor) -> Tensor:
        """What each process has, [n, ...], one after the other: [size * n, ...]; no gradient."""
        if self.size == 1:
            return x
        sent = x.contiguous().view(torch.uint8)  # not every backend moves every type
        got = [torch.empty_like(sent) for _ in range(self.size)]
        dist.all_gather(got, sent)
        return torch.cat(got).view(x.dtype)

    def align(self, model: nn.Module) -> None:
        """Have every process start from the main one's model."""
        if self.size == 1:
            return
        with torch.no_grad():
            for value in model.state_dict().values():
                sent = value.contiguous()
                dist.broadcast(sent, src=0)
                value.copy_(sent)

    def join_gradients(
        self, shared: Sequence[nn.Parameter], copied: Sequence[nn.Parameter]
    ) -> None:
        """Give every process the gradient of the joint batch.

        Args:
            shared: Each process has what its share of the batch adds.
            copied: Each process has all of it, up to the order in which its device adds numbers;
                the mean keeps the copies of the model from drifting apart.
        """
        if self.size == 1:
            return
        parameters = [*shared, *copied]
        reached = self.largest([parameter.grad is not None for parameter in parameters])
        taught = [p for p, one in zip(parameters, reached, strict=True) if one]
        whole = {id(parameter) for parameter in copied}
        for group in _groups(taught):
            sums = torch.cat([_gradient(p).flatten() for p in group])
            dist.all_reduce(sums)
            parts = torch.split(sums, [p.numel() for p in group])
            for parameter, part in zip(group, parts, strict=True):
                part = part / self.size if id(parameter) in whole else part
                parameter.grad = part.view_as(parameter).clone()

    def leave(self) -> None:
        """End the connection, once all is done."""
        if self.size > 1:
            dist.destroy_process_group()


ALONE: Final = Team()


def join(wanted: str, *, shares: bool = True) -> Team:
    """Meet the processes that were launched together with this one.

    Args:
        wanted: The device that the command line names.
        shares: Whether there is a trained encoder, whose work they can share out.

    Raises:
        MertkError: They have nothing to share out, or there are fewer devices than processes.
    """
    rank, size = launched()
    if size == 1:
        return ALONE
    if not shares:
        raise MertkError(
            "no encoder is trained, so that several processes have nothing to share out; instead "
            "of launching them together, start `mertk run` several times on the same --results: "
            "they share the trials"
        )
    cpu = wanted == "cpu" or not torch.cuda.is_available()
    local = int(os.environ.get("LOCAL_RANK", rank))
    if not cpu and local >= torch.cuda.device_count():
        raise MertkError(
            f"process {rank} of {size} finds no CUDA device of its own (there are "
            f"{torch.cuda.device_count()}); launch one process for each, or use --device cpu"
        )
    _watch_launcher()
    PartialState(cpu=cpu)  # also gives each process its own device
    return Team(rank, size)


def _watch_launcher() -> None:
    """Leave no process behind torchrun that was killed: at it all of them meet.

    Raises:
        MertkError: It has ended already.
    """
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return
    launcher = psutil.Process(os.getppid())
    threading.Thread(target=_end_with, args=(launcher,), daemon=True).start()
    where = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    try:
        socket.create_connection(where, timeout=60).close()
    except OSError as error:
        raise MertkError(
            f"what launched this process has ended: nothing answers at {where[0]}:{where[1]} "
            f"({error}); launch all of them again"
        ) from error


def _end_with(launcher: psutil.Process) -> None:
    launcher.wait()
    log.error("what launched this process has ended, and so does this process")
    os._exit(1)


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _groups(parameters: Iterable[nn.Parameter]) -> Iterator[list[Any]]:
    """Parameters of one type, some numbers at a time, in order."""
    group: list[nn.Parameter] = []
    for parameter in parameters:
        full = sum(p.numel() for p in group) + parameter.numel() > AT_ONCE
        if group and (full or group[0].dtype != parameter.dtype):
            yield group
            group = []
        group.append(parameter)
    if group:
        yield group
