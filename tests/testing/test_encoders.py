"""The kit for encoders passes a sound one and catches each way of being wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mertk.contracts import Clip, Encoder, MediaRef, Stream
from mertk.errors import MediaError
from mertk.testing import EncoderTests
from mertk.testing._kit import Kit
from tests.testing.broken import run


class Codes(nn.Module):
    """A sound encoder: bytes of a text file, embedded, averaged over what came before them."""

    modality = "text"
    version = "1"
    digest = "codes"
    dim = 6

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.embedding = nn.Embedding(256, self.dim)

    def load(self, clip: Clip) -> np.ndarray[Any, Any]:
        ref = clip.media.get(self.modality)
        if ref is None:
            return np.zeros((0, 1), np.uint8)
        try:
            text = ref.path.read_text(encoding="ascii").encode()
        except (OSError, ValueError) as error:
            raise MediaError(ref.path, str(error)) from None
        if not text:
            raise MediaError(ref.path, "is empty")
        return np.frombuffer(text, np.uint8)[:, None].copy()

    def forward(self, stream: Stream) -> Stream:
        x = self.embed(stream) * stream.mask.unsqueeze(2)
        return Stream(self.mix(x, stream.mask) * stream.mask.unsqueeze(2), stream.mask)

    def embed(self, stream: Stream) -> Tensor:
        embedded: Tensor = self.embedding(stream.x[:, :, 0].long())
        return embedded

    def mix(self, x: Tensor, mask: Tensor) -> Tensor:
        return x.cumsum(1) / mask.cumsum(1).clamp(min=1).unsqueeze(2)


def written(folder: Path) -> list[Clip]:
    clips = []
    for text in ("anger", "joy and more joy", "no"):
        path = folder / f"{text[:2]}.txt"
        path.write_text(text)
        clips.append(Clip(text, {}, "s1", media={"text": MediaRef(path)}))
    return clips


class TestCodes(EncoderTests):
    component = Codes
    trainable = True

    @pytest.fixture
    def clips(self, tmp_path):
        return written(tmp_path)


class NoDim(Codes):
    dim = 0


class NoDigest(Codes):
    digest = None


class OtherDtypes(Codes):
    def load(self, clip):
        loaded = super().load(clip)
        return loaded.astype(np.int64) if len(loaded) == 2 else loaded


class LoadsNothing(Codes):
    def load(self, clip):
        return super().load(clip)[:0]


class LoadsNotANumber(Codes):
    def load(self, clip):
        return super().load(clip).astype(np.float32) * np.nan


class LoadsWhatIsLeft(Codes):
    count = 0

    def load(self, clip):
        type(self).count += 1
        return super().load(clip) + np.uint8(self.count)


class WrongDim(Codes):
    def forward(self, stream):
        out = super().forward(stream)
        return Stream(out.x[:, :, :3], out.mask)


class DropsShortClips(Codes):
    def forward(self, stream):
        out = super().forward(stream)
        mask = out.mask & (out.mask.sum(1, keepdim=True) > 2)
        return Stream(out.x * mask.unsqueeze(2), mask)


class Gaps(Codes):
    def forward(self, stream):
        out = super().forward(stream)
        mask = out.mask.clone()
        mask[:, 0] = False
        return Stream(out.x * mask.unsqueeze(2), mask)


class PaddingIsNotZero(Codes):
    def forward(self, stream):
        out = super().forward(stream)
        return Stream(out.x + 1, out.mask)


class HearsNothing(Codes):
    def embed(self, stream):
        return super().embed(Stream(torch.zeros_like(stream.x), stream.mask))


class SeesPadding(Codes):
    def mix(self, x, mask):
        return super().mix(x, mask) - x.mean(1, keepdim=True)


class SeesItsNeighbours(Codes):
    def mix(self, x, mask):
        return super().mix(x, mask) - x.sum((0, 1)) / mask.sum()


class Drops(Codes):
    def mix(self, x, mask):
        return nn.functional.dropout(super().mix(x, mask))


class WritesIntoItsInput(Codes):
    def embed(self, stream):
        embedded = super().embed(stream)
        stream.x.add_(1)
        return embedded


class OneStepForNothing(Codes):
    def load(self, clip):
        return super().load(clip) if clip.media else np.zeros((1, 1), np.uint8)


class NotANumberForNothing(Codes):
    def forward(self, stream):
        out = super().forward(stream)
        return Stream(out.x / out.mask.any(1)[:, None, None], out.mask)


class NothingOfAnotherKind(Codes):
    def load(self, clip):
        return super().load(clip) if clip.media else np.zeros(0, np.float32)


class DrawsFromTheProgram(Codes):
    def __init__(self):
        nn.Module.__init__(self)
        self.embedding = nn.Embedding(256, self.dim)


class CountsItself(Codes):
    built = 0

    def __init__(self):
        super().__init__()
        type(self).built += 1
        self.digest = str(self.built)


class DrawsFromNumpy(Codes):
    def load(self, clip):
        np.random.rand()
        return super().load(clip)


class Traceback(Codes):
    def load(self, clip):
        ref = clip.media.get(self.modality)
        return super().load(clip) if not ref or ref.path.suffix == ".txt" else ref.path.read_bytes()


class Fronted(Codes):
    """An encoder whose embedding is fixed.

    Args:
        trial_seed: What stands for a seed that is left out.
    """

    frozen_front = True

    def __init__(self, trial_seed: int | None = None) -> None:
        super().__init__()
        self.embedding.requires_grad_(False)
        self.scale = nn.Parameter(torch.ones(self.dim))

    def front(self, stream: Stream) -> Stream:
        return Stream(self.embed(stream) * stream.mask.unsqueeze(2), stream.mask)

    def back(self, stream: Stream) -> Stream:
        mixed = self.mix(stream.x * self.scale, stream.mask)
        return Stream(mixed * stream.mask.unsqueeze(2), stream.mask)

    def forward(self, stream: Stream) -> Stream:
        return self.back(self.front(stream))


class TestFronted(TestCodes):
    component = Fronted


class FrontDrops(Fronted):
    def embed(self, stream):
        return nn.functional.dropout(super().embed(stream), training=self.training)


class FrontLearns(Fronted):
    def __init__(self, trial_seed: int | None = None) -> None:
        super().__init__()
        self.embedding.requires_grad_(True)


class FrontIsAnother(Fronted):
    def forward(self, stream):
        return super().back(Stream(self.front(stream).x * 2, stream.mask))


class FrontFollowsTheTrial(Fronted):
    def __init__(self, trial_seed: int | None = None) -> None:
        super().__init__()
        nn.init.constant_(self.embedding.weight, trial_seed or 0)


class BackSeesPadding(Fronted):
    def back(self, stream):
        out = super().back(stream)
        return Stream((out.x - stream.x.mean(1, keepdim=True)) * out.mask.unsqueeze(2), out.mask)


class BackDrawsFromTheProgram(Fronted):
    def __init__(self, trial_seed: int | None = None) -> None:
        super().__init__()
        nn.init.normal_(self.scale)


class Parted(Codes):
    """An encoder whose steps do not see each other."""

    def mix(self, x: Tensor, mask: Tensor) -> Tensor:
        return x

    def parts(self, clip: Clip) -> Iterator[np.ndarray[Any, Any]]:
        loaded = self.load(clip)
        yield loaded[:4]
        if len(loaded) > 4:
            yield loaded[4:]


class TestParted(TestCodes):
    component = Parted


class PartsLackSomething(Parted):
    def parts(self, clip):
        yield self.load(clip)[:4]
        yield self.load(clip)[5:]


class PartsSeeEachOther(Parted):
    def mix(self, x, mask):
        return Codes.mix(self, x, mask)


class OnePart(Parted):
    def parts(self, clip):
        yield self.load(clip)


class NoPartForNothing(Parted):
    def parts(self, clip):
        return super().parts(clip) if clip.media else iter(())


class Detached(Codes):
    def embed(self, stream):
        return super().embed(stream).detach().requires_grad_()


class OnlyTheGradientBreaks(Codes):
    def mix(self, x, mask):
        return super().mix(x, mask) + x.sum((1, 2), keepdim=True).square().sqrt()


CAUGHT = [
    (NoDim, "test_it_is_an_encoder"),
    (NoDigest, "test_it_is_an_encoder"),
    (OtherDtypes, "test_clips_load_as_steps_of_one_kind"),
    (LoadsNothing, "test_clips_load_as_steps_of_one_kind"),
    (LoadsNotANumber, "test_clips_load_as_steps_of_one_kind"),
    (LoadsWhatIsLeft, "test_loading_repeats_exactly_in_several_threads"),
    (WrongDim, "test_the_output_has_the_shape_that_dim_says"),
    (DropsShortClips, "test_the_output_has_the_shape_that_dim_says"),
    (Gaps, "test_masks_are_prefixes_and_padding_is_zero"),
    (PaddingIsNotZero, "test_masks_are_prefixes_and_padding_is_zero"),
    (HearsNothing, "test_different_clips_differ"),
    (SeesPadding, "test_padding_changes_nothing"),
    (SeesItsNeighbours, "test_a_clip_does_not_see_the_rest_of_its_batch"),
    (Drops, "test_the_same_input_gives_the_same_output"),
    (WritesIntoItsInput, "test_the_input_is_left_as_it_was"),
    (OneStepForNothing, "test_a_missing_modality_is_an_empty_row"),
    (NothingOfAnotherKind, "test_a_missing_modality_is_an_empty_row"),
    (NotANumberForNothing, "test_a_missing_modality_is_an_empty_row"),
    (NotANumberForNothing, "test_a_batch_may_lack_the_modality_altogether"),
    (DrawsFromTheProgram, "test_building_it_again_gives_the_same_encoder"),
    (CountsItself, "test_building_it_again_gives_the_same_encoder"),
    (DrawsFromTheProgram, "test_it_leaves_the_programs_random_numbers_alone"),
    (DrawsFromNumpy, "test_it_leaves_the_programs_random_numbers_alone"),
    (FrontDrops, "test_a_frozen_front_is_the_same_in_training"),
    (FrontLearns, "test_a_frozen_front_is_the_same_in_training"),
    (FrontIsAnother, "test_a_frozen_front_is_the_same_in_training"),
    (FrontFollowsTheTrial, "test_no_trials_seed_decides_a_frozen_front"),
    (BackSeesPadding, "test_the_back_does_not_see_more_padding"),
    (BackDrawsFromTheProgram, "test_a_trials_seed_decides_what_training_starts_from"),
    (PartsLackSomething, "test_a_clip_can_be_encoded_in_parts"),
    (PartsSeeEachOther, "test_a_clip_can_be_encoded_in_parts"),
    (OnePart, "test_a_clip_can_be_encoded_in_parts"),
    (NoPartForNothing, "test_a_clip_can_be_encoded_in_parts"),
    (Detached, "test_gradients_are_there_and_finite"),
    (OnlyTheGradientBreaks, "test_gradients_are_there_and_finite"),
]


def test_every_test_of_the_kit_is_failed_by_some_encoder() -> None:
    of_every_kit = {name for name in dir(Kit) if name.startswith("test_")}
    told_apart = {"test_a_broken_file_is_named", *of_every_kit}  # these by tests of their own
    tests = {name for name in dir(EncoderTests) if name.startswith("test_")}
    assert {test for _, test in CAUGHT} == tests - told_apart


@pytest.mark.parametrize(("component", "test"), CAUGHT)
def test_the_kit_catches(component, test, tmp_path):
    kit = type("Kit", (EncoderTests,), {"trainable": True, "component": component})
    clips = written(tmp_path)
    given = {"clips": clips, "encoder": component().eval()}
    given["lacking"] = Clip("lacking", {}, "s1")
    right = next(kind for kind in (Fronted, Parted, Codes) if issubclass(component, kind))
    run(kit, right, test, **given | {"encoder": right().eval()})
    with pytest.raises(AssertionError):
        run(kit, component, test, **given)


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_the_kit_catches_a_broken_file_that_is_not_named(content, tmp_path):
    given = {"content": content, "tmp_path": tmp_path}
    test = "test_a_broken_file_is_named"
    run(EncoderTests, Codes, test, **given)
    with pytest.raises((FileNotFoundError, pytest.fail.Exception)):
        run(EncoderTests, Traceback, test, **given)


def test_the_toy_keeps_the_contract():
    assert isinstance(Codes(), Encoder)


def test_clips_must_be_given():
    with pytest.raises(TypeError, match="User must override the fixture `clips`"):
        run(EncoderTests, Codes, "test_different_clips_differ")
