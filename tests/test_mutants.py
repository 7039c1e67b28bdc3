"""Shipped recipes with anything in place of anything: what is wrong is told, and nothing breaks."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.cli import main
from mertk.draft import parse, shipped
from tests.conftest import TOY

RECIPES = {name: parse(path.read_text("utf-8"), name) for name, path in shipped().items()}
RECIPES["toy"] = parse(TOY, "toy")
CHANGES = ("replace", "add", "delete", "copy")

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["ua", "wavlm", "mem", "concat", "none", "os:system", "./x.py:X", ":", "{id}"]
    )
)
keys = st.text(max_size=8) | st.sampled_from(
    ["use", "train", "weight", "dims", "trial_seed", "self", "kwargs", "set", "swap", "without"]
)
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts:
        yield (*here, key)
        if isinstance(part, dict | list):
            yield from paths(part, (*here, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


@st.composite
def mutants(draw: st.DrawFn) -> tuple[str, Any]:
    name = draw(st.sampled_from(sorted(RECIPES)))
    recipe = copy.deepcopy(RECIPES[name])
    for _ in range(draw(st.integers(1, 4))):
        if not recipe:
            break
        *parents, key = draw(st.sampled_from(list(paths(recipe))))
        place, change = at(recipe, tuple(parents)), draw(st.sampled_from(CHANGES))
        if change == "delete":
            del place[key]
        elif change == "copy":
            place[key] = copy.deepcopy(at(recipe, draw(st.sampled_from(list(paths(recipe))))))
        elif change == "add" and isinstance(place, dict):
            place[draw(keys)] = draw(junk)
        else:
            place[key] = draw(junk)
    return name, recipe


@settings(max_examples=150, deadline=None)
@given(mutants())
def test_a_mutant_of_a_recipe_is_taken_or_its_faults_are_told(
    tmp_path_factory: Any, mutant: tuple[str, Any]
) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "mutant.yaml"
    path.write_text(json.dumps(mutant[1]), encoding="utf-8")
    assert main(["check", str(path)]) in (0, 2)
