"""Fusing again on re-paired clips, with and without the fusion's help."""

import pytest
import torch

from mertk.pairing import RePairing, bind, repaired
from mertk.testing.toys import ToyFusion, random_streams
from mertk_plugins.fusions.cross_attention import CrossAttention

DIMS = {"audio": 8, "video": 12, "text": 4}
ROWS = torch.tensor([5, 0, 0, 1, 3, 2])


def test_cross_attention_offers_to_re_pair_and_the_toy_does_not():
    assert isinstance(CrossAttention(DIMS), RePairing)
    assert not isinstance(ToyFusion(DIMS), RePairing)


def test_the_named_stream_stays_and_all_others_come_from_the_partner():
    streams = random_streams(DIMS)
    met = repaired(streams, "video", ROWS)
    assert torch.equal(met["video"].x, streams["video"].x)
    for name in ("audio", "text"):
        assert torch.equal(met[name].x[0], streams[name].x[5])
        assert torch.equal(met[name].mask[3], streams[name].mask[1])


@pytest.mark.parametrize("fusion", [ToyFusion, CrossAttention])
def test_a_re_paired_clip_gets_what_that_pair_of_clips_would_get(fusion):
    torch.manual_seed(0)
    fusion, streams = fusion(DIMS).eval(), random_streams(DIMS, missing={"text": [0, 2]})
    fused, fuse_with = bind(fusion, streams)
    drawn = fuse_with({"audio": ROWS, "text": ROWS})
    assert set(fused) == set(DIMS)
    assert set(drawn) == {"audio", "text"}
    for name in drawn:
        for row, partner in enumerate(ROWS.tolist()):
            pair = {n: s[torch.tensor([row if n == name else partner])] for n, s in streams.items()}
            torch.testing.assert_close(drawn[name][row], fusion(pair)[name][0])


@pytest.mark.parametrize("fusion", [ToyFusion, CrossAttention])
def test_each_stream_may_meet_other_partners(fusion):
    torch.manual_seed(0)
    _, fuse_with = bind(fusion(DIMS).eval(), random_streams(DIMS))
    both = fuse_with({"audio": ROWS, "video": ROWS.flip(0)})
    torch.testing.assert_close(both["audio"], fuse_with({"audio": ROWS})["audio"])
    torch.testing.assert_close(both["video"], fuse_with({"video": ROWS.flip(0)})["video"])


def test_clips_paired_with_themselves_give_the_own_vectors():
    torch.manual_seed(0)
    fused, fuse_with = bind(CrossAttention(DIMS).eval(), random_streams(DIMS))
    for name, vector in fuse_with(dict.fromkeys(DIMS, torch.arange(6))).items():
        torch.testing.assert_close(vector, fused[name])


def test_gradients_through_re_paired_clips_are_those_of_the_slow_way():
    torch.manual_seed(0)
    fusion, streams = CrossAttention(DIMS).eval(), random_streams(DIMS)
    slopes = []
    for fast in (True, False):
        fusion.zero_grad()
        if fast:
            vector = bind(fusion, streams)[1]({"audio": ROWS})["audio"]
        else:
            vector = fusion(repaired(streams, "audio", ROWS))["audio"]
        (vector * torch.linspace(-1, 1, 8)).sum().backward()
        slopes.append({n: p.grad for n, p in fusion.named_parameters() if p.grad is not None})
    fast, slow = slopes
    moved = {name for name, slope in slow.items() if slope.any()}
    assert moved <= set(fast)
    for name in moved:
        torch.testing.assert_close(fast[name], slow[name], rtol=1e-4, atol=1e-6)
