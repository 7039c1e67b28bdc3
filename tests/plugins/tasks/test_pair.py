"""Which two streams a pairwise task takes."""

import pytest

from mertk_plugins.tasks._pair import two_streams
from mertk_plugins.tasks.avel import AVEL
from mertk_plugins.tasks.mem import MEM

TWO = {"audio": 4, "video": 6}
THREE = {**TWO, "text": 5}


def test_the_only_two_streams_need_no_naming():
    assert two_streams(TWO, None) == ("audio", "video")


def test_any_two_of_three_may_be_named_in_any_order():
    assert two_streams(THREE, ["text", "audio"]) == ("text", "audio")


@pytest.mark.parametrize(
    ("dims", "named", "message"),
    [
        (
            THREE,
            None,
            "modalities: name the two streams to pair; the recipe has audio, video, text",
        ),
        (
            {"audio": 4},
            None,
            r"two different streams are needed \(got audio\); the recipe has audio",
        ),
        ({}, None, r"two different streams are needed \(got none\); the recipe has none"),
        (THREE, ["text", "vidio"], "modalities: no stream named 'vidio'; did you mean 'video'"),
        (THREE, ["text", "text"], r"two different streams are needed \(got text, text\)"),
        (THREE, ["text", "audio", "video"], r"two different streams are needed \(got text, audio"),
        (THREE, [], r"two different streams are needed \(got none\)"),
    ],
)
@pytest.mark.parametrize("task", [two_streams, AVEL, MEM])
def test_anything_else_is_refused(task, dims, named, message):
    with pytest.raises(ValueError, match=message):
        task(dims, modalities=named)
