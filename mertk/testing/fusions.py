"""Conformance kit for fusions."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from mertk.contracts import Attending, Fusion, Vectors
from mertk.pairing import bind, repaired
from mertk.testing._kit import Kit, naming
from mertk.testing.toys import leaves, moved, padded, random_streams

Make = Callable[..., Any]

MISSING = {"audio": [1, 4], "video": [2, 4]}
"""Rows that lack a stream: some lack one, row 4 lacks both."""


class FusionTests(Kit):
    """What every fusion must do.

        class TestGated(FusionTests):
            component = Gated

            @pytest.fixture
            def arguments(self):
                return {"width": 16}

    Attributes:
        dims: Channels of the streams that the tests fuse.
        num_classes: Classes of the labels.
    """

    dims: ClassVar[Mapping[str, int]] = {"audio": 8, "video": 12}
    num_classes: ClassVar[int] = 4

    @pytest.fixture
    def fusion(self, make: Make) -> Any:
        """The fusion in evaluation mode, built anew for each test."""
        torch.manual_seed(0)
        return self._made(make, self.dims).eval()

    def _made(self, make: Make, dims: Mapping[str, int]) -> Any:
        supplies = {"dims": dims, "num_classes": self.num_classes, "trial_seed": 0}
        return make(**naming(self.component, supplies))

    def test_it_is_a_module_that_says_its_dims(self, fusion: Any) -> None:
        """`dims` has an entry per stream; the head is sized by it."""
        assert isinstance(fusion, nn.Module)
        assert isinstance(fusion, Fusion)
        assert set(fusion.dims) == set(self.dims)
        assert all(isinstance(dim, int) and dim > 0 for dim in fusion.dims.values())

    @pytest.mark.parametrize(("clips", "steps"), [(6, 5), (1, 5), (6, 1), (1, 1)])
    @pytest.mark.parametrize("training", [True, False])
    def test_vectors_have_the_shape_that_dims_says(
        self, fusion: Any, clips: int, steps: int, training: bool
    ) -> None:
        """One clip and one step included, for a fold's last batch may be that small."""
        vectors = fusion.train(training)(random_streams(self.dims, clips, steps))
        shapes = {name: tuple(vector.shape) for name, vector in vectors.items()}
        assert shapes == {name: (clips, dim) for name, dim in fusion.dims.items()}
        assert all(v.is_floating_point() and v.isfinite().all() for v in vectors.values())

    def test_padding_changes_nothing(self, fusion: Any) -> None:
        """Masked steps are not seen."""
        streams = random_streams(self.dims)
        _same(fusion(padded(streams)), fusion(streams))

    def test_attention_that_it_shows_sums_to_one_over_real_steps(self, fusion: Any) -> None:
        """`attention` is optional; what it gives is drawn in reports."""
        if not isinstance(fusion, Attending):
            return
        streams = padded(random_streams(self.dims))
        for (name, other), weights in fusion.attention(streams).items():
            real = streams[other].mask[:, None, :]
            assert weights.shape[:2] == streams[name].mask.shape
            assert (weights >= 0).all()
            assert not (weights * ~real).any()
            _same({name: weights.sum(-1)}, {name: torch.ones(weights.shape[:2])})

    def test_a_clip_does_not_see_the_rest_of_its_batch(self, fusion: Any) -> None:
        """Scores must not depend on which clips happen to share a batch."""
        streams = random_streams(self.dims, missing=MISSING)
        together = fusion(streams)
        for row in range(6):
            alone = fusion({name: s[torch.tensor([row])] for name, s in streams.items()})
            _same(alone, {name: vector[row : row + 1] for name, vector in together.items()})

    def test_another_order_of_clips_gives_another_order_of_vectors(self, fusion: Any) -> None:
        """Row i of the output belongs to row i of the input."""
        streams = random_streams(self.dims)
        order = torch.tensor([3, 0, 5, 1, 4, 2])
        vectors = fusion(streams)
        _same(
            fusion({name: stream[order] for name, stream in streams.items()}),
            {name: vector[order] for name, vector in vectors.items()},
        )

    @pytest.mark.parametrize("missing", [MISSING, {"audio": range(6)}, {"video": range(6)}])
    @pytest.mark.parametrize("training", [True, False])
    def test_missing_streams_leave_values_and_gradients_finite(
        self, fusion: Any, missing: Mapping[str, Any], training: bool
    ) -> None:
        """A clip may lack a modality, a whole batch may, and so may both at once."""
        streams = leaves(random_streams(self.dims, missing=missing))
        vectors = fusion.train(training)(streams)
        assert all(vector.isfinite().all() for vector in vectors.values())
        _random_sum(vectors).backward()  # type: ignore[no-untyped-call]
        inputs = [stream.x for stream in streams.values()]
        gradients = [t.grad for t in [*inputs, *fusion.parameters()] if t.grad is not None]
        assert all(gradient.isfinite().all() for gradient in gradients)

    def test_gradients_reach_every_parameter_and_every_stream(self, fusion: Any) -> None:
        """A parameter that no loss can move is a mistake, or is published as one."""
        streams = leaves(random_streams(self.dims))
        _random_sum(fusion(streams)).backward()  # type: ignore[no-untyped-call]
        tensors = dict(fusion.named_parameters())
        tensors |= {f"stream {name!r}": stream.x for name, stream in streams.items()}
        still = [n for n, t in tensors.items() if t.requires_grad and not moved(t)]
        assert not still, f"no gradient reaches {', '.join(still)}"

    def test_evaluation_is_deterministic(self, fusion: Any) -> None:
        """No dropout and no random numbers outside training."""
        streams = random_streams(self.dims)
        _same(fusion(streams), fusion(streams), exactly=True)

    def test_a_seed_decides_weights_and_training(self, make: Make) -> None:
        """All random numbers come from torch's generator, so that a run can be repeated."""
        runs = []
        for _ in range(2):
            torch.manual_seed(7)
            runs.append(self._made(make, self.dims).train()(random_streams(self.dims)))
        _same(runs[0], runs[1], exactly=True)

    def test_the_state_dict_holds_all_that_was_learned(self, fusion: Any, make: Make) -> None:
        """A checkpoint restores the fusion."""
        torch.manual_seed(1)
        other = self._made(make, self.dims).eval()
        other.load_state_dict(fusion.state_dict())
        streams = random_streams(self.dims)
        _same(other(streams), fusion(streams), exactly=True)

    def test_the_streams_are_left_as_they_were(self, fusion: Any) -> None:
        """Tasks see the same streams after the fusion."""
        streams = random_streams(self.dims)
        fusion(streams)
        for name, stream in random_streams(self.dims).items():
            assert torch.equal(streams[name].x, stream.x)
            assert torch.equal(streams[name].mask, stream.mask)

    @pytest.mark.parametrize("names", [["audio"], ["audio", "video", "text"]])
    def test_other_numbers_of_streams_work_or_are_refused(
        self, make: Make, names: list[str]
    ) -> None:
        """A refusal is a ValueError, which the core tells as a fault of the recipe."""
        dims = dict.fromkeys(names, 8)
        try:
            fusion = self._made(make, dims)
        except ValueError:
            return
        vectors = fusion.eval()(random_streams(dims))
        assert {n: tuple(v.shape) for n, v in vectors.items()} == {
            n: (6, dim) for n, dim in fusion.dims.items()
        }
        assert all(vector.isfinite().all() for vector in vectors.values())

    def test_re_pairing_equals_fusing_the_re_paired_clips(self, fusion: Any) -> None:
        """`prepare` and `fuse`, where offered, give what the slow way gives."""
        streams = random_streams(self.dims, missing=MISSING)
        fused, fuse_with = bind(fusion, streams)
        _same(fused, fusion(streams))
        rows = torch.tensor([5, 5, 0, 2, 1, 4])
        slow = {name: fusion(repaired(streams, name, rows))[name] for name in self.dims}
        _same(fuse_with(dict.fromkeys(self.dims, rows)), slow)
        for name, vector in slow.items():
            _same(fuse_with({name: rows}), {name: vector})


def _random_sum(vectors: Vectors) -> Tensor:
    # Equal weights would hide the gradient of whatever stands before a LayerNorm.
    generator = torch.Generator().manual_seed(3)
    parts = [(torch.randn(v.shape, generator=generator) * v).sum() for v in vectors.values()]
    return torch.stack(parts).sum()


def _same(actual: Vectors, expected: Vectors, exactly: bool = False) -> None:
    rtol, atol = (0.0, 0.0) if exactly else (1e-4, 1e-5)
    assert set(actual) == set(expected)
    for name, vector in expected.items():
        assert_close(actual[name], vector, rtol=rtol, atol=atol)
