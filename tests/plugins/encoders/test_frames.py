"""Choosing frames: the first or evenly spread ones, at the rate asked for, never too many held."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mertk_plugins.encoders._frames import FrameReader, spread
from tests.plugins.encoders.files import video_clip
from tests.shared import SHARED, needs_shared

SIZE = (4, 6)


def numbered(count: int) -> np.ndarray:
    """Frames [T, 4, 6, 3] that carry their number."""
    return np.broadcast_to(np.arange(count)[:, None, None, None], (count, *SIZE, 3)).astype(
        np.uint8
    )


def reader(prepare=lambda held: np.stack(held).transpose(0, 3, 1, 2), **options) -> FrameReader:
    settings = {
        "max_frames": None,
        "frames_per_second": None,
        "max_seconds": None,
        "sampling": "first",
    }
    return FrameReader(SIZE, prepare, **(settings | options))


def test_how_many_frames_will_be_read_can_be_told_where_their_rate_is_set() -> None:
    assert reader().steps_in(4.0) is None
    assert reader(frames_per_second=5.0).steps_in(4.0) == 20
    assert reader(frames_per_second=5.0, max_seconds=2.0).steps_in(4.0) == 10
    assert reader(frames_per_second=5.0, max_frames=7).steps_in(4.0) == 7
    assert reader(frames_per_second=5.0).steps_in(0.01) == 1


@pytest.fixture
def clip(tmp_path):
    return video_clip(tmp_path, "clip", numbered(40), rate=10)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, list(range(40))),
        ({"max_frames": 3}, [0, 1, 2]),
        ({"max_frames": 40}, list(range(40))),
        ({"max_frames": 4, "sampling": "even"}, [5, 15, 25, 35]),
        ({"max_frames": 1, "sampling": "even"}, [20]),
        ({"max_frames": 99, "sampling": "even"}, list(range(40))),
        ({"max_seconds": 0.5}, [0, 1, 2, 3, 4]),
        ({"frames_per_second": 2.0}, [0, 5, 10, 15, 20, 25, 30, 35]),
        ({"frames_per_second": 2.0, "max_frames": 2}, [0, 5]),
        ({"frames_per_second": 2.0, "max_frames": 2, "sampling": "even"}, [10, 30]),
        ({"max_seconds": 2.0, "max_frames": 2, "sampling": "even"}, [5, 15]),
    ],
)
def test_frames_are_those_asked_for(options, expected, clip):
    frames = np.concatenate(list(reader(**options)(clip, 7)))
    assert frames.dtype == np.uint8
    assert frames.shape == (len(expected), 3, *SIZE)
    assert frames[:, 0, 0, 0].tolist() == expected


def test_frames_in_their_own_size_are_held_a_few_at_a_time(clip):
    held = []

    def prepare(pictures):
        held.append(len(pictures))
        return np.stack(pictures).transpose(0, 3, 1, 2)

    (part,) = reader(prepare)(clip, 99)
    assert len(part) == 40
    assert max(held) <= 16
    assert sum(held) == 40


@given(st.integers(1, 500), st.integers(1, 60))
def test_spread_frames_are_distinct_ordered_and_even(count, most):
    chosen = spread(count, most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    assert chosen[0] >= 0
    assert chosen[-1] < count
    edges = [-1, *chosen, count]
    gaps = np.diff(edges[1:-1])
    if len(gaps):
        assert gaps.max() - gaps.min() <= 1
        assert abs((edges[1] + 1) - (edges[-1] - edges[-2])) <= 1


@needs_shared
@pytest.mark.parametrize("kind", ["ravdess/video_speech/*/*.mp4", "crema_d/VideoFlash/*.flv"])
def test_real_video_comes_out_in_the_models_size(kind):
    from mertk.contracts import Clip, MediaRef
    from mertk_plugins.encoders.clip import CLIP

    file = sorted((SHARED / "data").glob(kind))[0]
    clip = Clip(file.stem, {}, "5", media={"video": MediaRef(file)})
    frames = CLIP("none", max_frames=6, sampling="even").load(clip)
    assert frames.shape == (6, 3, 32, 32)
    assert frames.std() > 10
    assert not np.array_equal(frames[0], frames[3])
