"""What a plugin may implement: one hook per kind, names now and code later."""

from typing import Final, Protocol

import pluggy

PROJECT: Final = "mertk"
KINDS: Final = ("encoders", "fusions", "tasks", "datasets", "metrics")

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Register(Protocol):
    """The callable that a hook receives."""

    def __call__(self, name: str, target: str, *, summary: str) -> None:
        """Announce one component; its module is imported when a recipe first uses it.

        Args:
            name: The name that recipes say after `use:`.
            target: `package.module:Class`.
            summary: One line for `mertk list`.
        """


@hookspec
def register_encoders(register: Register) -> None:
    """Announce encoders: media of one modality -> a sequence of vectors."""


@hookspec
def register_fusions(register: Register) -> None:
    """Announce fusions: streams of several modalities -> one vector per modality."""


@hookspec
def register_tasks(register: Register) -> None:
    """Announce auxiliary tasks: training losses besides the emotion loss."""


@hookspec
def register_datasets(register: Register) -> None:
    """Announce datasets: labelled clips and their folds."""


@hookspec
def register_metrics(register: Register) -> None:
    """Announce metrics: labels and scores -> one number."""
