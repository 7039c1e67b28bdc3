"""timm: what goes into a model's head, prepared as the model was evaluated."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import timm as library
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from timm.data import create_transform, resolve_model_data_config
from timm.models import save_for_hf

from mertk.encode import pad
from mertk.errors import PluginError
from mertk_plugins.encoders import timm
from mertk_plugins.encoders.timm import Timm
from tests.plugins.encoders.files import pictures, video_clip, video_clips
from tests.plugins.encoders.kits import SeeingTests


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights in timm's hub layout, with their head and a preparation of their own."""
    path = tmp_path_factory.mktemp("timm")
    torch.manual_seed(0)
    model = library.create_model("test_resnet", num_classes=7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    save_for_hf(model, path, safe_serialization=True)
    config = json.loads((path / "config.json").read_text())
    config["pretrained_cfg"] |= {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "crop_pct": 0.8}
    (path / "config.json").write_text(json.dumps(config))
    return path


class TestFromAFolder(SeeingTests):
    component = Timm
    trainable = True

    @pytest.fixture
    def arguments(self, folder):
        return {"model": "test_resnet", "checkpoint": str(folder), "chunk": 2}


def test_it_equals_timm_with_its_own_preparation(folder, tmp_path):
    frames = pictures(3, 1, height=90, width=131)
    model = library.create_model(f"local-dir:{folder}", pretrained=True).eval()
    transform = create_transform(**resolve_model_data_config(model))
    with torch.inference_mode():
        pixels = torch.stack([transform(Image.fromarray(frame)) for frame in frames])
        expected = model.forward_head(model.forward_features(pixels), pre_logits=True)
        encoder = Timm("test_resnet", str(folder)).eval()
        loaded = encoder.load(video_clip(tmp_path, "clip", frames))
        out = encoder(pad([loaded]))
    assert loaded.dtype == np.uint8
    torch.testing.assert_close(encoder.pixels(torch.from_numpy(loaded)), pixels)
    torch.testing.assert_close(out.x[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model", ["test_resnet", "test_vit", "test_efficientnet", "test_convnext"])
def test_dim_is_what_the_model_gives(model, tmp_path):
    encoder = Timm(model, "none")
    clip = video_clip(tmp_path, "clip", pictures(2))
    with torch.inference_mode():
        assert encoder.eval()(pad([encoder.load(clip)])).x.shape == (1, 2, encoder.dim)


def test_the_model_is_in_training_only_where_the_core_puts_it(folder):
    encoder = Timm("test_resnet", str(folder)).train()
    assert encoder.model.training


def test_padding_does_not_reach_batch_norm_in_training(folder, tmp_path):
    encoder = Timm("test_resnet", str(folder)).train()
    loaded = [encoder.load(clip) for clip in video_clips(tmp_path, (2, 5))]
    seen = []
    encoder.model.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    encoder(pad(loaded))
    assert seen == [7]


def test_published_weights_come_from_the_hub_under_the_models_name(folder, tmp_path, monkeypatch):
    """The hub's folder holds the head too; preparation is what timm says of the tag."""
    hub = Path(shutil.copytree(folder, tmp_path / "hub"))
    asked = []
    monkeypatch.setattr(timm, "find", lambda name: asked.append(name) or hub)
    torch.manual_seed(1)
    model = library.create_model("test_resnet.r160_in1k", num_classes=1000)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, hub / "model.safetensors")
    encoder = Timm("test_resnet.r160_in1k")
    assert asked == ["timm/test_resnet.r160_in1k"]
    expected = model.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in encoder.model.state_dict().items())
    assert encoder.digest
    assert encoder.frames.size == (160, 160)


def test_weights_of_another_model_are_refused(folder):
    message = r"cannot be used: it holds 'test_resnet', but `model` asks for 'test_vit'"
    with pytest.raises(PluginError, match=message):
        Timm("test_vit", str(folder))


def test_damaged_weights_are_told(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    tensors = load_file(copy / "model.safetensors")
    del tensors["conv1.0.weight"]
    save_file(tensors, copy / "model.safetensors")
    with pytest.raises(PluginError, match=r"cannot be used: RuntimeError: Error.* loading"):
        Timm("test_resnet", str(copy))


def test_the_digest_follows_weights_and_preparation(folder, tmp_path):
    first = Timm("test_resnet", str(folder)).digest
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert Timm("test_resnet", str(copy)).digest == first
    config = json.loads((copy / "config.json").read_text())
    config["pretrained_cfg"]["mean"] = [0.0, 0.0, 0.0]
    (copy / "config.json").write_text(json.dumps(config))
    assert Timm("test_resnet", str(copy)).digest != first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "resnte18"}, r"model: timm knows no 'resnte18'; did you mean 'resnet\d+'\?"),
        (
            {"model": "test_vit.r160"},
            r"model: timm has no such weights \('test_vit.r160'\); did you mean 'test_vit.r",
        ),
    ],
)
def test_wrong_values_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Timm(**arguments, checkpoint="none")


def test_a_model_without_published_weights_says_so(monkeypatch):
    nothing = SimpleNamespace(hf_hub_id=None)
    monkeypatch.setattr(library, "get_pretrained_cfg", lambda _: nothing)
    with pytest.raises(ValueError, match=r"checkpoint: timm publishes no weights .*'test_vit'; .*"):
        Timm("test_vit")


def test_a_model_that_gives_no_vector_is_refused(monkeypatch):
    def create(name: str, **_: Any) -> Any:
        return create_model(name, num_classes=0, global_pool="")

    create_model = library.create_model
    monkeypatch.setattr(library, "create_model", create)
    with pytest.raises(ValueError, match=r"model: 'test_resnet' maps \[3, 160, 160\] to \["):
        Timm("test_resnet", "none")
