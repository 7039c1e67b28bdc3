"""Checkpoints: found on disk, in the hub's cache or on the hub; what is wrong is told, quietly."""

import json
import logging
import pickle
import random
import shutil
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import load_file, save_file
from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMModel
from transformers.utils import logging as transformers_logging

from mertk.errors import PluginError
from mertk_plugins.encoders import _hub
from mertk_plugins.encoders._weights import Loaded, digest, obtain
from mertk_plugins.encoders.wavlm import WavLM

OWNER, NAME, COMMIT = "someone", "wavlm-tiny", "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(0)
    config = WavLMConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )
    return WavLMModel(config)


@pytest.fixture
def folder(model: Any, tmp_path: Path) -> Path:
    return save(model, tmp_path / "weights")


def save(model: Any, folder: Path, **options: Any) -> Path:
    model.save_pretrained(folder, **options)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def as_pickle(folder: Path, content: Any = None) -> None:
    """Put the old format beside the safe one."""
    torch.save(content or load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, and no network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)

    def unreachable(*_: Any, **__: Any) -> None:
        raise ConnectionError("no way to the hub\nmany more lines")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    return tmp_path / "cache"


def put_into_cache(cache: Path, folder: Path, revision: str = "main") -> Path:
    repo = cache / f"models--{OWNER}--{NAME}"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / revision).write_text(COMMIT)
    return Path(shutil.copytree(folder, repo / "snapshots" / COMMIT))


def test_a_folder_loads_what_was_saved(folder, model):
    encoder = WavLM(str(folder))
    expected = model.state_dict()
    assert encoder.model.state_dict().keys() == expected.keys()
    assert all(torch.equal(v, expected[k]) for k, v in encoder.model.state_dict().items())


def test_weights_in_parts_load(model, folder, tmp_path):
    parts = save(model, tmp_path / "parts", max_shard_size="5KB")
    assert len(list(parts.glob("model-*.safetensors"))) > 1
    assert WavLM(str(parts)).digest == WavLM(str(folder)).digest


def test_the_old_format_loads_where_it_is_the_only_one(folder):
    expected = WavLM(str(folder)).digest
    as_pickle(folder)
    (folder / "model.safetensors").unlink()
    assert WavLM(str(folder)).digest == expected


def test_weights_in_the_names_of_older_releases_load(folder):
    """The published WavLM is a pickle whose weight norm is called so."""
    expected = WavLM(str(folder)).digest
    norm = "encoder.pos_conv_embed.conv."
    names = {
        f"{norm}parametrizations.weight.original0": f"{norm}weight_g",
        f"{norm}parametrizations.weight.original1": f"{norm}weight_v",
    }
    tensors = load_file(folder / "model.safetensors")
    assert names.keys() <= tensors.keys()
    as_pickle(folder, {names.get(name, name): tensor for name, tensor in tensors.items()})
    (folder / "model.safetensors").unlink()
    assert WavLM(str(folder)).digest == expected


class Payload:
    """A pickle that does something when it is read."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("was-run"),))


@pytest.mark.parametrize("safe", [True, False])
def test_a_pickle_is_never_run(safe, folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    as_pickle(folder, {"feature_projection": Payload()})
    if safe:
        WavLM(str(folder))
    else:
        (folder / "model.safetensors").unlink()
        with pytest.raises(PluginError, match="cannot be used: "):
            WavLM(str(folder))
    assert not (tmp_path / "was-run").exists()
    with pytest.raises(pickle.UnpicklingError):
        torch.load(folder / "pytorch_model.bin", weights_only=True)


@pytest.mark.parametrize(
    "name", ["/nowhere/at-all", "../nowhere", "~/nowhere/x", "a/b/c", "b d", ""]
)
def test_a_path_that_is_not_there_is_told_without_asking_the_hub(name, cache, monkeypatch):
    monkeypatch.setattr(_hub, "_from_hub", lambda *_: pytest.fail("asked the hub"))
    if name:
        message = r"checkpoint: .* was not found: there is no folder '/.*'; give a folder .*none`"
        with pytest.raises(PluginError, match=message):
            WavLM(name)
    else:
        with pytest.raises(PluginError, match=r"lacks config.json"):
            WavLM(name)


def test_a_hub_id_that_cannot_be_fetched_says_what_to_do(cache):
    with pytest.raises(PluginError) as caught:
        WavLM(f"{OWNER}/{NAME}")
    message = str(caught.value)
    assert message.startswith(f"checkpoint: '{OWNER}/{NAME}' was not found: there is no folder")
    assert f"it is not in the hub's cache ({cache})" in message
    assert "the hub cannot give it (ConnectionError: no way to the hub); give a folder" in message
    assert "`checkpoint: none`" in message
    assert "many more lines" not in message
    assert caught.value.__context__ is None


def test_offline_the_hub_is_not_asked(cache, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(_hub, "_fetch", lambda *_: pytest.fail("asked the hub"))
    with pytest.raises(PluginError, match=r"the hub is switched off \(HF_HUB_OFFLINE\); give a"):
        WavLM(f"{OWNER}/{NAME}")


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize("revision", ["", "@v1", f"@{COMMIT}"])
def test_what_is_in_the_hubs_cache_is_used_without_asking_the_hub(
    offline, revision, cache, folder, monkeypatch
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", offline)
    put_into_cache(cache, folder, "v1" if revision == "@v1" else "main")
    assert WavLM(f"{OWNER}/{NAME}{revision}").digest == WavLM(str(folder)).digest


def fake_hub(monkeypatch: pytest.MonkeyPatch, cache: Path, files: Path) -> list[str]:
    """A hub that holds the files of a folder; returns the list of what is fetched."""
    fetched = []
    names = sorted(file.name for file in files.iterdir())

    def model_info(self: Any, repo: str, *, revision: str | None, timeout: float) -> Any:
        assert (repo, revision) == (f"{OWNER}/{NAME}", None)
        assert 0 < timeout <= 30
        return SimpleNamespace(siblings=[SimpleNamespace(rfilename=name) for name in names])

    def download(repo: str, name: str, *, revision: str | None) -> str:
        fetched.append(name)
        target = cache / f"models--{OWNER}--{NAME}" / "snapshots" / COMMIT / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(files / name, target)
        return str(target)

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", model_info)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    return fetched


@pytest.mark.parametrize("in_parts", [True, False])
def test_only_the_weights_that_are_needed_are_fetched(
    in_parts, cache, model, tmp_path, monkeypatch
):
    files = save(model, tmp_path / "hub", max_shard_size="8KB" if in_parts else "1GB")
    weights = {file.name for file in files.glob("model*")}
    for other in (
        "model.fp32-00001-of-00002.safetensors",
        "model.safetensors.index.fp32.json",
        "pytorch_model.bin",
        "tf_model.h5",
        "flax_model.msgpack",
        "README.md",
    ):
        (files / other).write_bytes(b"other")
    fetched = fake_hub(monkeypatch, cache, files)
    WavLM(f"{OWNER}/{NAME}")
    assert set(fetched) == {"config.json", "preprocessor_config.json", *weights}


def test_a_hub_repository_with_the_old_format_only_is_fetched(cache, folder, monkeypatch):
    as_pickle(folder)
    (folder / "model.safetensors").unlink()
    fetched = fake_hub(monkeypatch, cache, folder)
    WavLM(f"{OWNER}/{NAME}")
    assert fetched == ["config.json", "preprocessor_config.json", "pytorch_model.bin"]


def test_a_hub_repository_without_a_model_is_refused(cache, tmp_path, monkeypatch):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "README.md").write_text("nothing")
    fake_hub(monkeypatch, cache, tmp_path / "hub")
    with pytest.raises(PluginError, match=r"the hub cannot give it .* holds no config.json"):
        WavLM(f"{OWNER}/{NAME}")


def test_a_half_fetched_cache_is_completed(cache, folder, monkeypatch):
    snapshot = put_into_cache(cache, folder)
    (snapshot / "model.safetensors").unlink()
    fetched = fake_hub(monkeypatch, cache, folder)
    WavLM(f"{OWNER}/{NAME}")
    assert "model.safetensors" in fetched


def remove(name: str) -> Any:
    return lambda folder: (folder / name).unlink()


def write(name: str, text: str) -> Any:
    return lambda folder: (folder / name).write_text(text)


def truncate(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


def drop_a_tensor(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["feature_projection.projection.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def reshape_a_tensor(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["feature_projection.projection.weight"] = torch.zeros(3, 3)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (remove("config.json"), r"lacks config.json; copy or fetch it again"),
        (remove("model.safetensors"), r"lacks weights \(model.safetensors or pytorch_model.bin"),
        (remove("preprocessor_config.json"), r"lacks preprocessor_config.json; copy it beside"),
        (write("config.json", "{"), r"config.json cannot be read \(JSONDecodeError"),
        (write("config.json", "[1]"), r"config.json is not a JSON object"),
        (write("config.json", "{}"), r"it holds a None model, here a 'wavlm' model is needed"),
        (write("preprocessor_config.json", "{"), r"cannot be used: "),
        (truncate, r"cannot be used: SafetensorError"),
        (drop_a_tensor, r"its weights lack 'feature_projection.projection.weight' \(1 in all\)"),
        (reshape_a_tensor, r"cannot be used: "),
    ],
)
def test_a_damaged_folder_is_told(harm, message, folder, capfd):
    harm(folder)
    with pytest.raises(PluginError, match=message) as caught:
        WavLM(str(folder))
    assert str(caught.value).startswith(f"checkpoint: '{folder}' cannot be used: ")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_missing_part_is_named(model, tmp_path):
    parts = save(model, tmp_path / "parts", max_shard_size="5KB")
    gone = sorted(parts.glob("model-*.safetensors"))[1]
    gone.unlink()
    with pytest.raises(PluginError, match=f"lacks {gone.name}; copy or fetch it again"):
        WavLM(str(parts))


def test_loading_is_silent_and_leaves_the_program_as_it_was(folder, capfd, caplog):
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"unknown": torch.zeros(1)}, folder / "model.safetensors", {"format": "pt"})
    capfd.readouterr()
    verbosity = transformers_logging.get_verbosity()
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    with warnings.catch_warnings(record=True) as warned, caplog.at_level(logging.WARNING):
        WavLM(str(folder))
    assert (capfd.readouterr(), caplog.records, warned) == (("", ""), [], [])
    assert transformers_logging.get_verbosity() == verbosity
    assert transformers_logging.is_progress_bar_enabled()
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1].tolist(), random.getstate()) == states[1:]


def test_the_digest_follows_the_content_only(folder, tmp_path):
    first = WavLM(str(folder)).digest
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert WavLM(str(copy)).digest == first
    assert WavLM(str(copy), layer=0, steps_per_second=10).digest == first
    said = json.loads((copy / "preprocessor_config.json").read_text())
    (copy / "preprocessor_config.json").write_text(json.dumps(said | {"do_normalize": False}))
    assert WavLM(str(copy)).digest != first
    shutil.copy(folder / "preprocessor_config.json", copy)
    tensors = load_file(copy / "model.safetensors")
    tensors["encoder.layer_norm.bias"][0] += 1e-6
    save_file(tensors, copy / "model.safetensors", {"format": "pt"})
    assert WavLM(str(copy)).digest != first


def test_the_digest_knows_names_shapes_and_buffers():
    linear = torch.nn.Linear(2, 2, bias=False)
    torch.nn.init.constant_(linear.weight, 0.5)
    wide = torch.nn.Linear(4, 1, bias=False)
    torch.nn.init.constant_(wide.weight, 0.5)
    norm = torch.nn.BatchNorm1d(2)
    seen = [digest(linear), digest(wide), digest(linear, "said"), digest(norm)]
    norm.num_batches_tracked += 1
    seen += [digest(norm), digest(torch.nn.Sequential(linear))]
    assert len(set(seen)) == len(seen)


def test_a_model_is_loaded_by_name_or_drawn_in_sizes_from_a_seed():
    def load(checkpoint: str) -> Loaded:
        return Loaded(checkpoint, None)

    def draw(**sizes: int) -> Loaded:
        return Loaded((sizes, torch.rand(2).tolist()), None)

    torch.manual_seed(0)
    zero = torch.rand(2).tolist()
    assert obtain("some/where", load, draw, None, heads=None).model == "some/where"
    drawn = obtain("none", load, draw, None, heads=None, layers=5).model
    assert drawn == ({"heads": 4, "layers": 5}, zero)
    assert obtain("none", load, draw, 1).model[1] != zero
    assert obtain("none", load, draw, None, 1).model == obtain("none", load, draw, 1).model
    assert obtain("none", load, draw, 0, 1).model[1] == zero, "what the recipe says goes first"
    assert obtain("some/where", load, draw, None, 1).model == "some/where"


def test_the_real_client_raises_what_is_caught(cache, monkeypatch):
    """Without the stand-ins: the hub's own client, told that there is no network."""
    monkeypatch.undo()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises((LocalEntryNotFoundError, ConnectionError)):
        _hub._fetch(f"{OWNER}/{NAME}", None)
