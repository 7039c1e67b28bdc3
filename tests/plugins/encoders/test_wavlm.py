"""WavLM: transformers' numbers on the real sound, whatever stands beside it in the batch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMModel

from mertk.contracts import Clip
from mertk.encode import pad
from mertk.errors import PluginError
from mertk_plugins.encoders.wavlm import WavLM, _reach, _steps
from tests.plugins.encoders.files import RATE, chirp, sound_clip, sound_clips
from tests.plugins.encoders.kits import HearingTests, encode

TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "conv_dim": (16,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
LIKE_LARGE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
LIKE_BASE = {"feat_extract_norm": "group", "do_stable_layer_norm": False}
NO_DROPOUT = dict.fromkeys(("hidden_dropout", "activation_dropout", "attention_dropout"), 0.0)


def checkpoint(folder: Path, normalize: bool = True, **config: Any) -> Path:
    torch.manual_seed(0)
    model = WavLMModel(WavLMConfig(**TINY, **config))
    with torch.no_grad():  # as a trained one: norms and gates that are not the identity
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=normalize).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("large"), **LIKE_LARGE)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("base"), normalize=False, **LIKE_BASE)


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    return sound_clips(tmp_path)


class TestTenStepsPerSecond(HearingTests):
    component = WavLM
    trainable = True
    given = {"checkpoint": "none", "steps_per_second": 10.0, "layer": 1}


class TestLikeLarge(HearingTests):
    component = WavLM
    trainable = True

    @pytest.fixture
    def arguments(self, large):
        return {"checkpoint": str(large)}


class TestLikeBase(HearingTests):
    """Its group norm runs over time, where padding would leak into every step."""

    component = WavLM
    trainable = True

    @pytest.fixture
    def arguments(self, base):
        return {"checkpoint": str(base), "freeze_front": False}


class TestInWindows(HearingTests):
    """Most of the clips are longer than one."""

    component = WavLM
    trainable = True

    @pytest.fixture
    def arguments(self, large):
        return {"checkpoint": str(large), "window_seconds": 0.3, "steps_per_second": 20.0}


class TestInWindowsLikeBase(HearingTests):
    component = WavLM
    trainable = True

    @pytest.fixture
    def arguments(self, base):
        return {"checkpoint": str(base), "window_seconds": 0.5}


def at_once(encoder: WavLM, *sounds: np.ndarray[Any, Any]) -> torch.Tensor:
    """Each sound encoded by itself, side by side."""
    with torch.inference_mode():
        return torch.cat([encoder(pad([sound[:, None]])).x[0] for sound in sounds])


@pytest.mark.parametrize("which", ["large", "base"])
def test_windows_are_encoded_as_clips_of_their_own(which, request, tmp_path):
    folder = str(request.getfixturevalue(which))
    encoder = WavLM(folder, max_seconds=None, window_seconds=0.5).eval()
    clip = sound_clip(tmp_path, "clip", chirp(1.27))
    sound = encoder.load(clip)[:, 0]  # a step reaches 80 samples beyond where the next one begins
    expected = at_once(encoder, sound[:8080], sound[8000:16080], sound[16000:])
    assert len(expected) == int(_steps(encoder.model.config, torch.tensor(len(sound)))) == 63
    torch.testing.assert_close(encode(encoder, clip).x[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("samples", [8000, 8080, 8399, 8400, 16079, 16080, 16399, 20800])
def test_windows_lose_no_step_and_their_front_is_that_of_the_whole(samples, large, tmp_path):
    clip = sound_clip(tmp_path, "clip", chirp(samples / RATE))
    whole, cut = (WavLM(str(large), window_seconds=s).eval() for s in (2.0, 0.5))
    stream = pad([whole.load(clip)])
    with torch.inference_mode():
        expected, front = whole.front(stream), cut.front(stream)
    assert torch.equal(front.mask, expected.mask)
    torch.testing.assert_close(front.x, expected.x, rtol=1e-4, atol=1e-5)


def test_sound_within_a_window_does_not_depend_on_it(large, clips):
    numbers = [encode(WavLM(str(large), window_seconds=s), *clips).x for s in (1.3, 30.0)]
    assert torch.equal(*numbers)


def test_a_window_that_nothing_is_longer_than_is_idle():
    place = {"train": True, "streams": []}
    given = {"checkpoint": "none", "window_seconds": 30.0}
    for most, idle in ((6.0, True), (30.0, True), (31.0, False), (None, False)):
        said = WavLM.unused({**given, "max_seconds": most}, place)
        assert ("window_seconds" in said) is idle
    with pytest.raises(ValueError, match=r"window_seconds: "):
        WavLM("none", window_seconds=0.0)


@pytest.mark.parametrize("which", ["large", "base"])
@pytest.mark.parametrize("layer", [None, 3, 2, 1, 0, -1, -2, -4])
def test_every_layer_equals_transformers(which, layer, request, clips):
    folder = request.getfixturevalue(which)
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    model = WavLMModel.from_pretrained(folder).eval()
    encoder = WavLM(str(folder), layer=layer)
    sound = chirp(0.9, 330.0, 2)
    values = extractor(sound, sampling_rate=RATE, return_tensors="pt").input_values
    with torch.inference_mode():
        out = model(values, output_hidden_states=True)
    last = layer in (None, 3, -1)
    expected = out.last_hidden_state if last else out.hidden_states[layer]
    torch.testing.assert_close(encode(encoder, clips[2]).x, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("normalize", [True, False])
def test_sound_is_normalised_as_the_checkpoint_says(normalize, tmp_path, clips):
    folder = checkpoint(tmp_path / "weights", normalize, **LIKE_LARGE)
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    expected = extractor(chirp(1.3, 420.0, 3), sampling_rate=RATE).input_values[0]
    loaded = WavLM(str(folder)).load(clips[3])
    np.testing.assert_allclose(loaded[:, 0], expected, rtol=1e-4, atol=1e-5)


@given(st.integers(1, 40_000))
def test_lengths_follow_the_convolutions(samples):
    config = WavLMConfig(**TINY)
    steps = _steps(config, samples)
    assert steps == WavLMModel._get_feat_extract_output_lengths(
        type("Model", (), {"config": config})(), torch.tensor([samples])
    )
    assert (steps > 0) == (samples >= _reach(config))


def test_one_step_reaches_400_samples_and_sound_shorter_than_that_gives_one(tmp_path, large):
    encoder = WavLM(str(large))
    assert _reach(encoder.model.config) == 400
    short = [sound_clip(tmp_path, f"n{n}", chirp(n / RATE)) for n in (1, 399, 400, 719, 720)]
    assert encode(encoder, *short).mask.sum(1).tolist() == [1, 1, 1, 1, 2]


def test_sound_is_cut_to_max_seconds(clips):
    encoder = WavLM("none", max_seconds=0.5)
    assert [len(encoder.load(clip)) for clip in clips] == [240, 6400, 8000, 8000]
    assert len(WavLM("none", max_seconds=None).load(clips[3])) == 1.3 * RATE


def test_ten_steps_per_second_average_neighbours_by_fives(clips):
    fine, coarse = encode(WavLM("none"), *clips), encode(WavLM("none", steps_per_second=10), *clips)
    for x, mask, y, seen in zip(fine.x, fine.mask, coarse.x, coarse.mask, strict=True):
        rows = x[mask].numpy()
        expected = [rows[i : i + 5].mean(0) for i in range(0, len(rows), 5)]
        np.testing.assert_allclose(y[seen].numpy(), expected, rtol=1e-5, atol=1e-5)


def gradients(encoder: WavLM, clips: list[Clip]) -> dict[str, bool]:
    out = encoder.train()(pad([encoder.load(clip) for clip in clips]))
    out.x.square().sum().backward()
    moved = {
        name: p.grad is not None and bool(p.grad.any())
        for name, p in encoder.model.named_parameters()
    }
    return {
        part: any(m for name, m in moved.items() if name.startswith(part))
        for part in ("feature_extractor", "feature_projection", "encoder")
    }


@pytest.mark.parametrize("which", ["large", "base"])
def test_the_front_stays_fixed_in_training_unless_asked(which, request, clips):
    folder = str(request.getfixturevalue(which))
    rest = {"feature_projection": True, "encoder": True}
    assert gradients(WavLM(folder), clips) == {"feature_extractor": False, **rest}
    assert gradients(WavLM(folder, freeze_front=False), clips) == {
        "feature_extractor": True,
        **rest,
    }
    front = WavLM(folder).model.feature_extractor.parameters()
    assert not any(parameter.requires_grad for parameter in front)


@pytest.mark.parametrize(
    ("argument", "config"),
    [
        ("spec_augment", {"mask_time_prob": 0.5, "mask_feature_prob": 0.5}),
        ("layer_drop", {"layerdrop": 0.9}),
    ],
)
def test_training_disturbs_the_model_only_where_asked(argument, config, tmp_path, clips):
    folder = checkpoint(tmp_path / "weights", **LIKE_LARGE, **NO_DROPOUT, **config)
    undisturbed = encode(WavLM(str(folder)), *clips).x
    torch.manual_seed(0)
    for asked in (False, True):
        encoder = WavLM(str(folder), **{argument: asked})
        torch.testing.assert_close(encode(encoder, *clips).x, undisturbed, rtol=0, atol=0)
        with torch.no_grad():
            trained = encoder.train()(pad([encoder.load(clip) for clip in clips])).x
        assert torch.allclose(trained, undisturbed, atol=1e-5) is not asked


def test_spans_are_not_masked_in_sound_shorter_than_a_span(tmp_path, clips):
    folder = checkpoint(tmp_path / "weights", **LIKE_LARGE, mask_time_prob=0.9)
    encoder = WavLM(str(folder), spec_augment=True).train()
    assert encoder(pad([encoder.load(clips[0])])).x.isfinite().all()


def test_random_weights_still_hear(tmp_path):
    generator = np.random.default_rng(0)
    pitches = np.tile([140.0, 210.0, 300.0], 20)
    loudness = generator.uniform(0.2, 1.0, 60)
    clips = [
        sound_clip(tmp_path, f"c{i}", np.float32(loud) * chirp(0.3, pitch, i))
        for i, (pitch, loud) in enumerate(zip(pitches, loudness, strict=True))
    ]
    x = encode(WavLM("none"), *clips).mean().numpy()
    probe = make_pipeline(StandardScaler(), LogisticRegression()).fit(x[:30], pitches[:30])
    assert probe.score(x[30:], pitches[30:]) > 0.9


def test_another_kind_of_model_is_refused(tmp_path, large):
    text = (large / "config.json").read_text().replace('"wavlm"', '"hubert"')
    for file in large.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(PluginError, match="holds a 'hubert' model, here a 'wavlm' model is needed"):
        WavLM(str(tmp_path))
