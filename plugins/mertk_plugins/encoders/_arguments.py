"""Arguments that several encoders take, each with its meaning: `mertk show` tells it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field

SMALL: Final[Mapping[str, int]] = MappingProxyType(
    {"channels": 64, "layers": 2, "heads": 4, "image_size": 32, "patch": 8, "projection": 64}
)
"""Sizes of a model without weights where the recipe leaves them out."""


def _said(meaning: str) -> Any:
    return Field(description=meaning)


def _size(name: str, what: str) -> Any:
    return _said(f"With `checkpoint: none`: {what}; {SMALL[name]} where left out.")


Checkpoint = Annotated[
    str,
    _said(
        "Hub id (`owner/name`, `owner/name@revision`), folder in the hub's layout, or `none` for a "
        "small model with random weights."
    ),
]
Layer = Annotated[
    int | None,
    _said(
        "Hidden state to give: None the last, k what comes out of transformer layer k, 0 what goes "
        "into the first, negative from the end. Layers above it are not run."
    ),
]
Seed = Annotated[
    int | None,
    _said(
        "With `checkpoint: none`: what its weights are drawn from. Where left out, every trial's "
        "own seed if it is trained, and 0 if it is frozen."
    ),
]
TrialSeed = Annotated[
    int | None, _said("Where it is trained: what stands for a `seed` that is left out.")
]
Channels = Annotated[int | None, _size("channels", "width of its layers")]
Layers = Annotated[int | None, _size("layers", "its transformer layers")]
Heads = Annotated[int | None, _size("heads", "its attention heads")]
ImageSize = Annotated[int | None, _size("image_size", "side of its square input")]
Patch = Annotated[int | None, _size("patch", "side of its patches")]
Projection = Annotated[int | None, _size("projection", "its output channels C")]

SoundSeconds = Annotated[
    float | None, _said("Sound is cut to its first so many seconds; None keeps all of it.")
]
StepsPerSecond = Annotated[
    float | None, _said("Average neighbouring steps to this rate; None keeps the encoder's own.")
]

MaxFrames = Annotated[int | None, _said("Frames at most; None takes all.")]
FramesPerSecond = Annotated[
    float | None, _said("Frames per second, the nearest ones; None takes every frame.")
]
VideoSeconds = Annotated[
    float | None, _said("Only the clip's first so many seconds; None takes all of it.")
]
Sampling = Annotated[
    Literal["first", "even"],
    _said(
        "Where a clip has more than `max_frames`: its `first` ones, or as many spread evenly "
        "(`even`; the clip is decoded twice)."
    ),
]
Chunk = Annotated[
    int, _said("Frames that are in the model at once; lower it where memory is short.")
]
