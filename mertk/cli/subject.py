"""What a verb is about that takes a dataset's name or a recipe."""

from collections.abc import Sequence
from pathlib import Path

from mertk import draft
from mertk.draft import Draft
from mertk.errors import MertkError, did_you_mean
from mertk.registry import Registry


def dataset_or_recipe(subject: str, assignments: Sequence[str], registry: Registry) -> Draft:
    """A draft with at least a dataset in it.

    Args:
        subject: A dataset as recipes say it after `use:`, or a recipe's file or name.
        assignments: `--set`; of a dataset alone, `dataset.ARGUMENT=VALUE`.
        registry: The known datasets.

    Raises:
        MertkError: There is no such thing, or an assignment does not belong to it.
    """
    datasets = registry.entries["datasets"]
    if not _is_file(subject) and (subject in datasets or ":" in subject):
        alone = Draft(subject, Path(), {"dataset": {"use": subject}}).set(assignments)
        for key in alone.content:
            if key != "dataset":
                raise MertkError(
                    f"--set {key}: of a dataset alone, only its own arguments can be set, such as "
                    "dataset.root=FOLDER"
                )
        return alone
    if not _is_file(subject) and subject not in draft.shipped() and subject.isidentifier():
        near = did_you_mean(subject, [*datasets, *draft.shipped()])
        raise MertkError(f"{subject}: no dataset and no recipe has this name{near}")
    return draft.read(subject).set(assignments)


def _is_file(subject: str) -> bool:
    try:
        return Path(subject).is_file()
    except OSError:  # a name that no file could have
        return False
