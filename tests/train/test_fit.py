"""Fits: they repeat, they go on where they stopped, they wait for the device once an epoch."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mertk.check import resolve
from mertk.data import ClipData
from mertk.draft import Draft
from mertk.model import build
from mertk.ragged import Ragged
from mertk.recipe import Train
from mertk.registry import discover
from mertk.train.checkpoint import Checkpoint
from mertk.train.device import pick_precision
from mertk.train.fit import Parts, TrainingError, fit
from mertk.train.optim import optimizer, scheduler
from mertk.train.predict import Said, predict
from mertk.train.record import Fit
from mertk.train.resume import STATE
from mertk.whole import whole
from mertk_plugins.metrics.ua import UA

CPU = torch.device("cpu")


def data(count: int = 40) -> ClipData:
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 6, (count,), generator=generator)
    labels = torch.arange(count) % 4
    values = torch.randn(int(lengths.sum()), 4, generator=generator)
    values += 2 * torch.nn.functional.one_hot(labels, 4).repeat_interleave(lengths, 0)
    ragged = Ragged(values, lengths.cumsum(0) - lengths, lengths)
    ids = tuple(map(str, range(count)))
    return ClipData(ids, labels, {"words": ragged, "again": ragged})


def fitted(
    toy: Draft,
    epochs: int = 4,
    stop_after: int = 99,
    told: list[int] | None = None,
    keep_weights: bool = True,
    **more,
) -> Fit:
    model = build(resolve(toy, discover()), {"words": 4, "again": 4}, 4, seed=0)
    rows = torch.arange(40)
    parts = Parts(rows[:24], rows[24:32], rows[32:])

    told = [] if told is None else told

    def advance(epochs: int) -> None:
        told.append(epochs)
        if sum(told) == stop_after:
            raise KeyboardInterrupt

    settings = Train(
        epochs=epochs, batch_size=8, lr=1e-2, schedule="one_cycle", keep_weights=keep_weights
    )
    return fit(model, data(), parts, settings, UA(), seed=0, device=CPU, advance=advance, **more)


def same(a: Fit, b: Fit) -> bool:
    return (
        a.history == b.history
        and a.selected == b.selected
        and (a.valid == b.valid).all()
        and all((x == y).all() for x, y in zip(a.scores, b.scores, strict=True))
        and all(torch.equal(a.weights[k], b.weights[k]) for k in a.weights)
    )


def test_a_fit_repeats_bit_for_bit_whatever_was_drawn_before(toy: Draft) -> None:
    first = fitted(toy)
    torch.rand(17)
    assert same(first, fitted(toy))


def test_a_fit_leaves_the_global_generator_and_settings_alone(toy: Draft) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    fitted(toy, epochs=1)
    assert torch.rand(1) == expected
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("stop_after", [1, 3])
def test_an_interrupted_fit_goes_on_to_the_same_numbers(
    toy: Draft, tmp_path: Path, stop_after: int
) -> None:
    undisturbed = fitted(toy, epochs=5)
    path = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        fitted(toy, epochs=5, stop_after=stop_after, checkpoint=Checkpoint(path, every=0))
    # The epoch at which it was interrupted had not been kept yet.
    assert path.exists() == (stop_after > 1)
    resumed = fitted(toy, epochs=5, checkpoint=Checkpoint(path, every=0))
    assert same(undisturbed, resumed)


def test_a_fit_that_goes_on_tells_the_epochs_and_the_seconds_it_has_already(
    toy: Draft, tmp_path: Path
) -> None:
    checkpoint = Checkpoint(tmp_path / "state", every=0)
    with pytest.raises(KeyboardInterrupt):
        fitted(toy, epochs=5, stop_after=4, checkpoint=checkpoint)
    state = checkpoint.read()
    assert state is not None
    assert 0 < state["seconds"] < 100
    checkpoint.write({**state, "seconds": 1000.0})
    told: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        fitted(toy, epochs=5, stop_after=5, told=told, checkpoint=checkpoint)
    assert told == [3, 1, 1]
    kept = checkpoint.read()
    assert kept is not None
    assert 1000 < kept["seconds"] < 1100
    told = []
    resumed = fitted(toy, epochs=5, told=told, checkpoint=checkpoint)
    assert told == [4, 1]
    assert resumed.seconds == kept["seconds"]
    assert fitted(toy, epochs=1, told=(fresh := [])).seconds == 0
    assert fresh == [0, 1]


def test_a_state_of_another_making_is_not_resumed(toy: Draft, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "state", every=0)
    fitted(toy, checkpoint=checkpoint)
    state = checkpoint.read()
    assert state is not None
    checkpoint.write({"made_by": state["made_by"].replace(f"state {STATE}", "state 1")})
    assert same(fitted(toy, checkpoint=checkpoint), fitted(toy))


def test_a_checkpoint_that_cannot_be_read_means_starting_anew_and_is_named(
    toy: Draft, tmp_path: Path, caplog
) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"not a checkpoint")
    assert same(fitted(toy), fitted(toy, checkpoint=Checkpoint(path)))
    assert f"{path}: cannot be read" in caplog.text


def test_weights_are_kept_only_where_the_recipe_keeps_them(toy: Draft, tmp_path: Path) -> None:
    path = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        fitted(toy, stop_after=3, keep_weights=False, checkpoint=Checkpoint(path, every=0))
    whole = fitted(toy)
    assert same(whole, fitted(toy, checkpoint=Checkpoint(path))), "a state without weights is none"
    light = fitted(toy, keep_weights=False)
    assert not light.weights
    light.weights = whole.weights
    assert same(whole, light)


def test_a_checkpoint_of_another_version_means_starting_anew(toy: Draft, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "state", every=0)
    with pytest.raises(KeyboardInterrupt):
        fitted(toy, stop_after=3, checkpoint=checkpoint)
    state = checkpoint.read()
    assert state is not None
    older = {k: v for k, v in state.items() if k != "valid"}
    checkpoint.write({**older, "made_by": state["made_by"].replace(f"state {STATE}", "state 1")})
    assert same(fitted(toy), fitted(toy, checkpoint=checkpoint))


def test_the_last_state_is_kept_where_it_is_asked_for_and_is_all_that_a_fit_needs(
    toy: Draft, tmp_path: Path
) -> None:
    checkpoint = Checkpoint(tmp_path / "state", every=math.inf, keeps_end=True)
    undisturbed = fitted(toy, checkpoint=checkpoint)
    told: list[int] = []
    assert same(undisturbed, fitted(toy, told=told, checkpoint=checkpoint))
    assert told == [len(undisturbed.history)]
    checkpoint.remove()
    fitted(toy, checkpoint=Checkpoint(checkpoint.path, every=math.inf))
    assert not checkpoint.path.exists()


def test_what_a_kill_left_of_a_checkpoint_goes_with_it(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "state")
    with whole(checkpoint.path) as draft:
        draft.write_bytes(b"")
        elsewhere = draft.with_name(draft.name.replace(".mertk-", ".mertk-another-machine-"))
        shutil.copy(draft, elsewhere)
    assert len([*tmp_path.iterdir()]) == 2
    checkpoint.remove()
    assert not [*tmp_path.iterdir()]


def test_reading_a_checkpoint_never_runs_code(tmp_path: Path) -> None:
    import os
    import pickle

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    path = tmp_path / "state"
    path.write_bytes(pickle.dumps(Evil()))
    assert Checkpoint(path).read() is None
    assert not (tmp_path / "ran").exists()


def test_the_earliest_best_epoch_is_selected_and_its_weights_kept(toy: Draft) -> None:
    done = fitted(toy, epochs=6)
    valid = [e.valid for e in done.history]
    assert done.selected == valid.index(max(valid)) + 1
    model = build(resolve(toy, discover()), {"words": 4, "again": 4}, 4, seed=9)
    model.load_state_dict(done.weights)
    again = predict(model, data(), torch.arange(32, 40), 3)
    np.testing.assert_allclose(again.scores, done.scores[done.selected - 1], rtol=1e-5, atol=1e-7)
    validated = predict(model, data(), torch.arange(24, 32), 3)
    np.testing.assert_allclose(validated.scores, done.valid, rtol=1e-5, atol=1e-7)


def test_a_loss_that_is_not_finite_ends_the_trial_with_its_epoch(toy: Draft) -> None:
    parts = Path(__file__).parents[1] / "toy_parts.py"
    bad = toy.set([f"tasks.boom={{use: '{parts}:Explodes'}}"])
    with pytest.raises(TrainingError, match=r"epoch 1: .* not finite \(sums: emotion .*boom nan"):
        fitted(bad)


def test_predictions_come_in_the_order_asked_for(toy: Draft) -> None:
    model = build(resolve(toy, discover()), {"words": 4, "again": 4}, 4, seed=0)
    rows = torch.tensor([30, 2, 17, 5])
    together = predict(model, data(), rows, 2).scores
    for row, scores in zip(rows, together, strict=True):
        alone = predict(model, data(), row[None], 1).scores[0]
        assert torch.allclose(torch.from_numpy(scores), torch.from_numpy(alone), atol=1e-6)
        assert scores.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("schedule", "warmup", "expected"),
    [
        ("constant", 0.0, [1.0, 1.0, 1.0, 1.0, 1.0]),
        ("linear", 0.0, [1.0, 0.75, 0.5, 0.25, 0.0]),
        ("cosine", 0.0, [1.0, 0.853553, 0.5, 0.146447, 0.0]),
        ("constant", 0.5, [1 / 3, 2 / 3, 1.0, 1.0, 1.0]),
    ],
)
def test_schedules(schedule: str, warmup: float, expected: list[float]) -> None:
    layer = torch.nn.Linear(1, 1)
    settings = Train(lr=1.0, schedule=schedule, warmup=warmup)
    tuned = optimizer(layer, settings)
    schedule_ = scheduler(tuned, settings, 4)
    rates = []
    for _ in range(5):
        rates.append(tuned.param_groups[0]["lr"])
        tuned.step()
        schedule_.step()
    assert rates == pytest.approx(expected, abs=1e-5)


def test_vectors_do_not_decay_and_encoders_may_have_their_own_rate() -> None:
    class Two(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoders = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 2)})
            self.head = torch.nn.Linear(2, 2)
            self.frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)

    def groups(**settings) -> set[tuple[float, float, int]]:
        tuned = optimizer(Two(), Train(lr=0.1, weight_decay=0.5, **settings))
        return {(g["lr"], g["weight_decay"], len(g["params"])) for g in tuned.param_groups}

    assert groups() == {(0.1, 0.5, 2), (0.1, 0.0, 2)}
    assert groups(decay_vectors=True) == {(0.1, 0.5, 4)}
    assert groups(encoder_lr=0.01) == {
        (0.01, 0.5, 1), (0.01, 0.0, 1), (0.1, 0.5, 1), (0.1, 0.0, 1),
    }  # fmt: skip


def test_precision_is_what_the_device_is_good_at(monkeypatch) -> None:
    monkeypatch.setattr("mertk.train.device.fast_halves", lambda _: ["bf16"])
    assert pick_precision("auto", CPU) == "bf16"
    monkeypatch.setattr("mertk.train.device.fast_halves", lambda _: [])
    assert pick_precision("auto", CPU) == "fp32"


def test_the_host_waits_for_the_device_once_an_epoch(toy: Draft, monkeypatch) -> None:
    """Reading a number back is what makes the host wait: it happens per epoch, not per step."""
    waits: list[str] = []
    for name in ("item", "tolist", "__bool__", "__float__", "__int__"):
        original = getattr(Tensor, name)

        def watched(self, *args, _name=name, _original=original):
            if self.requires_grad or self.grad_fn is not None or _name == "tolist":
                waits.append(_name)
            return _original(self, *args)

        monkeypatch.setattr(Tensor, name, watched)
    monkeypatch.setattr("mertk.train.fit.Loop._predict", lambda s, rows: _uniform(len(rows)))
    fitted(toy, epochs=2)
    assert waits.count("tolist") <= 2
    assert not [w for w in waits if w != "tolist"]


def _uniform(count: int) -> Said:
    return Said(torch.full((count, 4), 0.25).numpy(), torch.zeros(count, 1))
