"""Pictures of what goes on inside a model are made of kept matrices."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from mertk.cli import main
from mertk.contracts import Stream
from mertk.data import Batch
from mertk.insight import MOST, PER_CLASS, _matrices, look, packed, principal, shown
from mertk.model import Model
from mertk.objective import Rating
from mertk.records import INSIGHT, Record
from mertk_plugins.fusions.cross_attention import CrossAttention
from mertk_plugins.tasks.avel import AVEL

DIMS = {"audio": 8, "video": 4}


def model(fusion: nn.Module | None = None) -> Model:
    torch.manual_seed(0)
    return Model(
        encoders={},
        prepare={},
        drop=nn.Identity(),
        fusion=fusion or CrossAttention(DIMS, heads=2),
        tasks={"avel": AVEL(DIMS, dim=6)},
        weights={"avel": 1.0},
        head=nn.Linear(sum(DIMS.values()), 3),
    )


def batch() -> Batch:
    """Six clips, two of each class; the third has two steps of sound, the fifth no pictures."""
    torch.manual_seed(1)
    heard = torch.ones(6, 5, dtype=torch.bool)
    heard[2, 2:] = False
    seen = torch.ones(6, 3, dtype=torch.bool)
    seen[4] = False
    streams = {
        "audio": Stream(torch.randn(6, 5, 8) * heard[..., None], heard),
        "video": Stream(torch.randn(6, 3, 4) * seen[..., None], seen),
    }
    return Batch(torch.arange(6), streams, torch.tensor([0, 0, 1, 1, 2, 2]))


def test_a_look_gives_what_tasks_share_about_pairs_and_attention_without_padding() -> None:
    seen = look(model(), batch(), "cpu")
    assert set(seen) == {
        "similarity/audio/video",
        *(f"attention/audio/video/{i}" for i in (0, 2)),
        *(f"attention/video/audio/{i}" for i in (0, 2)),
    }, "clip 4, the first of its class, has no pictures"
    assert seen["similarity/audio/video"].shape == (6, 6)
    assert seen["attention/audio/video/2"].shape == (2, 3)
    assert seen["attention/video/audio/2"].shape == (3, 2)
    for name, weights in seen.items():
        if name.startswith("attention"):
            torch.testing.assert_close(weights.sum(1), torch.ones(len(weights)))


def test_a_look_draws_from_no_generator_that_dropout_would() -> None:
    made = model()
    torch.manual_seed(7)
    first, again = (look(made, batch(), "cpu") for _ in range(2))
    assert all(torch.equal(value, again[name]) for name, value in first.items())


def test_only_matrices_of_pairs_of_the_clips_are_kept_of_what_tasks_share() -> None:
    good = torch.arange(4.0).reshape(2, 2)
    shared = {
        "similarity": {
            ("a", "b"): good,
            ("a", "b", "c"): good,
            ("a",): good,
            "ab": good,
            ("a/b", "c"): good,
            (1, 2): good,
            ("c", "d"): torch.ones(2, 3),
            ("d", "e"): torch.ones(2, 2, dtype=torch.complex64),
            ("e", "f"): np.ones((2, 2)),
            ("f", "g"): None,
        },
        "path/name": {("a", "b"): good},
        "tensor": good,
        7: {("a", "b"): good},
    }
    assert [name for name, _ in _matrices(shared, 2)] == ["similarity/a/b"]


def test_attention_of_another_form_costs_pictures_only(caplog) -> None:
    class Odd(CrossAttention):
        def attention(self, streams):
            return {pair: w.unsqueeze(1) for pair, w in super().attention(streams).items()}

    assert look(model(Odd(DIMS, heads=2)), batch(), "cpu") == {}
    assert "no pictures of this trial" in caplog.text


def test_a_part_that_cannot_be_looked_at_costs_pictures_only(caplog) -> None:
    class Trains(nn.Module):
        dims = DIMS

        def forward(self, streams):
            if not self.training:
                raise RuntimeError("only ever trained")
            return {name: s.mean() for name, s in streams.items()}

    assert look(model(Trains()), batch(), "cpu") == {}
    assert "no pictures of this trial: RuntimeError: only ever trained" in caplog.text


def test_the_first_clips_of_each_class_are_shown_class_by_class() -> None:
    labels = torch.tensor([2, 0, 2, 1] * 20)
    rows = torch.arange(100, 180)
    found = shown(rows, labels)
    assert len(found) == 3 * PER_CLASS
    assert labels[found - 100].tolist() == sorted(labels[found - 100].tolist())
    assert found[:3].tolist() == [101, 105, 109]
    many = torch.arange(200)
    assert len(shown(many, many)) == MOST
    assert shown(many[:0], many[:0]).tolist() == []


def test_principal_components_are_those_of_scikit_learn_up_to_sign() -> None:
    vectors = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    expected = PCA(6, svd_solver="full").fit_transform(vectors.double().numpy())
    np.testing.assert_allclose(np.abs(principal(vectors).numpy()), np.abs(expected), atol=1e-5)
    assert principal(torch.ones(5, 3)).abs().max() < 1e-6, "vectors that are all the same"


def test_what_is_packed_is_read_back(tmp_path: Path) -> None:
    record = Record(tmp_path, {})
    assert record.insight() is None
    seen = look(model(), batch(), "cpu")
    (tmp_path / INSIGHT).write_bytes(packed(["a", "ü"], {}, seen, torch.randn(4, 5)))
    kept = record.insight()
    assert kept is not None
    assert kept.clips == ["a", "ü"]
    assert kept.before == {}
    assert set(kept.after) == set(seen)
    assert kept.fused.shape == (4, 4)
    (tmp_path / INSIGHT).write_bytes(b"nonsense")
    with pytest.raises(Exception, match=r"insight.safetensors: cannot be read .*--redo"):
        record.insight()


def test_a_run_keeps_what_it_saw_before_and_after_training(toy, tmp_path, monkeypatch) -> None:
    import yaml

    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(yaml.safe_dump(toy.content, sort_keys=False))
    assert main(["run", "toy.yaml", "--folds", "fold1", "--json"]) == 0
    (file,) = Path("results").glob("toy/*/*/trial.json")
    record = Record(file.parent, json.loads(file.read_text()))
    kept = record.insight()
    assert kept is not None
    assert len(kept.fused) == len(record.clips)
    assert set(kept.clips) <= set(record.clips)
    assert len(record.groups) == len(record.seconds) == len(record.clips)
    assert record.facts["cost"]["memory"]["process"] > 10_000_000


def test_clips_of_which_no_class_is_predicted_are_shown_as_they_come() -> None:
    labels = torch.rand(100, 3)
    assert shown(torch.arange(100), labels).tolist() == list(range(PER_CLASS))
    rated = Batch(batch().rows, batch().streams, torch.rand(6, 3))
    seen = look(model_of_dimensions(), rated, "cpu")
    assert set(seen) == {"attention/audio/video/0", "attention/video/audio/0"}


def model_of_dimensions() -> Model:
    torch.manual_seed(0)
    fusion = CrossAttention(DIMS, heads=2)
    parts = {"encoders": {}, "prepare": {}, "tasks": {}, "weights": {}}
    head = nn.Linear(sum(DIMS.values()), 3)
    return Model(**parts, drop=nn.Identity(), fusion=fusion, head=head, objective=Rating())
