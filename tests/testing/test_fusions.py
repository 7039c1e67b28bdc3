"""The kit for fusions passes a sound one and catches each way of being wrong."""

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from mertk.contracts import Stream
from mertk.testing import FusionTests
from mertk.testing.fusions import MISSING
from mertk.testing.toys import ToyFusion
from tests.testing.broken import run


class TestToyFusion(FusionTests):
    component = ToyFusion


class Supplied(ToyFusion):
    """A fusion that names all that the core supplies.

    Args:
        dims: Channels by stream.
        num_classes: Classes.
        trial_seed: What it draws from.
    """

    def __init__(self, dims: Mapping[str, int], num_classes: int, trial_seed: int) -> None:
        super().__init__(dims)
        self.seen = (num_classes, trial_seed)


class TestSupplied(FusionTests):
    component = Supplied


class NoMask(ToyFusion):
    def forward(self, streams):
        return super().forward(
            {n: Stream(s.x, torch.ones_like(s.mask)) for n, s in streams.items()}
        )


class SeesTheBatch(ToyFusion):
    def forward(self, streams):
        return {n: v - v.mean(0) for n, v in super().forward(streams).items()}


class Sorted(ToyFusion):
    def forward(self, streams):
        return {n: v.sort(0).values for n, v in super().forward(streams).items()}


class NotANumber(ToyFusion):
    def forward(self, streams):
        return {
            n: v / streams[n].mask.sum(1, keepdim=True).sign()
            for n, v in super().forward(streams).items()
        }


class OnlyTheGradientBreaks(ToyFusion):
    def forward(self, streams):
        lengths = {n: s.x.sum(1).square().sum(1, keepdim=True).sqrt() for n, s in streams.items()}
        return {n: v + lengths[n] for n, v in super().forward(streams).items()}


class Unused(ToyFusion):
    def __init__(self, dims):
        super().__init__(dims)
        self.unused = nn.Linear(2, 2)


class Detached(ToyFusion):
    def forward(self, streams):
        return super().forward({n: Stream(s.x.detach(), s.mask) for n, s in streams.items()})


class AlwaysDrops(ToyFusion):
    def forward(self, streams):
        return {n: nn.functional.dropout(v) for n, v in super().forward(streams).items()}


class OwnRandomNumbers(ToyFusion):
    generator = torch.Generator()

    def forward(self, streams):
        noise = torch.randn(1, generator=self.generator)
        return {n: v + noise for n, v in super().forward(streams).items()}


class KeepsWeightsAside(ToyFusion):
    def __init__(self, dims):
        super().__init__(dims)
        self.aside = torch.randn(1)

    def forward(self, streams):
        return {n: v + self.aside for n, v in super().forward(streams).items()}


class WritesIntoItsInput(ToyFusion):
    def forward(self, streams):
        vectors = super().forward(streams)
        streams["audio"].x.mul_(2)
        return vectors


class WrongDims(ToyFusion):
    def __init__(self, dims):
        super().__init__(dims)
        self.dims = {**self.dims, "audio": 3}

    def forward(self, streams):
        self.dims, said = {n: s.x.shape[2] for n, s in streams.items()}, self.dims
        vectors = super().forward(streams)
        self.dims = said
        return vectors


class RePairsWrongly(ToyFusion):
    def prepare(self, streams):
        return streams

    def fuse(self, prepared, partners=None):
        return {n: v for n, v in self(prepared).items() if partners is None or n in partners}


class NoModule:
    def __init__(self, dims):
        self.dims = dims

    def eval(self):
        return self

    def __call__(self, streams):
        return {n: s.mean() for n, s in streams.items()}


class CrashesOnOne(ToyFusion):
    def __init__(self, dims):
        super().__init__(dims)
        self.first, self.second = list(dims)


@pytest.mark.parametrize(
    ("component", "test", "given"),
    [
        (NoMask, "test_padding_changes_nothing", {}),
        (SeesTheBatch, "test_a_clip_does_not_see_the_rest_of_its_batch", {}),
        (Sorted, "test_another_order_of_clips_gives_another_order_of_vectors", {}),
        (
            NotANumber,
            "test_missing_streams_leave_values_and_gradients_finite",
            {"missing": MISSING, "training": True},
        ),
        (
            OnlyTheGradientBreaks,
            "test_missing_streams_leave_values_and_gradients_finite",
            {"missing": MISSING, "training": False},
        ),
        (Unused, "test_gradients_reach_every_parameter_and_every_stream", {}),
        (Detached, "test_gradients_reach_every_parameter_and_every_stream", {}),
        (AlwaysDrops, "test_evaluation_is_deterministic", {}),
        (OwnRandomNumbers, "test_a_seed_decides_weights_and_training", {}),
        (KeepsWeightsAside, "test_the_state_dict_holds_all_that_was_learned", {}),
        (WritesIntoItsInput, "test_the_streams_are_left_as_they_were", {}),
        (
            WrongDims,
            "test_vectors_have_the_shape_that_dims_says",
            {"clips": 6, "steps": 5, "training": True},
        ),
        (RePairsWrongly, "test_re_pairing_equals_fusing_the_re_paired_clips", {}),
        (NoModule, "test_it_is_a_module_that_says_its_dims", {}),
    ],
)
def test_the_kit_catches(component, test, given):
    run(FusionTests, ToyFusion, test, **given)
    with pytest.raises(AssertionError):
        run(FusionTests, component, test, **given)


@pytest.mark.parametrize("names", [["audio"], ["audio", "video", "text"]])
def test_the_kit_takes_a_refusal_as_a_value_error(names):
    run(FusionTests, CrashesOnOne, "test_other_numbers_of_streams_work_or_are_refused", names=names)
