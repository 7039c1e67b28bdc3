from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk.sampling import BUCKET_BATCHES, epoch_batches, eval_batches


def corpus(count, classes=4, seed=0):
    random = np.random.default_rng(seed)
    lengths = torch.from_numpy(random.integers(0, 300, count))
    return torch.from_numpy(random.integers(0, classes, count)), lengths


def draw(rows, labels, lengths, **changes):
    options = {"batch_size": 16, "balanced": False, "bucket": False, "seed": 0, "epoch": 0}
    return epoch_batches(rows, labels, lengths, **(options | changes))


sizes = st.integers(1, 200)


@given(sizes, st.integers(1, 40), st.booleans(), st.integers(0, 5), st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_every_clip_comes_once_and_no_batch_is_a_lone_clip(count, size, bucket, seed, epoch):
    labels, lengths = corpus(2 * count)
    rows = torch.arange(count) * 2 + 1
    batches = draw(rows, labels, lengths, batch_size=size, bucket=bucket, seed=seed, epoch=epoch)
    assert sorted(torch.cat(batches).tolist()) == rows.tolist()
    assert max(map(len, batches)) <= size + 1
    if size > 1 and count > 1:
        assert min(map(len, batches)) >= 2
    assert sum(len(batch) != size for batch in batches) <= 1


@given(sizes, st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_evaluation_sees_every_clip_once_in_order_of_length(count, size):
    _, lengths = corpus(2 * count)
    rows = torch.arange(count) * 2
    batches = eval_batches(rows, lengths, size)
    order = torch.cat(batches)
    assert sorted(order.tolist()) == rows.tolist()
    assert (lengths[order].diff() >= 0).all()


def test_balanced_draws_make_classes_equally_frequent():
    counts = {0: 900, 1: 90, 3: 10}
    labels = torch.tensor([label for label, n in counts.items() for _ in range(n)])
    drawn = Counter()
    for epoch in range(30):
        batches = draw(torch.arange(1000), labels, torch.ones(1000), balanced=True, epoch=epoch)
        order = torch.cat(batches)
        assert len(order) == 1000
        drawn.update(labels[order].tolist())
    # 30,000 draws at 1/3 each: standard deviation 82
    assert drawn.keys() == counts.keys()
    assert all(abs(n - 10_000) < 330 for n in drawn.values())


def test_balanced_weights_are_those_of_a_weighted_random_sampler():
    labels, lengths = corpus(60, classes=3)
    rows = torch.arange(60)
    weights = 1 / torch.bincount(labels)[labels].double()
    drawn = torch.zeros(60)
    for epoch in range(1000):
        for batch in draw(rows, labels, lengths, balanced=True, epoch=epoch):
            drawn += torch.bincount(batch, minlength=60)
    expected = weights / weights.sum() * drawn.sum()
    # chi-square with 59 degrees of freedom: 99.99 % lie below 110
    assert ((drawn - expected) ** 2 / expected).sum() < 110


def test_a_class_that_no_training_clip_has_is_no_division_by_zero():
    labels = torch.tensor([0, 0, 2, 2, 1])
    batches = draw(torch.arange(4), labels, torch.ones(5), balanced=True, batch_size=2)
    assert set(labels[torch.cat(batches)].tolist()) <= {0, 2}


def test_buckets_save_padding_and_still_shuffle():
    labels, lengths = corpus(1000)
    rows = torch.arange(1000)

    def padded(batches):
        return sum(int(lengths[batch].max()) * len(batch) for batch in batches)

    plain, bucketed = (draw(rows, labels, lengths, bucket=bucket) for bucket in (False, True))
    real = int(lengths.sum())
    assert padded(plain) > 1.8 * real
    assert padded(bucketed) < 1.2 * real
    # Windows are of chance: a clip's company differs between epochs.
    other = draw(rows, labels, lengths, bucket=True, epoch=1)
    assert {frozenset(b.tolist()) for b in bucketed}.isdisjoint(
        frozenset(b.tolist()) for b in other
    )
    # Batches come in no order of length within a window.
    longest = torch.tensor([int(lengths[batch].max()) for batch in bucketed])
    rising = (longest.diff() > 0).double().mean()
    assert 0.3 < rising < 0.7
    assert len(bucketed) > 2 * BUCKET_BATCHES


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("bucket", [False, True])
def test_batches_depend_on_seed_and_epoch_and_on_nothing_else(balanced, bucket):
    labels, lengths = corpus(100)

    def order(**changes):
        torch.manual_seed(np.random.randint(1 << 30))  # other draws must not matter
        rows = torch.arange(100)
        options = {"balanced": balanced, "bucket": bucket} | changes
        return [batch.tolist() for batch in draw(rows, labels, lengths, **options)]

    assert order() == order()
    assert order() != order(seed=1)
    assert order() != order(epoch=1)
    assert order(seed=1, epoch=0) != order(seed=0, epoch=1)


def test_drawing_leaves_the_global_generators_alone():
    labels, lengths = corpus(50)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    draw(torch.arange(50), labels, lengths, balanced=True, bucket=True)
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == numpy_before).all()


@pytest.mark.parametrize("balanced", [False, True])
def test_no_clips_make_no_batches(balanced):
    nothing = torch.empty(0, dtype=torch.int64)
    assert draw(nothing, nothing, nothing, balanced=balanced, bucket=True) == []
    assert eval_batches(nothing, nothing, 4) == []


def test_a_batch_size_of_zero_is_refused():
    labels, lengths = corpus(5)
    with pytest.raises(ValueError, match=r"batch_size: must be at least 1 \(0\)"):
        draw(torch.arange(5), labels, lengths, batch_size=0)
    with pytest.raises(ValueError, match="batch_size"):
        eval_batches(torch.arange(5), lengths, 0)
