"""The protocols of the five kinds, and what a component of each may offer besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from mertk.contracts.clips import Card, Clip, Fold, TargetKind
from mertk.contracts.pretraining import Pretraining
from mertk.contracts.steps import Loss, Step, Stream, Streams, Vectors

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@runtime_checkable
class Sparing(Protocol):
    """A component of any kind that tells which of its arguments others of them switch off.

    `mertk check` refuses a recipe that gives such an argument a value.
    """

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], place: Mapping[str, Any], /) -> Mapping[str, str]:
        """Names of the arguments whose values cannot matter, each with the reason and the way out.

        Args:
            arguments: All of them, as JSON has them, defaults included.
            place: What the recipe says around them: `streams`, the names of all; `train` of an
                encoder, `weight` of a task.
        """


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
class Declaring(Protocol):
    """An encoder that says what its weights were made from, before it is built."""

    @classmethod
    def pretraining(cls, arguments: Mapping[str, Any], /) -> Pretraining:
        """What an encoder with these arguments was pre-trained on, as far as published.

        Args:
            arguments: All of them, as JSON has them, defaults included.
        """


@runtime_checkable
class Foreseeing(Protocol):
    """An encoder that tells how long its output will be: a run then tells what it will store."""

    def steps_in(self, seconds: float, /) -> float | None:
        """About how many steps it gives for a clip of that length; None where nobody can tell."""


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


@runtime_checkable
class PartedEncoder(Protocol):
    """An encoder whose steps do not see each other, so that a clip can be encoded part by part.

    What it gives for the parts of a clip, side by side, is what it gives for the clip. A long clip
    of a frozen encoder is then never in memory as a whole.
    """

    def parts(self, clip: Clip) -> Iterator[np.ndarray[Any, Any]]:
        """What `load` reads, as one or more arrays [T, ...] that are read when they are taken.

        Raises:
            MediaError: The media cannot be read; perhaps only behind some parts.
        """


@runtime_checkable
class Recomputing(Protocol):
    """An encoder that, where it is trained, can compute activations again instead of keeping them.

    It then takes about a third longer, in a fraction of the memory, and gives the same numbers.
    """

    def checkpoint_activations(self) -> None:
        """Do so from now on.

        Raises:
            ValueError: This one cannot.
        """


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
class Attending(Fusion, Protocol):
    """A fusion that can show what its streams attend to: reports draw it."""

    def attention(self, streams: Streams) -> Mapping[tuple[str, str], Tensor]:
        """Weights [B, T, T'] by (stream, other): how much each step looks at each of the other's.

        They sum to 1 over the real steps of the other stream.
        """


@runtime_checkable
class AuxiliaryTask(Protocol):
    """A training loss besides the emotion loss. A `torch.nn.Module`.

    A class attribute `targets` names the kinds of target that it works with (see `targets_of`).
    The constructor receives `dims` (the encoders' channels), `fused_dims` (the fusion's) and
    `num_classes` where it names them.

    Attributes:
        requires: Names in `Step.shared` it needs.
        provides: Names it puts there. What is shared as {(first, second): [B, B]}, numbers about
            clips of one stream and clips of another, is drawn in reports.
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
        """Every clip of the protocol; each carries in `labels` what `card.target` asks for.

        Raises:
            CorpusError: Nothing usable lies where it was looked for.
        """

    def folds(self) -> Sequence[Fold]:
        """The folds; no clip and no speaker stands in both `train` and `test`."""


@runtime_checkable
class Metric(Protocol):
    """One number from predictions. What it may offer besides: `KnowsChance`, `Counting`, `Bounded`.

    A class attribute `targets` names the kinds of target that it takes (see `targets_of`). A
    constructor that names `outputs` receives the names of the N outputs, in order.

    Attributes:
        higher_is_better: How epochs and systems are ranked.
    """

    higher_is_better: bool

    def __call__(self, labels: np.ndarray[Any, Any], scores: np.ndarray[Any, Any]) -> float:
        """The score of [B] class indices against [B, N] scores; of [B, N] for other targets.

        Of classes, scores are probabilities, 0 to 1, that sum to 1 for each clip; the largest wins.
        Of dimensions, labels and scores are in the units of the ratings; of labels, scores are the
        probability of each, and labels 1 or 0. A label that is NaN was not rated and does not
        count.
        """


def targets_of(component: object) -> tuple[TargetKind, ...]:
    """The kinds of target that a metric or task works with: its `targets`; classes without it."""
    targets: tuple[TargetKind, ...] = getattr(component, "targets", ("classes",))
    return targets


@runtime_checkable
class KnowsChance(Metric, Protocol):
    """A metric that may say what guessing comes to, which tables then tell.

    Only one for which it is the same whatever is guessed and however large the classes are.
    """

    def chance(self, num_classes: int) -> float:
        """The expected score of predictions that do not depend on the clip; each class occurs."""


@runtime_checkable
class Counting(Metric, Protocol):
    """A metric that needs no more than the confusion matrix: intervals take milliseconds then."""

    def from_confusion(self, counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Scores [...] of [..., N, N] counts, rows being labels and columns predictions."""


@runtime_checkable
class Bounded(Metric, Protocol):
    """A metric that never lies beyond two numbers: intervals end there.

    Attributes:
        bounds: Low and high; infinite where there is none.
    """

    bounds: tuple[float, float]
