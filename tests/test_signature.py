"""Constructors as recipes see them."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from mertk.signature import Signature, docstring_section, meanings, split_docstring


class Part:
    """A part.

    Args:
        dims: Injected.
        width: How wide,
            in channels.
        mode: Which (one of two): a or b.
        root: Where.
    """

    def __init__(
        self,
        dims: dict[str, int],
        needed: float,
        width: int = 3,
        mode: Literal["a", "b"] = "a",
        root: Path | None = None,
    ) -> None: ...


@pytest.fixture
def signature() -> Signature:
    return Signature.of(Part, "part", "fusions")


def test_injected_arguments_and_places_are_told_apart(signature: Signature) -> None:
    assert signature.injected == {"dims"}
    assert set(signature.arguments) == {"needed", "width", "mode", "root"}
    assert signature.places == {"root"}


def test_what_the_core_does_not_supply_to_a_kind_is_an_argument_like_any_other() -> None:
    own = Signature.of(Part, "part", "datasets")
    assert own.injected == frozenset()
    assert "dims" in own.arguments
    assert [str(f) for f in own.faults({"needed": 1}, "x")] == [
        "x.dims: 'part' needs this argument"
    ]


def test_meanings_come_from_the_docstring() -> None:
    meanings = docstring_section(Part, "Args")
    assert meanings["width"] == "How wide, in channels."
    assert meanings["mode"] == "Which (one of two): a or b."


Shared = Annotated[int | None, Field(description="Said once for all who take it.")]
Place = Annotated[Path | None, Field(description="Where.")]


class Sharing:
    """A part.

    Args:
        other: Said here.

    Raises:
        ValueError: Never.
    """

    def __init__(self, shared: Shared = None, other: Shared = None, place: Place = None) -> None:
        self.shared = shared


def test_what_several_components_take_is_explained_beside_its_type() -> None:
    assert meanings(Sharing) == {
        "shared": "Said once for all who take it.",
        "other": "Said here.",
        "place": "Where.",
    }
    signature = Signature.of(Sharing, "sharing", "encoders")
    assert signature.arguments["shared"].plain_type == int | None
    assert signature.arguments["shared"].json_schema()["description"].startswith("Said once")
    assert signature.places == {"place"}
    assert [str(f) for f in signature.faults({"shared": "1"}, "x")] == [
        "x.shared: expected a valid integer (got '1')"
    ]


def test_a_docstring_is_split_at_one_of_its_sections() -> None:
    assert split_docstring(Sharing, "Args") == (
        "A part.\n\nRaises:\n    ValueError: Never.",
        ["    other: Said here.", ""],
    )
    whole, lines = split_docstring(Sharing, "Source")
    assert "Args:" in whole
    assert lines == []


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"needed": 1}, []),
        ({}, ["x.needed: 'part' needs this argument"]),
        ({"needed": "1e-3"}, ["x.needed: expected a valid number (got '1e-3')"]),
        ({"needed": True}, ["x.needed: expected a valid number (got True)"]),
        ({"needed": float("nan")}, ["x.needed: expected a finite number (got nan)"]),
        (
            {"needed": 1, "width": 2.5, "mode": "aa", "widht": 3},
            [
                "x.width: expected a valid integer (got 2.5)",
                "x.mode: expected 'a' or 'b' (got 'aa'); did you mean 'a'?",
                "x.widht: 'part' takes no such argument; did you mean 'width'?",
            ],
        ),
        ({"needed": 1, "dims": {}}, ["x.dims: 'part' receives this from the core; leave it out"]),
    ],
)
def test_faults_are_all_told(signature: Signature, given: dict, faults: list[str]) -> None:
    assert [str(f) for f in signature.faults(given, "x")] == faults


def test_defaults_are_filled_in_as_json_has_them(signature: Signature) -> None:
    resolved = signature.resolve({"needed": 2, "root": "/data"})
    assert resolved == {"needed": 2.0, "width": 3, "mode": "a", "root": "/data"}


def test_the_constructor_gets_typed_values_and_what_it_names(signature: Signature) -> None:
    bound = signature.bind({"needed": 2, "root": "/data"}, {"dims": {"a": 1}, "num_classes": 4})
    assert bound == {"needed": 2.0, "root": Path("/data"), "dims": {"a": 1}}


def test_a_constructor_that_takes_anything_is_not_second_guessed() -> None:
    class Open:
        def __init__(self, **anything: int) -> None: ...

    signature = Signature.of(Open, "open", "metrics")
    assert signature.faults({"whatever": 1}, "x") == []
    assert signature.bind({"whatever": 1}, {}) == {"whatever": 1}
