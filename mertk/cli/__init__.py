"""The command line: one screen per verb; what is heavy is imported inside the verb."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

from mertk.cli.answer import alone, answer
from mertk.cli.parser import parser
from mertk.errors import MertkError
from mertk.launched import launched
from mertk.letters import visible
from mertk.outputs import let_go

OK, FAILED, MENDABLE, INTERRUPTED = 0, 1, 2, 130

VERBS = {
    "run": ("mertk.cli.run", "run"),
    "ablate": ("mertk.cli.run", "ablate"),
    "baselines": ("mertk.cli.baselines", "baselines"),
    "compare": ("mertk.cli.compare", "compare"),
    "check": ("mertk.cli.check", "check"),
    "rank": ("mertk.cli.rank", "rank"),
    "reproduce": ("mertk.cli.reproduce", "reproduce"),
    "robustness": ("mertk.cli.robustness", "robustness"),
    "list": ("mertk.cli.look", "listing"),
    "show": ("mertk.cli.look", "show"),
    "schema": ("mertk.cli.look", "schema"),
    "doctor": ("mertk.cli.doctor", "doctor"),
    "report": ("mertk.cli.report", "report"),
    "store": ("mertk.cli.store", "store"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    0: all went well. 1: a trial failed, or a corpus or component is faulty. 2: something the user
    can mend. 130: stopped by Ctrl-C.
    """
    try:
        return _main(argv)
    finally:
        let_go(sys.stdout)
        let_go(sys.stderr)


def _main(argv: Sequence[str] | None) -> int:
    as_json = "--json" in (sys.argv[1:] if argv is None else argv)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - until the end
    try:
        status = _perform(parser().parse_args(argv))
    except MertkError as error:
        _complain(str(error), as_json=as_json)
        return MENDABLE
    except KeyboardInterrupt:
        _complain("stopped; what is finished is kept, run again to go on", as_json=as_json)
        return INTERRUPTED
    except BrokenPipeError:  # `mertk list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        return _give_up(error, as_json=as_json)
    except SystemExit:  # --help
        raise
    except BaseException as error:  # a component is a stranger's code: anything may come out of it
        _complain(_unforeseen(error), as_json=as_json)
        return FAILED
    return status


def _perform(arguments: argparse.Namespace) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a letter costs no result
            stream.reconfigure(errors="backslashreplace")
    # Read once, when torch is imported. Threads that spin while they wait for each other take the
    # processor from those they wait for, where others work on the same cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if arguments.no_third_party:
        os.environ["MERTK_NO_THIRD_PARTY"] = "1"  # read by the registry, here and in workers
    module, verb = VERBS[arguments.verb]
    try:
        with alone(as_json=getattr(arguments, "json", False)):
            status: int = getattr(import_module(module), verb)(arguments)
    except SystemExit as error:
        ended = RuntimeError(f"a component ended the process with status {error.code}")
        for note in getattr(error, "__notes__", ()):
            ended.add_note(note)
        raise ended from error
    sys.stdout.flush()
    return status


def _unforeseen(error: BaseException) -> str:
    """Say an error that nobody foresaw; its traceback goes to a file, for whoever mends it."""
    import tempfile
    import traceback

    said = "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
    trace = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="mertk-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
        ) as file:
            file.write(trace)
    except OSError:
        return f"{said}\n{trace}"
    return f"{said}; this is a fault in the code of mertk or of a component (see {file.name})"


def _give_up(error: OSError, *, as_json: bool) -> int:
    """Say what the system refused: a full disk can be mended, whatever was to be written there."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        _complain(_unforeseen(error), as_json=as_json)
        return FAILED
    told = [f"{error.filename or 'the output'}: cannot be written ({error.strerror})"]
    told += [*getattr(error, "__notes__", ()), "make room and run again, what is finished is kept"]
    _complain("; ".join(told), as_json=as_json)
    return MENDABLE


def _complain(message: str, *, as_json: bool) -> None:
    rank = launched().rank
    who = f"process {rank}: " if rank else ""
    with suppress(OSError):  # nobody can be told
        print(f"mertk: {who}{visible(message)}", file=sys.stderr)
        if as_json and not rank:
            answer({"error": message})
            sys.stdout.flush()
