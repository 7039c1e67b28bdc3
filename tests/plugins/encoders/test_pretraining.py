"""What the encoders that ship say of their weights."""

import pytest

from mertk.contracts import Declaring, Pretraining
from mertk.registry import discover
from mertk_plugins.encoders._pretraining import CHECKPOINTS, FAMILIES, TAGS, of_checkpoint, of_tag

LIGHT = ("Libri-Light", "GigaSpeech", "VoxPopuli")


@pytest.mark.parametrize(
    ("checkpoint", "corpora", "complete"),
    [
        ("microsoft/wavlm-large", LIGHT, True),
        ("microsoft/wavlm-base", ("LibriSpeech",), True),
        ("microsoft/wavlm-base-plus-sv@main", (*LIGHT, "VoxCeleb1"), True),
        ("/data/weights/wavlm-base/", ("LibriSpeech",), True),
        ("openai/whisper-large-v3", (), False),
        ("openai/whisper-tiny.en", (), False),
        ("openai/clip-vit-large-patch14", (), False),
        ("openai/clip-vit-large-patch14-336", (), False),
        ("laion/CLIP-ViT-H-14-laion2B-s32B-b79K", ("LAION-2B",), True),
        ("someone/wavlm-large-finetuned-iemocap", ("IEMOCAP",), False),
        ("someone/whisper-small-crema_d-ravdess", ("RAVDESS", "CREMA-D"), False),
        ("my-own-weights", (), False),
        ("none", (), True),
    ],
)
def test_a_checkpoint_is_known_by_its_name(
    checkpoint: str, corpora: tuple[str, ...], complete: bool
) -> None:
    told = of_checkpoint(checkpoint)
    assert (told.corpora, told.complete, told.weights) == (corpora, complete, checkpoint)
    assert told.corpora or told.note


@pytest.mark.parametrize(
    ("tag", "corpora", "complete"),
    [
        ("augreg_in21k_ft_in1k", ("ImageNet-21k", "ImageNet-1k"), True),
        ("laion2b_ft_in12k_in1k", ("LAION-2B", "ImageNet-12k", "ImageNet-1k"), True),
        ("openai_ft_in1k", ("ImageNet-1k",), False),
        ("lvd142m", (), False),
        ("mystery", (), False),
        ("", (), False),
    ],
)
def test_timms_weights_are_known_by_their_tag(
    tag: str, corpora: tuple[str, ...], complete: bool
) -> None:
    told = of_tag("vit_base_patch16_224", tag)
    assert (told.corpora, told.complete) == (corpora, complete)
    assert told.weights == f"vit_base_patch16_224.{tag}".rstrip(".")


def test_timm_without_a_tag_is_known_by_that_of_its_default_weights() -> None:
    timm = discover().entries["encoders"]["timm"].load()
    told = timm.pretraining({"model": "resnet18", "checkpoint": "pretrained"})
    assert told.corpora == ("ImageNet-1k",)
    assert told.weights.startswith("resnet18.")
    other = timm.pretraining({"model": "resnet18", "checkpoint": "someone/resnet18-fer2013"})
    assert other.corpora == ("FER2013",)
    assert timm.pretraining({"model": "resnet18", "checkpoint": "none"}).complete


def test_every_encoder_that_ships_declares() -> None:
    for entry in discover().entries["encoders"].values():
        if entry.provider.startswith("mertk "):
            assert isinstance(entry.load(), Declaring), entry.name


@pytest.mark.parametrize("told", [*CHECKPOINTS.values(), *FAMILIES.values(), *TAGS.values()])
def test_what_is_not_complete_says_why(told: Pretraining) -> None:
    assert told.corpora if told.complete else told.note
