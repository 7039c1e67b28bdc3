"""Checks of constructor arguments: `argument: what is wrong (value); what is right`."""

import math
import os
from collections.abc import Sequence
from pathlib import Path


def a_count(argument: str, value: int, most: int = 1_000_000) -> None:
    """Refuse a count below 1, and one that would use up all memory before anything is told.

    Args:
        argument: Whose value it is.
        value: That value.
        most: What it can be at most.

    Raises:
        ValueError: It is out of range.
    """
    if value < 1:
        raise ValueError(f"{argument}: must be at least 1 (got {value})")
    if value > most:
        raise ValueError(f"{argument}: must be at most {most} (got {value})")


def dropout_rate(argument: str, value: float) -> None:
    """Refuse what cannot be a share of dropped values.

    Raises:
        ValueError: It is not in [0, 1).
    """
    if not 0 <= value < 1:
        raise ValueError(f"{argument}: must be at least 0 and below 1 (got {value})")


def above_zero(argument: str, value: float) -> None:
    """Refuse what is not a positive finite number.

    Raises:
        ValueError: It is zero, negative, infinite or not a number.
    """
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{argument}: must be a finite number above 0 (got {value})")


def divides(argument: str, value: int, whole: str, total: int) -> None:
    """Refuse a number that does not divide another argument's.

    Args:
        argument: Whose value must divide.
        value: That value, above 0.
        whole: The argument whose value is divided.
        total: That value.

    Raises:
        ValueError: It leaves a rest.
    """
    if total % value:
        raise ValueError(f"{argument}: must divide {whole}={total} (got {value})")


def inside(path: Path, folder: Path) -> bool:
    """Whether a path stays in a folder, whatever it goes through; links are not followed."""
    whole, root = (os.path.abspath(p) for p in (path, folder))  # noqa: PTH100 - it resolves `..`
    return Path(whole).is_relative_to(root)


def some_modalities(modalities: Sequence[str], known: str) -> tuple[str, ...]:
    """The media that a dataset's clips are to carry, each once.

    Args:
        modalities: As the recipe names them.
        known: What it may name, for the message.

    Raises:
        ValueError: None is named.
    """
    if not modalities:
        raise ValueError(f"modalities: clips without media (got []); name {known}")
    return tuple(dict.fromkeys(modalities))
