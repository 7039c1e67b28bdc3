"""Whether encoders notice what is done to clips: one that opens files itself would not."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import numpy as np

from mertk.contracts import Clip, Encoder
from mertk.errors import MediaError
from mertk.robustness.choice import Inapplicable
from mertk.robustness.condition import Condition

TRIED: Final = 3
"""Clips that are tried: one may be silent, or a still."""


def unnoticed(
    conditions: Sequence[Condition], encoders: Mapping[str, Encoder], clips: Sequence[Clip]
) -> Iterator[Inapplicable]:
    """The conditions whose most severe level leaves what some stream loads as it was.

    A curve that is flat for that reason says nothing of the model.

    Args:
        conditions: Those that apply as far as the recipe tells.
        encoders: By stream.
        clips: Those that are scored.
    """
    for condition in conditions:
        deaf = [s for s, e in encoders.items() if _deaf(condition, e, clips)]
        if deaf:
            told = ", ".join(deaf)
            yield Inapplicable(
                condition.name,
                f"what {told} loads stays the same; its encoder must read by mertk.media, which "
                "does what a clip asks for",
            )


def _deaf(condition: Condition, encoder: Encoder, clips: Sequence[Clip]) -> bool:
    if encoder.modality not in condition.alters:
        return False
    pairs = ((clip, condition.alter(clip, condition.levels[-1])) for clip in clips)
    changed = list(islice(((one, other) for one, other in pairs if one != other), TRIED))
    return bool(changed) and not any(_differ(encoder, *pair) for pair in changed)


def _differ(encoder: Encoder, clip: Clip, altered: Clip) -> bool:
    try:
        return not np.array_equal(encoder.load(clip), encoder.load(altered))
    except MediaError:  # whoever reads all clips tells it by name
        return True
