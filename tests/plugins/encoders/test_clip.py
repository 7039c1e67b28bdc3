"""CLIP: the numbers of transformers' own preparation and model, frame by frame."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from mertk.errors import PluginError
from mertk_plugins.encoders.clip import CLIP
from tests.plugins.encoders.files import pictures, video_clip, video_clips
from tests.plugins.encoders.kits import SeeingTests, encode

SIDE, WIDTH = 24, 20
VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIDE,
    "patch_size": 8,
}
TEXT = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 30,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}


def processor(**options: Any) -> CLIPImageProcessor:
    size = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    return CLIPImageProcessor(**(size | options))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete model as the hub has it, text tower included."""
    path = tmp_path_factory.mktemp("clip")
    torch.manual_seed(0)
    config = CLIPConfig(
        text_config=TEXT | {"projection_dim": WIDTH},
        # Some checkpoints tell the width of the shared space in the outer configuration only.
        vision_config=VISION | {"projection_dim": 7},
        projection_dim=WIDTH,
    )
    model = CLIPModel(config)
    with torch.no_grad():  # as a trained one: norms that are not the identity
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(path)
    processor().save_pretrained(path)
    return path


class TestFromAFolder(SeeingTests):
    component = CLIP
    trainable = True

    @pytest.fixture
    def arguments(self, folder):
        return {"checkpoint": str(folder), "max_frames": 6, "sampling": "even", "chunk": 4}


def test_embeddings_equal_transformers(folder, tmp_path):
    frames = pictures(5, 1, height=50, width=81)
    model = CLIPModel.from_pretrained(folder).eval()
    pixels = CLIPImageProcessor.from_pretrained(folder)(list(frames), return_tensors="pt")
    with torch.inference_mode():
        embedded = model.get_image_features(**pixels)
    expected = getattr(embedded, "pooler_output", embedded)
    encoder = CLIP(str(folder))
    assert encoder.dim == WIDTH
    out = encode(encoder, video_clip(tmp_path, "clip", frames))
    torch.testing.assert_close(out.x[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"do_center_crop": False, "size": {"height": SIDE, "width": SIDE}},
        {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4], "rescale_factor": 1 / 127.5},
    ],
)
@pytest.mark.parametrize("shape", [(50, 81), (81, 50), (24, 24), (13, 9)])
def test_preparation_is_the_checkpoints_own(options, shape, folder, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(folder / name)
    processor(**options).save_pretrained(tmp_path)
    frames = pictures(2, 1, *shape) if min(shape) > 12 else pictures(2, 1, 26, 18)[:, ::2, ::2]
    encoder = CLIP(str(tmp_path))
    loaded = encoder.load(video_clip(tmp_path, "clip", np.ascontiguousarray(frames)))
    assert (loaded.dtype, loaded.shape) == (np.uint8, (2, 3, SIDE, SIDE))
    expected = processor(**options)(list(frames), return_tensors="pt").pixel_values
    pixels = encoder.pixels(torch.from_numpy(loaded))
    torch.testing.assert_close(pixels, expected, rtol=1e-5, atol=1e-5)


def test_a_preprocessor_in_the_words_of_older_releases_is_understood(folder, tmp_path):
    """The published ones name their sizes as single numbers."""
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(folder / name)
    current = processor()
    older = {
        "feature_extractor_type": "CLIPFeatureExtractor",
        "do_resize": True,
        "size": SIDE,
        "resample": 3,
        "do_center_crop": True,
        "crop_size": SIDE,
        "do_normalize": True,
        "image_mean": list(current.image_mean),
        "image_std": list(current.image_std),
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(older))
    clip = video_clip(tmp_path, "clip", pictures(3, 1, height=50, width=81))
    one, other = CLIP(str(tmp_path)), CLIP(str(folder))
    np.testing.assert_array_equal(one.load(clip), other.load(clip))
    assert torch.equal(encode(one, clip).x, encode(other, clip).x)


def test_a_vision_tower_saved_alone_loads(tmp_path):
    torch.manual_seed(0)
    model = CLIPVisionModelWithProjection(CLIPVisionConfig(**VISION, projection_dim=WIDTH))
    model.save_pretrained(tmp_path)
    processor().save_pretrained(tmp_path)
    encoder = CLIP(str(tmp_path))
    assert encoder.dim == WIDTH
    projection = encoder.model.visual_projection.weight
    assert torch.equal(projection, model.visual_projection.weight)


def test_the_text_tower_is_left_behind(folder):
    assert not any("text" in name for name, _ in CLIP(str(folder)).named_parameters())


def test_no_more_frames_than_a_chunk_are_in_the_model_at_once(tmp_path):
    encoder = CLIP("none", chunk=4)
    seen = []
    encoder.model.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    whole = encode(encoder, *video_clips(tmp_path, (7, 3)))
    assert seen == [4, 4, 2]
    torch.testing.assert_close(
        encode(CLIP("none"), *video_clips(tmp_path, (7, 3))).x, whole.x, rtol=1e-4, atol=1e-5
    )


def test_a_preprocessor_of_another_size_is_refused(folder, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(folder / name)
    CLIPImageProcessor().save_pretrained(tmp_path)
    message = r"its preprocessor gives \[3, 224, 224\], its model takes \[3, 24, 24\]"
    with pytest.raises(PluginError, match=message):
        CLIP(str(tmp_path))


def test_random_weights_still_see(tmp_path):
    generator = np.random.default_rng(0)
    places = np.tile([2, 14, 26], 16)
    clips = []
    for i, place in enumerate(places):
        frames = generator.integers(0, 120, (2, 40, 40, 3)).astype(np.uint8)
        frames[:, 10:30, place : place + 10] = 230
        clips.append(video_clip(tmp_path, f"c{i}", frames))
    x = encode(CLIP("none"), *clips).mean().numpy()
    probe = make_pipeline(StandardScaler(), LogisticRegression()).fit(x[:24], places[:24])
    assert probe.score(x[24:], places[24:]) > 0.9


def test_patches_divide_the_picture():
    with pytest.raises(ValueError, match=r"patch: must divide image_size=32 \(got 5\)"):
        CLIP("none", patch=5)
