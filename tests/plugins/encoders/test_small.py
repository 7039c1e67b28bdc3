"""What every encoder of a neural network promises, on models without weights.

What is particular to one of them stands in the test of its name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mertk.contracts import Clip
from mertk.signature import meanings
from mertk_plugins.encoders.clip import CLIP
from mertk_plugins.encoders.timm import Timm
from mertk_plugins.encoders.wavlm import WavLM
from mertk_plugins.encoders.whisper import Whisper
from tests.plugins.encoders.files import RATE, sound_clip, sound_clips, video_clips
from tests.plugins.encoders.kits import HearingTests, SeeingTests, encode

HEARING, SEEING = [WavLM, Whisper], [CLIP, Timm]
NEEDED: Mapping[Any, dict[str, Any]] = {Timm: {"model": "test_vit"}}
SIZES = [
    (encoder, name)
    for encoder in (*HEARING, *SEEING)
    for name, meaning in meanings(encoder).items()
    if meaning.startswith("With `checkpoint: none`")
]


class TestWavLM(HearingTests):
    component = WavLM
    trainable = True
    given = {"checkpoint": "none"}


class TestWhisper(HearingTests):
    component = Whisper
    trainable = True
    given = {"checkpoint": "none"}


class TestCLIP(SeeingTests):
    component = CLIP
    trainable = True
    given = {"checkpoint": "none", "chunk": 3}


class TestTimm(SeeingTests):
    component = Timm
    trainable = True
    given = {"checkpoint": "none", "model": "test_vit", "chunk": 3}


def small(encoder: Any, **arguments: Any) -> Any:
    return encoder(checkpoint="none", **NEEDED.get(encoder, {}), **arguments)


def clip_for(encoder: Any, folder: Path) -> Clip:
    return (sound_clips if encoder in HEARING else video_clips)(folder)[1]


def test_each_of_them_has_a_seed_and_the_transformers_have_sizes():
    names = {encoder: {n for e, n in SIZES if e is encoder} for encoder, _ in SIZES}
    assert names[WavLM] == names[Whisper] == {"channels", "layers", "heads", "seed"}
    assert names[CLIP] == names[WavLM] | {"image_size", "patch", "projection"}
    assert names[Timm] == {"seed"}


@pytest.mark.parametrize("encoder", [*HEARING, *SEEING])
def test_weights_follow_the_seed_alone(encoder, tmp_path):
    clip = clip_for(encoder, tmp_path)
    left_out, zero, other = (
        encode(small(encoder, **seed), clip).x for seed in ({}, {"seed": 0}, {"seed": 1})
    )
    assert torch.equal(left_out, zero)
    assert not torch.allclose(zero, other, atol=0.1)
    assert small(encoder).digest == ""


@pytest.mark.parametrize("encoder", [*HEARING, *SEEING])
def test_a_trials_seed_stands_for_one_that_the_recipe_leaves_out(encoder, tmp_path):
    clip = clip_for(encoder, tmp_path)
    trial, again, other, said, both = (
        encode(small(encoder, **seeds), clip).x
        for seeds in (
            *({"trial_seed": 7}, {"trial_seed": 7}, {"trial_seed": 8}),
            *({"seed": 7}, {"seed": 7, "trial_seed": 8}),
        )
    )
    assert torch.equal(trial, again)
    assert not torch.equal(trial, other)
    assert torch.equal(said, both)


@pytest.mark.parametrize("encoder", [WavLM, Whisper])
def test_sizes_are_those_asked_for(encoder):
    built = small(encoder, channels=24, layers=3, heads=6)
    assert built.dim == 24
    assert len((built.model.encoder if encoder is WavLM else built.model).layers) == 3


@pytest.mark.parametrize("encoder", HEARING)
def test_silence_gives_numbers(encoder, tmp_path):
    silent = sound_clip(tmp_path, "silent", np.zeros(RATE, np.float32))
    assert encode(small(encoder), silent).x.isfinite().all()


@pytest.mark.parametrize(("encoder", "argument"), SIZES)
def test_sizes_and_seeds_beside_a_checkpoint_are_refused(encoder, argument):
    message = rf"{argument}: only `checkpoint: none` takes .*got 4\); 'some/where' brings its own"
    with pytest.raises(ValueError, match=message):
        encoder(checkpoint="some/where", **NEEDED.get(encoder, {}), **{argument: 4})


@pytest.mark.parametrize(("encoder", "argument"), [s for s in SIZES if s[1] != "seed"])
def test_sizes_below_one_are_refused(encoder, argument):
    with pytest.raises(ValueError, match=rf"{argument}: must be at least 1 \(got 0\)"):
        small(encoder, **{argument: 0})


@pytest.mark.parametrize("encoder", [WavLM, Whisper, CLIP])
def test_heads_divide_the_channels(encoder):
    with pytest.raises(ValueError, match=r"heads: must divide channels=64 \(got 5\)"):
        small(encoder, heads=5)


@pytest.mark.parametrize("encoder", HEARING)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": 3}, r"layer: the model has 2 layers \(got 3\); 0 .* to 2, or -1 .* to -3"),
        ({"layer": -4}, r"layer: .*\(got -4\)"),
        ({"max_seconds": 0.0}, r"max_seconds: .*above 0 \(got 0.0\)"),
        ({"steps_per_second": 60.0}, r"steps_per_second: .* 50 steps .*\(got 60\); .*at most"),
        ({"steps_per_second": -1.0}, r"steps_per_second: .*above 0 \(got -1.0\)"),
    ],
)
def test_wrong_values_of_sound_are_refused(encoder, arguments, message):
    with pytest.raises(ValueError, match=message):
        small(encoder, **arguments)


@pytest.mark.parametrize("encoder", SEEING)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"chunk": 0}, r"chunk: must be at least 1 \(got 0\)"),
        ({"max_frames": 0}, r"max_frames: must be at least 1 \(got 0\)"),
        ({"frames_per_second": 0.0}, r"frames_per_second: .*above 0 \(got 0.0\)"),
        ({"max_seconds": -2.0}, r"max_seconds: .*above 0 \(got -2.0\)"),
    ],
)
def test_wrong_values_of_pictures_are_refused(encoder, arguments, message):
    with pytest.raises(ValueError, match=message):
        small(encoder, **arguments)
