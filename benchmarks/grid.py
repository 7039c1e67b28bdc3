"""A grid of trials one after the other in one process, and in several: `mertk ablate --jobs`.

    python benchmarks/grid.py [--quick] [--jobs 2] [--epochs 4] [--seeds 5] [--stacked-only]

The paper's Table 2 (as it is, no MEM, no AVEL, neither) x 5 folds x 5 seeds on the features that
frozen encoders without weights make of the generated corpus; they are stored before the clock runs.
Both are whole processes, from the command to the table; `--jobs` counts the start of its workers.
The reference has all threads in its one process, each worker its share of them. What was predicted
is compared trial by trial. They run in turn, seed by seed (20 trials, each time with a start, told
as `nothing_to_do`: what a run takes that finds all trials there), and the ratio, reference / ours,
is the median over seeds.

Beside it an experiment: K models trained as one (parameters stacked, torch.func.functional_call
under vmap) against the same K one after the other, a step each, dropout off and MEM's negatives
chosen instead of drawn, so that both compute the same. Losses and parameters are compared after the
steps. At Foal-Net's published size, and at sizes as small as features can be.

Runs on CUDA where there is one. The last line is one JSON object.
"""

import argparse
import copy
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

# As `mertk` has it: threads that spin while they wait take the processor from others.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pyarrow.parquet as pq
import torch
from step import build
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from mertk.contracts import Stream
from mertk.home import home
from mertk.model import Model
from mertk.train.device import repeatable
from mertk_plugins.tasks import mem as matching

TABLE_2 = ("--without", "mem", "--without", "avel", "--without", "avel,mem")
FROZEN = ("--set", "encoders.audio.train=false", "--set", "fusion.width=64")
PUBLISHED = {"audio": (299, 1024), "video": (180, 768)}
SMALL = {"audio": (15, 64), "video": (40, 64)}
TOLERANCE = 1e-3
BATCH, CLASSES = 16, 4


def ran(results: Path, *more: str, seeds: str, epochs: int, quick: bool) -> float:
    """Wall seconds of one `mertk ablate`; of two trials where it is to be quick."""
    began = time.perf_counter()
    argv = ["ablate", "foalnet", *FROZEN, "--results", str(results), "--json", *more]
    argv += ["--seeds", seeds, "--set", f"train.epochs={epochs}"]
    argv += [*TABLE_2[:2], "--folds", "session1"] if quick else TABLE_2
    subprocess.run(
        [sys.executable, "-m", "mertk", *argv], check=True, stdout=subprocess.DEVNULL, timeout=7200
    )
    return time.perf_counter() - began


def predicted(results: Path) -> dict[str, np.ndarray]:
    """What was said of test clips at the selected epoch, by trial."""
    found = {}
    for file in results.glob("*/*/[!.]*/predictions.parquet"):
        table = pq.read_table(file)
        name = next(c for c in table.column_names if c.startswith("selected"))
        found[file.parent.name] = np.array(table.column(name).to_pylist(), float)
    return found


def grid(jobs: int, epochs: int, seeds: int, *, quick: bool) -> dict[str, object]:
    """The grid, one by one and in processes, in turn: a block is one seed's trials."""
    took: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        ran(root / "first", seeds="0", epochs=1, quick=True)  # features are stored
        for seed in map(str, range(1 if quick else seeds)):
            one = ran(root / "one", seeds=seed, epochs=epochs, quick=quick)
            several = ("--jobs", str(jobs))
            ours = ran(root / "jobs", *several, seeds=seed, epochs=epochs, quick=quick)
            start = ran(root / "one", seeds=seed, epochs=epochs, quick=quick)
            took.append((one, ours))
            told(
                f"seed {seed}: {one:.1f} s, --jobs {jobs} {ours:.1f} s, nothing to do {start:.1f} s"
            )
        apart, trials = differences(predicted(root / "one"), predicted(root / "jobs"))
    ratios = [a / b for a, b in took]
    return {
        "ratio": round(statistics.median(ratios), 2),
        "ratio_least_most": [round(min(ratios), 2), round(max(ratios), 2)],
        "reference": round(statistics.median(a for a, _ in took), 1),
        "ours": round(statistics.median(b for _, b in took), 1),
        "unit": "s per seed",
        "trials": trials,
        "epochs": epochs,
        "nothing_to_do": round(start, 1),
        "largest_difference_of_probabilities": apart,
        "shelves": shelves(),
    }


def differences(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> tuple[float, int]:
    """The largest, and of how many trials."""
    if one.keys() != other.keys():
        sys.exit("both must have done the same trials")
    apart = max(float(np.abs(one[key] - other[key]).max()) for key in one)
    if apart > TOLERANCE:
        sys.exit(f"predictions differ by {apart}")
    return apart, len(one)


def shelves() -> dict[str, str]:
    """What the store holds: steps of all clips by channels."""
    found = {}
    for meta in sorted((home() / "features").glob("*/meta.json")):
        said = json.loads(meta.read_text())
        nbytes = (meta.parent / "data.bin").stat().st_size
        width = np.dtype(said["dtype"]).itemsize * int(np.prod(said["shape"]))
        found[said["identity"]["name"]] = f"{nbytes // width} x {said['shape']}"
    return found


class Trials:
    """K models of one shape, each with its own batch; trained apart or as one."""

    def __init__(self, count: int, sizes: dict[str, tuple[int, int]], device: str) -> None:
        dims = {name: dim for name, (_, dim) in sizes.items()}
        random = torch.Generator().manual_seed(0)
        self.models: list[Model] = []
        for _ in range(count):
            model = build(dims, dim=min(512, 2 * max(dims.values()))).to(device).eval()
            model.encoders = nn.ModuleDict()  # features are stored: gradients end at them
            with torch.no_grad():
                for weight in model.parameters():
                    weight += 0.02 * torch.randn(weight.shape, generator=random).to(device)
            self.models.append(model)
        self.xs = {
            name: torch.randn(count, BATCH, *size, generator=random).to(device)
            for name, size in sizes.items()
        }
        self.masks = {
            name: torch.ones(count, BATCH, steps, dtype=torch.bool, device=device)
            for name, (steps, _) in sizes.items()
        }
        drawn = torch.randint(CLASSES, (count, BATCH), generator=random)
        self.labels = drawn.to(device)
        apart = copy.deepcopy(self.models)
        self.apart = [(m, torch.optim.AdamW(m.parameters(), lr=1e-4, fused=True)) for m in apart]
        self.weights, self.buffers = stack_module_state(self.models)  # type: ignore[arg-type]
        self.base = copy.deepcopy(self.models[0])
        self.optimizer = torch.optim.AdamW(list(self.weights.values()), lr=1e-4, fused=True)

    def one_by_one(self) -> Tensor:
        """A step of each; [K] losses."""
        losses = []
        for i, (model, optimizer) in enumerate(self.apart):
            streams = {n: Stream(x[i], self.masks[n][i]) for n, x in self.xs.items()}
            total = model(streams, self.labels[i]).total
            total.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(total.detach())
        return torch.stack(losses)

    def stacked(self) -> Tensor:
        """The same step of all as one; [K] losses."""

        def loss(weights, buffers, xs, masks, labels):  # type: ignore[no-untyped-def]
            streams = {name: Stream(x, masks[name]) for name, x in xs.items()}
            return functional_call(self.base, (weights, buffers), (streams, labels)).total

        with sdpa_kernel(SDPBackend.MATH):  # the others are run model by model under vmap
            given = (self.weights, self.buffers, self.xs, self.masks, self.labels)
            totals: Tensor = vmap(loss)(*given)
            totals.sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return totals.detach()

    def parameters_apart(self) -> float:
        """Largest difference of a parameter between both."""
        named = [dict(model.named_parameters()) for model, _ in self.apart]
        return max(
            float((weight[i].detach() - own[name].detach()).abs().max())
            for name, weight in self.weights.items()
            for i, own in enumerate(named)
        )


def chosen(logits: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
    """In the place of MEM's draw: the likeliest candidate."""
    lowest = torch.finfo(logits.dtype).min
    rows = logits.detach().masked_fill(~candidates, lowest).argmax(1)
    return rows, candidates.any(1)


def stacking(
    count: int, sizes: dict[str, tuple[int, int]], device: str, rounds: int, steps: int
) -> dict[str, object]:
    """Steps of K trials, apart and stacked, in turn."""
    with mock.patch.object(matching, "draw", chosen), repeatable(torch.device(device)):
        trials = Trials(count, sizes, device)
        largest = float((trials.one_by_one() - trials.stacked()).abs().max())  # warm
        took: list[tuple[Took, Took]] = []
        for _ in range(rounds):
            apart, ours = (timed(s, steps, device) for s in (trials.one_by_one, trials.stacked))
            largest = max(largest, float((apart.losses - ours.losses).abs().max()))
            took.append((apart, ours))
    ratios = [a.wall / b.wall for a, b in took]
    of_processor = [a.processor / b.processor for a, b in took]
    found = {
        "trials": count,
        "sizes": {name: list(size) for name, size in sizes.items()},
        "ratio": round(statistics.median(ratios), 2),
        "ratio_least_most": [round(min(ratios), 2), round(max(ratios), 2)],
        "ratio_of_processor_time": round(statistics.median(of_processor), 2),
        "steps_per_s_one_by_one": round(statistics.median(count / a.wall for a, _ in took), 2),
        "steps_per_s_stacked": round(statistics.median(count / b.wall for _, b in took), 2),
        "steps": 1 + rounds * steps,
        "largest_difference_of_losses": largest,
        "largest_difference_of_parameters": trials.parameters_apart(),
    }
    if largest > TOLERANCE:
        sys.exit(f"stacked trials lose otherwise: {found}")
    return found


@dataclass(frozen=True)
class Took:
    """Wall and processor seconds of a step, and its losses."""

    wall: float
    processor: float
    losses: Tensor


def timed(step: Callable[[], Tensor], steps: int, device: str) -> Took:
    """Take some steps."""
    if device == "cuda":
        torch.cuda.synchronize()
    began, worked = time.perf_counter(), time.process_time()
    for _ in range(steps):
        losses = step()
    if device == "cuda":
        torch.cuda.synchronize()
    wall, processor = time.perf_counter() - began, time.process_time() - worked
    return Took(wall / steps, processor / steps, losses)


def told(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 trials, under a minute")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--epochs", type=int, default=4, help="of each trial (4)")
    parser.add_argument("--seeds", type=int, default=5, help="of the grid (5)")
    parser.add_argument("--stacked-only", action="store_true", help="no grid")
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    quick, rounds = arguments.quick, 1 if arguments.quick else 5
    stacked = {"small": stacking(8, SMALL, device, rounds, 2)}
    told(f"stacked, small: {stacked['small']}")
    if not quick:
        count = 8 if device == "cuda" else 2  # 8 do not fit beside others on a small machine
        stacked["published"] = stacking(count, PUBLISHED, device, 2, 1)
        told(f"stacked, published size: {stacked['published']}")
    summary: dict[str, object] = {
        "name": "grid",
        "device": torch.cuda.get_device_name() if device == "cuda" else platform.machine(),
        "threads": torch.get_num_threads(),
        "cores": len(os.sched_getaffinity(0)),
        "jobs": arguments.jobs,
    }
    if not arguments.stacked_only:
        epochs = 1 if quick else arguments.epochs
        summary |= grid(arguments.jobs, epochs, arguments.seeds, quick=quick)
    print(json.dumps({**summary, "stacked": stacked}))


if __name__ == "__main__":
    main()
