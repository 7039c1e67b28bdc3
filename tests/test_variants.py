"""Ablations: what is left out, what is swapped, what stays because another part reads it."""

import pytest

from mertk.check import resolve
from mertk.draft import Draft
from mertk.errors import MertkError, RecipeError
from mertk.recipe import Ablation
from mertk.registry import discover
from mertk.variants import edits_from, edits_of, variants


def made(toy: Draft, without=(), swaps=(), *, grid: bool = False):
    return variants(toy, edits_from(without, swaps, grid=grid), discover())


def test_the_full_recipe_comes_first_and_each_edit_after_it(toy: Draft) -> None:
    rows = made(toy, ["mem"], ["fusion=concat"])
    assert [v.name for v in rows] == ["full", "without mem", "fusion=concat"]
    assert list(rows[1].resolved.recipe.tasks) == ["avel"]
    assert rows[2].resolved.recipe.fusion.use == "concat"
    assert len({v.resolved.fingerprint for v in rows}) == 3


def test_a_task_that_another_one_reads_stays_without_its_loss_and_says_so(toy: Draft) -> None:
    variant = made(toy, ["avel"])[1]
    assert variant.resolved.recipe.tasks["avel"].weight == 0
    assert list(variant.resolved.recipe.tasks) == ["avel", "mem"], "in the order of the recipe"
    assert variant.note == "avel: its loss is left out; mem still reads it"
    both = made(toy, ["avel,mem"])[1]
    assert not both.resolved.recipe.tasks
    assert not both.note


def test_a_grid_has_every_combination_but_never_two_changes_of_one_part(toy: Draft) -> None:
    rows = made(toy, ["mem", "avel"], ["fusion=concat"], grid=True)
    assert [v.name for v in rows] == [
        "full",
        "without mem",
        "without avel",
        "fusion=concat",
        "without mem + without avel",
        "without mem + fusion=concat",
        "without avel + fusion=concat",
        "without mem + without avel + fusion=concat",
    ]
    edits = edits_from(["mem"], ["fusion=concat", "fusion=other"], grid=True)
    assert "fusion=concat + fusion=other" not in [e.name for e in edits]


def test_the_faults_of_all_variants_are_told_together(toy: Draft) -> None:
    with pytest.raises(RecipeError) as error:
        made(toy, ["again", "memm"], ["fusion=concatt", "fusoin=concat"])
    told = str(error.value)
    assert "  without memm: the recipe has no such part; did you mean 'mem'?" in told
    assert "  fusoin=concat: swap fusoin: the recipe has no such part" in told
    assert "without again: tasks.avel: pairs two streams, and there is only 'words'" in told
    assert "fusion=concatt: fusion: no fusion named 'concatt'; did you mean 'concat'?" in told


def test_a_variant_that_changes_nothing_is_refused(toy: Draft) -> None:
    concat = toy.set(["fusion={use: concat}"])
    with pytest.raises(MertkError, match="fusion=concat: is the same recipe as 'full'"):
        made(concat, swaps=["fusion=concat"])
    with pytest.raises(MertkError, match="is the same recipe as 'without mem'"):
        made(toy, ["mem", "tasks.mem"])


@pytest.mark.parametrize("swap", ["fusion", "=concat", "fusion="])
def test_a_swap_of_another_form_is_refused(swap: str) -> None:
    with pytest.raises(MertkError, match="expected PART=NAME"):
        edits_from([], [swap], grid=False)


def test_the_ablations_of_a_recipe_are_edits_under_their_own_names(toy: Draft) -> None:
    draft = toy.set(
        ["ablations={no mem: {without: mem}, wide: {set: {fusion.width: 8}, swap: {mem: avel}}}"]
    )
    resolved = resolve(draft, discover())
    rows = variants(draft, edits_of(resolved.recipe.ablations), discover())
    assert [v.name for v in rows] == ["full", "no mem", "wide"]
    assert rows[2].resolved.recipe.fusion.arguments["width"] == 8
    assert rows[2].resolved.recipe.tasks["mem"].use == "avel"


@pytest.mark.parametrize(
    ("ablation", "message"),
    [
        ("{set: {dataset.noise: 3.0}}", "x: dataset: variants share this with the full recipe"),
        ("{set: {train.seeds: [5]}}", "x: train.seeds: variants share this"),
        ("{set: {metrics: [wa]}}", "x: metrics: variants share this"),
    ],
)
def test_a_variant_cannot_change_what_all_trials_share(
    toy: Draft, ablation: str, message: str
) -> None:
    draft = toy.set([f"ablations={{x: {ablation}}}"])
    edits = edits_of(resolve(draft, discover()).recipe.ablations)
    with pytest.raises(RecipeError, match=message):
        variants(draft, edits, discover())


def test_two_variants_of_one_name_are_refused(toy: Draft) -> None:
    draft = toy.set(["ablations={full: {without: mem}}"])
    edits = edits_of(resolve(draft, discover()).recipe.ablations)
    with pytest.raises(MertkError, match="two variants have this name"):
        variants(draft, edits, discover())
    with pytest.raises(MertkError, match="two variants have this name"):
        made(toy, ["mem", "mem"])


def test_ablations_that_do_not_fit_the_recipe_are_told_together_by_their_names(toy: Draft) -> None:
    ablations = {"none": Ablation(without=("memm",)), "bad": Ablation(swap={"fusion": "concatt"})}
    with pytest.raises(RecipeError) as error:
        variants(toy, edits_of(ablations), discover())
    assert [fault.where for fault in error.value.faults] == ["none: without memm", "bad: fusion"]
