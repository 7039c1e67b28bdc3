"""Do test clips say what training clips say?

Then what a model learned from words may be the script. Words are compared without case,
punctuation and typographic quotes.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from scipy import sparse

from mertk.doctor.findings import Examined, Finding

WORDS: Final = 4
"""Shorter texts are not compared: whoever talks says "yes" and "I don't know", and such a text
tells nothing about where it was said."""
ALIKE: Final = 0.85
"""Dice coefficient of two sets of words from which they are nearly the same: twice the common words
over both sizes. One word more among four (8/9) or another one among seven (6/7) are; another one
among six (5/6) is not."""
_PAIRS: Final = 1 << 22  # of texts compared at a time

# A character of Chinese or Japanese counts as a word: there are no spaces to tell.
_WORD: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]|(?:(?![\u3040-\u30ff\u3400-\u9fff])[^\W_])+(?:'[^\W_]+)*"
)

Words = tuple[str, ...]


def same_text(examined: Examined) -> Iterator[Finding]:
    """A text that clips of some fold's train and test share."""
    for clips in _by_words(examined).values():
        if len(clips) > 1 and (tested := examined.leaked(clips, clips)):
            yield Finding(f"{len(tested)} of them test where others of them train", tuple(clips))


def near_text(examined: Examined) -> Iterator[Finding]:
    """Two texts, nearly the same, one in some fold's train and the other in its test."""
    clips = _by_words(examined)
    texts = list(clips)
    for a, b, alike in _alike([frozenset(words) for words in texts]):
        one, other = clips[texts[a]], clips[texts[b]]
        if examined.leaked(one, other) or examined.leaked(other, one):
            yield Finding(f"{alike:.0%} of their words are the same", (*one, *other))


def words(text: str) -> Words:
    """The words of a text, in order."""
    plain = unicodedata.normalize("NFKC", text).replace("\u2019", "'").casefold()
    return tuple(_WORD.findall(plain))


def _by_words(examined: Examined) -> Mapping[Words, list[str]]:
    clips: dict[Words, list[str]] = defaultdict(list)
    for clip in examined.corpus.clips:
        said = words(clip.text or "")
        if len(said) >= WORDS:
            clips[said].append(clip.id)
    return clips


def _alike(texts: Sequence[frozenset[str]]) -> Iterator[tuple[int, int, float]]:
    """Every pair of sets whose Dice coefficient is at least `ALIKE`, with it.

    Common words are counted by products of sparse matrices [texts, words].
    """
    if not texts:
        return
    known = {word: i for i, word in enumerate(sorted(frozenset().union(*texts)))}
    sizes = np.array([len(text) for text in texts])
    columns = [known[word] for text in texts for word in text]
    places = np.concatenate([[0], np.cumsum(sizes)])
    has = sparse.csr_array(
        (np.ones(len(columns), np.float32), columns, places), shape=(len(texts), len(known))
    )
    step = max(1, _PAIRS // len(texts))
    for first in range(0, len(texts), step):
        common = (has[first : first + step] @ has.T).tocoo()
        rows, others = common.row + first, common.col
        alike = 2 * common.data / (sizes[rows] + sizes[others])
        for i in np.flatnonzero((alike >= ALIKE) & (others > rows)):
            yield int(rows[i]), int(others[i]), float(alike[i])
