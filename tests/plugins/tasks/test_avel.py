"""AVEL against its equations written out anew, in value and in gradient."""

import numpy as np
import pytest
import torch

from mertk.contracts import Stream
from mertk.testing import TaskTests
from mertk.testing.toys import ToyFusion, random_streams, training_step
from mertk_plugins.tasks.avel import AVEL
from tests.plugins import restated

DIMS = {"audio": 5, "video": 4}
LABELS = torch.tensor([0, 1, 2, 0, 1, 0])
MISSING = {"audio": [1, 4], "video": [2, 4]}


class TestAVEL(TaskTests):
    component = AVEL


class TestDepartures(TaskTests):
    component = AVEL

    @pytest.fixture
    def arguments(self):
        return {
            "dim": 6,
            "temperature": 0.2,
            "learn_temperature": False,
            "temperature_mode": "exp",
            "positives": "mean",
            "modalities": ["video", "audio"],
        }


def step_of(streams, labels=LABELS):
    return training_step(ToyFusion(DIMS).double(), streams, labels)


def doubles(**options):
    return {n: Stream(s.x.double(), s.mask) for n, s in random_streams(DIMS, **options).items()}


def shaken(**arguments):
    """A task whose norms and temperature are away from where they start, without dropout."""
    torch.manual_seed(0)
    task = AVEL(DIMS, dim=6, dropout=0.0, **arguments).double()
    with torch.no_grad():
        for parameter in task.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return task


def by_the_equations(streams, arguments, labels=LABELS):
    """The loss as a function of the weights."""
    mode, positives = (
        arguments.get(k, d) for k, d in (("temperature_mode", "divisor"), ("positives", "sum"))
    )
    real = restated.real_steps(streams)

    def loss(weights):
        logits = restated.similarity(weights, ("audio", "video"), real, mode)
        return restated.aligned(logits, labels.tolist(), positives)

    return loss


@pytest.mark.parametrize("temperature_mode", ["divisor", "exp"])
@pytest.mark.parametrize("positives", ["sum", "mean"])
@pytest.mark.parametrize("missing", [None, MISSING])
def test_value_and_gradient_equal_the_equations(temperature_mode, positives, missing):
    arguments = {"temperature_mode": temperature_mode, "positives": positives}
    task, streams = shaken(**arguments), doubles(missing=missing)
    expected = by_the_equations(streams, arguments)
    weights = restated.weights_of(task)
    value = task(step_of(streams)).value
    assert value.item() == pytest.approx(expected(weights), rel=1e-12)
    value.backward()
    slopes = restated.gradient(expected, weights)
    for name, parameter in task.named_parameters():
        assert np.allclose(parameter.grad.numpy(), slopes[name], rtol=1e-9, atol=1e-12), name
        assert slopes[name].any(), name


def test_by_default_it_is_the_released_method_sum_and_divisor():
    streams = doubles()
    torch.manual_seed(0)
    task = AVEL(DIMS).double().eval()
    weights = restated.weights_of(task)
    assert weights["temperature"] == pytest.approx(2.6593, abs=1e-4)
    assert weights["project.audio.first.weight"].shape == (512, 5)
    assert not [name for name in weights if name.endswith(("first.bias", "second.bias"))]
    expected = by_the_equations(streams, {})(weights)
    assert task(step_of(streams)).value.item() == pytest.approx(expected, rel=1e-6)


def test_logits_start_within_0_376_as_released_and_within_14_3_as_clip_does():
    torch.manual_seed(0)
    same = torch.randn(1, 4, 5, dtype=torch.double).expand(2, 4, 5)
    streams = dict.fromkeys(DIMS, Stream(same, torch.ones(2, 4, dtype=torch.bool)))
    for mode, bound in (("divisor", 0.37604), ("exp", 1 / 0.07)):
        task = AVEL({"audio": 5, "video": 5}, temperature_mode=mode).double().eval()
        task.project["video"].load_state_dict(task.project["audio"].state_dict())
        fusion = ToyFusion({"audio": 5, "video": 5}).double()
        loss = task(training_step(fusion, streams, torch.tensor([0, 1])))
        (logits,) = loss.shared["similarity"].values()
        assert logits.max().item() == pytest.approx(bound, rel=1e-4)


def test_it_shares_the_similarity_under_the_names_of_rows_and_columns():
    task, streams = shaken(modalities=["video", "audio"]), doubles()
    shared = task(step_of(streams)).shared["similarity"]
    expected = restated.similarity(
        restated.weights_of(task), ("video", "audio"), restated.real_steps(streams)
    )
    assert list(shared) == [("video", "audio")]
    assert np.allclose(shared["video", "audio"].detach().numpy(), expected, rtol=1e-10)


def test_the_order_of_clips_and_of_the_streams_does_not_matter():
    streams, order = doubles(missing=MISSING), torch.tensor([4, 2, 5, 0, 3, 1])
    value = shaken()(step_of(streams)).value
    moved = {name: stream[order] for name, stream in streams.items()}
    torch.testing.assert_close(shaken()(step_of(moved, LABELS[order])).value, value)
    swapped = AVEL(DIMS, dim=6, dropout=0.0, modalities=["video", "audio"]).double()
    swapped.load_state_dict(shaken().state_dict())
    torch.testing.assert_close(swapped(step_of(streams)).value, value)


def test_clips_that_lack_both_streams_change_nothing():
    task = shaken()
    streams = doubles(missing={"audio": [2, 5], "video": [2, 5]})
    kept = torch.tensor([0, 1, 3, 4])
    rest = {name: stream[kept] for name, stream in streams.items()}
    torch.testing.assert_close(
        task(step_of(streams)).value, task(step_of(rest, LABELS[kept])).value
    )


def test_no_clip_with_both_streams_and_a_shared_emotion_gives_zero_and_no_gradient():
    task = shaken()
    streams = doubles(missing={"audio": [0, 1, 2], "video": [3, 4, 5]})
    value = task(step_of(streams, torch.tensor([0, 0, 0, 1, 1, 1]))).value
    value.backward()
    assert value.item() == 0
    assert not any(parameter.grad.any() for parameter in task.parameters())


def test_a_fixed_temperature_gets_no_gradient():
    task = AVEL(DIMS, temperature=0.2, learn_temperature=False)
    task(training_step(ToyFusion(DIMS), random_streams(DIMS), LABELS)).value.backward()
    assert task.temperature.grad is None
    assert task.temperature.item() == pytest.approx(0.2)


def test_dropout_acts_in_training_only():
    task, streams = AVEL(DIMS).double(), doubles()
    assert task(step_of(streams)).value != task(step_of(streams)).value
    task.eval()
    assert task(step_of(streams)).value == task(step_of(streams)).value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dim": 0}, r"dim: must be at least 1 \(got 0\)"),
        ({"dropout": 1}, r"dropout: must be at least 0 and below 1 \(got 1\)"),
        ({"temperature": 0.0}, r"temperature: must be a finite number above 0 \(got 0.0\)"),
        (
            {"temperature": float("nan")},
            r"temperature: must be a finite number above 0 \(got nan\)",
        ),
    ],
)
def test_a_number_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        AVEL(DIMS, **arguments)
