"""Corpora small enough to score by hand."""

from collections.abc import Mapping, Sequence

from mertk.contracts import Card, Clip, Fold
from mertk.plan import Corpus

CLASSES = ("angry", "happy", "sad")


def clip(name: str, emotion: str, speaker: str = "", **more) -> Clip:
    ratings = more.pop("ratings", {})
    return Clip(name, {"emotion": emotion, **ratings}, speaker, **more)


def corpus(clips: Sequence[Clip], tests: Mapping[str, str]) -> Corpus:
    """Folds that test the clips whose names begin with these letters, and train on the others."""
    folds = []
    for name, first in tests.items():
        test = frozenset(c.id for c in clips if c.id.startswith(first))
        folds.append(Fold(name, frozenset(c.id for c in clips) - test, test))
    card = Card("a corpus", CLASSES, "none", "nobody", "made up")
    return Corpus(card, tuple(clips), tuple(folds), {}, tuple(folds))
