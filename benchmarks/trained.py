"""Clips per second of training WavLM: a plain transformers loop against mertk's.

    python benchmarks/trained.py [--quick] [--threads 2] [--layers 24] [--batch 4] [--profile]

WavLM-large's shape (1024 channels, 16 heads, convolutions of 512 channels, 24 layers unless said)
with drawn weights and generated sound that lasts as IEMOCAP's clips do (see `step.py`); the
convolutions are frozen; a linear layer over the time average classifies. The reference takes
shuffled clips, pads them to their longest and runs `WavLMModel` on the sound in every step, with
transformers' own attention. Ours runs the convolutions once per clip, before the clock starts and
told apart, and trains the rest on bucketed batches with the component's `back`. One model and one
fused AdamW serve both, no SpecAugment, no LayerDrop. First both must give the same loss. Then
blocks alternate; the ratio is their median. The last line is one JSON object.

With few layers the convolutions weigh more, and the ratio is larger than that of the whole model.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from step import MOST_S, Took, corpus, ratios, timed
from torch import Tensor, nn
from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMModel
from transformers.models.wavlm.modeling_wavlm import WavLMAttention

from mertk.contracts import Stream
from mertk.data import ClipData
from mertk.ragged import Ragged
from mertk.sampling import epoch_batches
from mertk.train.device import repeatable
from mertk_plugins.encoders._wavlm_attention import attend_at_once
from mertk_plugins.encoders.wavlm import WavLM

RATE, CLASSES = 16000, 4


def wavlm(layers: int) -> WavLM:
    """The component, from a checkpoint with drawn weights."""
    torch.manual_seed(0)
    config = WavLMConfig(
        hidden_size=1024,
        num_hidden_layers=layers,
        num_attention_heads=16,
        intermediate_size=4096,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        apply_spec_augment=False,
        layerdrop=0.0,
    )
    with tempfile.TemporaryDirectory() as folder:
        WavLMModel(config).save_pretrained(folder)
        Wav2Vec2FeatureExtractor().save_pretrained(folder)
        return WavLM(checkpoint=folder)


class Contest:
    """One model, trained in two ways."""

    def __init__(self, clips: int, layers: int, batch: int, device: torch.device) -> None:
        self.device, self.batch = device, batch
        self.encoder = wavlm(layers).to(device)
        self.head = nn.Linear(1024, CLASSES).to(device)
        self.sound = corpus(clips, device, {"audio": 1}, {"audio": int(MOST_S * RATE)})
        weights = [*self.encoder.parameters(), *self.head.parameters()]
        trained = [w for w in weights if w.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=1e-5, fused=True)
        began = time.perf_counter()
        self.features = self._fronts()
        self.front_seconds = (time.perf_counter() - began) / clips
        self.encoder.train()

    @torch.no_grad()
    def _fronts(self) -> ClipData:
        """What the store keeps."""
        sound = self.sound.ragged["audio"]
        each = torch.arange(len(sound)).split(1)
        fronts = [self.encoder.front(sound.batch(row)).x[0] for row in each]
        lengths = torch.tensor([len(f) for f in fronts])
        ragged = Ragged(torch.cat(fronts), lengths.cumsum(0) - lengths, lengths)
        return ClipData(self.sound.ids, self.sound.labels, {"audio": ragged})

    def reference_loss(self, rows: Tensor) -> Tensor:
        stream = self.sound.ragged["audio"].batch(rows)
        model = self.encoder.model
        with plain_attention(model):
            hidden = model(stream.x[..., 0], attention_mask=stream.mask.long()).last_hidden_state
        mask = model._get_feature_vector_attention_mask(hidden.shape[1], stream.mask.long())
        return self._loss(Stream(hidden, mask.bool()), rows)

    def our_loss(self, rows: Tensor) -> Tensor:
        return self._loss(self.encoder.back(self.features.ragged["audio"].batch(rows)), rows)

    def _loss(self, stream: Stream, rows: Tensor) -> Tensor:
        logits = self.head(stream.mean())
        return nn.functional.cross_entropy(logits, self.sound.labels[rows].to(self.device))

    def reference(self, rows: Tensor) -> None:
        self._step(self.reference_loss(rows))

    def ours(self, rows: Tensor) -> None:
        self._step(self.our_loss(rows))

    def _step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    @torch.no_grad()
    def agreement(self) -> float:
        """Largest difference of the loss, as a share of it."""
        self.encoder.eval()
        rows = torch.arange(4)
        theirs, mine = self.reference_loss(rows), self.our_loss(rows)
        self.encoder.train()
        return float((theirs - mine).abs() / theirs)

    def batches(self, epoch: int) -> list[Tensor]:
        data = self.features
        options = {"batch_size": self.batch, "balanced": False, "bucket": True, "seed": 0}
        everyone = torch.arange(len(data))
        return epoch_batches(everyone, data.labels, data.lengths, epoch=epoch, **options)

    def blocks(self, count: int, steps: int) -> Iterator[tuple[Took, Took]]:
        for warm in (self.reference, self.ours):
            warm(torch.arange(2))
        for block in range(count):
            shuffled = torch.randperm(len(self.features)).split(self.batch)[:steps]
            theirs = timed(self.reference, shuffled, self.device.type)
            with repeatable(self.device):
                mine = timed(self.ours, self.batches(block), self.device.type)
            told = f"{1 / theirs.wall:.2f}, {1 / mine.wall:.2f} clips/s"
            print(f"block {block + 1}: {told}", file=sys.stderr, flush=True)
            yield theirs, mine


@contextmanager
def plain_attention(model: WavLMModel) -> Iterator[None]:
    """Have the component's model attend as transformers' does, for the time of a `with` block."""
    for layer in model.encoder.layers:
        layer.attention.__class__ = WavLMAttention
    try:
        yield
    finally:
        attend_at_once(model)


@contextmanager
def profiling(on: bool) -> Iterator[None]:
    """Tell the largest terms of what is done meanwhile."""
    if not on:
        yield
        return
    from torch.profiler import profile

    with profile() as seen:
        yield
    print(seen.key_averages().table(row_limit=20, sort_by="self_cpu_time_total"), file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 layers, one block, under a minute")
    parser.add_argument("--threads", type=int, default=2, help="of the processor (2)")
    parser.add_argument("--layers", type=int, help="24; 2 with --quick")
    parser.add_argument("--batch", type=int, help="16 on CUDA, 4 elsewhere")
    parser.add_argument("--profile", action="store_true", help="an epoch of ours beside it")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    layers = arguments.layers or (2 if arguments.quick else 24)
    batch = arguments.batch or (16 if device.type == "cuda" else 4)
    contest = Contest(4 * batch if arguments.quick else 8 * batch, layers, batch, device)
    same = contest.agreement()
    print(f"losses differ by {same:.1e} of their size", file=sys.stderr)
    if same > 1e-3:
        sys.exit("the two loops disagree")
    blocks = list(contest.blocks(1 if arguments.quick else 3, 1 if arguments.quick else 2))
    with profiling(arguments.profile):
        for rows in contest.batches(0) if arguments.profile else []:
            contest.ours(rows)
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.machine()
    summary = {
        "name": "trained",
        "device": f"{name}, fp32, {arguments.threads} threads",
        **ratios(blocks),
        "unit": "clips/s",
        "layers": layers,
        "batch": batch,
        "blocks": len(blocks),
        "seconds_of_the_front_once_per_clip": round(contest.front_seconds, 3),
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
