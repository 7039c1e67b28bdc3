"""What a corpus is made of: clips with their media, folds, and a card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Label = str | float
TargetKind = Literal["classes", "dimensions", "labels"]
"""What is predicted of a clip: one of several classes, a number on each of several dimensions, or
any number of several labels at once."""


@dataclass(frozen=True)
class Alteration:
    """Something done to media after they are decoded, to see what a model makes of it.

    Args:
        what: One of those that `mertk.media` knows, such as `noise`.
        level: How much of it, in the unit that it has there.
        seed: Of what is drawn, 0 or more.
    """

    what: str
    level: float
    seed: int = 0


@dataclass(frozen=True)
class MediaRef:
    """The part of a media file that belongs to one clip.

    Args:
        path: The file.
        start: Where the clip begins in it, seconds.
        end: Where it ends, seconds; None means the end of the file.
        crop: Part of the picture as fractions of its size: left, top, right, bottom.
        alter: What is done to it after it is decoded, in this order; datasets leave it empty.
    """

    path: Path
    start: float = 0.0
    end: float | None = None
    crop: tuple[float, float, float, float] | None = None
    alter: tuple[Alteration, ...] = ()


@dataclass(frozen=True)
class Clip:
    """One labelled utterance with its media.

    Args:
        id: Unique in its corpus.
        labels: What is known about it: what its card's `target` asks for, and anything else that
            was rated. Where classes are predicted, `emotion` is one of them. Where dimensions are,
            there is a number by the name of each; where labels are, 1 or 0 by the name of each;
            what is absent, or NaN, was not rated.
            What single raters said has the key `<what>:<rater>`, for example `emotion:E2`: names
            as classes are called, several joined with `|`; `self:<what>:<rater>` is what those who
            are seen or heard said of themselves.
        speaker: Who talks, '' where nobody knows; folds and validation keep speakers apart.
        group: Other things clips share, such as `session`, `dialogue`, `scenario` or `gender`.
        media: Modality -> where its media lies; a modality that is absent is missing.
        text: What is said, where known.
    """

    id: str
    labels: Mapping[str, Label]
    speaker: str
    group: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[str, MediaRef] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True)
class Fold:
    """Which clips train, which choose the epoch, which are scored.

    Args:
        name: Short and unique in the dataset, for example `session1`.
        train: Clip ids.
        test: Clip ids.
        valid: Clip ids, where the corpus publishes a validation part; otherwise the recipe's
            selection rule carves one out of `train`.
    """

    name: str
    train: frozenset[str]
    test: frozenset[str]
    valid: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Card:
    """What a reader must know about a corpus before believing a number made from it.

    Args:
        title: Its full name.
        classes: The names of what is predicted, in the order of the model's outputs: emotion
            classes, dimensions or labels.
        licence: Under which terms it may be used.
        citation: Whom to cite.
        how_to_get: One sentence that tells where to ask for it.
        synthetic: True where the clips are generated: results say nothing about real emotion.
        corpus: The name it goes by, such as `IEMOCAP`, by which it is found among the corpora that
            encoders were pre-trained on; '' where it has none.
        target: What is predicted of a clip. A dataset that predicts anything but classes takes it
            as its argument `target`, or has an attribute of that name, so that a recipe can be
            checked without opening the corpus.
    """

    title: str
    classes: tuple[str, ...]
    licence: str
    citation: str
    how_to_get: str
    synthetic: bool = False
    corpus: str = ""
    target: TargetKind = "classes"
