"""Conformance kit for auxiliary tasks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from mertk.contracts import AuxiliaryTask, Loss, Step, Streams
from mertk.testing._kit import Kit, naming
from mertk.testing.toys import ToyFusion, leaves, moved, padded, random_streams, training_step

Make = Callable[..., Any]

LABELS = (0, 1, 2, 0, 1, 3)


class TaskTests(Kit):
    """What every auxiliary task must do.

        class TestMine(TaskTests):
            component = Mine

            def shared(self, streams, labels):
                return {"similarity": ...}  # only where `requires` names something

    Attributes:
        dims: Channels of the streams; the fusion's vectors have as many.
        num_classes: Classes of the labels.
    """

    dims: ClassVar[Mapping[str, int]] = {"audio": 8, "video": 12}
    num_classes: ClassVar[int] = 4

    def shared(self, streams: Streams, labels: Tensor) -> Mapping[str, Any]:  # noqa: ARG002
        """What earlier tasks would have given away on this batch; override for `requires`."""
        return {}

    def step(self, streams: Streams, labels: Tensor) -> Step:
        """A training step with a small fusion whose vectors depend on the pair."""
        torch.manual_seed(1)
        return training_step(ToyFusion(self.dims), streams, labels, self.shared(streams, labels))

    @pytest.fixture
    def task(self, make: Make) -> Any:
        """The task in training mode, built anew for each test with what the core supplies."""
        torch.manual_seed(0)
        supplies = {
            "dims": self.dims,
            "fused_dims": self.dims,
            "num_classes": self.num_classes,
            "trial_seed": 0,
        }
        return make(**naming(self.component, supplies))

    @pytest.fixture
    def batch(self) -> Step:
        """Six clips of four classes, both streams there."""
        return self.step(leaves(random_streams(self.dims)), torch.tensor(LABELS))

    def test_it_is_a_module_that_says_what_it_needs_and_gives(self, task: Any) -> None:
        """`requires` and `provides` stand on the class, where a recipe is checked."""
        assert isinstance(task, nn.Module)
        assert isinstance(task, AuxiliaryTask)
        for names in (self.component.requires, self.component.provides):
            assert isinstance(names, tuple)
            assert all(isinstance(name, str) for name in names)

    def test_it_reads_what_it_requires_and_gives_what_it_provides(
        self, task: Any, batch: Step
    ) -> None:
        """No more and no less, or the order of a recipe's tasks could not be checked."""
        recorder = _Recorder(batch.shared)
        loss = task(replace(batch, shared=recorder))
        assert isinstance(loss, Loss)
        assert recorder.read == set(task.requires)
        assert set(loss.shared) == set(task.provides)

    def test_the_loss_is_a_finite_scalar_that_moves_the_model(self, task: Any, batch: Step) -> None:
        """Its gradient reaches what the encoders gave."""
        loss = _finite(task(batch), batch)
        assert loss.ndim == 0
        assert loss.requires_grad
        assert any(moved(stream.x) for stream in batch.streams.values())

    def test_gradients_reach_every_parameter(self, task: Any, batch: Step) -> None:
        """A parameter that no loss can move is a mistake."""
        _finite(task(batch), batch)
        learned = [(n, p) for n, p in task.named_parameters() if p.requires_grad]
        still = [name for name, parameter in learned if not moved(parameter)]
        assert not still, f"no gradient reaches {', '.join(still)}"

    @pytest.mark.parametrize("label", [0, 3])
    def test_a_batch_of_one_class_gives_a_finite_loss(self, task: Any, label: int) -> None:
        """The last batch of an epoch may hold a single emotion."""
        streams = leaves(random_streams(self.dims))
        step = self.step(streams, torch.full((6,), label))
        _finite(task(step), step)

    @pytest.mark.parametrize("steps", [5, 1])
    def test_a_batch_of_one_clip_gives_a_finite_loss(self, task: Any, steps: int) -> None:
        """So may it hold a single clip, of a single step."""
        streams = leaves(random_streams(self.dims, 1, steps))
        step = self.step(streams, torch.tensor([2]))
        _finite(task(step), step)

    @pytest.mark.parametrize(
        "missing",
        [
            {"audio": [1, 4], "video": [2, 4]},
            {"audio": range(6)},
            {"video": range(6)},
            {"audio": range(6), "video": range(6)},
        ],
    )
    def test_missing_streams_leave_loss_and_gradients_finite(
        self, task: Any, missing: Mapping[str, Any]
    ) -> None:
        """A clip may lack a modality, a whole batch may, and so may both at once."""
        streams = leaves(random_streams(self.dims, missing=missing))
        step = self.step(streams, torch.tensor(LABELS))
        _finite(task(step), step)

    def test_padding_changes_nothing(self, task: Any) -> None:
        """Masked steps are not seen."""
        streams, labels = random_streams(self.dims), torch.tensor(LABELS)
        task.eval()
        values = []
        for batch in (streams, padded(streams)):
            step = self.step(batch, labels)
            torch.manual_seed(5)
            values.append(task(step).value)
        assert_close(*values, rtol=1e-4, atol=1e-5)

    def test_a_seed_decides_the_loss(self, task: Any, batch: Step) -> None:
        """All random numbers come from torch's generator, so that a run can be repeated."""
        values = []
        for _ in range(2):
            torch.manual_seed(5)
            values.append(task(batch).value)
        assert torch.equal(*values)

    def test_the_step_is_left_as_it_was(self, task: Any, batch: Step) -> None:
        """Later tasks see the same step."""
        fused = {name: vector.clone() for name, vector in batch.fused.items()}
        task(batch)
        assert batch.labels.tolist() == list(LABELS)
        for name, stream in random_streams(self.dims).items():
            assert torch.equal(batch.streams[name].x, stream.x)
            assert torch.equal(batch.fused[name], fused[name])


class _Recorder(Mapping[str, Any]):
    def __init__(self, shared: Mapping[str, Any]) -> None:
        self.shared = shared
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return self.shared[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.shared)

    def __len__(self) -> int:
        return len(self.shared)


def _finite(loss: Loss, step: Step) -> Tensor:
    """The value, after it and its gradients were seen to be finite."""
    assert loss.value.isfinite(), f"the loss is {loss.value}"
    if loss.value.requires_grad:
        loss.value.backward()  # type: ignore[no-untyped-call]
    gradients = {name: stream.x.grad for name, stream in step.streams.items()}
    for name, gradient in gradients.items():
        finite = gradient is None or gradient.isfinite().all()
        assert finite, f"the gradient of stream {name!r} is not finite"
    return loss.value
