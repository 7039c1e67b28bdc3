"""Length and digest of files, and real clips."""

from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from mertk import media
from mertk.contracts import MediaRef
from mertk.errors import MediaError
from tests.media.making import RATE
from tests.shared import SHARED, needs_shared


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
