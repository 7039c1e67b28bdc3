"""A corpus of a few words per clip, with something to look up beside them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mertk.contracts import Card, Clip, Fold, Stream

WORDS = {"ang": "no stop never", "hap": "yes great fun", "neu": "well so then"}


class Corpus:
    """Four speakers in two folds, six clips of each class.

    Args:
        root: Where it lies; nothing is read there.
        fewer: Leave the last clip out, so that the protocol is another.
        wordless: Clips without words.
    """

    def __init__(
        self, root: Path = Path("here"), fewer: bool = False, wordless: list[str] | None = None
    ) -> None:
        self.fewer, self.wordless = fewer, wordless or []

    @property
    def card(self) -> Card:
        return Card("toy corpus", tuple(WORDS), "none", "nobody", "it is generated", synthetic=True)

    def clips(self) -> list[Clip]:
        made = [
            Clip(f"s{s}_{name}_{i}", {"emotion": name}, f"s{s}", text=f"{said} take {i}")
            for s in range(4)
            for name, said in WORDS.items()
            for i in range(6)
        ]
        made = [Clip(c.id, c.labels, c.speaker) if c.id in self.wordless else c for c in made]
        return made[:-1] if self.fewer else made

    def folds(self) -> list[Fold]:
        ids = {c.id: c.speaker for c in self.clips()}
        tests = [{i for i, s in ids.items() if s in pair} for pair in (("s0", "s1"), ("s2", "s3"))]
        return [
            Fold(f"fold{n + 1}", frozenset(ids.keys() - test), frozenset(test))
            for n, test in enumerate(tests)
        ]


class Letters:
    """How often each letter stands in each word.

    Args:
        log: A file that gets one line per clip read, so that a test can count.
    """

    modality = "text"
    version = "1"
    digest = ""
    dim = 26

    def __init__(self, log: Path | None = None) -> None:
        self.log = log

    def load(self, clip: Clip) -> NDArray[np.float32]:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{clip.id}\n")
        words = (clip.text or "").split()
        counts = [[word.count(chr(97 + i)) for i in range(26)] for word in words]
        return np.asarray(counts, np.float32).reshape(len(words), 26)

    def __call__(self, stream: Stream) -> Stream:
        return stream


class Looked:
    """Features of a clip, looked up by its id."""

    modality = "features"
    version = "1"
    digest = ""
    dim = 3

    def load(self, clip: Clip) -> NDArray[np.float32]:
        index = list(WORDS).index(clip.id.split("_")[1])
        noise = np.random.default_rng(sum(clip.id.encode())).normal(size=(1, 3))
        return (np.eye(3)[[index]] + 0.6 * noise).astype(np.float32)

    def __call__(self, stream: Stream) -> Stream:
        return stream
