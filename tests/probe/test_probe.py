"""The first steps of training, watched: each thing that cannot be learned is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mertk.check import resolve
from mertk.cli import main
from mertk.draft import Draft, read
from mertk.errors import MertkError, RecipeError
from mertk.probe import BY_THESE_CLIPS, Probed
from mertk.probe import probe as probe_all
from mertk.registry import discover
from mertk.resolved import Resolved
from mertk.variants import FULL, Variant, edits_from, edits_of, variants
from tests import toy_targets
from tests.shared import SHARED, needs_shared

PARTS = """
import torch
from torch import nn
from mertk.contracts import Loss, Stream
from mertk_plugins.fusions.concat import Concat
from tests.toy_parts import Trained
from tests.toy_targets import Rated

class Idle(Concat):
    "Holds layers that it never runs."
    def __init__(self, dims):
        super().__init__(dims, width=4)
        self.spare = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))

class Shut(Concat):
    "Multiplies what it learns by 0, for good."
    def __init__(self, dims):
        super().__init__(dims, width=4)
        self.scale = nn.Parameter(torch.ones(4))
    def forward(self, streams):
        return {n: x + 0.0 * self.scale for n, x in super().forward(streams).items()}

class Opening(Concat):
    "A branch that begins at 0: its first gradient is 0, its second is not."
    def __init__(self, dims):
        super().__init__(dims)
        self.gate = nn.Parameter(torch.zeros(()))
        self.branch = nn.ModuleDict({n: nn.Linear(d, d) for n, d in dims.items()})
    def forward(self, streams):
        means = super().forward(streams)
        return {n: x + self.gate * self.branch[n](x) for n, x in means.items()}

class Hidden(Concat):
    "Keeps layers where torch does not look for them."
    def __init__(self, dims):
        super().__init__(dims)
        self.layers = [nn.Linear(d, d) for d in dims.values()]
    def forward(self, streams):
        means = super().forward(streams)
        return {n: layer(x) for layer, (n, x) in zip(self.layers, means.items())}

class Late(Concat):
    "Makes a layer when it first runs."
    def __init__(self, dims):
        super().__init__(dims)
        self.late = None
    def forward(self, streams):
        means = super().forward(streams)
        if self.late is None:
            self.late = nn.Linear(4, 4)
        return {n: self.late(x) for n, x in means.items()}

class Deaf(Concat):
    "Looks at its first stream only."
    def forward(self, streams):
        means = super().forward(streams)
        first = next(iter(means))
        return {n: x if n == first else torch.zeros_like(x) for n, x in means.items()}

class Constant(nn.Module):
    "A loss that nothing moves."
    requires = ()
    provides = ()
    def __init__(self, fused_dims):
        super().__init__()
        self.layer = nn.Linear(sum(fused_dims.values()), 1)
    def forward(self, step):
        return Loss(self.layer(torch.cat(list(step.fused.values()), -1)).mean().detach())

class Half(Trained):
    "Trains a layer it does not use."
    def __init__(self):
        super().__init__()
        self.second = nn.Linear(2, 2)

class Breaks(Concat):
    def forward(self, streams):
        raise KeyError("boom")

class AwayRated(Rated):
    def clips(self):
        from mertk.errors import CorpusError
        raise CorpusError("nothing is there (1)")

class Away:
    def __init__(self, n: int = 1): self.n = n
    def clips(self):
        from mertk.errors import CorpusError
        raise CorpusError(f"nothing is there ({self.n})")
    folds = clips
"""


def probe(resolved: Resolved) -> Probed:
    return probe_all([Variant(FULL, resolved)])


See = Callable[..., Probed]


@pytest.fixture
def see(toy: Draft, write) -> See:
    """Probe the toy recipe, changed, with faulty parts at hand as `@Name`."""
    path = write("parts.py", PARTS)

    def look(*sets: str) -> Probed:
        told = [text.replace("@", f"{path}:") for text in sets]
        return probe(resolve(toy.set(["tasks={}", "fusion=concat", *told]), discover()))

    return look


def places(found: Probed) -> list[str]:
    return [fault.where for fault in found.faults]


def test_a_sound_recipe_has_no_fault_and_no_note(toy: Draft) -> None:
    assert probe(resolve(toy, discover())) == Probed((), ())


def test_layers_that_never_run_are_named_as_one(see: See) -> None:
    (fault,) = see("fusion={use: '@Idle'}").faults
    assert str(fault).startswith("fusion.spare: no gradient reaches it in the first steps")
    assert "(20 numbers)" in fault.what  # 3 x 3 + 3 + 3 x 2 + 2


def test_a_gradient_of_exactly_0_is_told_apart_from_none(see: See) -> None:
    (fault,) = see("fusion={use: '@Shut'}").faults
    assert str(fault).startswith("fusion.scale: its gradient is exactly 0")


def test_a_branch_that_begins_at_0_is_no_fault(see: See) -> None:
    assert places(see("fusion={use: '@Opening'}")) == []


def test_what_the_optimiser_does_not_hold_is_named(see: See) -> None:
    hidden = see("fusion={use: '@Hidden'}").faults
    assert {f.where for f in hidden} == {
        f"fusion.layers.{i}.{name}" for i in (0, 1) for name in ("weight", "bias")
    }
    assert all("no parameter of the model" in f.what for f in hidden)
    late = see("fusion={use: '@Late'}").faults
    assert [f.where for f in late] == ["fusion.late.bias", "fusion.late.weight"]
    assert all(f.what.startswith("the optimiser does not hold it") for f in late)


def test_a_stream_that_no_loss_depends_on_is_named(see: See) -> None:
    (fault,) = see("fusion={use: '@Deaf'}").faults
    assert str(fault).startswith("encoders.again: no loss depends on its stream")


def test_a_loss_that_moves_nothing_is_a_dead_weight(see: See) -> None:
    (fault,) = see("tasks={flat: {use: '@Constant', weight: 0.5}}").faults
    assert str(fault).startswith("tasks.flat.weight: its loss moves no weight of the model")


def test_a_loss_that_teaches_nothing_that_predicts_is_a_dead_weight(toy: Draft) -> None:
    """AVEL aligns what frozen encoders gave: only MEM, which draws by it, hands it on."""
    alone = toy.without(["mem"])
    (fault,) = probe(resolve(alone, discover())).faults
    assert str(fault).startswith("tasks.avel.weight: what learns from its loss is the task itself")
    trained = "encoders.words={use: ./toy_parts.py:Trained, train: true}"
    heard = alone.set([trained, "fusion=concat"])
    assert probe(resolve(heard, discover())).faults == ()


def test_what_other_variants_show_is_a_note(toy: Draft) -> None:
    found = probe_all(variants(toy, edits_from(["mem"], [], grid=False), discover()))
    assert found.faults == ()
    (note,) = found.notes
    assert note.startswith("without mem: tasks.avel.weight: what learns from its loss is the task")


def test_a_trained_encoder_is_read_and_looked_into(see: See) -> None:
    assert places(see("encoders.words={use: ./toy_parts.py:Trained, train: true}")) == []
    (fault,) = see("encoders.words={use: '@Half', train: true}").faults
    assert str(fault).startswith("encoders.words.second: no gradient reaches it")


def test_a_task_of_weight_0_stands_still_on_purpose(toy: Draft) -> None:
    found = probe(resolve(toy.set(["tasks.avel.weight=0"]), discover()))
    assert found == Probed((), ("tasks.avel: it learns nothing, since its weight is 0",))


def test_tasks_that_never_meet_a_whole_clip_are_dead(toy: Draft) -> None:
    """MEM and attention need both streams of a clip, and AVEL somebody who reads it."""
    found = probe(resolve(toy.set(["train.modality_dropout=1.0"]), discover()))
    assert "tasks.mem.weight" in places(found)
    assert "tasks.avel.weight" in places(found)
    assert "fusion.directions.words.again.0.key" in places(found)


@pytest.mark.parametrize("schedule", ["cosine", "linear", "one_cycle"])
def test_a_schedule_that_nobody_steps_is_named(
    see: See, schedule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert places(see(f"train.schedule={schedule}")) == []
    still = torch.optim.lr_scheduler.LambdaLR
    monkeypatch.setattr("mertk.train.fit.scheduler", lambda o, *_: still(o, lambda _: 1.0))
    (fault,) = see(f"train.schedule={schedule}").faults
    told = f"train.schedule: the rate stays as it is: nobody steps it (got {schedule})"
    assert str(fault) == told
    assert places(see("train.schedule=constant")) == []


def test_a_warm_up_that_never_ends_is_named(see: See) -> None:
    """64 training clips less those of one speaker, in batches of 8, once: 6 steps."""
    sets = ["train.epochs=1", "train.schedule=cosine"]
    assert places(see(*sets, "train.warmup=0.8")) == []
    (fault,) = see(*sets, "train.warmup=0.9").faults
    assert str(fault).startswith("train.warmup: takes all 6 steps of a fit")


@pytest.mark.parametrize(("target", "metric"), [("dimensions", "ccc"), ("labels", "label_f1")])
@pytest.mark.parametrize("dataset", [f"{Path(toy_targets.__file__)}:Rated", "@AwayRated"])
def test_dimensions_and_labels_are_learned_too(see: See, dataset, target: str, metric: str) -> None:
    sets = [f"dataset={{use: '{dataset}', target: {target}}}"]
    sets += [f"metrics=[{metric}]", f"train.select.by={metric}"]
    assert places(see(*sets)) == []
    assert places(see(*sets, "fusion={use: '@Idle'}")) == ["fusion.spare"]


def test_without_a_corpus_it_runs_on_noise_and_says_what_it_did_not_see(see: See) -> None:
    found = see("dataset={use: '@Away'}", "fusion={use: '@Idle'}")
    assert places(found) == ["fusion.spare"]
    assert found.notes == ("on noise, since the corpus cannot be opened: nothing is there (1)",)
    trained = "encoders.words={use: ./toy_parts.py:Trained, train: true}"
    assert see("dataset={use: '@Away'}", trained).notes[1] == "not looked into: encoders.words"


def test_neither_clips_nor_channels_is_told(see: See) -> None:
    with pytest.raises(MertkError, match="--deep: there are neither clips nor features"):
        see("dataset={use: '@Away'}", "encoders.words=table")


def test_a_part_that_fails_is_a_fault_of_the_recipe(see: See) -> None:
    with pytest.raises(RecipeError, match="the first steps of training fail: KeyError: 'boom'"):
        see("fusion={use: '@Breaks'}")


def test_clips_that_cannot_be_read_are_passed_over(toy: Draft) -> None:
    names = [f"s{s}_ang_{i}" for s in range(6) for i in range(2)]
    broken = toy.set([f"dataset.unreadable=[{', '.join(names)}]"])
    assert probe(resolve(broken, discover())).faults == ()


def test_streams_are_standardized_as_in_a_trial(see: See) -> None:
    assert (
        places(see("encoders.words.standardize=true", "encoders.again.channel_dropout=0.2")) == []
    )


def test_looking_on_leaves_torchs_generator_alone(toy: Draft) -> None:
    before = torch.random.get_rng_state()
    probe(resolve(toy, discover()))
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_command_line_tells_faults_with_status_2_and_notes_with_0(
    toy: Draft, write, capsys
) -> None:
    parts, recipe = write("parts.py", PARTS), write("r.yaml", "")
    import json

    import yaml

    recipe.write_text(yaml.safe_dump({**toy.content, "tasks": {}}), "utf-8")
    status = main(["check", str(recipe), "--deep", "--set", f"fusion={parts}:Idle"])
    assert status == 2
    assert "  fusion.spare: no gradient reaches it" in capsys.readouterr().err
    sets = ["--set", f"dataset={parts}:Away", "--set", "fusion=concat"]
    assert main(["check", str(recipe), "--deep", *sets]) == 0
    assert "  on noise, since the corpus cannot be opened" in capsys.readouterr().out
    assert main(["check", str(recipe), "--deep", "--json", *sets]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["deep"] is True
    assert told["notes"][0].startswith("on noise")


FEW = "dataset={use: iemocap_synthetic, clips_per_emotion: 2, dialogues: 1}"


def test_the_whole_method_and_its_ablations_learn_with_all_of_their_parts() -> None:
    draft = read("foalnet").set([FEW])
    (full, *_) = variants(draft, [], discover())
    made = variants(draft, edits_of(full.resolved.recipe.ablations), discover())
    assert len(made) == 4
    assert probe_all(made) == Probed((), ())


@needs_shared
@pytest.mark.parametrize("name", ["foalnet-ravdess", "concat-ravdess"])
def test_the_recipes_on_real_clips_have_no_dead_part(name: str) -> None:
    weights = SHARED / "weights" / "whisper-tiny.en"
    root = SHARED / "data" / "ravdess"
    sets = [f"dataset.root={root}", f"encoders.audio.checkpoint={weights}"]
    found = probe(resolve(read(name).set(sets), discover()))
    assert found.faults == ()
    if name == "concat-ravdess":
        assert found.notes == ()
        return
    # A clip's action units are one vector, and who attends to one step has nothing to choose.
    idle = [f"fusion.directions.audio.video.{i}.{n}" for i in (0, 1) for n in ("key", "query")]
    assert found.notes == (f"{BY_THESE_CLIPS}: {', '.join(idle)}",)


SMALL = "checkpoint: none, channels: 16, layers: 2, heads: 2, train: true"


@pytest.mark.parametrize(
    "encoders",
    [
        f"{{audio: {{use: wavlm, {SMALL}, freeze_front: false, spec_augment: true}}}}",
        f"{{audio: {{use: whisper, {SMALL}, layer: 1}}}}",
        "{video: {use: clip, checkpoint: none, train: true, max_frames: 3}}",
    ],
)
def test_trained_encoders_that_ship_learn_with_all_of_their_parts(encoders: str) -> None:
    draft = read("foalnet").set([FEW, f"encoders={encoders}", "tasks={}", "fusion=concat"])
    assert probe(resolve(draft, discover())) == Probed((), ())


def test_an_encoder_that_breaks_its_contract_is_no_corpus_that_cannot_be_opened(
    recipe: str, tmp_path: Path, capsys
) -> None:
    (tmp_path / "wide.py").write_text(
        "from tests.toy_parts import Spelled\n\n\nclass Wide(Spelled):\n    dim = 99\n"
    )
    wide = f"encoders.words={{use: {tmp_path}/wide.py:Wide}}"
    assert main(["check", recipe, "--deep", "--set", wide]) == 2
    told = capsys.readouterr().err
    assert "Wide: its output is [" in told
    assert "99" in told


def test_files_of_the_corpus_stay_as_they_are(see: See, tmp_path: Path) -> None:
    log = tmp_path / "log"
    see(f"encoders.words.log={log}")
    assert len(log.read_text().splitlines()) == 8  # two clips of each of four classes
