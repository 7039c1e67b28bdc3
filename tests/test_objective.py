"""The losses of each kind of target against independent restatements."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from mertk.objective import BinaryCrossEntropy, CrossEntropy, Rating, Unstandardize, objective
from mertk.recipe import Train

GAPS = torch.tensor([[2.0, 1.0], [3.5, math.nan], [1.0, 4.0], [math.nan, 2.0], [5.0, 2.5]]).double()


def restated(measure: str, said: np.ndarray, true: np.ndarray) -> float:
    """Dimension by dimension, over the rated clips, in NumPy."""
    found = []
    for x, y in zip(said.T, true.T, strict=True):
        a, b = x[~np.isnan(y)], y[~np.isnan(y)]
        if not len(b):
            continue
        if measure == "ccc":
            apart = a.var() + b.var() + (a.mean() - b.mean()) ** 2 + 1e-8
            found.append(1 - 2 * np.cov(a, b, bias=True)[0, 1] / apart)
        else:
            found.append(np.mean((a - b) ** 2 if measure == "mse" else np.abs(a - b)))
    return float(np.mean(found)) if found else 0.0


@pytest.mark.parametrize("measure", ["ccc", "mse", "mae"])
@settings(max_examples=40, deadline=None)
@given(
    true=arrays(np.float64, (7, 3), elements=st.one_of(st.floats(1, 5), st.just(np.nan))),
    said=arrays(np.float64, (7, 3), elements=st.floats(-3, 9)),
)
def test_ratings_lose_what_the_definition_says(measure: str, true, said) -> None:
    found = Rating(measure).loss(torch.from_numpy(said), torch.from_numpy(true))
    assert found.item() == pytest.approx(restated(measure, said, true), abs=1e-9)


@pytest.mark.parametrize("measure", ["ccc", "mse", "mae"])
def test_gradients_are_those_of_the_loss_and_none_where_nothing_is_rated(measure: str) -> None:
    said = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    said.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: Rating(measure).loss(x, GAPS), said)
    (gradient,) = torch.autograd.grad(Rating(measure).loss(said, GAPS), said)
    assert torch.equal(gradient == 0, GAPS.isnan())


def test_half_precision_is_computed_in_single() -> None:
    said, true = torch.full((2, 1), 300.0).half(), torch.tensor([[1.0], [5.0]])
    assert Rating("mse").loss(said, true).item() == pytest.approx((299**2 + 295**2) / 2)
    assert BinaryCrossEntropy().loss(said, true - 1).isfinite()


@pytest.mark.parametrize("measure", ["ccc", "mse", "mae"])
def test_what_cannot_be_told_apart_gives_a_finite_loss_and_gradient(measure: str) -> None:
    loss = Rating(measure).loss  # type: ignore[arg-type]
    nothing = torch.full((3, 2), math.nan)
    flat = torch.full((3, 2), 2.5)
    for true in (nothing, flat):
        for start in (flat, torch.randn(3, 2)):
            said = start.clone().requires_grad_()
            value = loss(said, true)
            value.backward()
            assert value.isfinite()
            assert said.grad is not None
            assert said.grad.isfinite().all()
    assert loss(flat, nothing) == 0
    assert loss(flat[:1], flat[:1]).isfinite()


def test_one_step_of_adamw_on_ccc_is_what_arithmetic_says() -> None:
    torch.manual_seed(0)
    x = torch.randn(6, 3, dtype=torch.float64)
    true = torch.randn(6, 2, dtype=torch.float64) + 3
    head = nn.Linear(3, 2).double()
    w, b = head.weight.detach().numpy().copy(), head.bias.detach().numpy().copy()
    tuned = torch.optim.AdamW(head.parameters(), lr=0.01, weight_decay=0.1)
    Rating("ccc").loss(head(x), true).backward()
    tuned.step()
    said = x.numpy() @ w.T + b
    slope = np.zeros_like(said)
    for n, (a, y) in enumerate(zip(said.T, true.numpy().T, strict=True)):
        gap = a.mean() - y.mean()
        apart = a.var() + y.var() + gap**2 + 1e-8
        shared = np.mean((a - a.mean()) * (y - y.mean()))
        d_shared = (y - y.mean()) / len(y)
        d_apart = 2 * ((a - a.mean()) + gap) / len(y)
        slope[:, n] = -(2 * d_shared * apart - 2 * shared * d_apart) / apart**2 / 2
    for start, gradient, now in (
        (w, slope.T @ x.numpy(), head.weight),
        (b, slope.sum(0), head.bias),
    ):
        step = gradient / (np.abs(gradient) + 1e-8)  # Adam's first step: m / sqrt(v) is the sign
        assert now.detach().numpy() == pytest.approx(
            start * (1 - 0.01 * 0.1) - 0.01 * step, abs=1e-12
        )


def test_labels_lose_binary_cross_entropy_over_what_is_rated() -> None:
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), requires_grad=True)
    true = torch.tensor([[1.0, 0, 1], [0, math.nan, 1], [1, 1, math.nan], [0, 0, 0]])
    known = ~true.isnan()
    p = logits.sigmoid().detach().double().numpy()[known.numpy()]
    y = true.numpy()[known.numpy()]
    loss = BinaryCrossEntropy().loss(logits, true)
    assert loss.item() == pytest.approx(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), rel=1e-5)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.equal(gradient == 0, ~known)
    assert BinaryCrossEntropy().loss(logits, torch.full((4, 3), math.nan)) == 0


def test_scores_are_what_metrics_take() -> None:
    logits = torch.randn(5, 3)
    assert torch.allclose(CrossEntropy().scores(logits).sum(1), torch.ones(5))
    assert torch.equal(Rating().scores(logits), logits)
    assert torch.equal(BinaryCrossEntropy().scores(logits), logits.sigmoid())


def test_the_recipe_says_which() -> None:
    train = Train(label_smoothing=0.2)
    assert objective("classes", train) == CrossEntropy(0.2)
    assert objective("dimensions", Train()) == Rating("ccc")
    assert objective("dimensions", Train(loss="mae")) == Rating("mae")
    assert objective("labels", Train()) == BinaryCrossEntropy()


def test_outputs_start_in_the_units_of_the_labels() -> None:
    head = Unstandardize(torch.tensor([3.0, 2.0]), torch.tensor([0.5, 1.0]))
    found = head(torch.tensor([[0.0, 0.0], [1.0, -1.0]]))
    assert torch.equal(found, torch.tensor([[3.0, 2.0], [3.5, 1.0]]))
