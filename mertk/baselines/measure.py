"""Score every baseline on the very folds of a corpus."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from mertk.baselines.guess import Baseline, Guess, Inapplicable
from mertk.baselines.lookup import Length, Lookup, Majority
from mertk.baselines.people import OneRater
from mertk.baselines.prior import Prior
from mertk.contracts import Clip
from mertk.plan import Corpus

SCENARIO: Final = "scenario"
_OWN: Final = ("majority", "prior", "speaker", "length", "text", "one rater")
Offer = tuple[str, Callable[[], Baseline]]


@dataclass(frozen=True)
class Figures:
    """Scores of some guesses, 0 to 1; NaN where there is nothing to score.

    Args:
        ua: Mean recall over the classes that occur.
        wa: Share of guesses that are right.
    """

    ua: float
    wa: float


@dataclass(frozen=True)
class Standing:
    """What one baseline reaches.

    Args:
        name: Its name.
        meaning: One line.
        people: Whether it is what people reach, and not what needs no media.
        count: How many guesses were scored over all folds; a clip that two folds test counts twice.
        known: Share of them that had anything to go by; the others said the majority class.
        pooled: Over all guesses at once.
        folds: By fold.
    """

    name: str
    meaning: str
    people: bool
    count: int
    known: float
    pooled: Figures
    folds: Mapping[str, Figures]


@dataclass(frozen=True)
class Skipped:
    """A baseline that the corpus does not allow, and why."""

    name: str
    reason: str


def measure(corpus: Corpus) -> tuple[list[Standing], list[Skipped]]:
    """Score what the corpus allows.

    What a baseline learns, it learns from a fold's training part; a validation part that a corpus
    publishes is left aside. All of them say a class, so they are skipped where none is predicted.
    """
    standings, skipped = [], []
    if corpus.target.kind != "classes":
        why = f"it says a class, and what is predicted of this corpus are {corpus.target.kind}"
        offered = _offers(corpus.clips, corpus.card.classes)
        return [], [Skipped(name, why) for name, _ in offered]
    for name, make in _offers(corpus.clips, corpus.card.classes):
        try:
            standings.append(_standing(name, make(), corpus))
        except Inapplicable as why:
            skipped.append(Skipped(name, str(why)))
    return standings, skipped


def _offers(clips: Sequence[Clip], classes: Sequence[str]) -> Iterator[Offer]:
    yield "majority", partial(Majority, classes)
    yield "prior", partial(Prior, classes)
    yield "speaker", partial(Lookup, "speaker", lambda clip: clip.speaker, clips, classes)
    for key in dict.fromkeys([SCENARIO, *(key for clip in clips for key in clip.group)]):
        name = f"group {key}" if key in _OWN else key
        yield name, partial(Lookup, key, partial(_group, key), clips, classes)
    yield "length", partial(Length, clips, classes)
    yield "text", partial(Lookup, "text", lambda clip: clip.text, clips, classes)
    yield "one rater", partial(OneRater, clips, classes)


def _group(key: str, clip: Clip) -> str | None:
    return clip.group.get(key)


def _standing(name: str, baseline: Baseline, corpus: Corpus) -> Standing:
    guesses = {}
    for fold in corpus.folds:
        train = [clip for clip in corpus.clips if clip.id in fold.train]
        test = [clip for clip in corpus.clips if clip.id in fold.test]
        guesses[fold.name] = baseline(train, test)
    known = np.concatenate([guess.known for guess in guesses.values()])
    if not len(known):
        raise Inapplicable("only clips that no fold tests have what it needs")
    if not known.any():
        raise Inapplicable(f"the {name} of a test clip never occurs in its fold's training part")
    return Standing(
        name=name,
        meaning=baseline.meaning,
        people=baseline.people,
        count=len(known),
        known=float(known.mean()),
        pooled=figures(list(guesses.values())),
        folds={fold: figures([guess]) for fold, guess in guesses.items()},
    )


def figures(guesses: Sequence[Guess]) -> Figures:
    """Score guesses, those of several folds as if they were of one."""
    labels = np.concatenate([guess.labels for guess in guesses])
    right = np.concatenate([guess.right for guess in guesses])
    if not len(labels):
        return Figures(float("nan"), float("nan"))
    recalls = [right[labels == index].mean() for index in np.unique(labels)]
    return Figures(float(np.mean(recalls)), float(right.mean()))
