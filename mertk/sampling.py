"""Which clips meet in which batch, in training and in evaluation.

Everything is drawn from the seed and the epoch alone, so that a run can be repeated, or go on, at
any epoch and whatever else draws random numbers.
"""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BUCKET_BATCHES: Final = 8
"""Batches' worth of clips that are sorted by length together: enough to save most of the padding,
few enough to leave the company of a clip to chance."""


def epoch_batches(
    rows: Tensor,
    labels: Tensor,
    lengths: Tensor,
    *,
    batch_size: int,
    balanced: bool,
    bucket: bool,
    seed: int,
    epoch: int,
) -> list[Tensor]:
    """The batches of one training epoch, in order.

    No clip is dropped: a last batch of a single clip joins the one before it, because losses over
    pairs of clips are nothing there.

    Args:
        rows: [R] the training clips.
        labels: [N] class indices of all clips.
        lengths: [N] a measure of their length.
        batch_size: Clips per batch.
        balanced: Draw R clips with replacement, each class that occurs among them equally likely
            (weights of one over the class count); otherwise each clip once, shuffled.
        bucket: Let clips of similar length meet: sorted by length within windows of
            BUCKET_BATCHES batches, the batches then shuffled.
        seed: Of the run, not negative.
        epoch: Its number, not negative.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch,)))
    pool = rows.numpy()
    if balanced and len(pool):
        order = random.choice(pool, len(pool), p=_balance(labels.numpy()[pool]))
    else:
        order = random.permutation(pool)
    if bucket:
        order = _sort_windows(order, lengths.numpy(), BUCKET_BATCHES * batch_size)
    batches = _cut(order, batch_size)
    if bucket:
        batches = [batches[i] for i in random.permutation(len(batches))]
    return batches


def eval_batches(rows: Tensor, lengths: Tensor, batch_size: int) -> list[Tensor]:
    """Batches of clips sorted by length, each clip once.

    Args:
        rows: [R] the clips.
        lengths: [N] a measure of length of all clips.
        batch_size: Clips per batch.
    """
    order = _sort_windows(rows.numpy(), lengths.numpy(), max(len(rows), 1))
    return _cut(order, batch_size)


def _balance(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability of each clip, such that each class that occurs is equally likely."""
    _, of_clip, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return 1.0 / (counts[of_clip] * len(counts))


def _sort_windows(
    order: NDArray[np.int64], lengths: NDArray[np.generic], window: int
) -> NDArray[np.int64]:
    parts = [order[i : i + window] for i in range(0, len(order), window)]
    return np.concatenate(
        [part[np.argsort(lengths[part], kind="stable")] for part in parts] or [order]
    )


def _cut(order: NDArray[np.int64], size: int) -> list[Tensor]:
    if size < 1:
        raise ValueError(f"batch_size: must be at least 1 ({size})")
    ends = list(range(size, len(order), size))
    if ends and size > 1 and len(order) - ends[-1] == 1:
        ends.pop()
    return [torch.from_numpy(part) for part in np.split(order, ends) if len(part)]
