"""Pictures come out at the exact frame, and no more than needed is decoded."""

from math import nan
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk import media
from mertk.contracts import MediaRef
from mertk.media import _decode
from tests.media.making import FPS, FRAMES, number, numbered, write_video


@pytest.mark.parametrize("kind", ["avi", "mp4", "mkv", "flv", "mjpeg", "ts", "h264"])
@settings(max_examples=12, deadline=None)
@given(bounds=st.tuples(st.integers(0, FRAMES - 1), st.integers(1, 20)))
def test_pictures_are_cut_at_the_exact_frame(
    films: dict[str, Path], kind: str, bounds: tuple[int, int]
) -> None:
    first, stop = bounds[0], min(FRAMES, sum(bounds))
    shown = media.pictures(MediaRef(films[kind], first / FPS, stop / FPS))
    assert [number(p) for p in shown] == list(range(first, stop))


def test_divx_with_packed_b_frames_is_at_most_one_frame_late(tmp_path: Path) -> None:
    path = write_video(tmp_path / "b.avi", g="12", bf="2")
    shown = [number(p) for p in media.pictures(MediaRef(path, 2.0, 3.0))]
    assert shown[0] in (29, 30)
    assert shown == list(range(shown[0], shown[0] + 15))


@pytest.mark.parametrize("kind", ["avi", "mp4", "mkv", "flv"])
def test_a_film_without_bounds_gives_every_frame(films: dict[str, Path], kind: str) -> None:
    assert [number(p) for p in media.pictures(MediaRef(films[kind]))] == list(range(FRAMES))


@settings(max_examples=40, deadline=None)
@given(
    start=st.floats(0, 3),
    seconds=st.floats(0.1, 0.9),
    fps=st.sampled_from([0.5, 1.0, 4.0, 10.0, 15.0, 25.0, 40.0]),
)
def test_fps_takes_the_nearest_frame_of_the_clip_at_each_grid_point(
    films: dict[str, Path], start: float, seconds: float, fps: float
) -> None:
    end = start + seconds
    shown = [number(p) for p in media.pictures(MediaRef(films["avi"], start, end), fps=fps)]
    times = np.arange(FRAMES) / FPS
    inside = np.flatnonzero((times >= start - 1e-3) & (times < end - 1e-3))
    grid = [t for k in range(200) if (t := start + k / fps) < end - 1e-3]
    assert len(shown) == len(grid)
    for shown_index, time in zip(shown, grid, strict=True):
        assert shown_index in inside
        nearest = np.abs(times[inside] - time).min()
        assert abs(times[shown_index] - time) == pytest.approx(nearest, abs=1e-6)


def test_a_clip_shorter_than_a_frame_gives_the_frame_nearest_to_its_middle(
    films: dict[str, Path],
) -> None:
    for fps in (None, 25.0):
        early = media.pictures(MediaRef(films["avi"], 0.41, 0.42), fps=fps)  # frames at .400, .467
        late = media.pictures(MediaRef(films["avi"], 0.45, 0.46), fps=fps)
        assert [number(p) for p in early] == [6]
        assert [number(p) for p in late] == [7]


def test_limits_stop_early(films: dict[str, Path]) -> None:
    ref = MediaRef(films["avi"], 1.0)
    assert [number(p) for p in media.pictures(ref, max_frames=3)] == [15, 16, 17]
    assert [number(p) for p in media.pictures(ref, max_seconds=0.2)] == [15, 16, 17]
    assert [number(p) for p in media.pictures(ref, fps=5, max_frames=2)] == [15, 18]


def test_crop_is_a_part_of_the_picture(films: dict[str, Path]) -> None:
    right = next(media.pictures(MediaRef(films["mp4"], crop=(0.5, 0.0, 1.0, 0.25))))
    assert right.shape == (12, 32, 3)
    assert right[..., 0].mean() > 200
    assert right[:, 4:, 1:].mean() < 30


def test_a_film_that_is_stored_turned_is_shown_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "phone.mp4", "libx264", frames=3, rotation="90")
    turned = next(media.pictures(MediaRef(path)))
    assert turned.shape == (64, 48, 3)
    assert turned[:24, ..., 0].mean() > 200  # what was on the right is now above


def test_a_photograph_is_a_film_of_one_frame(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "face.png"), "w") as out:
        stream = out.add_stream("png")
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(30), format="rgb24")))
        out.mux(stream.encode(None))
    for fps in (None, 5.0):
        (picture,) = media.pictures(MediaRef(tmp_path / "face.png"), fps=fps)
        np.testing.assert_array_equal(picture, numbered(30))


def test_only_what_a_clip_needs_is_decoded(
    films: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[float] = []
    timing = _decode._Reader._time

    def counting(reader: _decode._Reader, frame: object) -> tuple[float, float] | None:
        timed = timing(reader, frame)
        decoded.append(timed[0] if timed else nan)
        return timed

    monkeypatch.setattr(_decode._Reader, "_time", counting)
    for kind in ("avi", "mp4", "mkv"):
        decoded.clear()
        assert len(list(media.pictures(MediaRef(films[kind], 3.0, 3.2)))) == 3
        assert len(decoded) < 30
