"""What the encoders of all variants bring: asked once, computed once."""

from pathlib import Path

import pytest
import torch

from mertk.console import Screen
from mertk.corpus import open_corpus
from mertk.draft import Draft, read
from mertk.errors import RecipeError
from mertk.inputs import Inputs, gather
from mertk.ragged import Ragged
from mertk.registry import discover
from mertk.sources import Encoders
from mertk.store import Store
from mertk.variants import Edit, variants


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
