"""What the shipped recipes say of the method they are named after."""

import math

from mertk.check import resolve
from mertk.draft import read
from mertk.registry import discover


def test_the_recipe_as_released_says_what_the_released_code_does() -> None:
    recipe = resolve(read("foalnet-iemocap-as-released"), discover()).recipe
    train, avel, mem = recipe.train, recipe.tasks["avel"], recipe.tasks["mem"]
    assert (train.schedule, train.warmup, train.lr) == ("constant", 0.0, 1e-4)
    assert avel.arguments["temperature_mode"] == "divisor"
    assert math.isclose(avel.arguments["temperature"], 2.659, abs_tol=1e-3)
    assert avel.arguments["positives"] == "sum"
    assert (train.select.on, train.select.by, train.epochs) == ("test", "ua", 40)
    assert (avel.weight, mem.weight) == (1.0, 0.1)
    assert mem.arguments["own_pairs"] == "again"
    assert mem.arguments["one_emotion"] == "draw"
    assert (train.batch_size, train.balanced, train.buckets) == (16, True, False)
    assert (train.precision, train.seeds) == ("fp16", (1234,))


def test_the_recipe_of_the_paper_selects_honestly_and_guards_what_the_code_does_not() -> None:
    recipe = resolve(read("foalnet-iemocap"), discover()).recipe
    assert not recipe.selects_on_test
    assert recipe.train.batch_size == 64
    assert recipe.tasks["mem"].arguments["own_pairs"] == "shared"
    assert recipe.tasks["mem"].arguments["one_emotion"] == "skip"


def test_the_recipe_of_dimensions_takes_every_turn_and_tells_each_dimension() -> None:
    resolved = resolve(read("concat-iemocap-dimensions"), discover())
    assert resolved.recipe.dataset.arguments["target"] == "dimensions"
    assert resolved.recipe.dataset.arguments["classes"] is None
    assert resolved.recipe.train.loss == "ccc"
    told = ["ccc", "ccc_valence", "ccc_arousal", "ccc_dominance", "pearson", "mae"]
    assert list(resolved.metrics()) == told
