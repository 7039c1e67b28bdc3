"""Concat: averages over real steps, and nothing of the other stream."""

import numpy as np
import pytest
import torch

from mertk.contracts import Stream
from mertk.testing import FusionTests
from mertk.testing.toys import random_streams
from mertk_plugins.fusions.concat import Concat


class TestConcat(FusionTests):
    component = Concat


class TestProjectedConcat(FusionTests):
    component = Concat

    @pytest.fixture
    def arguments(self):
        return {"width": 5, "dropout": 0.3}


def test_a_vector_is_the_average_over_the_real_steps():
    streams = random_streams({"audio": 3, "video": 2})
    vectors = Concat({"audio": 3, "video": 2}).eval()(streams)
    for name, stream in streams.items():
        for row in range(6):
            real = stream.x[row][stream.mask[row]].numpy()
            assert np.allclose(vectors[name][row].numpy(), real.mean(0), atol=1e-6)


@pytest.mark.parametrize("width", [None, 4])
def test_the_vector_of_a_missing_stream_is_zero(width):
    streams = random_streams({"audio": 3, "video": 2}, missing={"audio": [2]})
    vectors = Concat({"audio": 3, "video": 2}, width=width).eval()(streams)
    assert not vectors["audio"][2].any()
    assert vectors["video"][2].any()


def test_dropout_drops_only_in_training():
    stream = Stream(torch.ones(50, 2, 40), torch.ones(50, 2, dtype=torch.bool))
    torch.manual_seed(0)
    fusion = Concat({"audio": 40}, dropout=0.25)
    dropped = (fusion.train()({"audio": stream})["audio"] == 0).float().mean()
    assert 0.22 < dropped < 0.28
    assert torch.equal(fusion.eval()({"audio": stream})["audio"], torch.ones(50, 40))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, r"width: must be at least 1 \(got 0\)"),
        ({"dropout": 1.0}, r"dropout: must be at least 0 and below 1 \(got 1.0\)"),
        ({"dropout": -0.1}, r"dropout: must be at least 0 and below 1 \(got -0.1\)"),
    ],
)
def test_a_number_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Concat({"audio": 3, "video": 2}, **arguments)
