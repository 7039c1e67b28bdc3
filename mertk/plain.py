"""What a recipe may hold: what JSON can, as deep and as much as somebody could have written."""

from typing import Any, Final

Json = Any
DEEPEST: Final = 50
"""Levels of lists and mappings; the readers of JSON that recipes pass through give up at 200."""
MOST: Final = 1_000_000
"""Values, those that YAML's aliases repeat counted each time: there are that many clips to exclude
in the largest corpora, and a few lines of aliases of aliases come to billions."""


def refuse_unplain(value: Json) -> None:
    """Refuse what cannot be written as JSON, or is too deep or too much.

    Raises:
        ValueError: It is; with what it is.
    """
    _measure(value, 0, {})


def _measure(value: Json, above: int, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many values it is, and how many levels.

    Args:
        value: What is measured.
        above: Levels it stands below.
        known: Of lists and mappings by id, what was measured before: aliases are one object.
    """
    if not isinstance(value, dict | list):
        _refuse_scalar(value)
        return 1, 0
    # One that holds itself is never done, and too deep in the end.
    if id(value) not in known:
        _refuse_depth(above + 1)
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        measured = [_measure(part, above + 1, known) for part in inner]
        count = 1 + sum(count for count, _ in measured)
        known[id(value)] = count, 1 + max((levels for _, levels in measured), default=0)
    count, levels = known[id(value)]
    _refuse_depth(above + levels)
    if count > MOST:
        raise ValueError(f"its aliases repeat {count} values; at most {MOST} are read")
    return count, levels


def _refuse_depth(levels: int) -> None:
    if levels > DEEPEST:
        raise ValueError(f"it nests deeper than {DEEPEST} levels, or holds itself by an alias")


def _refuse_scalar(value: Json) -> None:
    if value is not None and not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is neither text, number, truth value, list nor mapping")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{value!a} holds half a character (a lone surrogate)") from None
