"""Conformance kit for encoders."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from mertk.contracts import Clip, Encoder, MediaRef, Stream
from mertk.encode import pad
from mertk.errors import MediaError
from mertk.testing._kit import Kit, constructor_arguments
from mertk.testing._pieces import PieceTests
from mertk.testing._running import encode, evaluating, random_states, real_steps, run

Array = NDArray[Any]
Make = Callable[..., Any]


class EncoderTests(PieceTests, Kit):
    """What every encoder must do.

        class TestPitch(EncoderTests):
            component = Pitch

            @pytest.fixture
            def clips(self, tmp_path):
                return [write_a_clip(tmp_path, seconds) for seconds in (0.3, 1.0, 2.5)]

    Attributes:
        tolerance: How far a clip's output may move, absolutely and relatively, with its padding,
            with the rest of its batch, and in parts; sums run in another order there.
        trainable: Whether recipes may say `train: true`; then gradients are tested.
        reads_media: Whether `load` opens the clip's media; then broken files are tested.
    """

    trainable: ClassVar[bool] = False
    reads_media: ClassVar[bool] = True

    @pytest.fixture
    def clips(self) -> Sequence[Clip]:
        """Three clips or more of different lengths and content; to be overridden."""
        raise TypeError(f"{type(self).__name__} must override the fixture `clips`")

    @pytest.fixture
    def lacking(self, clips: Sequence[Clip]) -> Clip:
        """A clip without the encoder's modality."""
        return replace(clips[0], id="lacks everything", media={}, text=None)

    @pytest.fixture
    def encoder(self, make: Make) -> Any:
        """The encoder in evaluation mode, built anew for each test."""
        return evaluating(make())

    def test_it_is_an_encoder(self, encoder: Any) -> None:
        """What the core asks it before it reads anything."""
        assert isinstance(encoder, Encoder)
        assert encoder.modality
        assert isinstance(encoder.modality, str)
        assert encoder.version
        assert isinstance(encoder.version, str)
        assert isinstance(encoder.digest, str)
        assert isinstance(encoder.dim, int)
        assert encoder.dim > 0

    def test_clips_load_as_steps_of_one_kind(self, encoder: Any, clips: Sequence[Clip]) -> None:
        """[T, ...] numbers, of which only T differs."""
        assert len(clips) >= 3, "the fixture `clips` must give three or more"
        loaded = [encoder.load(clip) for clip in clips]
        assert all(isinstance(array, np.ndarray) for array in loaded)
        assert all(array.ndim >= 1 and len(array) for array in loaded)
        assert len({(array.dtype, array.shape[1:]) for array in loaded}) == 1
        assert loaded[0].dtype.kind in "biuf", f"{loaded[0].dtype} is no dtype of numbers"
        assert all(np.isfinite(array).all() for array in loaded)

    def test_loading_repeats_exactly_in_several_threads(
        self, encoder: Any, clips: Sequence[Clip]
    ) -> None:
        """The core loads in threads."""
        loaded = [encoder.load(clip) for clip in clips]
        with ThreadPoolExecutor(4) as pool:
            again = list(pool.map(encoder.load, [*clips, *clips]))
        for first, second in zip([*loaded, *loaded], again, strict=True):
            np.testing.assert_array_equal(second, first, strict=True)

    def test_the_output_has_the_shape_that_dim_says(
        self, encoder: Any, clips: Sequence[Clip]
    ) -> None:
        """[B, T, dim] with a step or more for every clip, and a mask that says which are real."""
        for chosen in (clips, clips[:1]):
            out = encode(encoder, chosen)
            assert out.x.shape == (*out.mask.shape, encoder.dim)
            assert len(out.x) == len(chosen)
            assert out.x.is_floating_point()
            assert out.x.isfinite().all()
            assert out.mask.any(1).all(), "a clip is left without a step"

    def test_masks_are_prefixes_and_padding_is_zero(
        self, encoder: Any, clips: Sequence[Clip]
    ) -> None:
        """Real steps come first; what follows them is 0."""
        out = encode(encoder, clips)
        assert out.mask.dtype == torch.bool
        assert not (out.mask[:, 1:] & ~out.mask[:, :-1]).any(), "a mask has a gap"
        assert not out.x[~out.mask].any(), "a padded step is not 0"

    def test_different_clips_differ(self, encoder: Any, clips: Sequence[Clip]) -> None:
        """Something of what was read comes through."""
        steps = real_steps(encode(encoder, clips))
        assert not any(
            torch.equal(a.mean(0), b.mean(0)) for a in steps for b in steps if a is not b
        )

    def test_padding_changes_nothing(self, encoder: Any, clips: Sequence[Clip]) -> None:
        """A clip's numbers must not depend on how long its neighbours are."""
        stream = pad([encoder.load(clip) for clip in clips])
        expected = real_steps(run(encoder, stream))
        more = 1 + stream.mask.shape[1] // 2
        x = torch.cat([stream.x, torch.zeros_like(stream.x[:, :more])], 1)
        mask = nn.functional.pad(stream.mask, (0, more))
        self._close(real_steps(run(encoder, Stream(x, mask))), expected)

    def test_a_clip_does_not_see_the_rest_of_its_batch(
        self, encoder: Any, clips: Sequence[Clip]
    ) -> None:
        """Nor on who they are, nor on its place among them."""
        alone = [real_steps(encode(encoder, [clip]))[0] for clip in clips]
        self._close(real_steps(encode(encoder, clips)), alone)
        self._close(real_steps(encode(encoder, clips[::-1])), alone[::-1])

    def test_the_same_input_gives_the_same_output(
        self, encoder: Any, clips: Sequence[Clip]
    ) -> None:
        """No random numbers outside training."""
        first, second = encode(encoder, clips), encode(encoder, clips)
        assert torch.equal(first.mask, second.mask)
        assert torch.equal(first.x, second.x)

    def test_the_input_is_left_as_it_was(self, encoder: Any, clips: Sequence[Clip]) -> None:
        """Others may read the same batch."""
        stream = pad([encoder.load(clip) for clip in clips])
        before = Stream(stream.x.clone(), stream.mask.clone())
        run(encoder, stream)
        assert torch.equal(stream.x, before.x)
        assert torch.equal(stream.mask, before.mask)

    def test_a_missing_modality_is_an_empty_row(
        self, encoder: Any, clips: Sequence[Clip], lacking: Clip
    ) -> None:
        """It loads no step, comes out masked and leaves its neighbours alone."""
        loaded = [encoder.load(clip) for clip in (clips[0], lacking, clips[1])]
        assert len(loaded[1]) == 0
        assert loaded[1].dtype == loaded[0].dtype
        assert loaded[1].shape[1:] == loaded[0].shape[1:]
        out = run(encoder, pad(loaded))
        assert not out.mask[1].any()
        assert not out.x[1].any()
        neighbours = real_steps(encode(encoder, clips[:2]))
        self._close([real_steps(out)[0], real_steps(out)[2]], neighbours)

    def test_a_batch_may_lack_the_modality_altogether(self, encoder: Any, lacking: Clip) -> None:
        """Both as one padded step, which is what training gives, and as none."""
        empty = encoder.load(lacking)
        for steps in (0, 1):
            x = torch.from_numpy(np.zeros((2, steps, *empty.shape[1:]), empty.dtype))
            out = run(encoder, Stream(x, torch.zeros(2, steps, dtype=torch.bool)))
            assert out.x.shape == (*out.mask.shape, encoder.dim)
            assert not out.mask.any()
            assert not out.x.any()

    def test_building_it_again_gives_the_same_encoder(
        self, make: Make, clips: Sequence[Clip]
    ) -> None:
        """Whatever the program's random numbers are: features are shared by name and digest."""
        built = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            np.random.seed(seed)
            random.seed(seed)
            built.append(evaluating(make()))
        one, other = built
        assert (one.modality, one.dim, one.version) == (other.modality, other.dim, other.version)
        assert one.digest == other.digest
        assert torch.equal(encode(one, clips).x, encode(other, clips).x)

    def test_a_trials_seed_decides_what_training_starts_from(
        self, make: Make, clips: Sequence[Clip]
    ) -> None:
        """Whatever the program's random numbers are: a trial can be repeated."""
        if "trial_seed" not in constructor_arguments(self.component):
            pytest.skip("the encoder takes no trial_seed")
        outputs = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            outputs.append(encode(evaluating(make(trial_seed=12345)), clips).x)
        assert torch.equal(*outputs)

    def test_it_leaves_the_programs_random_numbers_alone(
        self, make: Make, clips: Sequence[Clip]
    ) -> None:
        """A run must not change because features were in the store already."""
        torch.manual_seed(0)
        before = random_states()
        encode(evaluating(make()), clips)
        assert random_states() == before

    @pytest.mark.parametrize("content", [None, b"", b"\xff\x00 nothing that plays" * 99])
    def test_a_broken_file_is_named(
        self, encoder: Any, tmp_path: Path, content: bytes | None
    ) -> None:
        """Absent, empty or full of something else: MediaError, which is told and not fatal."""
        if not self.reads_media:
            pytest.skip("the encoder opens no media")
        path = tmp_path / "broken-file.bin"
        if content is not None:
            path.write_bytes(content)
        clip = Clip("broken", {}, "nobody", media={encoder.modality: MediaRef(path)})
        with pytest.raises(MediaError, match="broken-file"):
            encoder.load(clip)

    def test_gradients_are_there_and_finite(
        self, make: Make, clips: Sequence[Clip], lacking: Clip
    ) -> None:
        """In training, with a clip that lacks the modality in the batch."""
        if not self.trainable:
            pytest.skip("the encoder is not meant to be trained")
        torch.manual_seed(0)
        encoder = make()
        loaded = [encoder.load(clip) for clip in (*clips, lacking)]
        assert isinstance(encoder, nn.Module)
        out = encoder.train()(pad(loaded))
        (out.x * torch.randn_like(out.x)).sum().backward()
        gradients = [p.grad for p in encoder.parameters() if p.grad is not None]
        assert any(gradient.count_nonzero() for gradient in gradients), "nothing would be learned"
        assert all(gradient.isfinite().all() for gradient in gradients)
