"""Sound and pictures come out exactly as they went in, and what is broken is named."""

import os
from collections.abc import Callable
from contextlib import suppress
from math import inf, nan
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk import media
from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media import _decode
from tests.shared import SHARED, needs_shared

RATE = 16000
FPS = 15
FRAMES = 60


def noise(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Noise of 16-bit steps, so that lossless files give it back exactly."""
    values = np.random.default_rng(seed).integers(-8000, 8000, round(seconds * rate))
    return (values / 32768).astype(np.float32)


def tone(hertz: float, seconds: float, rate: int) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate).astype(np.float32)


def numbered(index: int) -> np.ndarray:
    """A picture whose left half tells its number by its brightness; the right half is red."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :32] = 4 * index
    picture[:, 32:, 0] = 255
    return picture


def number(picture: np.ndarray) -> int:
    return round(float(picture[:, :24].mean()) / 4)


def write_video(path: Path, codec: str = "mpeg4", frames: int = FRAMES, **options: str) -> Path:
    rotation = options.pop("rotation", None)
    muxing = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=muxing) as out:
        stream = out.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 4_000_000
        if rotation:
            stream.set_display_rotation(int(rotation))
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered(index), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def write_sound(
    path: Path, codec: str, samples: np.ndarray, rate: int = RATE, layout: str = "mono"
) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        samples = samples.reshape(-1, stream.layout.nb_channels)
        packed = stream.format.name == "s16"
        for first in range(0, len(samples), 1024):
            piece = samples[first : first + 1024]
            values = (piece * 32768).astype(np.int16).reshape(1, -1) if packed else piece.T.copy()
            kind = "s16" if packed else "fltp"
            frame = av.AudioFrame.from_ndarray(values, format=kind, layout=layout)
            frame.sample_rate, frame.pts = rate, first
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def cut_file(path: Path, share: float) -> Path:
    whole = path.read_bytes()
    short = path.with_name(f"short{path.suffix}")
    short.write_bytes(whole[: int(len(whole) * share)])
    return short


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {
        "avi": write_video(folder / "divx.avi", g="12"),
        "mp4": write_video(folder / "b_frames.mp4", "libx264", g="12", bf="2"),
        "mkv": write_video(folder / "b_frames.mkv", "libx264", g="12", bf="2"),
        "flv": write_video(folder / "sorenson.flv", "flv", g="12"),
        "mjpeg": write_video(folder / "pictures.avi", "mjpeg"),
        "ts": write_video(folder / "starts_late.ts", "libx264", g="12", bf="0"),
        "h264": write_video(folder / "no_time_stamps.h264", "libx264", g="12", bf="0"),
    }


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sounds")
    for suffix in ("wav", "flac"):
        soundfile.write(folder / f"noise.{suffix}", noise(2), RATE, subtype="PCM_16")
    files = {suffix: folder / f"noise.{suffix}" for suffix in ("wav", "flac")}
    files["mkv"] = write_sound(folder / "noise.mkv", "pcm_s16le", noise(2))
    files["wav in disguise"] = folder / "noise.mp4"
    files["wav in disguise"].write_bytes(files["wav"].read_bytes())
    return files


# Sound


@pytest.mark.parametrize("kind", ["wav", "flac", "mkv", "wav in disguise"])
@settings(max_examples=25, deadline=None)
@given(bounds=st.tuples(st.integers(0, 31900), st.integers(1, 32000)))
def test_sound_is_cut_at_the_exact_sample(
    sounds: dict[str, Path], kind: str, bounds: tuple[int, int]
) -> None:
    first, length = bounds
    stop = min(32000, first + length)
    cut = media.sound(MediaRef(sounds[kind], first / RATE, stop / RATE), RATE)
    assert cut.dtype == np.float32
    np.testing.assert_array_equal(cut, noise(2)[first:stop])


@pytest.mark.parametrize("kind", ["wav", "flac", "mkv"])
def test_a_clip_without_an_end_gives_the_rest_of_the_file(
    sounds: dict[str, Path], kind: str
) -> None:
    rest = media.sound(MediaRef(sounds[kind], 0.75), RATE)
    np.testing.assert_array_equal(rest, noise(2)[12000:])


@pytest.mark.parametrize("kind", ["wav", "flac", "mkv"])
@pytest.mark.parametrize("end", [None, 1.9])
def test_max_seconds_cuts_and_never_stretches(
    sounds: dict[str, Path], kind: str, end: float | None
) -> None:
    ref = MediaRef(sounds[kind], 1.0, end)
    np.testing.assert_array_equal(media.sound(ref, RATE, 0.5), noise(2)[16000:24000])
    assert len(media.sound(ref, RATE, 60)) == (16000 if end is None else 14400)


@pytest.mark.parametrize("native", [8000, 22050, 44100, 48000])
def test_resampling_keeps_a_tone_and_its_length(tmp_path: Path, native: int) -> None:
    soundfile.write(tmp_path / "tone.wav", 0.5 * tone(1000, 1, native), native, subtype="FLOAT")
    heard = media.sound(MediaRef(tmp_path / "tone.wav", 0.0, 1.0), RATE)
    assert heard.shape == (RATE,)
    inner = slice(400, -400)
    np.testing.assert_allclose(heard[inner], 0.5 * tone(1000, 1, RATE)[inner], atol=2e-4)


def test_resampling_lets_nothing_above_the_new_nyquist_rate_through(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "high.wav", tone(8200, 1, 48000), 48000, subtype="FLOAT")
    heard = media.sound(MediaRef(tmp_path / "high.wav"), RATE)
    assert np.abs(heard[400:-400]).max() < 10 ** (-80 / 20)


def test_two_channels_are_averaged(tmp_path: Path) -> None:
    left, right = noise(1, seed=1), noise(1, seed=2)
    stereo = np.stack([left, right], 1)
    soundfile.write(tmp_path / "two.wav", stereo, RATE, subtype="FLOAT")
    write_sound(tmp_path / "two.mkv", "pcm_s16le", stereo, layout="stereo")
    for name in ("two.wav", "two.mkv"):
        heard = media.sound(MediaRef(tmp_path / name), RATE)
        np.testing.assert_allclose(heard, (left + right) / 2, atol=1 / 32768)


@pytest.mark.parametrize("name", ["surround.mkv", "surround.wav"])
def test_surround_sound_is_mixed_with_the_voice_in_front_and_without_the_bass_channel(
    tmp_path: Path, name: str
) -> None:
    def level(channel: int) -> float:
        six = np.zeros((RATE, 6), np.float32)
        six[:, channel] = noise(1)
        path = tmp_path / f"{channel}{name}"
        if path.suffix == ".wav":
            soundfile.write(path, six, RATE, subtype="PCM_16")
        else:
            write_sound(path, "pcm_s16le", six, layout="5.1")
        return float(media.sound(MediaRef(path), RATE).std() / noise(1).std())

    left, right, centre, bass = (level(channel) for channel in range(4))
    assert left == pytest.approx(right, rel=1e-3)
    assert centre == pytest.approx(2**0.5 * left, rel=1e-2)
    assert bass == 0


@pytest.mark.parametrize(
    ("name", "codec"), [("a.m4a", "aac"), ("a.mkv", "aac"), ("a.mp3", "libmp3lame")]
)
def test_lossy_sound_stays_in_its_place(tmp_path: Path, name: str, codec: str) -> None:
    speech = np.convolve(noise(3), np.hanning(9) / 4.5, "same").astype(np.float32)
    path = write_sound(tmp_path / name, codec, speech)
    whole = media.sound(MediaRef(path), RATE)
    part = media.sound(MediaRef(path, 1.5, 2.25), RATE)
    assert part.shape == (12000,)
    np.testing.assert_allclose(part, whole[24000:36000], atol=1e-3)
    lags = np.correlate(whole[20000:30000], speech[21000:29000], "valid")
    assert int(lags.argmax()) == 1000


def test_sound_that_begins_late_is_preceded_by_silence(tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as out:
        picture = out.add_stream("mpeg4", rate=FPS)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        voice = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(numbered(index), format="rgb24")
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        samples = (noise(1) * 32768).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, RATE
        out.mux(voice.encode(frame))
        out.mux(voice.encode(None))
    heard = media.sound(MediaRef(path, 0.5, 2.0), RATE)
    assert not heard[:8000].any()
    np.testing.assert_array_equal(heard[8000:], noise(1))


# Pictures


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


# What is broken


BROKEN: dict[str, tuple[Callable[[Path, Path], MediaRef], str]] = {
    "missing": (lambda f, w: MediaRef(f / "none" / "a.wav"), "no such file; the folder .*none"),
    "a folder": (lambda f, w: MediaRef(f), "is a folder"),
    "negative start": (lambda f, w: MediaRef(w, -1.0), r"start: .* \(-1.0\)"),
    "start is NaN": (lambda f, w: MediaRef(w, nan), r"start: .* \(nan\)"),
    "end is NaN": (lambda f, w: MediaRef(w, 0.0, nan), r"end: .* \(nan\)"),
    "end is infinite": (lambda f, w: MediaRef(w, 0.0, inf), r"end: .* \(inf\)"),
    "end at start": (lambda f, w: MediaRef(w, 1.0, 1.0), r"end: must lie after start \(1 <= 1"),
    "end before start": (lambda f, w: MediaRef(w, 1.0, 0.5), r"end: must lie after start"),
    "start beyond": (lambda f, w: MediaRef(w, 9.0), r"begins at 9 s, but the file ends at \d"),
    "both beyond": (lambda f, w: MediaRef(w, 9.0, 10.0), r"begins at 9 s"),
    "end beyond": (lambda f, w: MediaRef(w, 1.0, 9.0), r"needs 9 s, but the file ends at \d"),
    "crop is NaN": (lambda f, w: MediaRef(w, crop=(0.0, nan, 1.0, 1.0)), "crop: .*nan"),
    "crop too wide": (lambda f, w: MediaRef(w, crop=(0.0, 0.0, 1.5, 1.0)), r"crop: .*1\.5"),
    "crop inside out": (lambda f, w: MediaRef(w, crop=(0.6, 0.0, 0.5, 1.0)), "crop: "),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("kind", ["sound", "pictures"])
def test_what_a_clip_asks_wrongly_is_named(
    films: dict[str, Path], sounds: dict[str, Path], tmp_path: Path, case: str, kind: str
) -> None:
    make, message = BROKEN[case]
    ref = make(tmp_path, sounds["mkv"] if kind == "sound" else films["avi"])
    with pytest.raises(MediaError, match=message) as caught:
        _ = media.sound(ref, RATE) if kind == "sound" else list(media.pictures(ref))
    assert str(ref.path) in str(caught.value)
    if kind == "sound" and ref.path == sounds["mkv"]:
        with pytest.raises(MediaError, match=message):
            media.sound(MediaRef(sounds["wav"], ref.start, ref.end, ref.crop), RATE)


def test_a_clip_may_reach_a_little_beyond_its_file(
    films: dict[str, Path], sounds: dict[str, Path]
) -> None:
    for kind in ("wav", "flac", "mkv"):
        heard = media.sound(MediaRef(sounds[kind], 1.0, 2.09), RATE)
        assert heard.shape == (round(1.09 * RATE),)
        np.testing.assert_array_equal(heard[:RATE], noise(2)[RATE:])
        assert not heard[RATE:].any()
    assert len(list(media.pictures(MediaRef(films["avi"], 3.0, 4.09)))) == 15


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "mp4", "avi", "flv", "m4a"])
def test_an_empty_file_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"empty.{suffix}"
    path.touch()
    for call in (lambda r: media.sound(r, RATE), media.pictures, media.duration):
        with pytest.raises(MediaError, match="the file is empty"):
            call(MediaRef(path))


@settings(max_examples=60, deadline=None)
@given(
    content=st.binary(min_size=1, max_size=4000),
    magic=st.sampled_from(
        [b"", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0AVI ", b"fLaC", b"OggS", b"FLV"]
    ),
    suffix=st.sampled_from(["wav", "flac", "mp3", "mp4", "avi", "flv"]),
)
def test_random_bytes_never_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, magic: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("random") / f"random.{suffix}"
    path.write_bytes(magic + content)
    with pytest.raises(MediaError, match="random"):
        media.sound(MediaRef(path, 0.0, 5.0), RATE)
    with pytest.raises(MediaError, match="random"):
        list(media.pictures(MediaRef(path, 0.0, 5.0)))


def test_a_stream_that_is_not_there_is_named(
    films: dict[str, Path], sounds: dict[str, Path]
) -> None:
    with pytest.raises(MediaError, match="holds no sound, only video"):
        media.sound(MediaRef(films["avi"]), RATE)
    for kind in ("wav", "mkv"):
        with pytest.raises(MediaError, match="holds no picture, only audio"):
            list(media.pictures(MediaRef(sounds[kind])))


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_truncated_sound_is_an_error_where_the_clip_reaches_what_is_lost(
    sounds: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"noise.{kind}"
    path.write_bytes(sounds[kind].read_bytes())
    short = cut_file(path, 0.5)
    for ref in (MediaRef(short), MediaRef(short, 0.5, 1.8), MediaRef(short, 1.7)):
        with pytest.raises(MediaError, match=r"truncated|ends at"):
            media.sound(ref, RATE)
    whole = media.sound(MediaRef(short, 0.1, 0.6), RATE)
    np.testing.assert_array_equal(whole, noise(2)[1600:9600])


def test_a_wav_that_was_written_to_a_pipe_states_no_length_and_is_read_whole(
    sounds: dict[str, Path], tmp_path: Path
) -> None:
    content = bytearray(sounds["wav"].read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "piped.wav").write_bytes(content)
    np.testing.assert_array_equal(media.sound(MediaRef(tmp_path / "piped.wav"), RATE), noise(2))


@pytest.mark.parametrize("kind", ["avi", "mp4", "mkv", "flv", "mjpeg"])
def test_a_truncated_film_is_an_error_where_the_clip_reaches_what_is_lost(
    films: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / films[kind].name
    path.write_bytes(films[kind].read_bytes())
    short = cut_file(path, 0.85 if kind == "mp4" else 0.6)
    for ref in (MediaRef(short), MediaRef(short, 0.0, 3.9)):
        with pytest.raises(MediaError, match=r"truncated|breaks off|damaged|ends at"):
            list(media.pictures(ref))
    assert [number(p) for p in media.pictures(MediaRef(short, 0.2, 0.8))] == list(range(3, 12))


def test_a_hole_in_the_middle_of_a_film_is_named(films: dict[str, Path], tmp_path: Path) -> None:
    with av.open(str(films["mjpeg"])) as opened:
        packets = [(p.pos, p.size) for p in opened.demux(video=0) if p.size]
    content = bytearray(films["mjpeg"].read_bytes())
    for position, size in packets[20:30]:
        content[position : position + size] = bytes(size)
    path = tmp_path / "hole.avi"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"is damaged from 1\.33 to 2\.00 s"):
        list(media.pictures(MediaRef(path)))
    assert len(list(media.pictures(MediaRef(path, 2.0, 3.0)))) == 15


def test_samples_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    samples = noise(1)
    samples[500] = nan
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match="not numbers"):
        media.sound(MediaRef(tmp_path / "nan.wav"), RATE)
    assert len(media.sound(MediaRef(tmp_path / "nan.wav", 0.5), RATE)) == 8000


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "locked.wav"
    soundfile.write(path, noise(1), RATE)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(MediaError, match=r"cannot be read \(Permission denied\)"):
        media.sound(MediaRef(path), RATE)


def test_nothing_is_printed_about_broken_files(
    films: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.mp4"
    content = bytearray(films["mp4"].read_bytes())
    content[len(content) // 2 :: 50] = bytes(len(content[len(content) // 2 :: 50]))
    broken.write_bytes(content)
    garbage = tmp_path / "garbage.mp3"
    garbage.write_bytes(os.urandom(50_000))
    for path in (broken, garbage, cut_file(broken, 0.7)):
        with suppress(MediaError):
            media.sound(MediaRef(path), RATE)
        with suppress(MediaError):
            list(media.pictures(MediaRef(path)))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"fps": 0}, "fps"), ({"fps": nan}, "fps"), ({"max_frames": 0}, "max_frames")],
)
def test_wrong_arguments_are_refused_before_anything_is_read(
    arguments: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        media.pictures(MediaRef(Path("none.avi")), **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_seconds"):
        media.sound(MediaRef(Path("none.wav")), RATE, max_seconds=0)
    with pytest.raises(ValueError, match="rate"):
        media.sound(MediaRef(Path("none.wav")), 0)


# Length and digest


def test_duration_is_that_of_the_clip(films: dict[str, Path], sounds: dict[str, Path]) -> None:
    assert media.duration(MediaRef(films["avi"], 1.0, 2.5)) == 1.5
    assert media.duration(MediaRef(sounds["wav"], 0.5)) == 1.5
    for kind in ("avi", "mp4", "mkv", "flv"):
        assert media.duration(MediaRef(films[kind], 1.0)) == pytest.approx(3.0, abs=0.1)
    assert media.duration(MediaRef(films["h264"])) == pytest.approx(4.0)
    with pytest.raises(MediaError, match="begins at 5 s"):
        media.duration(MediaRef(sounds["wav"], 5.0))


@given(content=st.binary(max_size=3000))
def test_digest_is_that_of_the_content(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("digest") / "file"
    path.write_bytes(content)
    assert media.digest(path) == xxhash.xxh3_128_hexdigest(content)


def test_digest_of_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        media.digest(tmp_path / "none")


# Real clips


@needs_shared
def test_real_films_decode() -> None:
    data = SHARED / "data"
    films = sorted((data / "ravdess/video_speech").rglob("*.mp4"))
    flash = sorted((data / "crema_d/VideoFlash").glob("*.flv"))
    crops = sorted((data / "ravdess/face_crops").rglob("*.avi"))
    assert (len(films), len(flash), len(crops)) == (5, 6, 60)
    for path in [*films, *flash]:
        ref = MediaRef(path, 0.5, 1.5)
        shown = list(media.pictures(ref))
        assert len(shown) in (29, 30)
        assert shown[0].shape == ((720, 1280, 3) if path.suffix == ".mp4" else (360, 480, 3))
        assert media.sound(ref, RATE).shape == (RATE,)
    for path in crops:
        assert len(list(media.pictures(MediaRef(path)))) == 15


@needs_shared
def test_the_sound_of_a_real_film_is_that_of_its_sound_file() -> None:
    film = next((SHARED / "data/ravdess/video_speech").rglob("*.mp4"))
    name = film.stem.replace("01", "03", 1)
    flac = SHARED / f"data/ravdess/audio_speech/Actor_05/{name}.flac"
    one = media.sound(MediaRef(film, 0.5, 2.5), RATE)
    other = media.sound(MediaRef(flac), RATE)
    match = np.correlate(other, one, "valid")
    place = int(match.argmax())
    assert np.corrcoef(one, other[place : place + len(one)])[0, 1] > 0.99
    assert abs(place / RATE - 0.5) < 0.05
