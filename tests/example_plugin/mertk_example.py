"""For mertk: an encoder (loudness), a fusion (a gated sum) and an auxiliary task (agreement)."""

import numpy as np
import torch
from torch import nn

from mertk import contracts, hookspecs, media


@hookspecs.hookimpl
def register_encoders(register):
    register("energy", "mertk_example:Energy", summary="log energy, 25 steps a second")


@hookspecs.hookimpl
def register_fusions(register):
    register("gated_sum", "mertk_example:GatedSum", summary="own average + gate * all averages")


@hookspecs.hookimpl
def register_tasks(register):
    register("agreement", "mertk_example:Agreement", summary="variance between fused vectors")


class Energy:
    modality, version, dim, digest = "audio", "1", 1, ""

    def load(self, clip):
        sound = media.sound(clip.media["audio"], 16000) if "audio" in clip.media else np.zeros(0)
        frames = np.pad(sound, (0, -len(sound) % 640)).reshape(-1, 640)
        return np.log(np.square(frames).mean(1, keepdims=True) + 1e-6).astype(np.float32)

    def __call__(self, stream):
        return stream


class GatedSum(nn.Module):
    """Each stream's average, projected, plus a gated sum of all of them.
    Args:
        dims: Channels of the encoders by stream name.
        width: Channels of the fused vectors."""

    def __init__(self, dims: dict[str, int], width: int = 32):
        super().__init__()
        self.dims = dict.fromkeys(dims, width)
        self.project = nn.ModuleDict({name: nn.Linear(dim, width) for name, dim in dims.items()})
        self.gate = nn.Linear(width, width)

    def forward(self, streams):
        own = {name: self.project[name](streams[name].mean()) for name in self.dims}
        return {name: v + self.gate(v).sigmoid() * sum(own.values()) for name, v in own.items()}


class Agreement(nn.Module):
    requires, provides = (), ()

    def forward(self, step):
        return contracts.Loss(torch.stack(list(step.fused.values())).var(0, unbiased=False).mean())
