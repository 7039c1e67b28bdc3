"""The words of the house as types: what the core and the plugins say to each other.

Shapes: B clips, T steps, C channels, N classes. Nothing here imports torch at run time, so that a
plugin's module list can be read without it.
"""

from mertk.contracts.clips import Alteration, Card, Clip, Fold, Label, MediaRef, TargetKind
from mertk.contracts.kinds import (
    Attending,
    AuxiliaryTask,
    Bounded,
    Counting,
    DatasetSource,
    Declaring,
    Encoder,
    Foreseeing,
    FrontedEncoder,
    Fusion,
    KnowsChance,
    Metric,
    PartedEncoder,
    Recomputing,
    Sparing,
    has_frozen_front,
    targets_of,
)
from mertk.contracts.pretraining import Pretraining
from mertk.contracts.steps import Loss, Step, Stream, Streams, Vectors

__all__ = [
    "Alteration",
    "Attending",
    "AuxiliaryTask",
    "Bounded",
    "Card",
    "Clip",
    "Counting",
    "DatasetSource",
    "Declaring",
    "Encoder",
    "Fold",
    "Foreseeing",
    "FrontedEncoder",
    "Fusion",
    "KnowsChance",
    "Label",
    "Loss",
    "MediaRef",
    "Metric",
    "PartedEncoder",
    "Pretraining",
    "Recomputing",
    "Sparing",
    "Step",
    "Stream",
    "Streams",
    "TargetKind",
    "Vectors",
    "has_frozen_front",
    "targets_of",
]
