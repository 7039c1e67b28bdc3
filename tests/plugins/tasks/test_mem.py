"""MEM: its loss on given negatives, how negatives are drawn, and the guards."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from mertk.contracts import Step
from mertk.errors import MertkError
from mertk.testing import TaskTests
from mertk.testing.toys import ToyFusion, random_streams, training_step
from mertk_plugins.fusions.concat import Concat
from mertk_plugins.fusions.cross_attention import CrossAttention
from mertk_plugins.tasks.mem import MEM, draw
from tests.plugins import restated

DIMS = {"audio": 5, "video": 4}
PAIR = ("audio", "video")
LABELS = [0, 1, 2, 0, 1, 0]


def logits_of(clips=6, seed=1):
    return torch.randn(clips, clips, generator=torch.Generator().manual_seed(seed))


class TestMEM(TaskTests):
    component = MEM

    def shared(self, streams, labels):
        return {"similarity": {PAIR: logits_of(len(labels))}}


class TestReleased(TestMEM):
    @pytest.fixture
    def arguments(self):
        return {"own_pairs": "again", "one_emotion": "draw"}


def step_of(labels=LABELS, missing=None, logits=None, fusion=None):
    streams = random_streams(DIMS, clips=len(labels), missing=missing)
    logits = logits_of(len(labels)) if logits is None else logits
    torch.manual_seed(0)
    return training_step(
        fusion or ToyFusion(DIMS), streams, torch.tensor(labels), {"similarity": {PAIR: logits}}
    )


def recording(step):
    """The same step, and the list of the partners it will be asked for."""
    asked = []

    def fuse_with(partners):
        asked.append(partners)
        return step.fuse_with(partners)

    return Step(step.streams, step.fused, step.labels, _never, fuse_with, step.shared), asked


def _never(streams):
    raise AssertionError("the own pairs were fused again")


@pytest.mark.parametrize(
    ("labels", "missing", "valid"),
    [
        (LABELS, None, {"audio": range(6), "video": range(6)}),
        ([0, 0, 0, 0, 0, 1], None, {"audio": range(6), "video": range(6)}),
        (LABELS, {"audio": [1], "video": [2]}, {"audio": [0, 3, 4, 5], "video": [0, 3, 4, 5]}),
        # The only clip of another emotion lacks its video: for the audio of the rest there is no
        # negative, for the video of the rest there is.
        ([0, 0, 0, 0, 0, 1], {"video": [5]}, {"audio": [], "video": range(5)}),
    ],
)
def test_the_loss_on_given_negatives_equals_the_equations(labels, missing, valid, monkeypatch):
    step = step_of(labels, missing)
    negatives = {"audio": [2, 3, 1, 4, 5, 0], "video": [5, 4, 3, 2, 1, 0]}
    queue = [torch.tensor(rows)[:, None] for rows in negatives.values()]
    monkeypatch.setattr(torch, "multinomial", lambda *_: queue.pop(0))
    torch.manual_seed(2)
    task = MEM(DIMS)
    own = {n: v.detach().double().numpy() for n, v in step.fused.items()}
    drawn = step.fuse_with({n: torch.tensor(rows) for n, rows in negatives.items()})
    drawn = {n: v.detach().double().numpy() for n, v in drawn.items()}
    expected = restated.matched(restated.weights_of(task), own, drawn, valid)
    assert task(step).value.item() == pytest.approx(expected, rel=1e-5)
    assert not queue


def test_negatives_follow_the_softmax_over_other_emotions():
    rows = 20_000
    logits = torch.tensor([[0.3, -1.0, 2.0, 0.0, 1.0]])
    candidates = torch.tensor([[True, True, False, True, True]])
    torch.manual_seed(0)
    drawn, valid = draw(logits.expand(rows, -1), candidates.expand(rows, -1))
    counts = np.bincount(drawn.numpy(), minlength=5)
    weights = np.exp([0.3, -1.0, 0.0, 1.0])
    assert valid.all()
    assert counts[2] == 0
    expected = rows * weights / weights.sum()
    assert chisquare(counts[[0, 1, 3, 4]], expected).pvalue > 1e-3
    assert chisquare(counts[[0, 1, 3, 4]], np.full(4, rows / 4)).pvalue < 1e-9


def test_a_row_without_candidates_is_drawn_as_invalid():
    candidates = torch.tensor([[False, False], [True, False]])
    drawn, valid = draw(torch.zeros(2, 2), candidates)
    assert valid.tolist() == [False, True]
    assert drawn[1] == 0


def test_both_directions_draw_by_their_own_side_of_the_similarity():
    """Audio i is near video i + 1 and video i to audio i - 1: the draws must differ so."""
    near = torch.roll(torch.eye(6), 1, dims=1) * 1e4
    step, asked = recording(step_of([0, 1, 2, 3, 4, 5], logits=near))
    MEM(DIMS)(step)
    assert asked[0]["audio"].tolist() == [1, 2, 3, 4, 5, 0]
    assert asked[0]["video"].tolist() == [5, 0, 1, 2, 3, 4]


def test_a_similarity_of_the_streams_in_the_other_order_is_turned():
    near = torch.roll(torch.eye(6), 1, dims=1) * 1e4
    step, asked = recording(step_of([0, 1, 2, 3, 4, 5], logits=near))
    MEM(DIMS, modalities=["video", "audio"])(step)
    assert asked[0]["audio"].tolist() == [1, 2, 3, 4, 5, 0]


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(st.integers(0, 2), min_size=1, max_size=8),
    lacking=st.sets(st.tuples(st.sampled_from(PAIR), st.integers(0, 7))),
    seed=st.integers(0, 99),
)
def test_what_counts_is_never_of_the_same_emotion_and_never_missing(labels, lacking, seed):
    missing = {n: [r for m, r in lacking if m == n and r < len(labels)] for n in PAIR}
    step, asked = recording(step_of(labels, missing))
    torch.manual_seed(seed)
    value = MEM(DIMS)(step).value
    assert value.isfinite()
    whole = [i for i in range(len(labels)) if not any(i in missing[n] for n in PAIR)]
    counted = 0
    for name, other in (PAIR, PAIR[::-1]):
        there = [j for j in range(len(labels)) if j not in missing[other]]
        for i in whole:
            if any(labels[j] != labels[i] for j in there):
                counted += 1
                drawn = asked[0][name][i].item()
                assert drawn in there
                assert labels[drawn] != labels[i]
    assert (value != 0) == (counted > 0)


@pytest.mark.parametrize("labels", [[1] * 6, [2]])
def test_a_batch_of_one_emotion_gives_zero_and_no_gradient(labels):
    step, task = step_of(labels), MEM(DIMS)
    value = task(step).value
    value.backward()
    assert value.item() == 0
    assert not any(parameter.grad.any() for parameter in task.parameters())


def test_own_pairs_are_not_fused_again_and_both_directions_go_in_one_call():
    step, asked = recording(step_of())
    MEM(DIMS)(step)
    assert [set(partners) for partners in asked] == [set(PAIR)]


def test_own_pairs_can_be_fused_again_with_other_dropout():
    fusion = CrossAttention({"audio": 4, "video": 4}, heads=2, dropout=0.5)
    streams = random_streams({"audio": 4, "video": 4})
    shared = {"similarity": {PAIR: logits_of()}}
    step, asked = recording(training_step(fusion, streams, torch.tensor(LABELS), shared))
    MEM(fusion.dims, own_pairs="again")(step)
    own, drawn = asked
    assert {name: rows.tolist() for name, rows in own.items()} == {n: [*range(6)] for n in PAIR}
    assert set(drawn) == set(PAIR)
    again = step.fuse_with(own)
    assert all(not torch.equal(again[name], step.fused[name]) for name in PAIR)
    fusion.eval()
    step = training_step(fusion, streams, torch.tensor(LABELS), shared)
    values = []
    for own_pairs in ("shared", "again"):
        torch.manual_seed(1)
        values.append(MEM(fusion.dims, own_pairs=own_pairs)(step).value)
    torch.testing.assert_close(*values)


def test_in_a_batch_of_one_emotion_negatives_can_be_drawn_evenly():
    """From the clips that are there, whatever the similarity says of them."""
    missing, near = {"video": [1]}, torch.eye(6) * 1e4
    step, asked = recording(step_of([2] * 6, missing, near))
    task = MEM(DIMS, one_emotion="draw")
    torch.manual_seed(0)
    values = [task(step).value for _ in range(500)]
    assert all(value > 0 for value in values)
    drawn = np.bincount([rows["audio"][0].item() for rows in asked], minlength=6)
    assert drawn[1] == 0
    assert chisquare(drawn[[0, 2, 3, 4, 5]]).pvalue > 1e-3
    assert MEM(DIMS, one_emotion="skip")(step).value == 0


def test_where_another_emotion_is_there_drawing_stays_with_it():
    near = torch.roll(torch.eye(6), 1, dims=1) * 1e4
    step, asked = recording(step_of([0, 1, 2, 3, 4, 5], logits=near))
    MEM(DIMS, one_emotion="draw")(step)
    assert asked[0]["audio"].tolist() == [1, 2, 3, 4, 5, 0]


def test_no_gradient_flows_through_the_drawing():
    logits = logits_of().requires_grad_()
    MEM(DIMS)(step_of(logits=logits)).value.backward()
    assert logits.grad is None


def test_a_fusion_that_keeps_streams_apart_leaves_nothing_to_tell():
    step = step_of(fusion=Concat(DIMS))
    task = MEM(DIMS)
    with torch.no_grad():
        for head in task.heads.values():
            head.weight.zero_()
            head.bias.zero_()
    task(step).value.backward()
    assert all(head.weight.grad.abs().max() < 1e-6 for head in task.heads.values())


def test_the_similarity_of_other_streams_is_refused_by_name():
    step = step_of()
    step = Step(
        step.streams,
        step.fused,
        step.labels,
        step.fuse,
        step.fuse_with,
        {"similarity": {("audio", "text"): logits_of()}},
    )
    with pytest.raises(MertkError, match="no similarity of 'audio' with 'video', only of 'audio' "):
        MEM(DIMS)(step)
