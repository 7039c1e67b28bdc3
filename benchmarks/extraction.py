"""Clips per second of extraction: the plain loop over clips against mertk's `fill`.

    python benchmarks/extraction.py [--quick] [--threads 2] [--models whisper,wavlm,clip]

Generated wav files at 16 kHz, and films of 112 x 112 and 10 pictures a second for CLIP, that last
as IEMOCAP's clips do (see `step.py`; not cut). Models with drawn weights: Whisper tiny's shape (or
`--whisper FOLDER`), WavLM base's, CLIP ViT-B/32's.

The reference is what people write: for each clip decode, the checkpoint's own processor, the model
of transformers, `numpy.save`. Whisper's processor pads to 30 s, and its model attends to all of it;
`ratio_to_unpadded_loop` is against the same loop around the component, which does not. Ours is
`fill` into a fresh store. Both run on the same clips in one process in turns; a ratio is the median
over blocks. First both must give the same numbers: WavLM and CLIP on three clips, Whisper on 30 s
of sound, since on less it differs by design.

On a device that has hardware for half precision, `ratio_in_half_precision` is of our extraction
with `precision: bf16` (or fp16) against the same reference, which is in fp32, and
`differ_in_half_precision` says what that does to the numbers.

`forward` is the share of our wall time in which the model is at work. `peaks` are MiB that
processes of their own needed beyond what they had once the model was built: for some clips, 4 times
as many, and single clips of 1 and 30 minutes, of models with two layers (films: two pictures a
second; Linux only). The last line is one JSON object; `ratio` is Whisper's, and every model's
stands beside it.
"""

import argparse
import json
import multiprocessing
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from plain import KINDS, Loop, lengths, plain_component, write_clips
from transformers.utils import logging

from mertk.contracts import Clip
from mertk.extract import fill
from mertk.precision import Precision, fast_halves
from mertk.store import Store

LONG = 1800.0
CLIPS = {"whisper": 64, "wavlm": 24, "clip": 4}


class Forward:
    """How long an encoder's forward takes in all, for the time of a `with` block."""

    def __init__(self, encoder: Any) -> None:
        self.encoder, self.seconds = encoder, 0.0

    def __enter__(self) -> "Forward":
        self._hooks = (
            self.encoder.register_forward_pre_hook(self._begin),
            self.encoder.register_forward_hook(self._end),
        )
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _begin(self, *_: object) -> None:
        self._began = time.perf_counter()

    def _end(self, *_: object) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds += time.perf_counter() - self._began


@dataclass(frozen=True)
class Took:
    """Wall and processor seconds."""

    wall: float
    processor: float


def timed(work: Callable[..., object], *given: object) -> Took:
    """Do it."""
    wall, processor = time.perf_counter(), time.process_time()
    work(*given)
    return Took(time.perf_counter() - wall, time.process_time() - processor)


class Contest:
    """One model on the same clips, in two ways."""

    def __init__(self, name: str, folder: Path, device: str, checkpoint: str | None) -> None:
        self.kind, self.device, self.name, self.folder = KINDS[name], device, name, folder
        model = Path(checkpoint or folder / "model")
        if not checkpoint:
            torch.manual_seed(0)
            self.kind.save(model, None)
        self.encoder = self.kind.component(model)
        self.half = next(iter(fast_halves(torch.device(device))), None)
        self.plain = self.kind.plain(model, device)

    def loop(self, clips: Sequence[Clip], plain: Loop) -> None:
        """What people write."""
        with tempfile.TemporaryDirectory() as out, torch.inference_mode():
            for clip in clips:
                encoded = plain(clip.media[self.kind.modality].path)
                np.save(Path(out) / f"{clip.id}.npy", encoded.cpu().numpy())

    def fill(self, clips: Sequence[Clip], precision: Precision = "fp32") -> Any:
        """What `mertk run` does."""
        with tempfile.TemporaryDirectory() as root:
            store, identity = Store(Path(root)), {"name": self.name}
            made = fill(
                store, self.encoder, identity, clips, precision=precision, device=self.device
            )
            return made.in_memory()

    def apart(self, precision: Precision = "fp32") -> float:
        """Largest difference, as a share of the largest number."""
        seconds = [30.0] if self.name == "whisper" else lengths(3)
        clips = write_clips(self.kind, self.folder / f"same {precision}", seconds, seed=10**6)
        ragged, worst = self.fill(clips, precision), 0.0
        for row, clip in enumerate(clips):
            with torch.inference_mode():
                theirs = self.plain(clip.media[self.kind.modality].path).cpu()
            ours = ragged.batch(torch.tensor([row])).x[0]
            if len(ours) != len(theirs):
                sys.exit(f"{self.name}: {len(ours)} steps of clip {clip.id}, not {len(theirs)}")
            worst = max(worst, float((ours - theirs).abs().max() / theirs.abs().max()))
        return worst

    def block(self, clips: Sequence[Clip]) -> dict[str, float]:
        """Both, once."""
        theirs = timed(self.loop, clips, self.plain)
        with Forward(self.encoder) as forward:
            ours = timed(self.fill, clips)
        found = {
            "ratio": theirs.wall / ours.wall,
            "ratio_of_processor_time": theirs.processor / ours.processor,
            "reference": len(clips) / theirs.wall,
            "ours": len(clips) / ours.wall,
            "forward": forward.seconds / ours.wall,
        }
        if self.name == "whisper":
            single = timed(self.loop, clips, plain_component(self.encoder, self.device))
            found["ratio_to_unpadded_loop"] = single.wall / ours.wall
        if self.half:
            halved = timed(self.fill, clips, self.half)
            found["ratio_in_half_precision"] = theirs.wall / halved.wall
        told = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
        print(f"{self.name}: {told}", file=sys.stderr, flush=True)
        return found


def measure(contest: Contest, clips: int, blocks: int) -> dict[str, float]:
    """Medians over blocks."""
    apart = contest.apart()
    if apart > 1e-4:
        sys.exit(f"{contest.name}: the two differ by {apart:.1e} of the largest number")
    made = write_clips(contest.kind, contest.folder / "block", lengths(clips))
    contest.loop(made[:2], contest.plain)
    found = [contest.block(made) for _ in range(blocks)]
    medians = {n: round(statistics.median(b[n] for b in found), 3) for n in found[0]}
    halved = {"differ_in_half_precision": contest.apart(contest.half)} if contest.half else {}
    return {**medians, "differ": apart, **halved}


def peak(name: str, seconds: Sequence[float], threads: int, device: str) -> float:
    """MiB that filling needs beyond the built model; to be run in a process of its own."""
    logging.disable_progress_bar()
    torch.set_num_threads(threads)
    kind = KINDS[name]
    with tempfile.TemporaryDirectory() as folder:
        kind.save(Path(folder) / "model", 2)
        encoder = kind.component(Path(folder) / "model").to(device)
        clips = write_clips(kind, Path(folder) / "clips", seconds, rate=2)
        Path("/proc/self/clear_refs").write_text("5")  # the peak is what there is now
        before = resident("VmRSS")
        fill(Store(Path(folder) / "store"), encoder, {"name": name}, clips, device=device)
        return round(resident("VmHWM") - before)


def resident(what: str) -> float:
    """MiB in memory, now (VmRSS) or at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def peaks(names: Sequence[str], clips: int, threads: int, device: str) -> dict[str, float]:
    """Of some clips and 4 times as many, of a minute and of half an hour."""
    asked = {f"whisper, {n} clips": ("whisper", lengths(n)) for n in (clips, 4 * clips)}
    for name in names:
        asked |= {f"{name}, {s / 60:g} min": (name, [s]) for s in (60.0, LONG)}
    found = {}
    for what, (name, seconds) in asked.items():
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as process:
            found[what] = process.submit(peak, name, seconds, threads, device).result()
        print(f"{what}: {found[what]:.0f} MiB", file=sys.stderr, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute: time in fp32 only")
    parser.add_argument("--threads", type=int, default=2, help="of the processor (2)")
    parser.add_argument("--models", default="whisper,wavlm,clip", help="all three")
    parser.add_argument("--whisper", help="folder of a checkpoint instead of drawn weights")
    parser.add_argument("--no-peaks", action="store_true", help="time only")
    arguments = parser.parse_args()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    torch.set_num_threads(arguments.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    names, quick = arguments.models.split(","), arguments.quick
    clips = {"whisper": 6, "wavlm": 3, "clip": 1} if quick else CLIPS
    found = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            given = arguments.whisper if name == "whisper" else None
            contest = Contest(name, Path(folder), device, given)
            contest.half = None if quick else contest.half
            found[name] = measure(contest, clips[name], 1 if quick else 3)
    untold = quick or arguments.no_peaks
    used = {} if untold else peaks(names, 64, arguments.threads, device)
    machine = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    head = found[names[0]]
    summary = {
        "name": "extraction",
        "device": f"{machine}, fp32, {arguments.threads} threads",
        "ratio": head["ratio"],
        "reference": head["reference"],
        "ours": head["ours"],
        "unit": f"clips/s ({names[0]})",
        "models": found,
        "peaks": used,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
