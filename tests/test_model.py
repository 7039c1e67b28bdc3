"""What a trial's seed decides: the weights of everything that is trained, and nothing else."""

import pytest
import torch

from mertk.check import resolve
from mertk.contracts import Stream
from mertk.draft import Draft
from mertk.model import build
from mertk.registry import discover
from mertk.resolved import Resolved
from mertk.sources import Encoders
from mertk.variants import FULL, Variant

Weights = dict[str, torch.Tensor]
SOUND = "encoders.sound={use: wavlm, checkpoint: none, channels: 8, layers: 1, heads: 2"


@pytest.fixture
def hearing(toy: Draft) -> Draft:
    """The toy with an encoder that is trained and has no checkpoint."""
    return toy.without(["avel", "mem"]).set([f"{SOUND}, train: true}}"])


def trained(resolved: Resolved, seed: int) -> Weights:
    dims = dict.fromkeys(("words", "again"), 4) | {"sound": 8}
    state: Weights = build(resolved, dims, 4, seed).state_dict()
    return state


def drawn(weights: Weights, part: str) -> Weights:
    """Those that do not begin as a constant."""
    return {n: w for n, w in weights.items() if n.startswith(part) and w.numel() > 1 and w.std()}


@pytest.mark.parametrize("part", ["encoders.sound", "fusion", "head"])
def test_every_trained_part_follows_the_trials_seed(hearing: Draft, part: str) -> None:
    resolved = resolve(hearing, discover())
    first, again, other = (drawn(trained(resolved, s), part) for s in (0, 0, 1))
    assert first
    assert all(torch.equal(w, again[n]) for n, w in first.items())
    fixed = {n for n, w in first.items() if torch.equal(w, other[n])}
    assert fixed == {n for n in first if "feature_extractor" in n}


def test_a_seed_that_the_recipe_says_holds_for_every_trial(hearing: Draft) -> None:
    resolved = resolve(hearing.set(["encoders.sound.seed=3"]), discover())
    first, other = (drawn(trained(resolved, s), "encoders.sound") for s in (0, 1))
    assert all(torch.equal(w, other[n]) for n, w in first.items())


def test_two_trained_encoders_of_one_kind_draw_apart(hearing: Draft) -> None:
    both = resolve(hearing.set([f"{SOUND}, train: true}}".replace("sound", "noise")]), discover())
    dims = dict.fromkeys(("words", "again"), 4) | {"sound": 8, "noise": 8}
    weights: Weights = build(both, dims, 4, seed=0).state_dict()
    sound, noise = (drawn(weights, f"encoders.{name}") for name in ("sound", "noise"))
    pairs = zip(sound, sound.values(), noise.values(), strict=True)
    same = {name for name, one, other in pairs if torch.equal(one, other)}
    assert same == {name for name in sound if "feature_extractor" in name}


def test_a_frozen_encoder_is_the_same_for_all_trials(hearing: Draft) -> None:
    """It is built once for all of them, from the seed it always had."""
    left_out, zero = (
        frozen(hearing.set(["encoders.sound.train=false", *more]))
        for more in ([], ["encoders.sound.seed=0"])
    )
    assert all(torch.equal(w, zero[n]) for n, w in left_out.items())


def frozen(recipe: Draft) -> Weights:
    sources = Encoders([Variant(FULL, resolve(recipe, discover()))]).sources.values()
    (encoder,) = (s.encoder for s in sources if s.encoder.modality == "audio")
    assert isinstance(encoder, torch.nn.Module)
    state: Weights = encoder.state_dict()
    return state


def test_a_step_with_all_that_may_happen_to_streams_reads_nothing_back(toy: Draft) -> None:
    """On the meta device, where to look at a value is an error: no device is ever waited for."""
    changes = ["standardize=true", "channel_dropout=0.3"]
    sets = [f"encoders.{name}.{change}" for name in ("words", "again") for change in changes]
    recipe = toy.set([*sets, "train.modality_dropout=0.5", "tasks.mem.own_pairs=again"])
    dims = {"words": 4, "again": 4}
    scales = dict.fromkeys(dims, (torch.zeros(4), torch.ones(4)))
    model = build(resolve(recipe, discover()), dims, 4, 0, scales).to("meta")
    with torch.device("meta"):
        mask = torch.ones(6, 3, dtype=torch.bool)
        streams = dict.fromkeys(dims, Stream(torch.zeros(6, 3, 4), mask))
        output = model(streams, torch.zeros(6, dtype=torch.long))
    assert output.total is not None
    output.total.backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
