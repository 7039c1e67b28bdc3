"""What has no use for a dataset's target is refused by its place, before any corpus is opened."""

from pathlib import Path

import pytest

from mertk.check import resolve
from mertk.draft import Draft
from mertk.errors import RecipeError
from mertk.registry import discover
from mertk.variants import edits_of, variants

RATED = Path(__file__).with_name("toy_targets.py")
DATASET = f"dataset={{use: '{RATED}:Rated'}}"
PLAIN = ["tasks={}", "metrics=[ccc, mae]", "train.select.by=ccc"]
LABELLED = [
    f"dataset={{use: '{RATED}:Rated', target: labels}}",
    *("tasks={}", "metrics=[label_f1]", "train.select.by=label_f1"),
]


def faults(draft: Draft) -> list[str]:
    with pytest.raises(RecipeError) as error:
        resolve(draft, discover())
    return [str(fault) for fault in error.value.faults]


def test_every_part_that_needs_classes_is_told_at_once(toy: Draft) -> None:
    settings = ["train.balanced=true", "train.label_smoothing=0.1"]
    # Neither metrics nor the one that picks the epoch are in the recipe: the defaults are told of.
    assert faults(toy.set([DATASET, *settings])) == [
        "tasks.avel: 'avel' is of classes, and the dataset's target is dimensions; leave it out",
        "tasks.mem: 'mem' is of classes, and the dataset's target is dimensions; leave it out",
        "train.balanced: is of use for classes only, and the dataset's target is dimensions; "
        "leave it out",
        "train.label_smoothing: is of use for classes only, and the dataset's target is "
        "dimensions; leave it out",
        "train.select.by: 'ua' is of classes, and the dataset's target is dimensions; choose a "
        "metric of dimensions",
        "metrics.0: 'ua' is of classes, and the dataset's target is dimensions; choose a metric "
        "of dimensions",
        "metrics.1: 'wa' is of classes, and the dataset's target is dimensions; choose a metric "
        "of dimensions",
    ]


@pytest.mark.parametrize("recipe", [["metrics=[ua, ccc]"], [*LABELLED, "metrics=[ccc]"]])
def test_a_metric_of_dimensions_needs_dimensions(toy: Draft, recipe: list[str]) -> None:
    kind = "labels" if len(recipe) > 1 else "classes"
    assert [f for f in faults(toy.set(recipe)) if "'ccc' is of dimensions, and the" in f] == [
        f"metrics.{2 - len(recipe) if len(recipe) == 1 else 0}: 'ccc' is of dimensions, and the "
        f"dataset's target is {kind}; choose a metric of {kind}"
    ]


@pytest.mark.parametrize("recipe", [[], LABELLED])
def test_a_loss_of_dimensions_is_no_dead_setting_elsewhere(toy: Draft, recipe: list[str]) -> None:
    (told,) = faults(toy.set([*recipe, "train.loss=mse"]))
    assert told.startswith("train.loss: is of use for dimensions only")


def test_the_loss_of_dimensions_is_written_in_and_a_cause_of_results(toy: Draft) -> None:
    rated = toy.set([DATASET, *PLAIN])
    silent, said, other = (
        resolve(rated.set(changes), discover())
        for changes in ([], ["train.loss=ccc"], ["train.loss=mae"])
    )
    assert silent.recipe.train.loss == "ccc"
    assert silent.fingerprint == said.fingerprint != other.fingerprint
    assert "loss" not in resolve(toy, discover()).causes["train"]


def test_an_ablation_is_held_to_the_same(toy: Draft) -> None:
    draft = toy.set([DATASET, *PLAIN, "ablations={pulled: {set: {tasks.avel: {use: avel}}}}"])
    resolved = resolve(draft, discover())
    with pytest.raises(RecipeError, match="'avel' is of classes"):
        variants(draft, edits_of(resolved.recipe.ablations), discover())


def test_one_metric_may_be_told_for_several_dimensions(toy: Draft) -> None:
    several = "metrics=[ccc, {use: ccc, dimension: valence, name: ccc_valence}]"
    resolved = resolve(toy.set([DATASET, *PLAIN, several]), discover())
    assert list(resolved.metrics()) == ["ccc", "ccc_valence"]
    twice = toy.set([DATASET, *PLAIN, "metrics=[ccc, {use: ccc, dimension: valence}]"])
    (told,) = faults(twice)
    assert told.startswith("metrics: expected different metrics, or a `name` for each")


def test_a_dimension_that_is_not_there_is_told_by_its_place(toy: Draft) -> None:
    wrong = toy.set([DATASET, *PLAIN, "metrics=[{use: mae, dimension: valense}]"])
    with pytest.raises(RecipeError, match=r"metrics\.0\.dimension: must be one of valence, ar"):
        resolve(wrong, discover()).metrics()
