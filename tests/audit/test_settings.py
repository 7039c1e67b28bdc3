"""Keys of a recipe that others of its keys switch off are faults where it gives them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.draft import Draft, read, shipped
from mertk.errors import RecipeError
from mertk.registry import discover
from mertk.variants import FULL, Edit, edits_of, variants

TRAINED = "encoders.words={use: './toy_parts.py:Trained', train: true}"
SOUND = "{use: wavlm, checkpoint: none, train: true}"
ONE = "{words: {use: './toy_parts.py:Spelled'}}"


def checked(draft: Draft, *edits: Edit):
    return variants(draft, list(edits), discover())


def written(draft: Draft, *sets: str) -> Draft:
    """The same recipe as if its file said so."""
    return Draft(draft.source, draft.base, draft.set(sets).content)


def faults(draft: Draft, *edits: Edit) -> list[str]:
    with pytest.raises(RecipeError) as error:
        checked(draft, *edits)
    return [str(fault) for fault in error.value.faults]


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (["train.encoder_lr=1e-5"], "train.encoder_lr: no encoder is trained (got 1e-05)"),
        (
            ["train.select.share=0.2"],
            "train.select.share: only the rule held_out_clips reads it, and `on` is "
            "held_out_speaker (got 0.2); leave it out",
        ),
        (
            ["train.select={on: test, speakers: 2}"],
            "train.select.speakers: only the rule held_out_speaker reads it, and `on` is test "
            "(got 2); leave it out",
        ),
        (
            ["train.decay_vectors=true", "train.weight_decay=0"],
            "train.decay_vectors: train.weight_decay is 0",
        ),
        (
            ["train.schedule=one_cycle", "train.warmup=0"],
            "train.warmup: one_cycle takes 0.3 where this is 0",
        ),
        (["train.micro_batch=4"], "train.micro_batch: no encoder is trained (got 4); leave it out"),
        (
            [TRAINED, "train.micro_batch=8"],
            "train.micro_batch: train.batch_size is 8, so that no batch is cut (got 8)",
        ),
        (
            ["train.checkpoint_activations=true"],
            "train.checkpoint_activations: no encoder is trained (got True)",
        ),
        (
            [TRAINED, "train.checkpoint_activations=true"],
            "train.checkpoint_activations: words cannot do it (got True); leave it out",
        ),
        (
            [f"encoders={ONE}", "tasks={}", "train.modality_dropout=0.2", "fusion=concat"],
            "train.modality_dropout: there is one stream only",
        ),
    ],
)
def test_a_key_that_nothing_reads_is_a_fault(toy: Draft, sets: list[str], told: str) -> None:
    for draft in (toy.set(sets), written(toy, *sets)):
        (found,) = faults(draft)
        assert found.startswith(told)


def test_all_of_them_are_told_together(toy: Draft) -> None:
    bad = toy.set(["train.encoder_lr=1e-5", "train.select.share=0.2", "tasks.mem.weight=0"])
    where = {told.partition(":")[0] for told in faults(bad)}
    assert where == {"train.encoder_lr", "train.select.share", "tasks.mem.weight"}


@pytest.mark.parametrize(
    "sets",
    [
        ["train.encoder_lr=1e-5", TRAINED],
        ["train.micro_batch=7", TRAINED],
        ["train.checkpoint_activations=true", f"encoders.words={SOUND}"],
        ["train.encoder_lr=null"],
        ["train.select={on: held_out_clips, share: 0.2}"],
        ["train.select={on: held_out_speaker, speakers: 2}"],
        ["train.warmup=0.1"],  # constant once it is warm
        ["train.schedule=one_cycle", "train.warmup=0.1"],
        ["train.modality_dropout=0.2"],
        ["train.modality_dropout=0", f"encoders={ONE}", "tasks={}", "fusion=concat"],
        ["train.decay_vectors=true"],
    ],
)
def test_a_key_that_is_read_is_none(toy: Draft, sets: list[str]) -> None:
    assert checked(toy.set(sets))[0].note == ""


@settings(max_examples=60, deadline=None)
@given(
    on=st.sampled_from(["held_out_speaker", "held_out_clips", "valid", "test"]),
    keys=st.sets(st.sampled_from(["speakers", "share"])),
)
def test_each_rule_of_selection_refuses_exactly_what_it_does_not_read(on, keys) -> None:
    from mertk.audit import idle
    from mertk.check import resolve

    values = {"speakers": 2, "share": 0.3}
    draft = read("foalnet")
    select = {"on": on, **{key: values[key] for key in keys}}
    content = {**draft.content, "train": {"select": select}}
    changed = Draft("r", draft.base, content)
    found = {f.where.rpartition(".")[2] for f in idle(content, resolve(changed, discover()))}
    read_by = {"held_out_speaker": {"speakers"}, "held_out_clips": {"share"}}
    assert found == keys - read_by.get(on, set())


@pytest.mark.parametrize("name", sorted(shipped()))
def test_no_shipped_recipe_or_ablation_of_one_has_a_dead_knob(name: str) -> None:
    draft = read(name)
    (full, *_) = variants(draft, [], discover())
    made = variants(draft, edits_of(full.resolved.recipe.ablations), discover())
    assert made[0].note == ""


def test_what_an_edit_makes_idle_is_a_note_not_a_fault(toy: Draft) -> None:
    draft = written(toy, "train.modality_dropout=0.2")
    full, alone = checked(draft, Edit("words only", without=("again", "avel", "mem")))
    assert full.note == ""
    assert alone.note == (
        "without effect here: fusion.layers, fusion.heads, train.modality_dropout"
    )


def test_what_an_edit_gives_itself_and_nothing_reads_is_a_fault(toy: Draft) -> None:
    edit = Edit("other share", set={"train.select.share": 0.3})
    (told,) = faults(toy, edit)
    assert told.startswith("other share: train.select.share: only the rule held_out_clips")


def test_the_same_holds_of_set_on_the_command_line(toy: Draft) -> None:
    """Picking on the test clips, for once, needs no other file."""
    draft = written(toy, "train.select.speakers=2")
    (full,) = checked(draft.set(["train.select.on=test"]))
    assert (full.name, full.note) == (FULL, "without effect here: train.select.speakers")
    # An idle key of the file stays a fault, whatever else is set.
    dead = written(toy, "train.select.share=0.2").set(["train.epochs=2"])
    assert faults(dead)[0].startswith("train.select.share")


def test_a_task_left_out_that_another_reads_is_no_dead_knob(toy: Draft) -> None:
    (_, kept) = checked(toy, Edit("without avel", without=("avel",)))
    assert kept.resolved.recipe.tasks["avel"].weight == 0
    assert kept.note == "avel: its loss is left out; mem still reads it"
