"""Random batches out of the store against copying memory; opening 100,000 clips.

    python benchmarks/store.py [--quick]

A shelf of 1024 channels, clips as long as IEMOCAP's (see step.py), 50 steps a second, is written
and mapped as an extraction does it. Batches of 16 random clips are gathered out of the map, padded
to their longest, as every epoch does where a corpus does not fit into memory. The reference is
`numpy.copyto` of as many bytes as the clips' own steps have in the batch (float32), in one piece,
into memory that is there already: no batch can be had for less. Padding counts as nothing. Both are
measured in processor time of the thread, in turns, so that others on the machine count little.

The ratio is the share of the copy's bandwidth, of float32 on disk; `float16` tells it of half
precision. On a CUDA device, `resident` tells it of values that lie there, against `clone`, by the
clock. Opening is what `fill` does where everything is stored: look up, check every byte, map.
The last line is one JSON object.
"""

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from step import corpus

from mertk.contracts import Clip, Stream
from mertk.extract import fill, shelf_of
from mertk.ragged import Ragged
from mertk.store import Shelf, Store

DIM, STEPS, BATCH = 1024, 299, 16
OPENED, BLOCK = 100_000, 500
OPEN_FILES = Path("/proc/self/fd")


class Stored:
    """An encoder all of whose outputs are in the store."""

    modality, version, digest, dim = "audio", "1", "", 4

    def load(self, clip: Clip) -> np.ndarray:
        raise AssertionError(f"{clip.id} is stored")

    def __call__(self, _: Stream) -> Stream:
        raise AssertionError("everything is stored")


def key(i: int) -> bytes:
    return i.to_bytes(16, "big")


def write(shelf: Shelf, sequences: Sequence[np.ndarray]) -> None:
    with shelf.writing() as writer:
        for i in range(0, len(sequences), BLOCK):
            some = sequences[i : i + BLOCK]
            writer.append([key(i + j) for j in range(len(some))], some)


def mapped(root: Path, clips: int, dtype: str) -> Ragged:
    """A shelf of clips that last as IEMOCAP's do, written and mapped."""
    made = corpus(clips, torch.device("cpu"), {"audio": DIM}, {"audio": STEPS}).ragged["audio"]
    values = made.values.numpy().astype(dtype)
    shelf = Store(root).shelf({"name": "batches", "dtype": dtype})
    write(shelf, np.split(values, made.starts[1:].numpy()))
    return shelf.read([key(i) for i in range(clips)], empty=lambda: np.zeros((0, DIM), dtype))


def shares(ragged: Ragged, batches: int, now: Callable[[], float]) -> dict[str, float]:
    """Share of copy bandwidth, the median over batches, and MiB per second."""
    random = torch.Generator().manual_seed(0)
    source = torch.ones(BATCH * STEPS, DIM, device=ragged.values.device)
    target = torch.empty_like(source)
    copies, gathers, sizes = [], [], []
    for _ in range(batches):
        rows = torch.randint(len(ragged), (BATCH,), generator=random)
        steps = int(ragged.lengths[rows].sum())
        begun = now()
        if source.is_cuda:
            target[:steps].copy_(source[:steps])
        else:
            np.copyto(target.numpy()[:steps], source.numpy()[:steps])
        copied = now()
        stream = ragged.batch(rows)
        gathers.append(now() - copied)
        copies.append(copied - begun)
        sizes.append(steps * DIM * 4 / 2**20)
        del stream
    kept = slice(batches // 10, None)  # the first ones fill the page cache
    rates = [
        statistics.median(s / t for s, t in zip(sizes[kept], times[kept], strict=True))
        for times in (copies, gathers)
    ]
    each = [c / g for c, g in zip(copies[kept], gathers[kept], strict=True)]
    return {
        "share": round(statistics.median(each), 3),
        "copy": round(rates[0]),
        "batches": round(rates[1]),
    }


def on_device() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def opening(root: Path, repeats: int) -> dict[str, float]:
    """Seconds to open a shelf of many short clips, and the files that are open afterwards."""
    identity = {"name": "many"}
    store = Store(root)
    lengths = np.random.default_rng(0).integers(1, 5, OPENED)
    values = np.ones((int(lengths.sum()), Stored.dim), np.float32)
    # As `fill` names the shelf of this encoder.
    shelf = shelf_of(store, identity, "output", "float32")
    write(shelf, np.split(values, lengths.cumsum()[:-1]))
    clips = [Clip(str(i), {}, "") for i in range(OPENED)]
    keys = [key(i) for i in range(OPENED)]
    clock, processor = [], []
    before = handles()
    for _ in range(repeats):
        begun, worked = time.perf_counter(), time.process_time()
        ragged = fill(Store(root), Stored(), identity, clips, keys=keys)
        clock.append(time.perf_counter() - begun)
        processor.append(time.process_time() - worked)
    ragged.batch(torch.arange(BATCH))
    return {
        "clips": OPENED,
        "seconds": round(min(clock), 3),
        "processor_seconds": round(min(processor), 3),
        "open_files": handles() - before,
    }


def handles() -> int:
    return len(list(OPEN_FILES.iterdir())) if OPEN_FILES.is_dir() else 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer clips and batches")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    clips, batches, repeats = (300, 60, 3) if quick else (2000, 400, 5)
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        found = {}
        for dtype in ("float32", "float16"):
            ragged = mapped(root, clips, dtype)
            found[dtype] = shares(ragged, batches, time.thread_time)
            print(dtype, found[dtype])
            if torch.cuda.is_available() and dtype == "float32":
                there = Ragged(ragged.values.cuda(), ragged.starts, ragged.lengths)
                found["resident"] = shares(there, batches, on_device)
                print("resident", found["resident"])
        opened = opening(root, repeats)
        print("opening", opened)
    told = {
        "name": "store",
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "ratio": found["float32"]["share"],
        "reference": found["float32"]["copy"],
        "ours": found["float32"]["batches"],
        "unit": "MiB/s",
        **{name: value for name, value in found.items() if name != "float32"},
        "opening": opened,
        "load": round(os.getloadavg()[0], 1),
    }
    assert all(math.isfinite(told[name]) for name in ("ratio", "reference", "ours"))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
