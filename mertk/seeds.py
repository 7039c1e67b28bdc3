"""Independent seeds for every place that draws, derived from the trial's one seed."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derive(seed: int, *place: str | int) -> int:
    """A 63-bit seed for one place, for example `derive(0, "epoch", 3)`.

    Each part of a model and each epoch draws from its own: leaving a part out then changes nothing
    for the others, and an epoch can be repeated without what came before it.
    """
    text = "/".join(map(str, (seed, *place)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@contextmanager
def drawing(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Draw from this seed inside, and leave every generator of torch as it was.

    Args:
        seed: What is drawn from.
        device: An accelerator that draws from it too; by default only the CPU does.
    """
    cuda = device is not None and device.type == "cuda"
    # `torch.manual_seed` would also reseed the accelerators, which no fork here would restore.
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        yield
