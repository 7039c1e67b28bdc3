"""A model with two trained encoders, and what a step and a fit of it come to.

As a script it does so as one of several processes: `torchrun tests/train/together.py OUT`.
"""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mertk.check import resolve
from mertk.contracts import Stream
from mertk.data import ClipData
from mertk.draft import Draft, parse
from mertk.model import Model, build
from mertk.ragged import Ragged
from mertk.recipe import Train
from mertk.registry import discover
from mertk.train.checkpoint import Checkpoint
from mertk.train.device import accelerator
from mertk.train.fit import Loop, Parts, fit
from mertk.train.team import ALONE, Team, join
from mertk_plugins.metrics.ua import UA

CPU = torch.device("cpu")
TESTS = Path(__file__).parents[1]
SMALL = "checkpoint: none, channels: 16, layers: 1, heads: 2, train: true"
RECIPE = f"""
name: together
dataset: {{use: "{TESTS}/toy_parts.py:Corpus"}}
encoders:
  sound: {{use: wavlm, {SMALL}}}
  words: {{use: "{TESTS}/toy_parts.py:Spelled"}}
  mel: {{use: whisper, {SMALL}}}
fusion: {{use: cross_attention, layers: 1, heads: 2}}
tasks:
  avel: {{use: avel, dim: 8, modalities: [sound, mel]}}
  mem: {{use: mem, modalities: [sound, mel]}}
"""
CHANNELS = {"sound": 16, "words": 4, "mel": 80}
DIMS = {"sound": 16, "words": 4, "mel": 16}
ROWS = torch.arange(40)
PARTS = Parts(ROWS[:23], ROWS[23:30], ROWS[30:])
BATCH = torch.tensor([3, 0, 11, 7, 4, 9, 2])
"""Not as many in each of two processes."""


class Exact(Ragged):
    """In double precision, where AdamW does not make much of a gradient that should be 0."""

    def batch(self, rows: Tensor) -> Stream:
        stream = super().batch(rows)
        return Stream(stream.x.double(), stream.mask, stream.lengths)


def data(kind: type[Ragged] = Exact) -> ClipData:
    """Clips of different lengths; every fifth lacks its sound."""
    generator = torch.Generator().manual_seed(0)
    labels = ROWS % 4
    ragged = {}
    for name, channels in CHANNELS.items():
        lengths = torch.randint(2, 12, (len(ROWS),), generator=generator)
        if name == "sound":
            lengths[::5] = 0
        values = torch.randn(int(lengths.sum()), channels, generator=generator)
        values[:, :4] += 2 * nn.functional.one_hot(labels, 4).repeat_interleave(lengths, 0)
        ragged[name] = kind(values, lengths.cumsum(0) - lengths, lengths)
    return ClipData(tuple(map(str, ROWS.tolist())), labels, ragged)


def model(*sets: str, dropout: bool = False) -> Model:
    """The untrained model; what follows the encoders always drops values."""
    draft = Draft("together.yaml", TESTS, parse(RECIPE, "together.yaml")).set(sets)
    made = build(resolve(draft, discover()), DIMS, 4, seed=0)
    for module in made.encoders.modules() if not dropout else ():
        for name, value in vars(module).items():
            if isinstance(value, float) and ("dropout" in name or isinstance(module, nn.Dropout)):
                setattr(module, name, 0.0)
    return made.double()


def settings(**more: Any) -> Train:
    return Train(epochs=2, batch_size=7, lr=3e-3, **more)


def step(
    made: Model,
    team: Team = ALONE,
    kind: type[Ragged] = Exact,
    precision: str = "fp32",
    **more: Any,
) -> dict[str, Tensor]:
    """Losses and gradients of one step on `BATCH`, by name."""
    machine = accelerator(CPU, precision)
    loop = Loop(machine, made, data(kind), PARTS, settings(clip_grad=None, **more), 0, team)
    found: dict[str, Tensor] = {}

    def look(*_: object) -> None:
        named = made.named_parameters()
        found.update({n: p.grad.clone() for n, p in named if p.grad is not None})

    loop.optimizer.optimizer.register_step_pre_hook(look)
    made.train()
    torch.manual_seed(1)
    losses = loop.step(BATCH, seed=5)
    machine.free_memory()
    return {**{f"loss {name}": value for name, value in losses.items()}, **found}


def whole(
    team: Team = ALONE, stop_after: int = 99, checkpoint: Checkpoint | None = None, **more: Any
) -> dict[str, Tensor]:
    """Scores and losses of a fit, and its last weights.

    Raises:
        KeyboardInterrupt: After so many epochs.
    """
    made, told = model(), []

    def advance(epochs: int) -> None:
        told.append(epochs)
        if sum(told) == stop_after:
            raise KeyboardInterrupt

    done = fit(
        made,
        data(),
        PARTS,
        settings(**more),
        UA(),
        seed=0,
        device=CPU,
        team=team,
        checkpoint=checkpoint,
        advance=advance,
    )
    weights = {f"weight {name}": value.clone() for name, value in made.state_dict().items()}
    scores = {f"scores {i}": torch.from_numpy(s) for i, s in enumerate(done.scores)}
    losses = torch.tensor([list(epoch.losses.values()) for epoch in done.history])
    return {**weights, **scores, "losses": losses}


def main(out: str) -> None:
    team = join("cpu")
    kept = Checkpoint(Path(f"{out}.state"), every=0)
    with suppress(KeyboardInterrupt):
        whole(team, stop_after=2, checkpoint=kept)
    assert kept.path.is_file()
    found = {
        "step": step(model(), team),
        "cut step": step(model(), team, micro_batch=2),
        "fit": whole(team, checkpoint=kept),
    }
    if team.main:
        torch.save(found, out)
    team.leave()


if __name__ == "__main__":
    main(sys.argv[1])
