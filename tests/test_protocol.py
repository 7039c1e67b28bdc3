"""What a score is of: anything that changes it changes the id, and nothing else does."""

import re
from dataclasses import replace

import pytest

from mertk.contracts import Clip, Fold
from mertk.errors import MertkError
from mertk.protocol import protocol_id, refuse_mixed
from mertk.recipe import Select
from mertk.target import Classes

CLASSES = ("ang", "sad")
CLIPS = [Clip(f"c{i}", {"emotion": CLASSES[i % 2]}, f"s{i}") for i in range(6)]
FOLD = Fold("one", frozenset({"c0", "c1", "c2", "c3"}), frozenset({"c4", "c5"}))
RULE = Select()


def test_an_id_reads_as_dataset_classes_folds_and_digest() -> None:
    found = protocol_id("mine.data:Corpus", Classes(CLASSES), CLIPS, [FOLD], RULE)
    assert re.fullmatch(r"Corpus-2c-1f@[0-9a-f]{8}", found)
    assert found == protocol_id("mine.data:Corpus", Classes(CLASSES), CLIPS[::-1], [FOLD], RULE)


@pytest.mark.parametrize(
    ("classes", "clips", "fold", "rule"),
    [
        (CLASSES[::-1], CLIPS, FOLD, RULE),
        (CLASSES, [replace(CLIPS[0], labels={"emotion": "sad"}), *CLIPS[1:]], FOLD, RULE),
        (CLASSES, CLIPS, replace(FOLD, train=FOLD.train - {"c0"}), RULE),
        (CLASSES, CLIPS, replace(FOLD, test=FOLD.test - {"c4"}), RULE),
        (CLASSES, CLIPS, Fold("one", FOLD.train - {"c0"}, FOLD.test, frozenset({"c0"})), RULE),
        (CLASSES, CLIPS, FOLD, Select(on="test")),
        (CLASSES, CLIPS, FOLD, Select(by="wa")),
    ],
)
def test_whatever_changes_a_score_changes_the_id(classes, clips, fold, rule) -> None:
    before = protocol_id("x", Classes(CLASSES), CLIPS, [FOLD], RULE)
    assert protocol_id("x", Classes(classes), clips, [fold], rule) != before


def test_two_protocols_are_refused_by_name() -> None:
    refuse_mixed({"a": ["p@1", "p@1"], "b": ["p@1"]})
    with pytest.raises(MertkError, match=r"a: p@1\n  b: p@2\n.*--mix-protocols"):
        refuse_mixed({"a": ["p@1"], "b": ["p@2"]})
