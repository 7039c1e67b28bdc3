"""Simulated predictions on corpora of the shape of RAVDESS and IEMOCAP, with a known true UA.

A clip is right where a sum of normal effects is positive:

    level + speaker + speaker x class + system x speaker + fit + fit x class + clip + chance

Everything but the level is new in every simulation. There is one fit per fold and seed, and clip
and chance together have variance 1, so the true UA is Phi(level / deviation of the sum).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Scores = NDArray[np.float32]

FITS = {"none": (0.0, 0.0), "small": (0.05, 0.1), "large": (0.2, 0.3)}
"""Spread of `fit` and `fit x class`. Small is about what fits of `null_ravdess.py` show."""

RAVDESS = ((1, 11, 20, 21), (4, 10, 12, 14), (8, 9, 19, 23), (3, 5, 7, 24), (2, 15, 16, 18))
IEMOCAP = (  # per session: angry, happy, neutral, sad; the female speaker's clips; dialogues
    ((229, 278, 384, 194), 528, 28),
    ((137, 327, 362, 197), 481, 30),
    ((240, 286, 320, 305), 522, 32),
    ((327, 303, 258, 143), 528, 30),
    ((170, 442, 384, 245), 590, 31),
)


FOLD_OF_ACTOR = np.full(24, len(RAVDESS))
"""[24] of the RAVDESS actors, in their order."""
for _number, _actors in enumerate(RAVDESS):
    FOLD_OF_ACTOR[np.array(_actors) - 1] = _number


@dataclass(frozen=True, eq=False)
class Corpus:
    """[B] each, from 0."""

    labels: Ints
    speaker: Ints
    dialogue: Ints
    fold: Ints


def _ravdess() -> Corpus:
    labels, actor = np.repeat(np.arange(8), [4] + [8] * 7), np.repeat(np.arange(24), 60)
    return Corpus(np.tile(labels, 24), actor, actor, FOLD_OF_ACTOR[actor])


def _iemocap() -> Corpus:
    """Numbers of clips as published; who says which, and in which dialogue, is drawn once."""
    random = np.random.default_rng(0)
    sessions = []
    for session, (counts, female, dialogues) in enumerate(IEMOCAP):
        labels = random.permutation(np.repeat(np.arange(4), counts))
        speaker = 2 * session + (np.arange(len(labels)) >= female)
        dialogue = 100 * session + random.integers(dialogues, size=len(labels))
        sessions.append((labels, speaker, dialogue, np.full(len(labels), session)))
    return Corpus(*(np.concatenate(column) for column in zip(*sessions, strict=True)))


CORPORA = {"ravdess": _ravdess(), "iemocap": _iemocap()}


@dataclass(frozen=True)
class World:
    """What is simulated.

    Args:
        corpus: Of CORPORA.
        seeds: Fits per fold.
        fits: Of FITS.
        one_fold: One fit per seed scores all clips, as with a published test part.
        kin: Share of a fit's variance that all folds of a seed have in common.
        own: Spread of system x speaker; 0 where systems are copies.
    """

    corpus: str
    seeds: int
    fits: str
    one_fold: bool = False
    kin: float = 0.0
    own: float = 0.0
    accuracy: float = 0.7
    speaker: float = 0.35
    speaker_class: float = 0.45
    clip: float = 0.85

    @property
    def clips(self) -> Corpus:
        return CORPORA[self.corpus]

    @property
    def fold(self) -> Ints:
        return self.clips.fold * (not self.one_fold)

    def draw(self, random: np.random.Generator) -> tuple[Scores, Scores]:
        """[S, B, N] of two systems whose true UA is `accuracy`."""
        clips = self.clips
        classes, speakers = clips.labels.max() + 1, clips.speaker.max() + 1
        spreads = (self.speaker, self.speaker_class, self.own, *FITS[self.fits])
        common = np.full(len(clips.labels), ndtri(self.accuracy) * np.hypot.reduce((1, *spreads)))
        common += self.speaker * random.normal(size=speakers)[clips.speaker]
        by_class = random.normal(size=(speakers, classes))
        common += self.speaker_class * by_class[clips.speaker, clips.labels]
        common += self.clip * random.normal(size=len(common))
        return self._system(common, random), self._system(common, random)

    def _system(self, common: Floats, random: np.random.Generator) -> Scores:
        labels, speaker, fold = self.clips.labels, self.clips.speaker, self.fold
        classes = labels.max() + 1
        own = random.normal(size=(speaker.max() + 1, classes))
        luck = np.sqrt(1 - self.kin) * random.normal(size=(self.seeds, fold.max() + 1, classes + 1))
        luck += np.sqrt(self.kin) * random.normal(size=(self.seeds, 1, classes + 1))
        fit, fit_class = FITS[self.fits]
        total = common + self.own * own[speaker, labels]
        total = total + fit * luck[:, fold, classes] + fit_class * luck[:, fold, labels]
        total += np.sqrt(1 - self.clip**2) * random.normal(size=total.shape)
        wrong = (labels + random.integers(1, classes, size=total.shape)) % classes
        return np.eye(classes, dtype=np.float32)[np.where(total > 0, labels, wrong)]
