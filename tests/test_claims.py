"""Published results as data: what the shipped ones say, and what is told of a bad one."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk.check import resolve
from mertk.claims import Setting, read_target, same, shipped_targets
from mertk.draft import parse, read
from mertk.errors import MertkError
from mertk.registry import discover
from mertk.reproducing import reproduction

ROOT = Path(__file__).resolve().parents[1]
DEPARTS = {
    "SpecAugment",
    "LayerDrop",
    "sound is normalised",
    "sound is padded to",
    "dropout of the fusion acts on",
    "weight of MEM in a logged evaluation loss",
    "weights are kept",
    "runs without labels",
}
"""Where `foalnet-iemocap-as-released` does not do what the released code does."""


def settings_of(recipe: str) -> dict[str, str]:
    resolved = resolve(read(recipe), discover()).recipe.model_dump(mode="json")
    metrics = dict.fromkeys(("ua", "wa"))
    found = reproduction(read_target("foalnet"), resolved, {}, metrics, 1.0)
    return {s.setting.name: s.follows for s in found.settings}


def test_targets_are_found_by_name_and_shipped_in_the_wheel() -> None:
    assert shipped_targets()["foalnet"] == ROOT / "benchmarks" / "targets" / "foalnet.yaml"
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert wheel["targets"]["wheel"]["force-include"]["benchmarks/targets"] == "mertk_targets"


@pytest.mark.parametrize("name", shipped_targets())
def test_a_shipped_target_names_itself_and_recipes_and_parts_that_exist(name: str) -> None:
    target = read_target(name)
    assert target.name == name
    for recipe in target.recipes:
        variants = {"full", *read(recipe).content["ablations"]}
        assert variants.intersection(target.rows[0].variants)
        content = resolve(read(recipe).set(target.needs), discover()).recipe.model_dump()
        for setting in target.settings:
            here = content
            for key in (setting.where or "").split(".") if setting.where else ():
                assert key in here, setting.where
                here = here[key]
    names = [s.name for s in target.settings]
    assert len(set(names)) == len(names)


def test_the_published_numbers_of_foalnet() -> None:
    rows = {
        line.name: (line.scores["ua"], line.scores["wa"]) for line in read_target("foalnet").rows
    }
    assert rows == {
        "V only, CLIP": (47.90, 46.61),
        "A only, WavLM": (77.68, 77.25),
        "A+V baseline": (77.85, 77.31),
        "+ AVEL": (79.31, 78.20),
        "+ MEM": (78.10, 76.94),
        "Foal-Net": (80.10, 79.45),
    }


def test_the_clips_of_foalnet_are_those_that_the_dataset_knows() -> None:
    """Sessions by class, as in the corpus' published table."""
    table = {
        "session1": (229, 278, 384, 194),
        "session2": (137, 327, 362, 197),
        "session3": (240, 286, 320, 305),
        "session4": (327, 303, 258, 143),
        "session5": (170, 442, 384, 245),
    }
    protocol = read_target("foalnet").protocol
    assert protocol.folds == {fold: sum(counts) for fold, counts in table.items()}
    by_class = [sum(column) for column in zip(*table.values(), strict=True)]
    assert list(protocol.classes.values()) == by_class
    assert protocol.clips == 5531


def test_the_recipe_as_released_follows_the_code_wherever_recipes_have_a_say() -> None:
    follows = settings_of("foalnet-iemocap-as-released")
    assert {name for name, whom in follows.items() if whom in ("neither", "paper")} == DEPARTS
    assert follows["batch"] == "code"


def test_the_recipe_of_the_paper_follows_the_paper_but_for_the_selection_and_padding() -> None:
    follows = settings_of("foalnet-iemocap")
    assert follows["batch"] == "paper"
    said = {s.name for s in read_target("foalnet").settings if "paper" in s.said}
    departs = {name for name in said if follows[name] in ("neither", "code")}
    assert departs == {"sound is padded to", "epoch is picked on"}


@pytest.mark.parametrize(
    ("said", "values", "follows"),
    [
        ({"paper": 64, "code": 16}, [64], "paper"),
        ({"paper": 64, "code": 16}, [16], "code"),
        ({"paper": 64, "code": 16}, [32], "neither"),
        ({"paper": 64, "code": 64}, [64], "both"),
        ({"paper": 64, "code": 64}, [], "neither"),
        ({"code": None}, [None], "code"),
        ({"code": None}, [1.0], "neither"),
        ({"code": 1234}, [[1234]], "code"),
        ({"code": 1234}, [[0, 1, 2]], "neither"),
        ({"code": 2.6593}, [2.659260036932778], "code"),
        ({"code": True}, [1], "neither"),
        ({"paper": 0.0}, [0], "paper"),
        ({}, [3], "not known"),
    ],
)
def test_whom_a_setting_follows_is_computed_from_values(said, values, follows) -> None:
    assert Setting(name="x", where="train.x", **said).follows(values) == follows


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())


@given(st.one_of(scalars, st.lists(scalars)), st.one_of(scalars, st.lists(scalars)))
def test_sameness_is_symmetric_and_holds_of_itself(one, other) -> None:
    assert same(one, one)
    assert same(one, other) == same(other, one)


GOOD = parse((ROOT / "benchmarks/targets/foalnet.yaml").read_text("utf-8"), "foalnet.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": {**GOOD["protocol"], "clips": 5530}}, "folds add up to 5531 clips, not 5530"),
        ({"rows": []}, "rows: expected at least 1"),
        (
            {"rows": [{"name": "x", "variants": ["full"], "scores": {"ua": 801}}]},
            "rows.0.scores.ua: expected less than or equal to 100 (got 801)",
        ),
        ({"margin": {"points": 0, "why": "x"}}, "margin.points: expected greater than 0"),
        ({"settings": [{"name": "x"}]}, "settings.0: expected one of where and toolkit"),
        ({"settings": [{"name": "x", "where": "a", "toolkit": 1}]}, "expected one of where and"),
        ({"setings": []}, "setings: there is no such key"),
        ({"source": {}}, "source.paper: is missing"),
    ],
)
def test_every_fault_of_a_target_is_told_with_its_place(change, message, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(json.dumps({**GOOD, **change}), "utf-8")
    with pytest.raises(MertkError) as caught:
        read_target(str(path))
    assert message in str(caught.value)


def test_a_target_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(MertkError, match=r"foalnt: no such target; did you mean 'foalnet'\?"):
        read_target("foalnt")
