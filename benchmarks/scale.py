"""What a corpus of ten million clips would take: arithmetic counted, the rest stated.

    python benchmarks/scale.py [--clips 10000000] [--gpus 8] [--peak 989] [--use 0.35] [--price 3]
                               [--media FOLDER]

Operations are counted by torch over models of the published shapes, on a device that computes
nothing: WavLM-large on a clip of IEMOCAP's mean length, CLIP ViT-L/14 on a picture, Foal-Net's
fusion and losses on a step of 16 such clips. Bytes follow from steps, channels and the type they
are kept in. How fast one core decodes is measured on up to 100 flac and mp4 files below FOLDER, in
processor time, where one is given. What a GPU does of its peak, its peak and its price are no
measurements: they are arguments, and the last line, one JSON object, repeats them.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from step import BATCH, MEAN_S, build
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, WavLMConfig, WavLMModel

from mertk import media
from mertk.contracts import MediaRef, Stream

RATE, SOUND_STEPS, PICTURES, KEPT_PICTURES = 16_000, 50, 30, 5
EPOCHS, HALF, TERA, HOUR = 40, 2, 1e12, 3600
MOST_FILES = 100


def counted(work: Callable[[], object]) -> float:
    """Operations (a multiplication and an addition are two)."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def wavlm() -> tuple[float, float]:
    """Operations on a clip: convolutions, transformer."""
    shape = {"num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
    norms = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
    with torch.device("meta"), torch.no_grad():
        model = WavLMModel(WavLMConfig(hidden_size=1024, **shape, **norms, layerdrop=0.0)).eval()
        sound = torch.zeros(1, int(RATE * MEAN_S))
        front = counted(lambda: model.feature_extractor(sound))
        return front, counted(lambda: model(sound)) - front


def picture() -> float:
    """Operations on a picture."""
    shape = {"num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
    config = CLIPVisionConfig(hidden_size=1024, **shape, projection_dim=768, patch_size=14)
    with torch.device("meta"), torch.no_grad():
        model = CLIPVisionModelWithProjection(config).eval()
        return counted(lambda: model(torch.zeros(1, 3, 224, 224)))


def fusion_step() -> float:
    """Operations of a training step on stored features, per clip."""
    sizes = {"audio": (int(SOUND_STEPS * MEAN_S), 1024), "video": (int(PICTURES * MEAN_S), 768)}
    streams = {
        name: Stream(torch.randn(BATCH, *size), torch.ones(BATCH, size[0], dtype=torch.bool))
        for name, size in sizes.items()
    }
    labels: Tensor = torch.arange(BATCH) % 4
    model = build()
    return counted(lambda: model(streams, labels).total.backward()) / BATCH


def times_real(files: Sequence[Path], read: Callable[[MediaRef], object]) -> float | None:
    """Seconds of media that a second of one core decodes; None without files."""
    refs = [MediaRef(path) for path in files[:MOST_FILES]]
    began = time.process_time()
    for ref in refs:
        read(ref)
    took = time.process_time() - began
    return round(sum(map(media.duration, refs)) / took, 1) if refs else None


def decoding(folder: Path) -> dict[str, float | None]:
    """How many times as fast as it plays media is decoded by one core."""
    sound, films = (sorted(folder.rglob(f"*.{ending}")) for ending in ("flac", "mp4"))

    def watched(ref: MediaRef, fps: float | None) -> None:
        for _ in media.pictures(ref, fps=fps):
            pass

    return {
        "sound of flac": times_real(sound, lambda ref: media.sound(ref, RATE)),
        "every picture of mp4": times_real(films, lambda ref: watched(ref, None)),
        f"{KEPT_PICTURES} pictures/s of mp4": times_real(
            films, lambda r: watched(r, KEPT_PICTURES)
        ),
    }


@dataclass(frozen=True)
class Farm:
    """GPUs as they are assumed to be."""

    gpus: int
    peak: float
    use: float
    price: float

    def hours(self, operations: float) -> float:
        """Of all of them side by side."""
        return operations / (self.gpus * self.peak * self.use * TERA) / HOUR

    def money(self, hours: float) -> float:
        return hours * self.gpus * self.price


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10_000_000)
    parser.add_argument("--gpus", type=int, default=8)
    parser.add_argument("--peak", type=float, default=989, help="Tera-operations/s in bf16 (H100)")
    parser.add_argument("--use", type=float, default=0.35, help="share of the peak that is reached")
    parser.add_argument("--price", type=float, default=3, help="of a GPU and hour")
    parser.add_argument("--media", type=Path, help="a folder with flac and mp4, to be decoded")
    given = parser.parse_args()
    farm = Farm(given.gpus, given.peak, given.use, given.price)
    front, transformer = wavlm()
    frame, step = picture(), fusion_step()
    sound = front + transformer
    work = {
        "WavLM-large, frozen, once": sound,
        f"CLIP on {PICTURES} pictures/s, once": frame * PICTURES * MEAN_S,
        f"CLIP on {KEPT_PICTURES} pictures/s, once": frame * KEPT_PICTURES * MEAN_S,
        f"fusion, AVEL and MEM on what is stored, {EPOCHS} epochs": EPOCHS * step,
        f"WavLM-large trained behind its convolutions, {EPOCHS} epochs": 3 * EPOCHS * transformer,
    }
    stored = {
        "WavLM-large": 1024 * SOUND_STEPS * MEAN_S,
        "WavLM's convolutions": 512 * SOUND_STEPS * MEAN_S,
        f"CLIP, {PICTURES} pictures/s": 768 * PICTURES * MEAN_S,
        f"CLIP, {KEPT_PICTURES} pictures/s": 768 * KEPT_PICTURES * MEAN_S,
    }
    print("operations per clip (10^9); hours and money of all clips", file=sys.stderr)
    rows = {}
    for name, operations in work.items():
        hours = farm.hours(operations * given.clips)
        rows[name] = {
            "giga_operations_per_clip": round(operations / 1e9, 1),
            "hours": round(hours, 1),
            "money": round(farm.money(hours)),
        }
        told = f"{operations / 1e9:12.1f} {hours:10.1f} h {farm.money(hours):12.0f}"
        print(f"{name:62}{told}", file=sys.stderr)
    disk = {name: numbers * HALF * given.clips / TERA for name, numbers in stored.items()}
    for name, terabytes in disk.items():
        print(f"{name:62}{terabytes:12.2f} TB in float16", file=sys.stderr)
    summary = {
        "name": "scale",
        "assumed": {k: v for k, v in vars(given).items() if k != "media"},
        "work": rows,
        "terabytes_in_float16": {name: round(value, 2) for name, value in disk.items()},
        **({"decoded_times_as_fast_as_played": decoding(given.media)} if given.media else {}),
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
