"""What people reach: each rater against what most of the others said."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from mertk.baselines.guess import Guess, Inapplicable
from mertk.contracts import Clip

RATED: Final = "emotion:"


class OneRater:
    """Leave-one-rater-out agreement.

    For each rater of a clip, what is right is the emotion that most of the other raters named. A
    rater who named several is right by the share of one in them. An opinion is left out where the
    others named two emotions equally often, or mostly one that is no class; a rater who named what
    is no class is wrong. The label is not looked at, because the rater's own voice is in it.

    Every clip of the corpus has a label, so clips on which all raters disagreed are not among them:
    the agreement on clips as they come is lower.

    Raises:
        Inapplicable: No clip tells what single raters said, or none has two who can be compared.
    """

    people = True
    meaning = "one rater against what most of the others said, where they agree (n: opinions)"

    def __init__(self, clips: Sequence[Clip], classes: Sequence[str]) -> None:
        self.classes = classes
        if not any(votes(clip) for clip in clips):
            raise Inapplicable(f"no clip says what single raters said ({RATED}RATER)")
        if not any(True for clip in clips for _ in self._opinions(clip)):
            raise Inapplicable("there is no rater whose fellow raters agree on a class")

    def __call__(self, _: Sequence[Clip], test: Sequence[Clip], /) -> Guess:
        """Every opinion on the test clips; people learn nothing from the training clips."""
        found = [opinion for clip in test for opinion in self._opinions(clip)]
        labels = np.array([self.classes.index(name) for name, _ in found], np.int64)
        right = np.array([share for _, share in found], np.float64)
        return Guess(labels, right, np.ones(len(found), np.bool_))

    def _opinions(self, clip: Clip) -> Iterator[tuple[str, float]]:
        """Per rater, what most others said and how right the rater is."""
        everyone = votes(clip)
        for rater, said in everyone.items():
            others = Counter(
                name for other, names in everyone.items() if other != rater for name in names
            )
            first = others.most_common(2)
            alone = len(first) == 1 or (len(first) == 2 and first[0][1] > first[1][1])
            if alone and first[0][0] in self.classes:
                most = first[0][0]
                yield most, (most in said) / len(said)


def votes(clip: Clip) -> Mapping[str, tuple[str, ...]]:
    """What each rater said, one or several emotions."""
    return {
        key.removeprefix(RATED): tuple(dict.fromkeys(str(said).split("|")))
        for key, said in clip.labels.items()
        if key.startswith(RATED) and str(said)
    }
