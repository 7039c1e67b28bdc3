"""Recipes as files: YAML, --set, --without, --swap."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk import draft
from mertk.draft import Draft, parse
from mertk.errors import MertkError
from mertk.recipe import EncoderSpec


def test_yaml_is_read_as_its_current_version_says() -> None:
    content = parse("{on: yes, off: no, lr: 1e-4, n: 3, date: 2024-01-01, t: true}", "x")
    assert content == {
        "on": "yes", "off": "no", "lr": 1e-4, "n": 3, "date": "2024-01-01", "t": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", r"r.yaml:2:1: not valid YAML: the key 'a' stands twice"),
        ("a: [1, 2", r"r.yaml:1:9: not valid YAML"),
        ("? [1, 2]\n: 3", r"a key must be a plain word"),
        ("a: !!python/object/apply:os.system [ls]", r"not valid YAML"),
        ("a: \x00", r"r.yaml.*not valid YAML"),
        ("a: &a [*a]", r"r.yaml: it nests deeper than .*, or holds itself by an alias"),
        ("a: " + "[" * 300 + "]" * 300, r"r.yaml: it nests deeper"),
        ('a: "\\ud800"', r"r.yaml: .* holds half a character"),
        ("a: !!binary aGVsbG8=", r"r.yaml: b'hello' is neither text"),
    ],
)
def test_bad_yaml_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(MertkError, match=message):
        parse(text, "r.yaml")


@given(st.text(max_size=200))
def test_any_text_parses_or_says_why(text: str) -> None:
    try:
        parse(text, "r.yaml")
    except MertkError as error:
        assert str(error).startswith("r.yaml")


def test_a_recipe_is_found_by_path_or_by_shipped_name(write) -> None:
    path = write("mine.yaml", "name: mine")
    assert draft.read(str(path)).content == {"name": "mine"}
    assert draft.read("foalnet").content["name"] == "foalnet"


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("foalnett", "foalnett: no such recipe; did you mean 'foalnet'?"),
        ("recipes/foalnt.yaml", "did you mean 'foalnet'?"),
    ],
)
def test_an_unknown_recipe_names_the_nearest(recipe: str, message: str) -> None:
    with pytest.raises(MertkError) as error:
        draft.read(recipe)
    assert message in str(error.value)


def test_a_recipe_that_is_no_mapping_or_no_text_is_refused(write, tmp_path) -> None:
    for text, got in (("- 1", "a list"), ("name:mine", "text"), ("", "nothing")):
        with pytest.raises(MertkError, match=rf"expected keys and values, .* \(got {got}\)"):
            draft.read(str(write("other.yaml", text)))
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(MertkError, match="is no text in UTF-8"):
        draft.read(str(tmp_path / "binary.yaml"))
    with pytest.raises(MertkError, match="is a folder"):
        draft.read(str(tmp_path))


def test_a_path_deeper_than_any_recipe_is_refused(toy: Draft) -> None:
    with pytest.raises(MertkError, match="no recipe is that deep"):
        toy.set([".".join(["a"] * 3000) + "=1"])


def test_tabs_are_named_with_the_way_out(write) -> None:
    with pytest.raises(MertkError, match=r"tab\.yaml:2:1: not valid YAML: .*indent with spaces"):
        draft.read(str(write("tab.yaml", "dataset:\n\tuse: manifest\n")))


def test_set_makes_sections_and_keeps_the_original(toy: Draft) -> None:
    changed = toy.set(["train.epochs=7", "head.dropout=0.5", "dataset.exclude=[a, b]"])
    assert changed.content["train"]["epochs"] == 7
    assert changed.content["head"] == {"dropout": 0.5}
    assert changed.content["dataset"]["exclude"] == ["a", "b"]
    assert toy.content["train"]["epochs"] == 3


def test_set_reaches_into_a_component_given_by_its_name_alone() -> None:
    short = Draft("r", draft.Path(), {"fusion": "concat"})
    assert short.set(["fusion.width=8"]).content == {"fusion": {"use": "concat", "width": 8}}


@pytest.mark.parametrize("assignment", ["train.epochs", "=3", "train.epochs=[", "name.x=1"])
def test_a_bad_assignment_is_named(toy: Draft, assignment: str) -> None:
    with pytest.raises(MertkError, match=r"name\.x: cannot be set|--set"):
        toy.set([assignment])


def test_without_and_swap(toy: Draft) -> None:
    assert list(toy.without(["mem"]).content["tasks"]) == ["avel"]
    assert list(toy.without(["tasks.mem", "again"]).content["encoders"]) == ["words"]
    assert toy.swap({"fusion": "concat"}).content["fusion"] == {"use": "concat"}
    swapped = toy.swap({"mem": "avel"}).content["tasks"]["mem"]
    assert swapped == {"weight": 0.1, "use": "avel"}, "the weight belongs to the place"


def test_a_swapped_encoder_keeps_every_key_of_its_place_and_no_argument(toy: Draft) -> None:
    of_its_weights = {"use", "pretrained_on"}
    place = {name: True for name in EncoderSpec.model_fields if name not in of_its_weights}
    said = {"use": "table", **place, "pretrained_on": ["MELD"], "key": "{id}"}
    toy = toy.assign("encoders.words", said)
    assert toy.swap({"words": "logmel"}).content["encoders"]["words"] == {"use": "logmel", **place}
    mine = {"use": "logmel", "train": False, "rate": 8000}
    assert toy.swap({"words": mine}).content["encoders"]["words"] == {**place, **mine}
    short = toy.assign("encoders.words", "table").swap({"words": "logmel"})
    assert short.content["encoders"]["words"] == {"use": "logmel"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("memm", "without memm: the recipe has no such part; did you mean 'mem'?"),
        ("fusion", "without fusion: a recipe needs its fusion; use --swap fusion=OTHER"),
    ],
)
def test_without_names_the_nearest_part(toy: Draft, name: str, message: str) -> None:
    with pytest.raises(MertkError) as error:
        toy.without([name])
    assert message in str(error.value)


def test_a_value_can_stand_in_a_file(write) -> None:
    path = write("exclude.yaml", '- "1"  # why\n- b\n')
    draft = Draft("x", Path(), {"dataset": "toy"}).set([f"dataset.exclude=@{path}"])
    assert draft.content == {"dataset": {"use": "toy", "exclude": ["1", "b"]}}
    with pytest.raises(MertkError, match=r"--set a=@none\.yaml: no such file \(/.*none\.yaml\)"):
        draft.set(["a=@none.yaml"])
    bad = write("bad.yaml", "a: [")
    with pytest.raises(MertkError, match=r"bad\.yaml:\d+:\d+: not valid YAML"):
        draft.set([f"a=@{bad}"])
