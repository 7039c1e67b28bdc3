"""Blocks of clips that are encoded elsewhere: the store comes out as if it were done here."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mertk.check import resolve
from mertk.corpus import open_corpus
from mertk.draft import Draft
from mertk.errors import MertkError
from mertk.executors.extraction import Extraction, encoded, sources_of
from mertk.executors.shared import Recipes
from mertk.extract import BrokenMedia, fill
from mertk.filling import BLOCK_CLIPS
from mertk.registry import discover
from mertk.sources import Encoders
from mertk.store import Store
from mertk.variants import Variant


class Sent:
    """Runs shards here, as they would come out of another process."""

    def __init__(self, recipes: Recipes) -> None:
        self.sources, self.sizes = sources_of(recipes), []

    def room(self) -> int:
        return 2

    def begin(self, shard):
        sent = pickle.loads(pickle.dumps(shard))
        self.sizes.append(len(sent.readers))
        made = encoded(sent, self.sources[sent.variant, sent.stream])
        return lambda: pickle.loads(pickle.dumps(made))


def opened(toy: Draft, *changes: str) -> tuple[Variant, Encoders]:
    variant = Variant("full", resolve(toy.set(changes), discover()))
    return variant, Encoders([variant])


@pytest.mark.parametrize("train", ["false", "true"])
def test_the_store_holds_the_same_blocks_of_the_same_numbers(
    toy: Draft, tmp_path: Path, train: str
) -> None:
    parts = f"{toy.base}/toy_parts.py:Fronted"
    changes = [f"encoders.words={{use: '{parts}', train: {train}}}", "dataset.speakers=8"]
    variant, encoders = opened(toy, *changes)
    clips = open_corpus(variant.resolved).clips
    source = encoders.sources[encoders.streams["full"]["words"]]
    tasks = Sent(Recipes.of([variant]))
    filling = Extraction(tasks, encoders, torch.device("cpu"))(source)
    done: list[int] = []
    given = (source.encoder, source.identity, clips)
    here = fill(Store(tmp_path / "here"), *given, stage=source.stage)
    there = fill(
        Store(tmp_path / "there"), *given, stage=source.stage, filling=filling, advance=done.append
    )
    assert sum(done) == len(clips) > BLOCK_CLIPS
    assert tasks.sizes == [BLOCK_CLIPS, len(clips) - BLOCK_CLIPS]
    assert torch.equal(here.lengths, there.lengths)
    assert torch.equal(here.starts, there.starts)
    for name in ("data.bin", "index.bin"):
        (one,), (other,) = (list((tmp_path / p).glob(f"*/{name}")) for p in ("here", "there"))
        assert one.read_bytes() == other.read_bytes()


def test_clips_that_cannot_be_read_are_told_and_the_others_are_stored(
    toy: Draft, tmp_path: Path
) -> None:
    variant, encoders = opened(toy, "dataset.unreadable=[s0_ang_0, s3_sad_1]")
    clips = open_corpus(variant.resolved).clips
    source = encoders.sources[encoders.streams["full"]["words"]]
    filling = Extraction(Sent(Recipes.of([variant])), encoders, torch.device("cpu"))(source)
    given = (Store(tmp_path), source.encoder, source.identity)
    with pytest.raises(BrokenMedia) as raised:
        fill(*given, clips, filling=filling)
    assert raised.value.clips.keys() == {"s0_ang_0", "s3_sad_1"}
    left = [clip for clip in clips if clip.id not in raised.value.clips]
    assert len(fill(*given, left)) == len(clips) - 2


def test_an_encoder_that_is_another_one_there_is_refused(toy: Draft) -> None:
    variant, encoders = opened(toy)
    source = encoders.sources[encoders.streams["full"]["words"]]
    other = replace(source, identity={**source.identity, "version": "2"})
    shards = []

    class Kept(Sent):
        def begin(self, shard):
            shards.append(shard)
            return super().begin(shard)

    tasks = Kept(Recipes.of([variant]))
    tasks.sources["full", "words"] = other
    filling = Extraction(tasks, encoders, torch.device("cpu"))(source)
    run = filling(source.encoder, "Spelled", {b"k": []}, None, None, lambda _: None)
    with pytest.raises(MertkError, match="Spelled: is .*'version': '2'.* on a worker, and"):
        run([b"k"], 1)
    assert len(shards) == 1
