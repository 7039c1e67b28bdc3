"""Trials: each key covers every cause of the result, and nothing else."""

from dataclasses import replace

import pytest

from mertk.check import resolve
from mertk.contracts import Fold
from mertk.corpus import leave_out, open_corpus
from mertk.draft import Draft
from mertk.errors import CorpusError, MertkError
from mertk.plan import Corpus, choose_folds, trials
from mertk.registry import discover
from mertk.variants import FULL, Variant

INPUTS = {"words": "aaaa", "again": "bbbb"}


def corpus(toy: Draft, *changes: str) -> Corpus:
    return open_corpus(resolve(toy.set(changes), discover()))


def keys(toy: Draft, made: Corpus, *changes: str, inputs=INPUTS, precision="fp32", seeds=(0,)):
    variant = Variant(FULL, resolve(toy.set(changes), discover()))
    planned = trials([variant], made, seeds, {FULL: inputs}, {FULL: precision})
    return [t.key for t in planned]


def test_trials_are_seeds_times_folds_with_keys_of_their_own(toy: Draft) -> None:
    found = keys(toy, corpus(toy), seeds=(0, 1))
    assert len(found) == len(set(found)) == 6
    assert found == keys(toy, corpus(toy), seeds=(0, 1))


def test_every_cause_changes_the_key(toy: Draft) -> None:
    made = corpus(toy)
    base = keys(toy, made)
    relabelled = replace(made.clips[0], labels={"emotion": "sad"})
    respoken = replace(made.clips[0], speaker="s5")
    fewer = leave_out(made, {made.clips[-1].id: "for a test"})
    changed = [
        keys(toy, made, "train.lr=2e-2"),
        keys(toy, made, "train.select.speakers=2"),
        keys(toy, made, inputs={**INPUTS, "words": "cccc"}),
        keys(toy, made, precision="bf16"),
        keys(toy, made, seeds=(1,)),
        keys(toy, replace(made, clips=(relabelled, *made.clips[1:]))),
        keys(toy, replace(made, clips=(respoken, *made.clips[1:]))),
        keys(toy, fewer),
        keys(toy, replace(made, card=replace(made.card, classes=made.card.classes[::-1]))),
    ]
    for other in changed:
        assert not set(base) & set(other)


def test_what_is_no_cause_changes_no_key(toy: Draft) -> None:
    made = corpus(toy)
    base = keys(toy, made)
    assert base == keys(toy, made, "name=other", "notes=x", "metrics=[wa]", "train.seeds=[7]")
    assert base == keys(toy, made, "dataset.broken=skip", "dataset.shared_speakers=allow")


def test_folds_are_chosen_by_name_in_the_order_of_the_dataset() -> None:
    folds = [Fold(name, frozenset("a"), frozenset("b")) for name in ("one", "two", "three")]
    assert [f.name for f in choose_folds(folds, ["three", "one"])] == ["one", "three"]
    assert len(choose_folds(folds, [])) == 3
    with pytest.raises(MertkError, match="no fold named 'tow'; did you mean 'two'"):
        choose_folds(folds, ["tow"])


def test_a_class_that_loses_its_training_clips_is_told(toy: Draft) -> None:
    made = corpus(toy)
    sad = {c.id: "for a test" for c in made.clips if c.labels["emotion"] == "sad"}
    with pytest.raises(CorpusError, match="fold1: 'sad' has no training clip"):
        leave_out(made, sad)
    tested = dict.fromkeys(made.folds[0].test, "for a test")
    with pytest.raises(CorpusError, match="fold1: there is no test clip"):
        leave_out(made, tested)
