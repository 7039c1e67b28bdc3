"""CLIP's image embeddings."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from mertk.contracts import Clip, Stream
from mertk_plugins._checks import at_least_one
from mertk_plugins.encoders._frames import FrameReader, Pixels, Sampling, embed_frames
from mertk_plugins.encoders._hub import damaged, find, settings
from mertk_plugins.encoders._weights import Loaded, loading, pretrained, seeded, small_sizes


class CLIP(nn.Module):
    """CLIP's vision transformer: frames -> image embeddings, one per frame.

    Every frame goes alone through resizing, centre crop, transformer and projection, as an image
    that CLIP compares with text. ViT-L/14 gives 768 channels.

    Source: Radford et al., "Learning Transferable Visual Models From Natural Language
        Supervision", ICML 2021, section 2.4. The model is transformers'
        `CLIPVisionModelWithProjection`, preparation the checkpoint's own image processor.
    Differs: embeddings are not scaled to length 1, which CLIP does for the comparison only.

    Args:
        checkpoint: Hub id (`owner/name`, `owner/name@revision`), folder in the hub's layout, or
            `none` for a small model with random weights.
        max_frames: Frames at most; None takes all.
        frames_per_second: Frames per second, the nearest ones; None takes every frame.
        max_seconds: Only the clip's first so many seconds; None takes all of it.
        sampling: Where a clip has more than `max_frames`: its `first` ones, or as many spread
            evenly (`even`; the clip is decoded twice).
        chunk: Frames that are in the model at once; lower it where memory is short.
        image_size: With `checkpoint: none`: side of its square input; 32 where left out.
        patch: With `checkpoint: none`: side of its patches; 8 where left out.
        channels: With `checkpoint: none`: width of its layers; 64 where left out.
        layers: With `checkpoint: none`: its transformer layers; 2 where left out.
        heads: With `checkpoint: none`: its attention heads; 4 where left out.
        projection: With `checkpoint: none`: its output channels C; 64 where left out.
        seed: With `checkpoint: none`: what its weights are drawn from; 0 where left out.

    Raises:
        ValueError: A number is out of range, or sizes are given beside a checkpoint.
        PluginError: The checkpoint is missing, damaged or no CLIP.
    """

    modality = "video"
    version = "1"

    def __init__(
        self,
        checkpoint: str = "openai/clip-vit-large-patch14",
        max_frames: int | None = 180,
        frames_per_second: float | None = None,
        max_seconds: float | None = None,
        sampling: Sampling = "first",
        chunk: int = 64,
        image_size: int | None = None,
        patch: int | None = None,
        channels: int | None = None,
        layers: int | None = None,
        heads: int | None = None,
        projection: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        at_least_one("chunk", chunk)
        small = small_sizes(
            checkpoint,
            seed,
            image_size=(image_size, 32),
            patch=(patch, 8),
            channels=(channels, 64),
            layers=(layers, 2),
            heads=(heads, 4),
            projection=(projection, 64),
        )
        self.chunk = chunk
        loaded = _small(small) if small else _trained(checkpoint)
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

    def load(self, clip: Clip) -> NDArray[np.uint8]:
        """Frames of one clip in the model's size [T, 3, S, S]; [0, 3, S, S] without video."""
        return self.frames(clip)

    def forward(self, stream: Stream) -> Stream:
        """Embed frames [B, T, 3, S, S] -> [B, T, C]."""
        return embed_frames(stream, self.dim, self.chunk, self._embed)

    def _embed(self, frames: Tensor) -> Tensor:
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


def _small(sizes: dict[str, int]) -> Loaded:
    side, channels = sizes["image_size"], sizes["channels"]
    if channels % sizes["heads"]:
        raise ValueError(f"heads: must divide channels={channels} (got {sizes['heads']})")
    if side % sizes["patch"]:
        raise ValueError(f"patch: must divide image_size={side} (got {sizes['patch']})")
    config = CLIPVisionConfig(
        hidden_size=channels,
        intermediate_size=2 * channels,
        num_hidden_layers=sizes["layers"],
        num_attention_heads=sizes["heads"],
        image_size=side,
        patch_size=sizes["patch"],
        projection_dim=sizes["projection"],
        attn_implementation="sdpa",
    )
    with seeded(sizes["seed"]):
        model = CLIPVisionModelWithProjection(config)
    processor = CLIPImageProcessor(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
    return Loaded(model, processor, "")
