"""Clips per second of one training step: the released formulation against mertk's.

    python benchmarks/step.py [--quick] [--threads 2] [--profile]

Foal-Net's fusion, AVEL, MEM and classifier at the published size (1024 and 768 channels, batches
of 16, 14.3 million weights) on generated features; gradients go on into the audio stream, as they
do where its encoder is trained. The reference is `released.py`: 299 and 180 steps whatever the
clips, shuffled batches, AdamW as torch has it by default. Ours is what `mertk run` does in a step:
`Loop.step` on batches that `epoch_batches` makes with buckets, cut to their longest clip.

Clips last as IEMOCAP's do: a lognormal with the corpus's median, 3.58 s, and mean, 4.55 s, (22.8%
over 6 s, the corpus 23.4%; 95th percentile 11.2 s, the corpus 11.06), cut at 6 s, 50 steps of sound
and 30 pictures a second.

First both must give the same losses and gradients. Then blocks alternate; one is a whole window of
buckets (8 batches) of ours and a few steps of the reference, whose steps all cost the same. The
ratio is the median over blocks. The last line is one JSON object.
"""

import argparse
import json
import math
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unittest import mock

import released
import torch
from torch import Tensor, nn

from mertk.contracts import Stream
from mertk.data import Batch, ClipData
from mertk.model import Model
from mertk.ragged import Ragged
from mertk.recipe import Train
from mertk.sampling import BUCKET_BATCHES, epoch_batches
from mertk.train.device import accelerator, pick_precision, repeatable
from mertk.train.fit import Loop, Parts
from mertk_plugins.fusions.cross_attention import CrossAttention
from mertk_plugins.tasks import mem as matching
from mertk_plugins.tasks.avel import AVEL

DIMS = {"audio": 1024, "video": 768}
LONGEST = {"audio": 299, "video": 180}
BATCH, CLASSES = 16, 4
MEDIAN_S, MEAN_S, MOST_S, LEAST_S = 3.58, 4.55, 6.0, 0.5
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Trained(nn.Module):
    """Stands where a trained encoder stands: gradients arrive here."""

    def forward(self, stream: Stream) -> Stream:
        return Stream(stream.x.detach().requires_grad_(), stream.mask)


def build(dims: dict[str, int] = DIMS, dim: int = 512, own_pairs: str = "shared") -> Model:
    """The published model without its encoders."""
    torch.manual_seed(0)
    fusion = CrossAttention(dims)
    tasks = {"avel": AVEL(dims, dim=dim), "mem": matching.MEM(fusion.dims, own_pairs=own_pairs)}
    head = nn.Sequential(nn.Dropout(0.1), nn.Linear(sum(dims.values()), CLASSES))
    weights = {"avel": 1.0, "mem": 0.1}
    return Model({"audio": Trained()}, {}, nn.Identity(), fusion, tasks, weights, head)


def corpus(
    clips: int, device: torch.device, dims: dict[str, int] = DIMS, longest: dict[str, int] = LONGEST
) -> ClipData:
    """Random features of clips that last as IEMOCAP's do."""
    random = torch.Generator().manual_seed(0)
    spread = math.sqrt(2 * math.log(MEAN_S / MEDIAN_S))
    # Quantiles instead of draws: a few clips already have the corpus's lengths.
    normal = torch.special.ndtri((torch.randperm(clips, generator=random) + 0.5) / clips)
    share = (MEDIAN_S * (normal * spread).exp()).clamp(LEAST_S, MOST_S) / MOST_S
    ragged = {}
    for name, dim in dims.items():
        lengths = (share * longest[name]).long().clamp(min=1)
        values = torch.randn(int(lengths.sum()), dim, generator=random).to(device)
        ragged[name] = Ragged(values, lengths.cumsum(0) - lengths, lengths)
    labels = torch.arange(clips) % CLASSES  # lengths are shuffled
    return ClipData(tuple(map(str, range(clips))), labels, ragged)


def padded(batch: Batch, device: torch.device, longest: dict[str, int] = LONGEST) -> Batch:
    """The same clips with as many steps as the longest clip there may be."""
    streams = {}
    for name, stream in batch.streams.items():
        more = longest[name] - stream.x.shape[1]
        x = nn.functional.pad(stream.x, (0, 0, 0, more)).to(device)
        streams[name] = Stream(x, nn.functional.pad(stream.mask, (0, more)).to(device))
    return Batch(batch.rows, streams, batch.labels.to(device))


@dataclass(frozen=True)
class Agreement:
    """Largest differences, as shares of the largest number compared."""

    losses: float
    gradients: float


def agreement(
    model: Model, batch: Batch, device: torch.device, longest: dict[str, int] = LONGEST
) -> Agreement:
    """Compare both formulations on one batch, same weights, same negatives, no dropout."""
    model.eval()
    drawn: list[Tensor] = []

    def draw(*given: Tensor) -> tuple[Tensor, Tensor]:
        rows, found = original(*given)
        drawn.append(rows)
        return rows, found

    original = matching.draw
    streams = {name: stream.to(device) for name, stream in batch.streams.items()}
    with mock.patch.object(matching, "draw", draw):
        encoded = model.encode(streams)
        output = model.classify(encoded, batch.labels.to(device))
    ours = torch.stack([*output.losses.values(), output.total])
    steps = encoded["audio"].x.shape[1]
    gradients = [_gradients(model, output.total, encoded["audio"].x)]
    whole = padded(batch, device, longest)
    seen = model.encode(whole.streams)
    rows = dict(zip(released.PAIR, (r.tolist() for r in drawn), strict=True))
    theirs = released.losses(model, seen, whole.labels, rows)
    gradients.append(_gradients(model, theirs[-1], seen["audio"].x))
    gradients[1]["audio"] = gradients[1]["audio"][:, :steps]
    model.train()
    apart = [_apart(gradients[0][name], gradients[1][name]) for name in gradients[0]]
    return Agreement(max(map(_apart, ours.detach(), theirs.detach())), max(apart))


def _gradients(model: Model, total: Tensor, audio: Tensor) -> dict[str, Tensor]:
    named = dict(model.named_parameters()) | {"audio": audio}
    return dict(zip(named, torch.autograd.grad(total, list(named.values())), strict=True))


def _apart(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max() / b.abs().max())


@dataclass(frozen=True)
class Took:
    """Wall and processor seconds per clip."""

    wall: float
    processor: float


def timed(step: Callable[[Tensor], object], batches: Sequence[Tensor], device: str) -> Took:
    """Run steps on batches of rows."""
    _wait(device)
    wall, processor = time.perf_counter(), time.process_time()
    for rows in batches:
        step(rows)
    _wait(device)
    clips = sum(map(len, batches))
    return Took((time.perf_counter() - wall) / clips, (time.process_time() - processor) / clips)


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


class Contest:
    """Two copies of one model on the same clips."""

    def __init__(
        self,
        clips: int,
        device: torch.device,
        *,
        precision: str = "fp32",
        own_pairs: str = "shared",
        buckets: bool = True,
    ) -> None:
        self.device, self.precision = device, precision
        self.data = corpus(clips, device)
        rows = torch.arange(clips)
        self.settings = Train(batch_size=BATCH, buckets=buckets, clip_grad=None)
        self.theirs, ours = build().to(device), build(own_pairs=own_pairs)
        machine = accelerator(device, self.precision)
        self.loop = Loop(machine, ours, self.data, Parts(rows, rows, rows), self.settings, 0)
        self.plain = torch.optim.AdamW(self.theirs.parameters(), lr=self.settings.lr)
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.precision == "fp16")

    def ours(self, rows: Tensor) -> None:
        self.loop.step(rows)

    def reference(self, rows: Tensor) -> None:
        batch = padded(self.data.batch(rows), self.device)
        half = self.precision != "fp32"
        with torch.autocast(self.device.type, DTYPES[self.precision], enabled=half):
            total = released.losses(self.theirs, self.theirs.encode(batch.streams), batch.labels)[
                -1
            ]
        self.plain.zero_grad()
        self.scaler.scale(total).backward()
        self.scaler.step(self.plain)
        self.scaler.update()

    def batches(self, epoch: int) -> list[Tensor]:
        """Of all clips once."""
        return epoch_batches(
            torch.arange(len(self.data)),
            self.data.labels,
            self.data.lengths,
            batch_size=BATCH,
            balanced=False,
            bucket=self.settings.buckets,
            seed=0,
            epoch=epoch,
        )

    def blocks(self, count: int, steps: int) -> list[tuple[Took, Took]]:
        """What a clip took, reference and ours, block by block."""
        shuffled = torch.arange(len(self.data)).split(BATCH)[:steps]  # in an order drawn before
        for warm in (self.reference, self.ours):
            warm(torch.arange(CLASSES))
        made = []
        for block in range(count):
            with repeatable(self.device):
                mine = timed(self.ours, self.batches(block), self.device.type)
            made.append((timed(self.reference, shuffled, self.device.type), mine))
            told = ", ".join(f"{1 / t.wall:.2f}" for t in made[-1])
            print(f"block {block + 1}: {told} clips/s", file=sys.stderr, flush=True)
        return made


def profile(contest: Contest) -> str:
    """The largest terms of a window of our steps."""
    from torch.profiler import ProfilerActivity, profile

    kinds = [ProfilerActivity.CPU]
    kinds += [ProfilerActivity.CUDA] if contest.device.type == "cuda" else []
    contest.ours(torch.arange(BATCH))
    with profile(activities=kinds) as seen, repeatable(contest.device):
        for rows in contest.batches(0):
            contest.ours(rows)
    by = "self_cuda_time_total" if contest.device.type == "cuda" else "self_cpu_time_total"
    return str(seen.key_averages().table(sort_by=by, row_limit=25, max_name_column_width=45))


def ratios(blocks: Sequence[tuple[Took, Took]]) -> dict[str, float | list[float]]:
    """Medians over blocks, and the least and most of them."""
    wall = [theirs.wall / ours.wall for theirs, ours in blocks]
    processor = [theirs.processor / ours.processor for theirs, ours in blocks]
    return {
        "ratio": round(statistics.median(wall), 2),
        "ratio_least_most": [round(min(wall), 2), round(max(wall), 2)],
        "ratio_of_processor_time": round(statistics.median(processor), 2),
        "reference": round(statistics.median(1 / theirs.wall for theirs, _ in blocks), 3),
        "ours": round(statistics.median(1 / ours.wall for _, ours in blocks), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small block, under a minute")
    parser.add_argument("--threads", type=int, default=2, help="of the processor (2)")
    parser.add_argument("--precision", choices=DTYPES, help="fp32; on CUDA what `auto` is there")
    parser.add_argument("--own-pairs", choices=("shared", "again"), default="shared")
    parser.add_argument("--no-buckets", action="store_true", help="shuffled batches for ours too")
    parser.add_argument("--profile", action="store_true", help="the largest terms instead")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    clips, usual = BATCH * (BUCKET_BATCHES // (1 + arguments.quick)), pick_precision("auto", device)
    contest = Contest(
        clips,
        device,
        precision=arguments.precision or ("fp32" if device.type == "cpu" else usual),
        own_pairs=arguments.own_pairs,
        buckets=not arguments.no_buckets,
    )
    if arguments.profile:
        print(profile(contest))
        return
    same = agreement(build().to(device), contest.data.batch(torch.arange(4)), device)
    print(f"no dropout, same negatives: {same}", file=sys.stderr, flush=True)
    if max(same.losses, same.gradients) > 1e-3:
        sys.exit("the two formulations disagree")
    blocks = contest.blocks(1 if arguments.quick else 5, 1 if arguments.quick else 2)
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.machine()
    summary = {
        "name": "step",
        "device": f"{name}, {contest.precision}, {arguments.threads} threads",
        **ratios(blocks),
        "unit": "clips/s",
        "blocks": len(blocks),
        "largest_difference_of_gradients": same.gradients,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
