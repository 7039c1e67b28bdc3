"""Which folders of results belong together."""

from pathlib import Path

import pytest

from mertk.cli.runs import folder_of, is_finished, variants_beside
from mertk.errors import MertkError
from tests.published_made import RECIPE, run, without

RIGHT = dict.fromkeys(("selected", "last", "test_best"), 0.6)


def other(**sections) -> dict:
    return {**RECIPE, **sections}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "toynet"
    run(root / "full", RIGHT)
    run(root / "no_mem", RIGHT, recipe=without("mem"), variant="no mem")
    silent = {"avel": {"use": "avel", "weight": 0}, "mem": RECIPE["tasks"]["mem"]}
    run(root / "no_avel", RIGHT, recipe=other(tasks=silent), variant="no avel")
    return root


def test_a_run_has_the_variants_that_leave_something_out_of_it(root: Path) -> None:
    found = variants_beside(root / "full")
    assert {name: kept.folder.name for name, kept in found.items()} == {
        "full": "full",
        "no mem": "no_mem",
        "no avel": "no_avel",
    }


@pytest.mark.parametrize(
    "facts",
    [
        {"recipe": other(train={**RECIPE["train"], "batch_size": 99})},
        {"recipe": other(head={"dropout": 0.9})},
        {"recipe": other(fusion={"use": "other"})},
        {"recipe": other(encoders={"audio": {"use": "y", "train": False}})},
        {"recipe": other(tasks={"mem": {"use": "mem", "weight": 0.5}})},
        {"protocol": "toy-4c-3f@11111111"},
    ],
)
def test_what_was_trained_or_scored_otherwise_does_not_belong(root: Path, facts) -> None:
    run(root / "stranger", RIGHT, variant="stranger", **facts)
    assert "stranger" not in variants_beside(root / "full")


def test_other_seeds_belong(root: Path) -> None:
    recipe = {**without("avel", "mem"), "train": {**RECIPE["train"], "seeds": [5]}}
    run(root / "neither", RIGHT, recipe=recipe, variant="neither", seeds=(5,))
    assert "neither" in variants_beside(root / "full")


def test_a_run_is_found_by_name_or_folder(root: Path) -> None:
    assert folder_of("toynet", root.parent) == root / "full"
    assert folder_of(str(root / "no_mem"), root.parent) == root / "no_mem"
    assert is_finished("toynet", root.parent)
    assert not is_finished("toynett", root.parent)
    near = "toynett: no finished run is at toynett or .*; did you mean 'toynet'."
    with pytest.raises(MertkError, match=near):
        folder_of("toynett", root.parent)
