"""Work ahead of the consumer in a few threads, and behind it in one; in order, within bounds."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def default_workers() -> int:
    """Threads for decoding and hashing, which release the interpreter lock most of the time."""
    return min(4, os.cpu_count() or 1)


def map_ahead(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    depth: Callable[[], int],
) -> Generator[Result, None, None]:
    """Yield `function(item)` in the order of the items, computing some of them ahead.

    What waits in the queue is dropped when the consumer stops, so that Ctrl-C and errors wait for
    `workers` calls at most.

    Args:
        function: Runs in the threads.
        items: Taken one by one as there is room.
        workers: Number of threads.
        depth: How many items may be under way or wait for the consumer at this moment.
    """
    rest = iter(items)
    queue: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="mertk")
    try:
        while True:
            room = max(depth(), 1) - len(queue)
            queue.extend(pool.submit(function, item) for item in islice(rest, max(room, 0)))
            if not queue:
                return
            yield queue.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class Behind:
    """Calls one after another in a thread while the caller goes on; one is under way at most.

    What a call raises is raised where the next is asked for, or at the end of the `with` block,
    which waits for the last; an error that ends the block goes first.
    """

    def __enter__(self) -> "Behind":
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mertk-behind")
        self._last: Future[Any] | None = None
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            self._wait()

    def __call__(self, function: Callable[..., object], *given: object) -> None:
        """Wait for the call before, and begin this one."""
        self._wait()
        self._last = self._pool.submit(function, *given)

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()
