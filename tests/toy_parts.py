"""A corpus without media and an encoder that reads it: the core's tests need no decoder."""

import os
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mertk.contracts import Card, Clip, Fold, Stream
from mertk.errors import MediaError

CLASSES = ("ang", "hap", "neu", "sad")


class Corpus:
    """Clips whose text spells their features: what a class looks like, plus noise.

    Args:
        speakers: How many, in as many folds as there are pairs of them.
        per_class: Clips of each class and speaker.
        noise: Spread of the noise.
        unreadable: Ids of clips that cannot be read.
    """

    def __init__(
        self,
        speakers: int = 6,
        per_class: int = 4,
        noise: float = 0.3,
        unreadable: list[str] | None = None,
    ) -> None:
        self.speakers, self.per_class, self.noise = speakers, per_class, noise
        self.unreadable = unreadable or []

    @property
    def card(self) -> Card:
        return Card("toy corpus", CLASSES, "none", "nobody", "it is generated", synthetic=True)

    def clips(self) -> list[Clip]:
        rng = np.random.default_rng(0)
        made = []
        for speaker in range(self.speakers):
            for index, name in enumerate(CLASSES):
                for number in range(self.per_class):
                    clip = f"s{speaker}_{name}_{number}"
                    steps = int(rng.integers(2, 6))
                    x = np.eye(4)[index] + self.noise * rng.normal(size=(steps, 4))
                    text = ";".join(" ".join(f"{v:.4f}" for v in row) for row in x)
                    text = "broken" if clip in self.unreadable else text
                    groups = {"take": str(number)}
                    made.append(Clip(clip, {"emotion": name}, f"s{speaker}", groups, text=text))
        return made

    def folds(self) -> list[Fold]:
        clips = self.clips()
        found = []
        for first in range(0, self.speakers, 2):
            test = {c.id for c in clips if c.speaker in (f"s{first}", f"s{first + 1}")}
            train = frozenset(c.id for c in clips) - test
            found.append(Fold(f"fold{first // 2 + 1}", train, frozenset(test)))
        return found


class Spelled:
    """Reads the features that a text spells.

    Args:
        scale: Multiplies them.
        log: A file that gets one line per clip read, so that a test can count.
    """

    modality = "text"
    version = "1"
    digest = ""
    dim = 4

    def __init__(self, scale: float = 1.0, log: Path | None = None) -> None:
        self.scale, self.log = scale, log

    def load(self, clip: Clip) -> NDArray[np.float32]:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{os.getpid()} {clip.id}\n")
        if clip.text == "broken":
            raise MediaError(f"{clip.id}.wav", "is not a sound file")
        rows = [[float(v) for v in row.split()] for row in (clip.text or "").split(";")]
        return np.asarray(rows, np.float32) * self.scale

    def __call__(self, stream: Stream) -> Stream:
        return stream


class Trained(torch.nn.Linear):
    """The same features through a layer that is trained."""

    modality = "text"
    version = "1"
    digest = ""
    dim = 3

    def __init__(self) -> None:
        super().__init__(4, 3)

    def load(self, clip: Clip) -> NDArray[np.float32]:
        return Spelled().load(clip)

    def forward(self, stream: Stream) -> Stream:  # type: ignore[override]
        return Stream(super().forward(stream.x) * stream.mask.unsqueeze(-1), stream.mask)


class Fronted(Trained):
    """A trained encoder whose fixed front doubles what it is given.

    Args:
        frozen: Whether the front counts as fixed.
        log: A file that gets one line per clip that goes through the front.
    """

    def __init__(self, frozen: bool = True, log: Path | None = None) -> None:
        super().__init__()
        self.frozen_front, self.log = frozen, log

    def front(self, stream: Stream) -> Stream:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write("front\n" * len(stream.x))
        return Stream(stream.x * 2, stream.mask)

    def back(self, stream: Stream) -> Stream:
        return super().forward(stream)

    def forward(self, stream: Stream) -> Stream:  # type: ignore[override]
        return self.back(self.front(stream))


class Explodes(torch.nn.Module):
    """An auxiliary task whose loss is not a number."""

    requires = ()
    provides = ()

    def forward(self, step):  # type: ignore[no-untyped-def]
        from mertk.contracts import Loss

        return Loss(next(iter(step.fused.values())).sum() * float("nan"))
