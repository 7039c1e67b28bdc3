"""Words that are lost or misspelt, as a bad recognizer leaves them."""

import string
from typing import Final

import numpy as np

LETTERS: Final = tuple(string.ascii_lowercase)


def without_words(text: str, share: float, seed: int) -> str:
    """The text without a share of its words, in order; one stays.

    What a higher share leaves, a lower one leaves too.
    """
    words = text.split()
    drawn = np.random.default_rng(seed).random(len(words))
    left = [word for word, lot in zip(words, drawn, strict=True) if lot >= share]
    return " ".join(left) if left or not words else words[int(drawn.argmax())]


def misspelt(text: str, share: float, seed: int) -> str:
    """The text with other letters in place of a share of its characters that are no spaces."""
    random = np.random.default_rng(seed)
    lots, places = random.random(len(text)), random.integers(len(LETTERS) - 1, size=len(text))
    return "".join(
        _other(letter, int(place)) if lot < share and not letter.isspace() else letter
        for letter, lot, place in zip(text, lots, places, strict=True)
    )


def _other(letter: str, place: int) -> str:
    """Another letter than this one."""
    return [other for other in LETTERS if other != letter.lower()][place]
