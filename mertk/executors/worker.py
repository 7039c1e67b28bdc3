"""A worker process: conducts the jobs that come through a pipe.

Nothing heavy is imported before the environment is set: libraries read their number of threads when
they are loaded.
"""

import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path


def serve(pipe: Connection, shared: Path, environment: Mapping[str, str], threads: int) -> None:
    """Take jobs until the pipe closes; send epochs and answers.

    Args:
        pipe: To the process that hands out jobs.
        shared: The file of what they share.
        environment: Of this process only.
        threads: Of the processor.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other end, which ends this one
    threading.Thread(target=_end_with_parent, args=(shared,), daemon=True).start()
    os.environ.update(environment)
    os.dup2(2, 1)  # what components print is no answer of the command

    import torch

    from mertk.executors.bench import answer, failed
    from mertk.executors.jobs import Answer

    torch.set_num_threads(threads)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            job = pipe.recv()
            told = answer(shared, job, pipe.send)
            try:
                pipe.send(told)
            except (TypeError, AttributeError, ValueError) as error:  # it cannot be pickled
                pipe.send(Answer(failed(error)))


def _end_with_parent(shared: Path) -> None:
    """Leave neither a process nor a file behind a parent that was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        with suppress(OSError):  # another one may have done so
            shared.unlink()
            shared.parent.rmdir()
        os._exit(1)
