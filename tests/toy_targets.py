"""A corpus like `tests.toy_parts.Corpus`, of which numbers or several labels are predicted."""

from dataclasses import replace
from typing import Literal

import numpy as np

from mertk.contracts import Card, Clip
from tests.toy_parts import Corpus

DIMENSIONS = ("valence", "arousal", "dominance")
RATED = {"ang": (1.5, 4.5, 4.0), "hap": (4.5, 4.0, 3.5), "neu": (3.0, 2.5, 3.0), "sad": (2, 1.5, 2)}
LABELS = ("unpleasant", "aroused")
SHOWS = {"ang": (1, 1), "hap": (0, 1), "neu": (0, 0), "sad": (1, 0)}


class Rated(Corpus):
    """The same clips; dominance is rated on three of four only.

    Args:
        target: What is predicted.
        constant: Rate everything alike on this dimension.
    """

    def __init__(
        self,
        target: Literal["dimensions", "labels"] = "dimensions",
        constant: str | None = None,
    ) -> None:
        super().__init__()
        self.target, self.constant = target, constant

    @property
    def card(self) -> Card:
        names = DIMENSIONS if self.target == "dimensions" else LABELS
        return replace(super().card, classes=names, target=self.target)

    def clips(self) -> list[Clip]:
        rng = np.random.default_rng(1)
        made = []
        for clip in super().clips():
            emotion = str(clip.labels["emotion"])
            if self.target == "labels":
                labels = dict(zip(LABELS, map(float, SHOWS[emotion]), strict=True))
            else:
                values = np.array(RATED[emotion]) + 0.2 * rng.normal(size=3)
                labels = dict(zip(DIMENSIONS, values.tolist(), strict=True))
                if self.constant:
                    labels[self.constant] = 3.0
                if clip.id.endswith("_3"):
                    del labels["dominance"]
            made.append(replace(clip, labels=labels))
        return made


class Contradicting(Rated):
    """Its argument says dimensions, its card labels."""

    @property
    def card(self) -> Card:
        return replace(super().card, target="labels")


class Unrated(Rated):
    """Only dominance is predicted, which nobody rated on one clip of four."""

    target = "dimensions"

    def __init__(self) -> None:
        super().__init__()

    @property
    def card(self) -> Card:
        return replace(super().card, classes=("dominance",))
