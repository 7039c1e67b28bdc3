"""The words of the house as types: what the core and the plugins say to each other.

Shapes: B clips, T steps, C channels, N classes. Nothing here imports torch at run time, so that a
plugin's module list can be read without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

Label = str | float


@dataclass(frozen=True)
class MediaRef:
    """The part of a media file that belongs to one clip.

    Args:
        path: The file.
        start: Where the clip begins in it, seconds.
        end: Where it ends, seconds; None means the end of the file.
        crop: Part of the picture as fractions of its size: left, top, right, bottom.
    """

    path: Path
    start: float = 0.0
    end: float | None = None
    crop: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Clip:
    """One labelled utterance with its media.

    Args:
        id: Unique in its corpus.
        labels: What is known about it: `emotion` (a class name) and anything else that was rated.
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
        classes: The emotion classes in the order of the class indices.
        licence: Under which terms it may be used.
        citation: Whom to cite.
        how_to_get: One sentence that tells where to ask for it.
        synthetic: True where the clips are generated: results say nothing about real emotion.
    """

    title: str
    classes: tuple[str, ...]
    licence: str
    citation: str
    how_to_get: str
    synthetic: bool = False


@dataclass(frozen=True)
class Stream:
    """A padded batch of sequences of one modality.

    Args:
        x: [B, T, C] encoded, or [B, T, ...] as loaded; 0 where padded.
        mask: [B, T] bool, True where a step is real. A row without any real step is a clip that
            lacks this modality.
    """

    x: Tensor
    mask: Tensor

    def __getitem__(self, rows: Tensor) -> Stream:
        """The same batch with other rows, `rows` being [B] indices or a [B] bool mask."""
        return Stream(self.x[rows], self.mask[rows])

    def mean(self) -> Tensor:
        """Average over the real steps: [B, C]; 0 where there are none."""
        weight = self.mask.unsqueeze(-1).to(self.x.dtype)
        return (self.x * weight).sum(1) / weight.sum(1).clamp(min=1)

    def to(self, device: torch.device | str) -> Stream:
        """The same batch on another device."""
        return Stream(self.x.to(device, non_blocking=True), self.mask.to(device, non_blocking=True))


Streams = Mapping[str, Stream]
Vectors = Mapping[str, "Tensor"]


@dataclass(frozen=True)
class Step:
    """What an auxiliary task sees of one training step.

    Args:
        streams: Encoded streams by name.
        fused: The fusion's vectors by stream name, [B, dims].
        labels: [B] class indices.
        fuse: Runs the fusion again on other streams.
        fuse_with: Runs it again on re-paired clips. Given, per stream, the [B] rows whose *other*
            streams each clip meets, returns for each named stream its vectors [B, dims]. Fusions
            that offer `prepare` do this without projecting anything twice.
        shared: What earlier tasks of this step gave away, by name.
    """

    streams: Streams
    fused: Vectors
    labels: Tensor
    fuse: Callable[[Streams], Vectors]
    fuse_with: Callable[[Mapping[str, Tensor]], Vectors]
    shared: Mapping[str, Any]


@dataclass(frozen=True)
class Loss:
    """What an auxiliary task returns.

    Args:
        value: A scalar; the recipe's `weight` is applied by the core.
        shared: What later tasks may use, by the names the task `provides`.
    """

    value: Tensor
    shared: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Encoder(Protocol):
    """Media of one modality -> a sequence of vectors.

    A frozen encoder runs once per clip and its output is kept on disk; a trained one must be a
    `torch.nn.Module` and lives in the model. `load` is called from several threads at once. An
    encoder that looks clips up by id has the modality `features`: for any other, clips with the
    same media (or text) share one sequence.

    Building it again with the same arguments gives the same encoder, whatever torch's generator is
    at. A constructor that names `trial_seed` receives, where the encoder is trained, a seed that
    follows from the trial's; where it is frozen, the same for all trials, it receives none.

    Attributes:
        modality: The key of `Clip.media` it reads, or `text`.
        dim: Channels of its output.
        version: Changed whenever the same arguments give other numbers.
        digest: What its output depends on beyond arguments and media (weights, tables); may be ''.
    """

    modality: str
    version: str

    @property
    def dim(self) -> int: ...  # noqa: D102

    @property
    def digest(self) -> str: ...  # noqa: D102

    def load(self, clip: Clip) -> np.ndarray[Any, Any]:
        """Read one clip: [T, ...] on the CPU; [0, ...] where the clip lacks the modality.

        What is not empty must encode to at least one step: pad a clip that is too short.

        Raises:
            MediaError: The media cannot be read.
        """

    def __call__(self, stream: Stream) -> Stream:
        """Encode what `load` read, padded: [B, T, ...] -> [B, T', C]."""


@runtime_checkable
class FrontedEncoder(Encoder, Protocol):
    """An encoder whose first part stays as it is while the rest is trained.

    `encoder(stream)` is `encoder.back(encoder.front(stream))`. Where such an encoder is trained and
    `frozen_front` is true, the front runs once per clip, its output is kept on disk, and the model
    starts from there: an epoch costs the back alone.

    Attributes:
        frozen_front: Whether this one's front is fixed: no gradient, no randomness in training, and
            the same whatever the trial's seed.
    """

    frozen_front: bool

    def front(self, stream: Stream) -> Stream:
        """[B, T, ...] as loaded -> [B, T', C']."""

    def back(self, stream: Stream) -> Stream:
        """[B, T', C'] -> [B, T'', C]."""


def has_frozen_front(encoder: object) -> bool:
    """Whether training can start from what the encoder's front gave."""
    return isinstance(encoder, FrontedEncoder) and encoder.frozen_front


@runtime_checkable
class Fusion(Protocol):
    """Streams -> one vector per stream. A `torch.nn.Module`.

    The constructor receives `dims`, the encoders' channels by stream name. A fusion that can
    re-pair cheaply also offers `prepare(streams) -> prepared` and
    `fuse(prepared, partners: Mapping[str, Tensor] | None) -> vectors`; any fusion works without.

    Attributes:
        dims: Channels of its vectors by stream name.
    """

    dims: Mapping[str, int]

    def __call__(self, streams: Streams) -> Vectors:
        """Fuse {name: [B, T, C]} into {name: [B, dims[name]]}."""


@runtime_checkable
class AuxiliaryTask(Protocol):
    """A training loss besides the emotion loss. A `torch.nn.Module`.

    The constructor receives `dims` (the encoders' channels), `fused_dims` (the fusion's) and
    `num_classes` where it names them.

    Attributes:
        requires: Names in `Step.shared` it needs.
        provides: Names it puts there.
    """

    requires: tuple[str, ...]
    provides: tuple[str, ...]

    def __call__(self, step: Step) -> Loss:
        """The loss of one training step."""


@runtime_checkable
class DatasetSource(Protocol):
    """A corpus: its clips and the folds they are scored in.

    An argument typed `pathlib.Path` says where things lie and does not enter fingerprints. What it
    may offer `mertk doctor` besides (published counts ...) stands in `mertk.published`.
    """

    @property
    def card(self) -> Card: ...  # noqa: D102

    def clips(self) -> Sequence[Clip]:
        """Every clip of the protocol; each carries `labels['emotion']`, one of `card.classes`.

        Raises:
            CorpusError: Nothing usable lies where it was looked for.
        """

    def folds(self) -> Sequence[Fold]:
        """The folds; no clip and no speaker stands in both `train` and `test`."""


@runtime_checkable
class Metric(Protocol):
    """One number from predictions.

    A metric that needs no more than the confusion matrix may also offer
    `from_confusion(counts: [..., N, N]) -> [...]`, rows being labels and columns predictions:
    its intervals then take milliseconds. One with `bounds`, (low, high), never lies beyond them.

    Attributes:
        higher_is_better: How epochs and systems are ranked.
    """

    higher_is_better: bool

    def __call__(self, labels: np.ndarray[Any, Any], scores: np.ndarray[Any, Any]) -> float:
        """The score of [B] class indices against [B, N] scores.

        Scores are class probabilities, 0 to 1, that sum to 1 for each clip; the largest wins.
        """


@runtime_checkable
class KnowsChance(Protocol):
    """A metric that may say what guessing comes to, which tables then tell.

    Only one for which it is the same whatever is guessed and however large the classes are.
    """

    def chance(self, num_classes: int) -> float:
        """The expected score of predictions that do not depend on the clip; each class occurs."""
