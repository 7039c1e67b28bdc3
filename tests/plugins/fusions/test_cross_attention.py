"""Cross-attention against a plain float64 re-statement of its equations."""

import numpy as np
import pytest
import torch

from mertk.contracts import Stream
from mertk.pairing import bind
from mertk.testing import FusionTests
from mertk.testing.toys import random_streams
from mertk_plugins.fusions.cross_attention import CrossAttention
from tests.plugins import restated as restate

DIMS = {"audio": 8, "video": 12}


class TestCrossAttention(FusionTests):
    component = CrossAttention


class TestProjected(FusionTests):
    component = CrossAttention

    @pytest.fixture
    def arguments(self):
        return {"width": 6, "heads": 3, "layers": 1, "dropout": 0.5}


class TestThreeStreams(FusionTests):
    component = CrossAttention
    dims = {"audio": 8, "video": 12, "text": 4}


def restated(fusion, streams, heads, layers):
    """{name: [B, C]} by the equations."""
    weights = restate.weights_of(fusion)
    real = restate.real_steps(streams)
    if any(n.startswith("project.") for n in weights):
        real = {
            n: [restate.affine(weights, f"project.{n}", x) for x in xs] for n, xs in real.items()
        }
    out = {name: np.zeros((len(real[name]), dim)) for name, dim in fusion.dims.items()}
    for name in out:
        for row, x in enumerate(real[name]):
            if len(x):
                others = [o for o in out if o != name]
                meet = [
                    restate.met(weights, f"directions.{name}.{o}", x, real[o][row], heads, layers)
                    for o in others
                ]
                out[name][row] = np.mean(meet, axis=0)
    return out


def shaken(fusion):
    """Weights away from their initial zeros and ones, so that no term of the equations hides."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return fusion.eval()


@pytest.mark.parametrize("width", [None, 6])
@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("dims", [DIMS, {**DIMS, "text": 4}])
def test_the_output_equals_the_equations_masks_and_missing_streams_included(width, steps, dims):
    torch.manual_seed(0)
    fusion = shaken(CrossAttention(dims, width=width, layers=2, heads=2).double())
    missing = {"audio": [1, 4], "video": [2, 4]}
    streams = {
        n: Stream(s.x.double(), s.mask)
        for n, s in random_streams(dims, steps=steps, missing=missing).items()
    }
    expected = restated(fusion, streams, heads=2, layers=2)
    for name, vector in fusion(streams).items():
        assert np.allclose(vector.detach().numpy(), expected[name], rtol=1e-10, atol=1e-10)


def test_one_layer_equals_torchs_multihead_attention():
    fusion = shaken(CrossAttention(DIMS, layers=1, heads=4))
    layer = fusion.directions["audio"]["video"][0]
    reference = torch.nn.MultiheadAttention(8, 4, kdim=12, vdim=12, batch_first=True)
    with torch.no_grad():
        for name in ("query", "key", "value"):
            kept = getattr(layer, name).weight
            getattr(reference, f"{name[0]}_proj_weight").copy_(kept)
        zero = torch.zeros(8)
        reference.in_proj_bias.copy_(torch.cat([layer.query.bias, zero, layer.value.bias]))
        reference.out_proj.load_state_dict(layer.out.state_dict())
    streams = random_streams(DIMS)
    audio, video = streams["audio"], streams["video"]
    seen, _ = reference(audio.x, video.x, video.x, key_padding_mask=~video.mask)
    expected = Stream(layer.norm(audio.x + seen), audio.mask).mean()
    torch.testing.assert_close(fusion(streams)["audio"], expected)


def test_the_published_model_has_14_3_million_parameters():
    """Fusion, AVEL, MEM and the classifier over 1024 and 768 channels and four classes."""
    from mertk_plugins.tasks.avel import AVEL
    from mertk_plugins.tasks.mem import MEM

    dims = {"audio": 1024, "video": 768}

    def size(module):
        return sum(p.numel() for p in module.parameters())

    fusion = CrossAttention(dims)
    per_layer = {
        own: own * own * 2 + other * own * 2 + own * 3 + own * 2  # Q and out, K and V, biases, norm
        for own, other in ((1024, 768), (768, 1024))
    }
    assert size(fusion) == 2 * sum(per_layer.values()) == 12_862_976
    classifier = torch.nn.Linear(sum(fusion.dims.values()), 4)
    total = sum(map(size, (fusion, AVEL(dims), MEM(fusion.dims), classifier)))
    assert total == 14_317_577
    assert round(total / 1e6, 1) == 14.3


def test_a_clip_without_the_other_stream_goes_on_by_itself():
    fusion = shaken(CrossAttention(DIMS, layers=1))
    streams = random_streams(DIMS, missing={"video": [3]})
    norm = fusion.directions["audio"]["video"][0].norm
    audio = streams["audio"][torch.tensor([3])]
    expected = Stream(norm(audio.x), audio.mask).mean()
    torch.testing.assert_close(fusion(streams)["audio"][3:4], expected)
    assert not fusion(streams)["video"][3].any()


def test_a_stream_that_is_alone_gives_its_average():
    stream = random_streams({"audio": 7})["audio"]
    vectors = CrossAttention({"audio": 7}).eval()({"audio": stream})
    assert torch.equal(vectors["audio"], stream.mean())


def test_a_batch_without_a_single_step_of_a_stream_is_finite():
    streams = random_streams(DIMS)
    empty = Stream(torch.zeros(6, 0, 12), torch.zeros(6, 0, dtype=torch.bool))
    vectors = CrossAttention(DIMS)({"audio": streams["audio"], "video": empty})
    assert all(vector.isfinite().all() for vector in vectors.values())
    assert not vectors["video"].any()


def test_re_pairing_projects_nothing_twice():
    fusion = CrossAttention(DIMS, layers=3)
    _, fuse_with = bind(fusion, random_streams(DIMS))
    calls = []
    for name, module in fusion.named_modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(lambda *_, name=name: calls.append(name))
    fuse_with({name: torch.tensor([1, 0, 3, 2, 5, 4]) for name in DIMS})
    last = [name.rsplit(".", 1)[1] for name in calls]
    assert set(last) == {"query", "out"}
    assert last.count("query") == 2 * 2  # queries of the first layer are kept as well
    assert last.count("out") == 2 * 3


def test_dropout_acts_on_the_attention_weights_and_only_in_training():
    fusion = CrossAttention(DIMS, dropout=0.5)
    streams = random_streams(DIMS)
    torch.manual_seed(0)
    first, second = (fusion.train()(streams)["audio"] for _ in range(2))
    assert not torch.allclose(first, second)
    assert torch.equal(fusion.eval()(streams)["audio"], fusion(streams)["audio"])


@pytest.mark.parametrize(
    ("dims", "arguments", "message"),
    [
        (
            {"audio": 384, "video": 35},
            {},
            r"heads: 4 do not divide the 35 channels of 'video'; these do: 1, 5, 7, or give a w",
        ),
        (DIMS, {"width": 6}, r"heads: 4 do not divide width 6; these do: 1, 2, 3, 6$"),
        (DIMS, {"heads": 0}, r"heads: must be at least 1 \(got 0\)"),
        (DIMS, {"width": 0}, r"width: must be at least 1 \(got 0\)"),
        (DIMS, {"layers": 0}, r"layers: must be at least 1 \(got 0\)"),
        (DIMS, {"layers": 10**12}, r"layers: must be at most 1000 \(got 1000000000000\)"),
        (DIMS, {"width": 10**30}, r"width: must be at most 1000000 "),
        (DIMS, {"dropout": 1.5}, r"dropout: must be at least 0 and below 1 \(got 1.5\)"),
    ],
)
def test_arguments_that_cannot_work_are_refused_with_the_way_out(dims, arguments, message):
    with pytest.raises(ValueError, match=message):
        CrossAttention(dims, **arguments)
