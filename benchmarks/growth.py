"""How cost grows: with clips, trials, the length of clips and the size of batches.

    python benchmarks/growth.py [--quick] [--clips 1000 3000 ...] [--threads 1]

Clips and trials: whole `mertk run`s of a small Foal-Net on generated features, from a manifest to a
table, each in a process of its own that has imported everything before the clock starts: the
manifest is read, features go into a new store, one epoch trains, all clips of one fold are scored.
Features last as IEMOCAP's do. Memory is the peak above what imports take; what the features
themselves take where they are resident is told beside it. Length and batch: training steps of the
same model in this process.

Growth is told as an exponent, the slope of log cost over log size over the last decade: 1 is
linear. The ratio is what a clip costs at the least number of clips over what it costs at the
largest: 1 or above says that clips do not grow dearer. The last line is one JSON object.
"""

import argparse
import importlib
import json
import math
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from step import build, corpus

import mertk.cli
import mertk.run
from mertk.recipe import Train
from mertk.train.device import accelerator, repeatable
from mertk.train.fit import Loop, Parts

CHANNELS = {"voice": 16, "face": 8}
STEPS = {"voice": 30, "face": 18}
MIB = 1 << 20
RECIPE = """
name: growth
dataset: {{use: manifest, path: {folder}/clips.csv, folds: speaker, k: 2}}
encoders:
  voice: {{use: table, path: {folder}/voice.npz, keys: keys, values: values}}
  face: {{use: table, path: {folder}/face.npz, keys: keys, values: values}}
fusion: {{use: cross_attention, width: 16, heads: 2, layers: 1}}
tasks:
  avel: {{use: avel, dim: 16}}
  mem: {{use: mem, weight: 0.1}}
train: {{epochs: 1, batch_size: 64, seeds: [{seeds}], select: {{on: held_out_clips}}}}
metrics: [ua, wa]
"""


def write_corpus(folder: Path, clips: int, seeds: int) -> Path:
    """A manifest, its features and a recipe; of the features their bytes are what counts."""
    lengths = corpus(clips, torch.device("cpu"), {"voice": 1}, {"voice": 100}).ragged["voice"]
    share = lengths.lengths.numpy() / 100
    names = [f"c{i:06d}" for i in range(clips)]
    rows = ((n, "abcd"[i % 4], f"s{i // 50}") for i, n in enumerate(names))
    lines = ["id,label,speaker,text", *(f"{n},{y},{s},." for n, y, s in rows)]
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")
    random = np.random.default_rng(0)
    for stream, channels in CHANNELS.items():
        steps = np.maximum((share * STEPS[stream]).astype(int), 1)
        values = random.standard_normal((steps.sum(), channels), np.float32)
        np.savez(folder / f"{stream}.npz", keys=np.repeat(names, steps), values=values)
    recipe = folder / "growth.yaml"
    recipe.write_text(RECIPE.format(folder=folder, seeds=", ".join(map(str, range(seeds)))))
    return recipe


def import_all() -> None:
    """Import here what a run imports on its way."""
    named = run(64)["modules"].split()
    for name in sorted(set(named) - sys.modules.keys()):
        with suppress(Exception):  # modules that only make sense where they were asked for
            importlib.import_module(name)


def apart(work: Callable[[], object]) -> dict[str, Any]:
    """What some work takes in a process of its own: seconds, and peak memory above the start's."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        status = 1
        try:
            before, began = _peak(), time.perf_counter()
            work()
            found = {"seconds": time.perf_counter() - began, "mib": _peak() - before}
            told = json.dumps({**found, "modules": " ".join(sys.modules)})
            with os.fdopen(writing, "w") as pipe:
                pipe.write(told)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    if os.waitpid(child, 0)[1] or not told:
        sys.exit("a run failed")
    return dict(json.loads(told))


def _peak() -> float:
    """MiB at most so far."""
    scale = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / MIB


def run(clips: int, seeds: int = 1) -> dict[str, Any]:
    """What a whole run takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = write_corpus(folder, clips, seeds)
        os.environ["MERTK_HOME"] = str(folder / "home")
        silent = os.open(os.devnull, os.O_WRONLY)

        def work() -> None:
            for stream in (1, 2):
                os.dup2(silent, stream)
            given = ["run", str(recipe), "--results", str(folder / "results"), "--json"]
            if mertk.cli.main([*given, "--folds", "fold1"]):
                raise SystemExit(1)

        found = apart(work)
        os.close(silent)
        stored = sum(f.stat().st_size for f in (folder / "home").rglob("data.bin"))
        return {**found, "stored_mib": stored / MIB}


def step_seconds(steps: int, batch: int, device: torch.device, repeats: int) -> float:
    """A training step on clips that all last equally long."""
    dims, longest = {"audio": 256, "video": 192}, {"audio": steps, "video": steps}
    data = corpus(batch, device, dims, longest)
    for ragged in data.ragged.values():
        ragged.lengths.fill_(steps)
        ragged.starts.zero_()  # the same sequence for all: only sizes matter
    rows = torch.arange(batch)
    machine = accelerator(device, "fp32")
    settings = Train(batch_size=batch, clip_grad=None)
    loop = Loop(machine, build(dims, dim=128), data, Parts(rows, rows, rows), settings, 0)
    taken = []
    with repeatable(device):
        for _ in range(repeats + 1):
            began = time.perf_counter()
            loop.step(rows)
            if device.type == "cuda":
                torch.cuda.synchronize()
            taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Slope of log cost over log size, over the last decade: what does not grow hides the rest."""
    last = [i for i, size in enumerate(sizes) if size >= sizes[-1] / 10]
    slope = np.polyfit(np.log([sizes[i] for i in last]), np.log([costs[i] for i in last]), 1)[0]
    return round(float(slope), 2)


def told(name: str, unit: str, sizes: Sequence[int], costs: Sequence[float]) -> dict[str, object]:
    """A curve, also as a table on the screen."""
    power = exponent(sizes, costs)
    for size, cost in zip(sizes, costs, strict=True):
        print(f"{name:>8} {size:>8}  {cost:10.3f} {unit}", file=sys.stderr)
    print(f"{name:>8} exponent  {power:.2f}", file=sys.stderr, flush=True)
    return {"sizes": list(sizes), unit: [round(c, 4) for c in costs], "exponent": power}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few, small points; under a minute")
    parser.add_argument("--clips", type=int, nargs="+", help="1000 3000 10000 30000 100000")
    parser.add_argument("--threads", type=int, default=1, help="of the processor (1)")
    arguments = parser.parse_args()
    quick = arguments.quick
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sizes = arguments.clips or ([500, 2000] if quick else [1000, 3000, 10_000, 30_000, 100_000])
    import_all()
    runs = [run(n) for n in sizes]
    clips = told("clips", "s", sizes, [r["seconds"] for r in runs])
    memory = told("memory", "MiB", sizes, [r["mib"] for r in runs])
    seeds = [1, 3] if quick else [1, 2, 4, 8]
    trials = told("trials", "s", seeds, [run(1000, n)["seconds"] for n in seeds])
    repeats = 2 if quick else 5
    lengths = [50, 200] if quick else [25, 50, 100, 200, 400]
    at = [step_seconds(n, 8, device, repeats) for n in lengths]
    batches = [4, 16] if quick else [4, 8, 16, 32, 64]
    by = [step_seconds(100, n, device, repeats) for n in batches]
    each = [1000 * r["seconds"] / n for r, n in zip(runs, sizes, strict=True)]
    summary = {
        "name": "growth",
        "device": f"{platform.machine()}, fp32, {arguments.threads} threads, steps on {device}",
        "ratio": round(each[0] / each[-1], 2),
        "reference": round(each[0], 3),
        "ours": round(each[-1], 3),
        "unit": f"ms/clip of a whole run at {sizes[0]} and at {sizes[-1]} clips",
        "clips": clips,
        "memory": memory,
        "features_mib": [round(r["stored_mib"], 1) for r in runs],
        "kib_per_further_clip": round(_slope(sizes, [r["mib"] * 1024 for r in runs]), 2),
        "trials": trials,
        "length": told("length", "s", lengths, at),
        "batch": told("batch", "s", batches, by),
    }
    assert math.isfinite(summary["ratio"])
    print(json.dumps(summary))


def _slope(sizes: Sequence[int], costs: Sequence[float]) -> float:
    return (costs[-1] - costs[0]) / (sizes[-1] - sizes[0])


if __name__ == "__main__":
    main()
