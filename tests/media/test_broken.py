"""What is broken, or asked wrongly, is named; nothing else is raised or printed."""

import os
from collections.abc import Callable
from contextlib import suppress
from math import inf, nan
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from mertk import media
from mertk.contracts import MediaRef
from mertk.errors import MediaError
from tests.media.making import (
    RATE,
    cut_file,
    noise,
    number,
)

BROKEN: dict[str, tuple[Callable[[Path, Path], MediaRef], str]] = {
    "a name with a NUL": (lambda f, w: MediaRef(f / "a\0.wav"), "null byte"),
    "a name too long": (lambda f, w: MediaRef(f / ("x" * 300)), "name too long"),
    "missing": (lambda f, w: MediaRef(f / "none" / "a.wav"), "no such file; the folder .*none"),
    "a folder": (lambda f, w: MediaRef(f), "is a folder"),
    "negative start": (lambda f, w: MediaRef(w, -1.0), r"start: .* \(-1\)"),
    "start is NaN": (lambda f, w: MediaRef(w, nan), r"start: .* \(nan\)"),
    "end is NaN": (lambda f, w: MediaRef(w, 0.0, nan), r"end: .* \(nan\)"),
    "end is infinite": (lambda f, w: MediaRef(w, 0.0, inf), r"end: .* \(inf\)"),
    "start is absurd": (lambda f, w: MediaRef(w, 1e308), r"start: .* \(1e\+308\)"),
    "end is absurd": (lambda f, w: MediaRef(w, 0.0, 1e308), r"end: .* \(1e\+308\)"),
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
        wav = MediaRef(sounds["wav"], ref.start, ref.end, ref.crop)
        with pytest.raises(MediaError, match=message):
            media.sound(wav, RATE)
        (heard,) = media.listen([wav])
        assert isinstance(heard, MediaError)


def test_a_clip_may_reach_a_little_beyond_its_file(
    films: dict[str, Path], sounds: dict[str, Path]
) -> None:
    for kind in ("wav", "flac", "mkv"):
        heard = media.sound(MediaRef(sounds[kind], 1.0, 2.09), RATE)
        assert heard.shape == (round(1.09 * RATE),)
        np.testing.assert_array_equal(heard[:RATE], noise(2)[RATE:])
        assert not heard[RATE:].any()
    assert len(list(media.pictures(MediaRef(films["avi"], 3.0, 4.09)))) == 15


@pytest.mark.timeout(20)
def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "zero.wav").symlink_to("/dev/zero")
    for name in ("pipe.wav", "zero.wav"):
        ref = MediaRef(tmp_path / name)
        for read in (
            lambda r: media.sound(r, RATE),
            media.duration,
            lambda r: media.digest(r.path),
        ):
            with pytest.raises(MediaError, match="a pipe, socket or device, not a file"):
                read(ref)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "mp4", "avi", "flv", "m4a"])
def test_an_empty_file_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"empty.{suffix}"
    path.touch()
    for call in (lambda r: media.sound(r, RATE), media.pictures, media.duration):
        with pytest.raises(MediaError, match="the file is empty"):
            call(MediaRef(path))


def test_a_list_of_other_files_is_no_way_to_read_them(
    sounds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(sounds["wav"].read_bytes())
    script, protocol = tmp_path / "script.wav", Path("concat:other.wav")
    script.write_text("ffconcat version 1.0\nfile other.wav\n")
    with pytest.raises(MediaError, match=r"script.wav: is a list of other files \(concat\)"):
        media.sound(MediaRef(script), RATE)
    monkeypatch.chdir(tmp_path)
    protocol.write_bytes(b"nothing that FFmpeg reads")
    with pytest.raises(MediaError, match="is no sound or video"):
        media.sound(MediaRef(protocol), RATE)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (9000, 9000)).save(path)
    for read in (lambda r: list(media.pictures(r)), lambda r: raised(media.watch([r])[0])):
        with pytest.raises(MediaError, match="bomb.png: holds pictures of 9000x9000; scale"):
            read(MediaRef(path))


def raised(found: object) -> None:
    if isinstance(found, MediaError):
        raise found


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


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["avi", "mp4", "mkv", "flv", "wav", "flac"]),
    damage=st.dictionaries(st.floats(0, 1, exclude_max=True), st.integers(0, 255), max_size=50),
    kept=st.floats(0.01, 1),
)
@example(kind="flv", damage={n / 97: 8 for n in range(97)}, kept=1.0)
def test_damaged_files_never_raise_anything_else(
    films: dict[str, Path],
    sounds: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    damage: dict[float, int],
    kept: float,
) -> None:
    content = bytearray({**sounds, **films}[kind].read_bytes())
    for place, value in damage.items():
        content[int(place * len(content))] = value
    path = tmp_path_factory.mktemp("damaged") / f"damaged.{kind}"
    path.write_bytes(content[: int(kept * len(content)) + 1])
    for ref in (MediaRef(path), MediaRef(path, 0.7, 1.4)):
        with suppress(MediaError):
            assert media.sound(ref, RATE).ndim == 1
        with suppress(MediaError):
            assert all(p.shape[2] == 3 for p in media.pictures(ref, max_frames=30))
        with suppress(MediaError):
            assert media.duration(ref) > 0


def test_an_unlikely_rate_is_refused(sounds: dict[str, Path], tmp_path: Path) -> None:
    content = bytearray(sounds["wav"].read_bytes())
    content[24:28] = (4_000_000_007).to_bytes(4, "little")
    path = tmp_path / "rate.wav"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"rate\.wav: "):
        media.sound(MediaRef(path), RATE)
    soundfile.write(tmp_path / "slow.wav", noise(1, 500), 500)
    with pytest.raises(MediaError, match="unlikely rate of 500 Hz"):
        media.sound(MediaRef(tmp_path / "slow.wav"), RATE)


def test_samples_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    samples = noise(1)
    samples[500] = nan
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match="not numbers"):
        media.sound(MediaRef(tmp_path / "nan.wav"), RATE)
    assert len(media.sound(MediaRef(tmp_path / "nan.wav", 0.5), RATE)) == 8000


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("value", "what"), [(1e30, "beyond any scale"), (3e38, "holds samples")])
def test_samples_beyond_any_scale_are_refused_without_a_warning(
    tmp_path: Path, channels: int, value: float, what: str
) -> None:
    samples = np.full((RATE, channels), value, np.float32)
    soundfile.write(tmp_path / "loud.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match=what):
        media.sound(MediaRef(tmp_path / "loud.wav"), RATE)
    with pytest.raises(MediaError, match=what):
        raised(media.listen([MediaRef(tmp_path / "loud.wav")])[0])


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
