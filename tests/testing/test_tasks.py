"""The kit for tasks passes a sound one and catches each way of being wrong."""

import random

import pytest
import torch
from torch import nn

from mertk.contracts import Loss
from mertk.testing import TaskTests
from tests.testing.broken import run


class Agreement(nn.Module):
    """Squared distance between two projections.

    Args:
        dims: Channels of the encoders by stream name.
    """

    requires = ()
    provides = ("distance",)

    def __init__(self, dims: dict[str, int]) -> None:
        super().__init__()
        self.project = nn.ModuleDict({n: nn.Linear(d, 3) for n, d in dims.items()})

    def distance(self, step):
        first, second = (self.project[n](s.mean()) for n, s in step.streams.items())
        return (first - second).square().sum(1)

    def forward(self, step):
        distance = self.distance(step)
        return Loss(distance.mean(), {"distance": distance})


class TestAgreement(TaskTests):
    component = Agreement


class NeedsMore(Agreement):
    def forward(self, step):
        step.shared.get("similarity")
        return super().forward(step)


class GivesLess(Agreement):
    def forward(self, step):
        return Loss(super().forward(step).value)


class NotAScalar(Agreement):
    def forward(self, step):
        return Loss(self.distance(step), {"distance": 0})


class Detached(Agreement):
    def forward(self, step):
        return Loss(super().forward(step).value.detach(), {"distance": 0})


class Unused(Agreement):
    def __init__(self, dims):
        super().__init__(dims)
        self.unused = nn.Parameter(torch.ones(1))


class OneClassBreaks(Agreement):
    def forward(self, step):
        other = (step.labels[:, None] != step.labels[None, :]).sum()
        return Loss(super().forward(step).value / other, {"distance": 0})


class OneClipBreaks(Agreement):
    def forward(self, step):
        return Loss(self.distance(step).var(unbiased=False).sqrt(), {"distance": 0})


class MissingBreaks(Agreement):
    def forward(self, step):
        whole = torch.stack([s.mask.any(1) for s in step.streams.values()]).all(0)
        return Loss(self.distance(step)[whole].mean(), {"distance": 0})


class NoMask(Agreement):
    def distance(self, step):
        first, second = (self.project[n](s.x.mean(1)) for n, s in step.streams.items())
        return (first - second).square().sum(1)


class OwnRandomNumbers(Agreement):
    def forward(self, step):
        return Loss(super().forward(step).value * random.random(), {"distance": 0})


class WritesIntoTheStep(Agreement):
    def forward(self, step):
        step.fused["audio"].data.zero_()
        return super().forward(step)


class NamesInAList(Agreement):
    requires: list[str] = []


ALL_MISSING = {"audio": range(6), "video": range(6)}


@pytest.mark.parametrize(
    ("component", "test", "given"),
    [
        (NeedsMore, "test_it_reads_what_it_requires_and_gives_what_it_provides", {}),
        (GivesLess, "test_it_reads_what_it_requires_and_gives_what_it_provides", {}),
        (NotAScalar, "test_the_loss_is_a_finite_scalar_that_moves_the_model", {}),
        (Detached, "test_the_loss_is_a_finite_scalar_that_moves_the_model", {}),
        (Unused, "test_gradients_reach_every_parameter", {}),
        (OneClassBreaks, "test_a_batch_of_one_class_gives_a_finite_loss", {"label": 0}),
        (OneClipBreaks, "test_a_batch_of_one_clip_gives_a_finite_loss", {"steps": 5}),
        (
            MissingBreaks,
            "test_missing_streams_leave_loss_and_gradients_finite",
            {"missing": ALL_MISSING},
        ),
        (NoMask, "test_padding_changes_nothing", {}),
        (OwnRandomNumbers, "test_a_seed_decides_the_loss", {}),
        (WritesIntoTheStep, "test_the_step_is_left_as_it_was", {}),
        (NamesInAList, "test_it_is_a_module_that_says_what_it_needs_and_gives", {}),
    ],
)
def test_the_kit_catches(component, test, given):
    run(TaskTests, Agreement, test, **given)
    with pytest.raises((AssertionError, RuntimeError)):
        run(TaskTests, component, test, **given)
