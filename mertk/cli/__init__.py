"""The command line: one screen per verb; what is heavy is imported inside the verb."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

from mertk import __version__
from mertk.errors import MertkError

OK, FAILED, MENDABLE, INTERRUPTED = 0, 1, 2, 130

VERBS = {
    "run": ("mertk.cli.run", "run"),
    "ablate": ("mertk.cli.run", "ablate"),
    "baselines": ("mertk.cli.baselines", "baselines"),
    "check": ("mertk.cli.look", "check"),
    "list": ("mertk.cli.look", "listing"),
    "show": ("mertk.cli.look", "show"),
    "schema": ("mertk.cli.look", "schema"),
    "doctor": ("mertk.cli.doctor", "doctor"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    0: all went well. 1: a trial failed, or a corpus or component is faulty. 2: something the user
    can mend. 130: stopped by Ctrl-C.
    """
    as_json = "--json" in (sys.argv[1:] if argv is None else argv)
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
    except Exception as error:  # a component is a stranger's code: anything may come out of it
        _complain(_unforeseen(error), as_json=as_json)
        return FAILED
    return status


def _perform(arguments: argparse.Namespace) -> int:
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal that lacks a letter costs no result
        sys.stdout.reconfigure(errors="backslashreplace")
    # Read once, when torch is imported. Threads that spin while they wait for each other take the
    # processor from those they wait for, where others work on the same cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    module, verb = VERBS[arguments.verb]
    try:
        status: int = getattr(import_module(module), verb)(arguments)
    except SystemExit as error:
        raise RuntimeError(f"a component ended the process with status {error.code}") from error
    sys.stdout.flush()
    return status


def _unforeseen(error: Exception) -> str:
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


def _complain(message: str, *, as_json: bool) -> None:
    print(f"mertk: {message}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": message}))


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong with the command line as every other fault is told."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        raise MertkError(message)


def parser() -> argparse.ArgumentParser:
    """The parser of every verb."""
    top = _Parser(
        prog="mertk", description="Benchmark multimodal emotion recognition from one recipe."
    )
    top.add_argument("--version", action="version", version=f"mertk {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    _running(verbs.add_parser("run", help="train and score a recipe"), recipe=None)
    ablate = verbs.add_parser("ablate", help="leave parts of a recipe out, or swap them")
    _running(ablate, recipe="foalnet")
    ablate.add_argument(
        "--without",
        metavar="NAME",
        action="append",
        default=[],
        help="leave out an encoder or auxiliary task; A,B leaves both out together",
    )
    ablate.add_argument(
        "--swap",
        metavar="PART=NAME",
        action="append",
        default=[],
        help="put another component there, such as fusion=concat",
    )
    ablate.add_argument("--grid", action="store_true", help="every combination of the changes")
    floor = verbs.add_parser("baselines", help="what a corpus gives away without its media")
    _corpus(floor)
    check = verbs.add_parser("check", help="tell every fault of a recipe")
    _recipe(check, default=None)
    listing = verbs.add_parser("list", help="what can be used in a recipe")
    listing.add_argument("kind", metavar="KIND", nargs="?", help="only one kind, such as encoders")
    show = verbs.add_parser("show", help="what a component or a section of recipes takes")
    show.add_argument(
        "name", metavar="NAME", help="as in a recipe's `use:`, or a section such as train"
    )
    schema = verbs.add_parser("schema", help="JSON Schema of recipes, for editors")
    for verb in (floor, check, listing, show, schema):
        _json(verb)
    _doctor(verbs.add_parser("doctor", help="what is wrong with a corpus"))
    return top


def _doctor(verb: argparse.ArgumentParser) -> None:
    _corpus(verb)
    verb.add_argument("--out", metavar="FILE", help="list every finding, as .jsonl or .csv")
    verb.add_argument(
        "--exclude", metavar="FILE", help="write the clips to leave out, for dataset.exclude=@FILE"
    )
    _json(verb)


def _corpus(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("dataset", metavar="DATASET", help="a dataset's name, or a recipe")
    _set(verb, "root=DIR")


def _running(verb: argparse.ArgumentParser, recipe: str | None) -> None:
    _recipe(verb, default=recipe)
    verb.add_argument("--seeds", metavar="0,1", help="instead of the recipe's")
    verb.add_argument("--folds", metavar="NAMES", help="only these, separated by commas")
    verb.add_argument("--results", metavar="DIR", default="results", help="default: results")
    verb.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    verb.add_argument("--dry-run", action="store_true", help="tell what would be done")
    verb.add_argument("--redo", action="store_true", help="repeat trials that are there")
    _json(verb)


def _recipe(verb: argparse.ArgumentParser, default: str | None) -> None:
    verb.add_argument(
        "recipe",
        metavar="RECIPE",
        nargs="?" if default else None,
        default=default,
        help="a file, or the name of a shipped recipe" + (f"; {default}" if default else ""),
    )
    _set(verb, "train.epochs=3")


def _set(verb: argparse.ArgumentParser, such_as: str) -> None:
    verb.add_argument(
        "--set",
        metavar="K=V",
        action="append",
        default=[],
        help=f"change a value, such as {such_as}; K=@FILE takes it from a YAML file",
    )


def _json(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="one JSON object on stdout")
