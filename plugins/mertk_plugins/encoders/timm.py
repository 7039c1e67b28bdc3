"""Image models of timm."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from torch import Tensor

from mertk.contracts import Pretraining
from mertk.errors import did_you_mean
from mertk_plugins._checks import a_count
from mertk_plugins.encoders._arguments import (
    Chunk,
    FramesPerSecond,
    MaxFrames,
    Sampling,
    Seed,
    TrialSeed,
    VideoSeconds,
)
from mertk_plugins.encoders._frames import FrameEncoder, FrameReader, Pixels
from mertk_plugins.encoders._hub import NONE, damaged, find, settings, whole_weights
from mertk_plugins.encoders._pretraining import of_checkpoint, of_tag
from mertk_plugins.encoders._unused import of_frames, of_small_models
from mertk_plugins.encoders._weights import Loaded, digest, loading, obtain

PRETRAINED = "pretrained"


class Timm(FrameEncoder):
    """Any image model of timm: frames -> what goes into its head, one vector per frame.

    Preparation is the model's own, as its weights were evaluated: resizing, crop, mean and
    deviation.

    Source: Wightman, "PyTorch Image Models", doi 10.5281/zenodo.4414861.

    Args:
        model: Name as timm has it, with or without the tag of its weights, for example
            `vit_small_patch14_dinov2.lvd142m`.
        checkpoint: `pretrained` for the weights that timm publishes under that name; a hub id or
            a folder in timm's hub layout (config.json, model.safetensors) for other weights of
            this model; or `none` for random ones.

    Raises:
        ValueError: timm knows no such model, or a number is out of range.
        PluginError: The checkpoint is missing, damaged or another model's.
    """

    version = "1"

    def __init__(
        self,
        model: str,
        checkpoint: str = PRETRAINED,
        max_frames: MaxFrames = 180,
        frames_per_second: FramesPerSecond = None,
        max_seconds: VideoSeconds = None,
        sampling: Sampling = "first",
        chunk: Chunk = 64,
        seed: Seed = None,
        trial_seed: TrialSeed = None,
    ) -> None:
        super().__init__()
        a_count("chunk", chunk)
        self.chunk, self.name = chunk, model
        published = _published(model)
        load, draw = partial(_trained, model, published), partial(_small, model)
        loaded = obtain(checkpoint, load, draw, seed, trial_seed)
        self.model = loaded.model
        self.digest = loaded.digest
        data = loaded.preprocessor
        self.pixels = Pixels(1 / 255, data["mean"], data["std"])
        _, height, width = data["input_size"]
        self.dim = _features(self.model, model, data["input_size"])
        self.frames = FrameReader(
            (height, width),
            partial(_prepare, create_transform(**data, use_prefetcher=True)),
            max_frames,
            frames_per_second,
            max_seconds,
            sampling,
        )

    @classmethod
    def pretraining(cls, arguments: Mapping[str, Any]) -> Pretraining:
        """What its weights were trained on, by the tag that timm gives them."""
        return _declared(str(arguments["model"]), str(arguments["checkpoint"]))

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, str]:
        """The seed beside a checkpoint; the choice among frames where all are taken."""
        return {**of_small_models(arguments), **of_frames(arguments)}

    def checkpoint_activations(self) -> None:
        """Compute what happens within its blocks again when gradients need it.

        Raises:
            ValueError: This model of timm's cannot.
        """
        try:
            self.model.set_grad_checkpointing(True)
        except (AssertionError, AttributeError):
            raise ValueError(
                f"timm cannot do it in {self.name!r}; leave it out, or choose another model"
            ) from None

    def embed(self, frames: Tensor) -> Tensor:
        """Embed some frames [n, 3, H, W] uint8 -> [n, C]."""
        embedded: Tensor = self.model(self.pixels(frames))
        return embedded


def _declared(model: str, checkpoint: str) -> Pretraining:
    if checkpoint != PRETRAINED:
        return of_checkpoint(checkpoint)
    published = timm.get_pretrained_cfg(model, allow_unregistered=True)
    tag = model.partition(".")[2] or str(getattr(published, "tag", None) or "")
    return of_tag(model, tag)


def _prepare(transform: Any, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Resize and crop, and leave normalisation to the device."""
    return np.stack([np.asarray(transform(Image.fromarray(picture))) for picture in pictures])


def _published(model: str) -> Any:
    """What timm says about the weights that it publishes under a name; None without weights.

    Raises:
        ValueError: It knows no such model or weights.
    """
    name, _, tag = model.partition(".")
    if not timm.is_model(name):
        raise ValueError(f"model: timm knows no {name!r}{did_you_mean(name, timm.list_models())}")
    tagged = timm.list_pretrained(f"{name}.*")
    if tag and model not in tagged:
        raise ValueError(
            f"model: timm has no such weights ({model!r}){did_you_mean(model, tagged)}"
        )
    return timm.get_pretrained_cfg(model)


def _small(model: str) -> Loaded:
    built = timm.create_model(model, num_classes=0)
    return Loaded(built, resolve_model_data_config(built))


def _trained(model: str, published: Any, checkpoint: str) -> Loaded:
    if checkpoint == PRETRAINED:
        built = _published_weights(model, published)
    else:
        built = _other_weights(model, checkpoint)
    data = resolve_model_data_config(built)
    return Loaded(built, data, digest(built, str(sorted(data.items()))))


def _published_weights(model: str, published: Any) -> Any:
    hub_id = published and published.hf_hub_id
    if not hub_id:
        raise ValueError(
            f"checkpoint: timm publishes no weights on the hub for {model!r}; "
            f"give a folder or a hub id that holds some, or say `{NONE}`"
        )
    folder = find(hub_id)
    overlay = {"file": str(whole_weights(hub_id, folder)), "custom_load": False}
    with loading(hub_id):
        return _headless(model, pretrained_cfg_overlay=overlay)


def _other_weights(model: str, checkpoint: str) -> Any:
    folder = find(checkpoint)
    said = settings(checkpoint, folder)
    found = said.get("architecture") or said.get("pretrained_cfg", {}).get("architecture")
    if found != model.partition(".")[0]:
        raise damaged(checkpoint, f"it holds {found!r}, but `model` asks for {model!r}")
    with loading(checkpoint):
        return _headless(f"local-dir:{folder}")


def _headless(source: str, **options: Any) -> Any:
    """A model with all of its weights, then without its head."""
    # Asked for a model without a head, timm would no longer mind other weights that are missing.
    model = timm.create_model(source, pretrained=True, **options)
    model.reset_classifier(0)
    return model


def _features(model: Any, name: str, size: tuple[int, int, int]) -> int:
    """Channels that a model gives for an image of this size [C, H, W].

    Raises:
        ValueError: It gives no vector.
    """
    with torch.no_grad():
        shape = model.eval()(torch.zeros(1, *size)).shape
    if size[0] != 3 or len(shape) != 2:
        raise ValueError(
            f"model: {name!r} maps {list(size)} to {list(shape[1:])}; "
            "a model that gives one vector for a colour image is needed"
        )
    return int(shape[1])
