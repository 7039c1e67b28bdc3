"""Run an encoder in a test."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mertk.contracts import Clip, Stream
from mertk.encode import pad


def evaluating(encoder: Any) -> Any:
    """The encoder, in evaluation mode where it has one."""
    return encoder.eval() if isinstance(encoder, nn.Module) else encoder


def encode(encoder: Any, clips: Sequence[Clip]) -> Stream:
    """What it makes of clips, as one batch."""
    return run(encoder, pad([encoder.load(clip) for clip in clips]))


def run(encoder: Any, stream: Stream) -> Stream:
    """What it makes of a batch."""
    with torch.inference_mode():
        out: Stream = encoder(stream)
    return out


def real_steps(out: Stream) -> list[Tensor]:
    """The real steps of each clip."""
    return [x[mask] for x, mask in zip(out.x, out.mask, strict=True)]


def random_states() -> tuple[bytes, str, object]:
    """Where the program's random numbers are."""
    numpy_state = str(np.random.get_state())
    return torch.get_rng_state().numpy().tobytes(), numpy_state, random.getstate()
