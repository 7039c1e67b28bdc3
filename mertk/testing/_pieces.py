"""Conformance of encoders that run in pieces: a frozen front first, or long clips part by part."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mertk.contracts import Clip, PartedEncoder, has_frozen_front
from mertk.encode import pad
from mertk.testing._kit import Kit, constructor_arguments
from mertk.testing._running import encode, evaluating, real_steps, run

Make = Callable[..., Any]


class PieceTests(Kit):
    """What an encoder must do that offers a frozen front, or parts; part of `EncoderTests`.

    Attributes:
        tolerance: As there.
    """

    tolerance: ClassVar[float] = 1e-4

    def test_a_frozen_front_is_the_same_in_training(
        self, encoder: Any, clips: Sequence[Clip], lacking: Clip
    ) -> None:
        """It runs once per clip and training starts from what it gave."""
        if not has_frozen_front(encoder):
            pytest.skip("the encoder has no frozen front")
        stream = pad([encoder.load(clip) for clip in (*clips, lacking)])
        with torch.inference_mode():
            fronted = encoder.front(stream)
            assert torch.equal(encoder.back(fronted).x, run(encoder, stream).x)
        assert fronted.x.ndim == 3
        assert not fronted.x[~fronted.mask].any(), "a padded step is not 0"
        trained = encoder.train().front(stream)
        assert torch.equal(trained.x, fronted.x)
        assert not trained.x.requires_grad, "a gradient reaches the front"

    def test_no_trials_seed_decides_a_frozen_front(
        self, make: Make, encoder: Any, clips: Sequence[Clip]
    ) -> None:
        """What it gives is kept for all trials."""
        if not has_frozen_front(encoder):
            pytest.skip("the encoder has no frozen front")
        if "trial_seed" not in constructor_arguments(self.component):
            pytest.skip("the encoder takes no trial_seed")
        stream = pad([encoder.load(clip) for clip in clips])
        other = evaluating(make(trial_seed=12345))
        assert torch.equal(other.front(stream).x, encoder.front(stream).x)

    def test_the_back_does_not_see_more_padding(self, encoder: Any, clips: Sequence[Clip]) -> None:
        """Training puts what the front gave into other batches."""
        if not has_frozen_front(encoder):
            pytest.skip("the encoder has no frozen front")
        with torch.inference_mode():
            fronted = [encoder.front(pad([encoder.load(clip)])) for clip in clips]
            together = encoder.back(pad([stream.x[0].numpy() for stream in fronted]))
        alone = [real_steps(encode(encoder, [clip]))[0] for clip in clips]
        self._close(real_steps(together), alone)

    def test_a_clip_can_be_encoded_in_parts(self, encoder: Any, clips: Any, lacking: Clip) -> None:
        """The core does so with long clips; one of the clips must have more than one part."""
        if not isinstance(encoder, PartedEncoder):
            pytest.skip("the encoder gives no parts")
        whole = [encoder.load(clip) for clip in (*clips, lacking)]  # type: ignore[attr-defined]
        parted = [list(encoder.parts(clip)) for clip in (*clips, lacking)]
        assert all(parted), "a clip has no part, not even an empty one"
        assert any(len(parts) > 1 for parts in parted), "no clip has more than one part"
        for loaded, parts in zip(whole, parted, strict=True):
            np.testing.assert_array_equal(np.concatenate(parts), loaded, strict=True)
        together = [
            torch.cat([real_steps(run(encoder, pad([part])))[0] for part in parts])
            for parts in parted[:-1]
        ]
        self._close(together, [real_steps(encode(encoder, [clip]))[0] for clip in clips])

    def _close(self, actual: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
        for one, other in zip(actual, expected, strict=True):
            assert_close(one, other, rtol=self.tolerance, atol=self.tolerance)
