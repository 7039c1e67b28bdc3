"""Arguments of encoders that others of them switch off, each with the reason and the way out."""

from collections.abc import Mapping
from typing import Any

from mertk_plugins.encoders._arguments import SMALL
from mertk_plugins.encoders._hub import NONE


def of_small_models(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Sizes and the seed, which a checkpoint brings itself."""
    if arguments["checkpoint"] == NONE:
        return {}
    why = f"only `checkpoint: {NONE}` takes sizes and a seed; leave it out"
    given = (n for n in ("seed", *SMALL) if arguments.get(n) is not None)
    return dict.fromkeys(given, why)


def of_frames(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Which frames are taken, where all of them are."""
    every = arguments["max_frames"] is None
    return (
        {"sampling": "`max_frames` is null, so every frame is taken; leave it out"} if every else {}
    )
