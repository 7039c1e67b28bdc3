"""Arguments that a component does not read, by its text or its own word, are faults."""

from pathlib import Path

import pytest

from mertk.cli import main
from mertk.draft import Draft
from mertk.errors import MertkError, RecipeError
from mertk.registry import discover
from mertk.variants import variants

DEAD = """
from mertk_plugins.fusions.concat import Concat

class Dead(Concat):
    def __init__(self, dims, alpha: float = 1.0, belta: float = 0.5) -> None:
        super().__init__(dims)
        self.alpha = alpha

class Open(Concat):
    def __init__(self, dims, **more) -> None:
        super().__init__(dims)

class Fails(Concat):
    @classmethod
    def unused(cls, arguments, place):
        return arguments["nothing"]

class Ends(Concat):
    @classmethod
    def unused(cls, arguments, place):
        raise SystemExit(0)
"""


def faults(draft: Draft) -> list[str]:
    with pytest.raises(RecipeError) as error:
        variants(draft, [], discover())
    return [str(fault) for fault in error.value.faults]


def test_an_argument_that_no_component_reads_is_a_fault_where_it_is_given(
    toy: Draft, write
) -> None:
    path = write("dead.py", DEAD)
    assert variants(toy.set([f"fusion={{use: '{path}:Dead'}}"]), [], discover())
    told = faults(toy.set([f"fusion={{use: '{path}:Dead', alpha: 2.0, belta: 1.0}}"]))
    name = f"'{path}:Dead'"
    assert told == [
        f"fusion.alpha: {name} takes this and never reads it; leave it out (got 2.0)",
        f"fusion.belta: {name} takes this and never reads it; leave it out (got 1.0)",
    ]
    (told_open,) = faults(toy.set([f"fusion={{use: '{path}:Open', gamma: 1}}"]))
    assert told_open.startswith("fusion.gamma: ")


@pytest.mark.parametrize(("part", "error"), [("Fails", "KeyError: 'nothing'"), ("Ends", "SystemE")])
def test_a_component_whose_own_word_fails_is_named(toy: Draft, write, part, error: str) -> None:
    path = write("dead.py", DEAD)
    with pytest.raises(MertkError, match=f"fusion: .*its `unused` fails .{error}"):
        variants(toy.set([f"fusion={{use: '{path}:{part}'}}"]), [], discover())


SOUND = "encoders.sound="
SIZES = "only `checkpoint: none` takes sizes and a seed; leave it out (got "


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (SOUND + "{use: wavlm, channels: 8}", f"encoders.sound.channels: {SIZES}8)"),
        (SOUND + "{use: whisper, seed: 8}", f"encoders.sound.seed: {SIZES}8)"),
        (SOUND + "{use: clip, patch: 8}", f"encoders.sound.patch: {SIZES}8)"),
        (SOUND + "{use: timm, model: resnet18, seed: 1}", f"encoders.sound.seed: {SIZES}1)"),
        (SOUND + "{use: wavlm, spec_augment: true}", "encoders.sound.spec_augment: only training"),
        (SOUND + "{use: wavlm, layer_drop: true}", "encoders.sound.layer_drop: only training"),
        (SOUND + "{use: wavlm, freeze_front: false}", "encoders.sound.freeze_front: only training"),
        (
            SOUND + "{use: clip, max_frames: null, sampling: even}",
            "encoders.sound.sampling: `max_frames` is null",
        ),
        (
            SOUND + "{use: opensmile, steps_per_second: 5}",
            "encoders.sound.steps_per_second: functionals are one step per clip",
        ),
        (SOUND + "{use: table, path: ., keys: id}", "encoders.sound.keys: `path` is a folder"),
        (
            "dataset={use: iemocap, root: x, modalities: [video], sound: dialogues}",
            "dataset.sound: `modalities` has no audio",
        ),
        (
            "dataset={use: ravdess, root: x, video: crops}",
            "dataset.video: `modalities` has no video",
        ),
        (
            "dataset={use: manifest, path: x.csv, folds: split, k: 3}",
            "dataset.k: `folds: split` says itself how many",
        ),
    ],
)
def test_what_one_argument_switches_off_is_a_fault_where_it_is_given(
    toy: Draft, change: str, told: str
) -> None:
    bare = toy.set(["tasks={}", "fusion=concat", change])
    assert [f for f in faults(bare) if f.startswith(told)], faults(bare)


@pytest.mark.parametrize(
    "change",
    [
        SOUND + "{use: wavlm, checkpoint: none, channels: 8, seed: 1, freeze_front: false}",
        SOUND + "{use: wavlm, train: true, spec_augment: true, layer_drop: true}",
        SOUND + "{use: wavlm, spec_augment: false}",
        SOUND + "{use: clip, max_frames: 9, sampling: even}",
        "dataset={use: manifest, path: x.csv, folds: group, k: 3}",
        "dataset={use: ravdess, root: x, modalities: [audio, video], video: crops}",
    ],
)
def test_what_is_read_is_none(toy: Draft, change: str) -> None:
    assert variants(toy.set(["tasks={}", "fusion=concat", change]), [], discover())


def test_the_arguments_of_a_loss_that_is_left_out_do_nothing(toy: Draft) -> None:
    (told,) = faults(toy.set(["tasks.avel.weight=0", "tasks.avel.positives=mean"]))
    assert told.startswith("tasks.avel.positives: only the loss reads it, and its weight is 0")


def test_attention_has_nothing_to_do_on_one_stream(toy: Draft) -> None:
    alone = toy.without(["again", "avel", "mem"])
    where = {f.partition(":")[0] for f in faults(alone)}
    assert where == {"fusion.layers", "fusion.heads"}


def test_check_and_run_refuse_a_dead_knob_with_status_2(capsys, tmp_path: Path) -> None:
    for verb in (["check"], ["run", "--dry-run", "--results", str(tmp_path)]):
        status = main([*verb, "foalnet", "--set", "train.select.share=0.2", "--json"])
        assert status == 2
        assert (
            "train.select.share: only the rule held_out_clips reads it" in capsys.readouterr().out
        )
