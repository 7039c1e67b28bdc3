"""CLIP's image embeddings."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from mertk.contracts import Pretraining
from mertk_plugins._checks import a_count, divides
from mertk_plugins.encoders._arguments import (
    Channels,
    Checkpoint,
    Chunk,
    FramesPerSecond,
    Heads,
    ImageSize,
    Layers,
    MaxFrames,
    Patch,
    Projection,
    Sampling,
    Seed,
    TrialSeed,
    VideoSeconds,
)
from mertk_plugins.encoders._frames import FrameEncoder, FrameReader, Pixels
from mertk_plugins.encoders._hub import damaged, find, settings
from mertk_plugins.encoders._pretraining import by_checkpoint
from mertk_plugins.encoders._unused import of_frames, of_small_models
from mertk_plugins.encoders._weights import Loaded, loading, obtain, pretrained


class CLIP(FrameEncoder):
    """CLIP's vision transformer: frames -> image embeddings, one per frame.

    Every frame goes alone through resizing, centre crop, transformer and projection, as an image
    that CLIP compares with text. ViT-L/14 gives 768 channels.

    Source: Radford et al., "Learning Transferable Visual Models From Natural Language
        Supervision", ICML 2021, section 2.4. The model is transformers'
        `CLIPVisionModelWithProjection`, preparation the checkpoint's own image processor.
    Differs: embeddings are not scaled to length 1, which CLIP does for the comparison only.

    Raises:
        ValueError: A number is out of range, or sizes are given beside a checkpoint.
        PluginError: The checkpoint is missing, damaged or no CLIP.
    """

    version = "1"

    def __init__(
        self,
        checkpoint: Checkpoint = "openai/clip-vit-large-patch14",
        max_frames: MaxFrames = 180,
        frames_per_second: FramesPerSecond = None,
        max_seconds: VideoSeconds = None,
        sampling: Sampling = "first",
        chunk: Chunk = 64,
        image_size: ImageSize = None,
        patch: Patch = None,
        channels: Channels = None,
        layers: Layers = None,
        heads: Heads = None,
        projection: Projection = None,
        seed: Seed = None,
        trial_seed: TrialSeed = None,
    ) -> None:
        super().__init__()
        a_count("chunk", chunk)
        self.chunk = chunk
        loaded = obtain(
            checkpoint,
            _trained,
            _small,
            seed,
            trial_seed,
            image_size=image_size,
            patch=patch,
            channels=channels,
            layers=layers,
            heads=heads,
            projection=projection,
        )
        processor = loaded.preprocessor
        self.model = loaded.model
        self.digest = loaded.digest
        self.pixels = Pixels(processor.rescale_factor, processor.image_mean, processor.image_std)
        self.dim: int = self.model.config.projection_dim
        side = self.model.config.image_size
        self.frames = FrameReader(
            (side, side),
            partial(_prepare, processor),
            max_frames,
            frames_per_second,
            max_seconds,
            sampling,
        )
        prepared = _prepare(processor, [np.zeros((side, side, 3), np.uint8)]).shape
        if prepared != (1, 3, side, side):
            raise damaged(
                checkpoint,
                f"its preprocessor gives {list(prepared[1:])}, its model takes {[3, side, side]}",
            )

    @classmethod
    def pretraining(cls, arguments: Mapping[str, Any]) -> Pretraining:
        """What its checkpoint was trained on, as far as published."""
        return by_checkpoint(arguments)

    @classmethod
    def unused(cls, arguments: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, str]:
        """Sizes and the seed beside a checkpoint; the choice among frames where all are taken."""
        return {**of_small_models(arguments), **of_frames(arguments)}

    def checkpoint_activations(self) -> None:
        """Compute what happens within its layers again when gradients need it."""
        self.model.activation_checkpointing_enable({"use_reentrant": False})

    def embed(self, frames: Tensor) -> Tensor:
        """Embed some frames [n, 3, H, W] uint8 -> [n, C]."""
        embedded: Tensor = self.model(self.pixels(frames)).image_embeds
        return embedded


def _prepare(processor: Any, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Resize and crop, and leave rescaling and normalisation to the device."""
    prepared: NDArray[np.uint8] = processor(
        list(pictures),
        do_rescale=False,
        do_normalize=False,
        input_data_format="channels_last",
        return_tensors="np",
    ).pixel_values
    return prepared


def _trained(checkpoint: str) -> Loaded:
    folder = find(checkpoint)
    options = {}
    if settings(checkpoint, folder).get("model_type") == "clip":
        with loading(checkpoint):
            both = CLIPConfig.from_pretrained(folder, local_files_only=True)
        # Some checkpoints tell the width of the shared space in the outer configuration only.
        both.vision_config.projection_dim = both.projection_dim
        options = {"config": both.vision_config}
    return pretrained(
        checkpoint,
        "clip",
        CLIPVisionModelWithProjection,
        CLIPImageProcessor,
        attn_implementation="sdpa",
        **options,
    )


def _small(
    image_size: int, patch: int, channels: int, layers: int, heads: int, projection: int
) -> Loaded:
    divides("heads", heads, "channels", channels)
    divides("patch", patch, "image_size", image_size)
    config = CLIPVisionConfig(
        hidden_size=channels,
        intermediate_size=2 * channels,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        image_size=image_size,
        patch_size=patch,
        projection_dim=projection,
        attn_implementation="sdpa",
    )
    processor = CLIPImageProcessor(
        size={"shortest_edge": image_size},
        crop_size={"height": image_size, "width": image_size},
    )
    return Loaded(CLIPVisionModelWithProjection(config), processor)
