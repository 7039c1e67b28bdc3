"""What a recipe may hold: what JSON can, as deep and as much as somebody could have written."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.plain import DEEPEST, refuse_unplain


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def itself() -> list[Any]:
    value: list[Any] = [1]
    value.append({"again": value})
    return value


def laughs() -> Any:
    value: Any = "lol"
    for _ in range(30):
        value = [value] * 9
    return value


def deep_by_aliases() -> Any:
    """Each piece is within the bounds where it stands first, and not where it stands again."""
    piece = nested(DEEPEST // 2)
    return [piece, {"again": [*nested(1), _under(piece, DEEPEST // 2 + 1)]}]


def _under(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (nested(DEEPEST + 1), "nests deeper than 50"),
        (itself(), "holds itself by an alias"),
        (laughs(), "aliases repeat"),
        (deep_by_aliases(), "nests deeper than 50"),
        ({"a": [b"x"]}, "b'x' is neither text"),
        ({"a": date(2024, 1, 1)}, "is neither text"),
        ({"\ud800": 1}, "half a character"),
        ([{"a": "x\udfff"}], "half a character"),
    ],
)
def test_what_no_recipe_can_hold_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refuse_unplain(value)


@pytest.mark.parametrize("value", [nested(DEEPEST), ["x"] * 300_000, {"": [None, True, 0.5]}])
def test_what_a_recipe_can_hold_is_let_through(value: Any) -> None:
    refuse_unplain(value)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(plain)
def test_whatever_json_can_hold_is_let_through(value: Any) -> None:
    refuse_unplain(json.loads(json.dumps(value)))
