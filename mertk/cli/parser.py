"""What the command line takes."""

import argparse
import sys
from typing import NoReturn

from mertk import __version__
from mertk.errors import MertkError
from mertk.executors.choice import NAMES


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
    top.add_argument(
        "--no-third-party", action="store_true", help="run no plugin or file but mertk's own"
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    _running(verbs.add_parser("run", help="train and score a recipe"), recipe=None)
    _ablating(verbs.add_parser("ablate", help="leave parts of a recipe out, or swap them"))
    _comparing(verbs.add_parser("compare", help="finished runs against the first of them"))
    _reporting(verbs.add_parser("report", help="one page and tables from finished runs"))
    _ranking(verbs.add_parser("rank", help="three systems or more over several corpora"))
    _reproducing(verbs.add_parser("reproduce", help="a finished run against published numbers"))
    _under(verbs.add_parser("robustness", help="a finished run on bad or missing media"))
    floor = verbs.add_parser("baselines", help="what a corpus gives away without its media")
    _corpus(floor)
    check = verbs.add_parser("check", help="every fault of a recipe, settings that do nothing too")
    _recipe(check, default=None)
    check.add_argument(
        "--deep", action="store_true", help="build it, train some steps, tell what does not learn"
    )
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
    _store(verbs.add_parser("store", help="the features that are kept"))
    return top


def _ablating(verb: argparse.ArgumentParser) -> None:
    _running(verb, recipe="foalnet")
    verb.add_argument(
        "--without",
        metavar="NAME",
        action="append",
        default=[],
        help="leave out an encoder or auxiliary task; A,B leaves both out together",
    )
    verb.add_argument(
        "--swap",
        metavar="PART=NAME",
        action="append",
        default=[],
        help="put another component there, such as fusion=concat",
    )
    verb.add_argument("--grid", action="store_true", help="every combination of the changes")
    _mixing(verb)


def _comparing(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        help="a recipe's name below --results, or a folder of results",
    )
    _results(verb)
    _mixing(verb)
    _json(verb)


def _reporting(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "folder",
        metavar="RESULTS",
        nargs="?",
        help="a folder that `mertk run` wrote, or a recipe's name below --results; default: all",
    )
    verb.add_argument("--out", metavar="DIR", default="report", help="default: report")
    verb.add_argument("--title", metavar="TEXT", help="heading of the page")
    verb.add_argument(
        "--against",
        metavar="NAME",
        help="the system that others are compared with; default: the simplest",
    )
    verb.add_argument(
        "--clips", metavar="IDS", help="whose attention is shown; default: one of each class"
    )
    _where(verb)
    _set(verb, "dataset.root=DIR")
    _json(verb)


def _ranking(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "systems",
        metavar="SYSTEM=RUN,...",
        nargs="+",
        help="a system's runs, one for each corpus, named as `mertk compare` takes them",
    )
    verb.add_argument("--metric", metavar="NAME", default="ua", help="default: ua")
    verb.add_argument("--picture", metavar="FILE", help="write the diagram of ranks, as .svg")
    _where(verb)
    _json(verb)


def _reproducing(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("target", metavar="TARGET", help="a file, or a shipped one, such as foalnet")
    verb.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        help="as `mertk compare` takes it; default: of the recipe that the target names",
    )
    verb.add_argument(
        "--margin",
        metavar="POINTS",
        type=float,
        help="within which two scores count as equal; default: the target's",
    )
    _where(verb)
    _json(verb)


def _under(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "run", metavar="RUN", help="a recipe's name below --results, or a folder of results"
    )
    verb.add_argument(
        "--conditions", metavar="NAMES", help="only these, such as noise,missing; default: all"
    )
    verb.add_argument("--seeds", metavar="0,1", help="only trials with these")
    verb.add_argument("--folds", metavar="NAMES", help="only these, separated by commas")
    _where(verb)
    verb.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    _set(verb, "dataset.root=DIR, where the corpus moved")
    _json(verb)


def _doctor(verb: argparse.ArgumentParser) -> None:
    _corpus(verb)
    verb.add_argument("--out", metavar="FILE", help="list every finding, as .jsonl or .csv")
    verb.add_argument(
        "--exclude", metavar="FILE", help="write the clips to leave out, for dataset.exclude=@FILE"
    )
    _json(verb)


def _store(verb: argparse.ArgumentParser) -> None:
    whats = verb.add_subparsers(dest="what", required=True, metavar="WHAT")
    listing = whats.add_parser("ls", help="what is kept, and how much of the disk it takes")
    verify = whats.add_parser("verify", help="hold every byte against its checksum")
    prune = whats.add_parser(
        "prune",
        help="take away what is not needed; tells it only, without --yes",
        description="Without a choice: what no run can read. Of several, all must be true.",
    )
    prune.add_argument(
        "encoders", metavar="ENCODER", nargs="*", help="of these, by name or key as `ls` has them"
    )
    prune.add_argument("--older", metavar="AGE", help="not used for so long, such as 30d, 12h, 8w")
    prune.add_argument("--altered", action="store_true", help="of media that robustness altered")
    prune.add_argument(
        "--keep", metavar="RECIPE", nargs="+", help="but what these recipes and their ablations use"
    )
    prune.add_argument("--yes", action="store_true", help="do it")
    for what in (listing, verify, prune):
        _json(what)


def _corpus(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("dataset", metavar="DATASET", help="a dataset's name, or a recipe")
    _set(verb, "root=DIR")


def _running(verb: argparse.ArgumentParser, recipe: str | None) -> None:
    _recipe(verb, default=recipe)
    verb.add_argument("--seeds", metavar="0,1", help="instead of the recipe's")
    verb.add_argument("--folds", metavar="NAMES", help="only these, separated by commas")
    _results(verb)
    verb.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    verb.add_argument("--dry-run", action="store_true", help="tell what would be done")
    verb.add_argument("--redo", action="store_true", help="repeat trials that are there")
    _placing(verb)
    _json(verb)


def _placing(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--jobs", metavar="N", type=int, help="trials at once")
    verb.add_argument(
        "--executor",
        choices=NAMES,
        help="where trials run; default: here, one after the other, or processes with --jobs",
    )
    verb.add_argument(
        "--resources",
        metavar="K=V,...",
        help="of a trial on ray or slurm, memory in GB: cpu=2,gpu=0.5,memory=8",
    )
    verb.add_argument(
        "--slurm",
        metavar="K=V,...",
        help="what the scheduler is told, time in minutes: partition=gpu,time=60",
    )


def _where(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--results", metavar="DIR", default="results", help="default: results")


def _results(verb: argparse.ArgumentParser) -> None:
    _where(verb)
    verb.add_argument("--picks", action="store_true", help="also: had the test picked the epoch")


def _mixing(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--mix-protocols", action="store_true", help="compare scores of different protocols"
    )


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
