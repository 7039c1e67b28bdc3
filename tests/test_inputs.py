"""What the encoders of all variants bring: asked once, computed once."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mertk.blocks import StoreError
from mertk.console import Screen
from mertk.corpus import open_corpus
from mertk.draft import Draft, read
from mertk.errors import RecipeError
from mertk.forecast import Forecast
from mertk.inputs import Inputs, gather
from mertk.ragged import Ragged
from mertk.registry import discover
from mertk.shelves import prune, survey
from mertk.sources import Encoders
from mertk.store import Store
from mertk.variants import Edit, variants

PARTS = Path(__file__).with_name("toy_parts.py")
LACKING = Forecast("Spelled", 96, 96, None)


def gathered(toy: Draft, tmp_path: Path, *edits: Edit, **how: bool) -> Inputs:
    made = variants(toy, list(edits), discover())
    corpus = open_corpus(made[0].resolved)
    store, device = Store(tmp_path / "store"), torch.device("cpu")
    return gather(Encoders(made), corpus, store, device, Screen(), **how)


@pytest.mark.parametrize("how", [{}, {"skip_broken": True}, {"dry": True}])
def test_what_the_clips_let_encoders_read_is_asked_once_per_modality(
    toy: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, bool]
) -> None:
    asked: list[str] = []
    keys = Store.keys

    def counted(self, modality, clips):
        asked.append(modality)
        return keys(self, modality, clips)

    monkeypatch.setattr(Store, "keys", counted)
    broken = toy.set(["dataset.unreadable=[s0_ang_0]"]) if how.get("skip_broken") else toy
    without = Edit("without again", without=("again", "avel", "mem"))
    gathered(broken, tmp_path, without, **how)
    assert asked == ["text"]


def test_digests_are_those_of_the_clips_that_are_left(toy: Draft, tmp_path: Path) -> None:
    whole = gathered(toy, tmp_path)
    broken = toy.set(["dataset.unreadable=[s0_ang_0]"])
    less = gathered(broken, tmp_path, skip_broken=True)
    excluded = gathered(broken.set(["dataset.exclude=[s0_ang_0]"]), tmp_path)
    assert "s0_ang_0" in less.corpus.left_out
    assert less.digests == excluded.digests
    assert set(less.digests.values()).isdisjoint(whole.digests.values())
    assert len(less.ragged[next(iter(less.ragged))]) == 95


def test_sequences_are_copied_into_memory_once(
    toy: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[int] = []
    in_memory = Ragged.in_memory

    def counted(self: Ragged, limit: int | None = None) -> Ragged:
        copied.append(len(self))
        return in_memory(self, limit)

    monkeypatch.setattr(Ragged, "in_memory", counted)
    gathered(toy.set(["dataset.unreadable=[s0_ang_0]"]), tmp_path, skip_broken=True)
    assert copied == [95, 95], "one copy for each encoder, without what is left out"


def test_what_lies_in_files_is_not_pruned_while_it_is_held(toy: Draft, tmp_path: Path) -> None:
    inputs = gathered(toy, tmp_path, mapped=True)
    with inputs.held():
        assert [shelf.folder for shelf in prune(survey(tmp_path / "store")).gone] == []
    gone = prune(survey(tmp_path / "store")).gone
    assert {r.mapped.path.parent for r in inputs.ragged.values() if r.mapped} == {
        shelf.folder for shelf in gone
    }


def test_a_recipe_chooses_what_features_are_kept_in(toy: Draft, tmp_path: Path) -> None:
    half = toy.set(["encoders.words.store=float16"])
    plain, chosen = gathered(toy, tmp_path), gathered(half, tmp_path)
    words, again = (chosen.ragged[chosen.streams["full"][name]] for name in ("words", "again"))
    assert (words.values.dtype, again.values.dtype) == (torch.float16, torch.float32)
    rows = torch.arange(8)
    before = plain.ragged[plain.streams["full"]["words"]].batch(rows)
    after = words.batch(rows)
    assert after.x.dtype == torch.float32
    assert torch.equal(after.x, before.x.half().float())
    changed = {
        name
        for name, digest in chosen.causes()["full"].items()
        if digest != plain.causes()["full"][name]
    }
    assert changed == {"words"}


def test_both_precisions_of_one_encoder_may_stand_side_by_side(toy: Draft, tmp_path: Path) -> None:
    inputs = gathered(toy, tmp_path, Edit("half", set={"encoders.words.store": "float16"}))
    kinds = {
        name: inputs.ragged[streams["words"]].values.dtype
        for name, streams in inputs.streams.items()
    }
    assert kinds == {"full": torch.float32, "half": torch.float16}


@pytest.mark.parametrize("said", ["store: float16", "precision: bf16"])
def test_what_is_kept_as_loaded_has_no_precision_to_choose(toy: Draft, said: str) -> None:
    trained = toy.set([f"encoders.words={{use: '{PARTS}:Trained', train: true, {said}}}"])
    told = rf"words\.{said[:5]}\w*: .*is trained from what it loads, which is kept as it is"
    with pytest.raises(RecipeError, match=told):
        Encoders(variants(trained, [], discover()))
    fronted = toy.set([f"encoders.words={{use: '{PARTS}:Fronted', train: true, {said}}}"])
    assert len(Encoders(variants(fronted, [], discover())).sources) == 2


def test_what_is_no_module_has_nothing_to_compute_in_half_precision(toy: Draft) -> None:
    half = toy.set(["encoders.words.precision=bf16"])
    with pytest.raises(RecipeError, match=r"words\.precision: .*is no torch module that could"):
        Encoders(variants(half, [], discover()))


def test_what_is_lacking_is_forecast_and_after_it_nothing_is(toy: Draft, tmp_path: Path) -> None:
    first = gathered(toy, tmp_path, dry=True)
    assert [(f.lacking, f.nbytes) for f in first.forecasts] == [(96, None)] * 2
    gathered(toy, tmp_path)
    assert [(f.lacking, f.nbytes) for f in gathered(toy, tmp_path).forecasts] == [(0, 0.0)] * 2


def test_what_does_not_fit_on_the_disk_is_refused_before_anything_is_computed(
    toy: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [replace(LACKING, nbytes=float(20 << 30)), LACKING]
    monkeypatch.setattr("mertk.inputs.forecast", lambda *_: known.pop())
    monkeypatch.setattr("mertk.forecast.room", lambda _: 15 << 30)
    with pytest.raises(
        StoreError, match=r"takes about 20\.0 GiB, and 15\.0 GiB are free; free some"
    ):
        gathered(toy, tmp_path)
    assert not (tmp_path / "store").exists()
    known = [replace(LACKING, nbytes=float(20 << 30)), LACKING]
    assert "20.0 GiB" in gathered(toy, tmp_path, dry=True).shortage


def test_every_checkpoint_that_is_not_there_is_told_by_its_place(tmp_path: Path) -> None:
    gone = [f"encoders.{name}.checkpoint={tmp_path}/{name}" for name in ("audio", "video")]
    small = [f"encoders.audio.{name}=null" for name in ("channels", "layers", "heads")]
    draft = read("foalnet").set([*gone, *small])
    with pytest.raises(RecipeError) as error:
        Encoders(variants(draft, [], discover()))
    assert [fault.where for fault in error.value.faults] == [
        "encoders.audio.checkpoint",
        "encoders.video.checkpoint",
    ]
