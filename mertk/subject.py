"""What a verb is about that looks at a corpus: a dataset by its name, or a recipe's."""

from collections.abc import Iterable
from pathlib import Path

from mertk import draft
from mertk.draft import Draft
from mertk.errors import MertkError, did_you_mean
from mertk.registry import Registry


def dataset_draft(named: str, assignments: Iterable[str], registry: Registry) -> Draft:
    """A draft with a dataset in it.

    Args:
        named: A registered dataset, `package.module:Class`, or a recipe by path or shipped name.
        assignments: `argument=value` of the dataset, with or without `dataset.` before it.
        registry: Where names are looked up.

    Raises:
        MertkError: Nothing is called so, or an assignment cannot be read.
    """
    return _named(named, registry).set(map(_of_dataset, assignments))


def _named(named: str, registry: Registry) -> Draft:
    datasets, recipes = registry.entries["datasets"], draft.shipped()
    if named in datasets or (":" in named and not _is_file(named)):
        return Draft(named, Path(), {"dataset": {"use": named}})
    if named in recipes or Path(named).suffix in (".yaml", ".yml"):
        return draft.read(named)
    near = did_you_mean(named, [*datasets, *recipes])
    raise MertkError(f"{named}: neither a dataset nor a recipe{near}; a recipe file ends in .yaml")


def _is_file(named: str) -> bool:
    try:
        return Path(named).is_file()
    except OSError:  # a name that no file could have
        return False


def _of_dataset(assignment: str) -> str:
    return assignment if assignment.startswith("dataset.") else f"dataset.{assignment}"
