"""What can be seen in parts of a file is what `pictures` gives, measured; the file is read once."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mertk import media
from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media import Seen, _watch
from tests.doctor.corpora import black, moving, write_film
from tests.media.making import FPS, FRAMES, cut_file, write_video
from tests.media.test_broken import BROKEN
from tests.shared import SHARED, needs_shared


def seen(ref: MediaRef) -> Seen:
    (fact,) = media.watch([ref])
    assert isinstance(fact, Seen), fact
    return fact


@pytest.mark.parametrize("kind", ["avi", "mp4", "mkv", "flv", "mjpeg", "ts", "h264"])
def test_parts_hold_the_pictures_that_pictures_gives(films: dict[str, Path], kind: str) -> None:
    parts = [(0.0, None), (1.0, 2.0), (1.01, 1.02), (0.5, 3.5), (2.0, None), (3.9, 4.05)]
    refs = [MediaRef(films[kind], start, end) for start, end in parts]
    for ref, fact in zip(refs, media.watch(refs), strict=True):
        assert isinstance(fact, Seen)
        assert fact.frames == len(list(media.pictures(ref)))
        ends = ref.end if ref.end and ref.end < 4 else FRAMES / FPS
        assert fact.seconds == pytest.approx(ends - ref.start, abs=2 / FPS)


def test_black_pictures_are_counted_in_the_clips_part_of_them(tmp_path: Path) -> None:
    """The right half is lit, the left black in the first five pictures."""
    films = [p.copy() for p in moving(0, 15)]
    for picture in films[:5]:
        picture[:, :32] = 0
    for codec, suffix in (("mjpeg", "avi"), ("mpeg4", "mp4"), ("libx264", "mkv")):
        path = write_film(tmp_path / f"film.{suffix}", films, codec)
        halves = [MediaRef(path, crop=c) for c in ((0, 0, 0.5, 1), (0.5, 0, 1, 1))]
        left, right, whole = media.watch([*halves, MediaRef(path)])
        assert [f.black for f in (left, right, whole) if isinstance(f, Seen)] == [5, 0, 0]
        corner = seen(MediaRef(path, 0.0, 0.3, crop=(0.0, 0.0, 0.02, 0.03)))
        assert (corner.frames, corner.black) == (5, 5)


@pytest.mark.parametrize(
    ("codec", "suffix"), [("mjpeg", "avi"), ("libx264", "mp4"), ("flv", "flv")]
)
def test_standing_pictures_are_timed(tmp_path: Path, codec: str, suffix: str) -> None:
    standing = moving(0, 5) + moving(1, 1) * 20 + moving(2, 5)
    fact = seen(MediaRef(write_film(tmp_path / f"film.{suffix}", standing, codec)))
    assert fact.still == pytest.approx(20 / FPS, abs=0.01)
    assert fact.frames == 30


def test_a_slow_fade_is_no_standing_picture(tmp_path: Path) -> None:
    fade = [np.full((48, 64, 3), 60 + n, np.uint8) for n in range(30)]
    assert seen(MediaRef(write_film(tmp_path / "fade.avi", fade))).still < 6 / FPS


def test_a_film_that_is_all_black_is_black_in_limited_range_too(tmp_path: Path) -> None:
    path = write_film(tmp_path / "black.mp4", black(10), "libx264")
    assert seen(MediaRef(path)).black == 10
    assert seen(MediaRef(path, 0.61, 0.62)).black == 1


def test_turned_pictures_are_cut_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "turned.mp4", "libx264", frames=10, rotation="90")
    upright = next(media.pictures(MediaRef(path)))
    assert upright.shape[:2] == (64, 48)
    for crop in ((0, 0, 1, 0.5), (0, 0.5, 1, 1)):
        ref = MediaRef(path, 0.0, 0.06, crop)
        dark = next(media.pictures(ref)).mean() < 26  # numbered 0: one half black, one red
        assert (seen(ref).black == 1) == dark


@pytest.mark.parametrize("case", BROKEN)
def test_what_a_clip_asks_wrongly_is_named_and_the_others_are_seen(
    films: dict[str, Path], tmp_path: Path, case: str
) -> None:
    make, message = BROKEN[case]
    ref, good = make(tmp_path, films["avi"]), MediaRef(films["avi"], 0.5, 1.0)
    wrong, *right = media.watch([ref, *([good] if ref.path == good.path else [])])
    with pytest.raises(MediaError, match=message):
        raise wrong  # type: ignore[misc]
    assert all(isinstance(fact, Seen) for fact in right)


def test_parts_on_both_sides_of_damage_are_seen(films: dict[str, Path], tmp_path: Path) -> None:
    import av

    with av.open(str(films["mjpeg"])) as opened:
        packets = [(p.pos, p.size) for p in opened.demux(video=0) if p.size]
    content = bytearray(films["mjpeg"].read_bytes())
    for position, size in packets[20:30]:
        content[position : position + size] = bytes(size)
    path = tmp_path / "hole.avi"
    path.write_bytes(content)
    early, amid, late = media.watch([MediaRef(path, s, s + 1) for s in (0.2, 1.2, 2.5)])
    assert early == seen(MediaRef(films["mjpeg"], 0.2, 1.2))
    assert late == seen(MediaRef(films["mjpeg"], 2.5, 3.5))
    assert isinstance(amid, MediaError)


def test_a_film_is_decoded_once_however_many_parts_it_has(
    films: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    decode = _watch.decode
    monkeypatch.setattr(_watch, "decode", lambda *a: (passes.append(a), decode(*a))[1])
    halves = ((0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0))
    refs = [MediaRef(films["avi"], n / 100, n / 100 + 1, halves[n % 2]) for n in range(300)]
    assert all(isinstance(fact, Seen) for fact in media.watch(refs))
    assert len(passes) == 1


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["avi", "mp4", "mkv", "flv", "wav", "flac", "mjpeg"]),
    damage=st.dictionaries(st.floats(0, 1, exclude_max=True), st.integers(0, 255), max_size=50),
    kept=st.floats(0.01, 1),
)
def test_what_is_broken_is_what_cannot_be_read(
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
    refs = [MediaRef(path), MediaRef(path, 0.7, 1.4), MediaRef(path, 0.2, 0.9, (0.5, 0, 1, 1))]
    for look in (media.watch, media.listen):
        for ref, together in zip(refs, look(refs), strict=True):
            (alone,) = look([ref])
            try:
                _ = list(media.sound(ref, 8000) if look is media.listen else media.pictures(ref))
                broken = False
            except MediaError:
                broken = True
            # Where a part ends before the damage, a little more may be read than by seeking and
            # reading one frame further; never less.
            for fact in (alone, together):
                told = isinstance(fact, MediaError)
                assert told == broken if ref.end is None else told <= broken, (ref, fact)


def test_truncated_films_are_broken_where_they_are_read_to_the_end(
    films: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "short_.avi"
    path.write_bytes(films["avi"].read_bytes())
    whole, early = media.watch([MediaRef(short := cut_file(path, 0.6)), MediaRef(short, 0.2, 0.8)])
    assert isinstance(whole, MediaError)
    assert early == seen(MediaRef(films["avi"], 0.2, 0.8))


@needs_shared
def test_eighteen_of_the_sixty_face_crops_end_in_black_pictures() -> None:
    crops = sorted((SHARED / "data/ravdess/face_crops").rglob("*.avi"))
    counts = [seen(MediaRef(path)).black for path in crops]
    assert (sum(c > 0 for c in counts), max(counts)) == (18, 2)
