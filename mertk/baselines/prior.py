"""Draw a class as often as the training clips have it."""

from collections.abc import Sequence

import numpy as np

from mertk.baselines.guess import Guess, indices
from mertk.contracts import Clip


class Prior:
    """A class drawn by its share of the training clips: what chance alone reaches.

    Expected UA is 1 / N whatever the shares; expected WA is above that where classes differ in
    size. Nothing is drawn: the expected score is told.
    """

    people = False
    meaning = "a class drawn as often as training clips have it (its expected score)"

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = classes

    def __call__(self, train: Sequence[Clip], test: Sequence[Clip]) -> Guess:
        """The chance of each test clip's class."""
        own, truth = indices(train, self.classes), indices(test, self.classes)
        shares = np.bincount(own, minlength=len(self.classes)) / len(own)
        return Guess(truth, shares[truth], np.ones(len(truth), np.bool_))
