import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk import ragged as ragged_module
from mertk.ragged import Mapped, Ragged


def build(lengths, shape=(2,), dtype=torch.float32, seed=0, gap=0):
    """A ragged tensor in which other clips' steps lie between ours, and the sequences in it."""
    random = torch.Generator().manual_seed(seed)
    values, starts, at = [], [], gap
    total = sum(lengths) + gap * (len(lengths) + 1)
    values = (torch.randn(total, *shape, generator=random) * 50 + 3).to(dtype)
    for length in lengths:
        starts.append(at)
        at += length + gap
    ragged = Ragged(values, torch.tensor(starts, dtype=torch.int64), torch.tensor(lengths))
    return ragged, [values[s : s + n] for s, n in zip(starts, lengths, strict=True)]


cases = st.tuples(
    st.lists(st.integers(0, 7), min_size=1, max_size=6),
    st.sampled_from([(), (1,), (3,), (2, 3)]),
    st.sampled_from([torch.float32, torch.float16, torch.uint8]),
    st.integers(0, 2),
)


@given(cases, st.data())
@settings(max_examples=150, deadline=None)
def test_a_batch_is_what_a_plain_padding_loop_gives(case, data):
    lengths, shape, dtype, gap = case
    ragged, sequences = build(lengths, shape, dtype, gap=gap)
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=8))

    stream = ragged.batch(torch.tensor(rows))

    longest = max(1, *(lengths[row] for row in rows))
    x = torch.zeros(len(rows), longest, *shape)
    mask = torch.zeros(len(rows), longest, dtype=torch.bool)
    for b, row in enumerate(rows):
        x[b, : lengths[row]] = sequences[row].float()
        mask[b, : lengths[row]] = True
    assert torch.equal(stream.mask, mask)
    assert torch.equal(stream.x.float(), x)
    assert stream.x.dtype == (torch.uint8 if dtype is torch.uint8 else torch.float32)
    # What an accelerator does with values that lie on it.
    gathered = ragged._gathered(torch.tensor(rows), stream.mask)
    assert gathered.dtype == stream.x.dtype
    assert torch.equal(gathered, stream.x)


def test_a_batch_in_which_every_clip_lacks_the_modality_has_one_masked_step():
    ragged, _ = build([4, 0, 0])
    stream = ragged.batch(torch.tensor([1, 2]))
    assert stream.x.shape == (2, 1, 2)
    assert not stream.x.any()
    assert not stream.mask.any()


def test_nothing_but_missing_clips_still_makes_batches():
    ragged, _ = build([0, 0], shape=(5,))
    assert ragged.batch(torch.tensor([0, 1])).x.shape == (2, 1, 5)
    assert ragged.in_memory().batch(torch.tensor([0])).x.shape == (1, 1, 5)


def test_padding_is_zero_even_where_the_neighbour_holds_infinity():
    values = torch.tensor([[1.0], [float("inf")]])
    ragged = Ragged(values, torch.tensor([0, 0]), torch.tensor([1, 2]))
    assert ragged.batch(torch.tensor([0, 1])).x[0].tolist() == [[1.0], [0.0]]


@given(cases)
@settings(max_examples=50, deadline=None)
def test_in_memory_keeps_exactly_the_steps_of_its_clips(case):
    lengths, shape, dtype, gap = case
    ragged, sequences = build(lengths, shape, dtype, gap=gap)
    own = ragged.in_memory()
    assert len(own.values) == sum(lengths)
    assert own.nbytes == ragged.nbytes == own.values.nbytes
    for start, length, sequence in zip(own.starts, own.lengths, sequences, strict=True):
        assert torch.equal(own.values[start : start + length], sequence)


def test_in_memory_declines_above_its_limit():
    ragged, _ = build([2, 3])
    assert ragged.in_memory(limit=ragged.nbytes - 1) is ragged
    assert ragged.in_memory(limit=ragged.nbytes) is not ragged


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=6),
    st.sampled_from([torch.float32, torch.float16, torch.uint8]),
    st.integers(1, 12),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_mean_and_std_are_those_of_the_steps_side_by_side(lengths, dtype, at_once, data):
    ragged, sequences = build(lengths, (3,), dtype, gap=1)
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), unique=True, min_size=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ragged_module, "NUMBERS_AT_ONCE", at_once)
        mean, std = ragged.mean_and_std(torch.tensor(rows))

    steps = torch.cat([sequences[row] for row in rows]).double().numpy()
    if not len(steps):
        assert mean.tolist() == [0, 0, 0]
        assert std.tolist() == [1, 1, 1]
        return
    expected = steps.std(0)
    expected[steps.min(0) == steps.max(0)] = 1
    np.testing.assert_allclose(mean, steps.mean(0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(std, expected, rtol=1e-9)
    assert mean.dtype == std.dtype == torch.float64


def test_a_constant_channel_has_deviation_one_in_spite_of_rounding():
    values = torch.stack([torch.full((1000,), 0.1), torch.arange(1000.0)], 1)
    ragged = Ragged(values, torch.tensor([0]), torch.tensor([1000]))
    mean, std = ragged.mean_and_std(torch.tensor([0]))
    assert std[0] == 1
    assert mean[0] == torch.tensor(0.1).double()
    assert std[1] == pytest.approx(288.675, abs=1e-3)


def test_statistics_survive_a_large_offset():
    values = (torch.randn(5000, 1, generator=torch.Generator().manual_seed(1)) + 1e6).double()
    ragged = Ragged(values, torch.tensor([0]), torch.tensor([5000]))
    _, std = ragged.mean_and_std(torch.tensor([0]))
    assert std.item() == pytest.approx(values.numpy().std(), rel=1e-9)


def test_another_process_maps_the_same_file_and_is_sent_no_copy(tmp_path) -> None:
    numbers = np.arange(40_000, dtype=np.float32).reshape(10_000, 4)
    numbers.tofile(tmp_path / "data.bin")
    mapped = Mapped(tmp_path / "data.bin", "float32", (10_000, 4))
    ragged = Ragged(mapped.open(), torch.tensor([0, 9000]), torch.tensor([3, 1000]), mapped)
    sent = pickle.dumps(ragged)
    assert len(sent) < 2000
    again = pickle.loads(sent)
    rows = torch.tensor([1, 0])
    assert torch.equal(again.batch(rows).x, ragged.batch(rows).x)
    assert torch.equal(again.batch(rows).mask, ragged.batch(rows).mask)
    assert again.mapped == mapped
    assert ragged.in_memory().mapped is None
    copied = pickle.loads(pickle.dumps(ragged.in_memory()))
    assert torch.equal(copied.batch(rows).x, ragged.batch(rows).x)
    assert copied.mapped is None


def test_on_another_device_the_batches_are_made_there_of_the_clips_own_steps() -> None:
    """`meta` computes nothing, but is another device."""
    values = torch.arange(24.0).view(12, 2)
    ragged = Ragged(values, torch.tensor([7, 1]), torch.tensor([3, 4]))
    there = ragged.on(torch.device("meta"), limit=7 * 8)
    assert there.values.shape == (7, 2)
    assert there.starts.tolist() == [0, 3]
    stream = there.batch(torch.tensor([1, 0]))
    assert stream.x.device.type == stream.mask.device.type == "meta"
    assert stream.x.shape == (2, 4, 2)
    assert stream.steps() == (4, 3)


def test_what_is_there_or_does_not_fit_stays_where_it_is() -> None:
    ragged = Ragged(torch.zeros(7, 2), torch.tensor([0, 3]), torch.tensor([3, 4]))
    assert ragged.on(torch.device("meta"), limit=7 * 8 - 1) is ragged
    assert ragged.on(torch.device("cpu"), limit=1 << 20) is ragged
