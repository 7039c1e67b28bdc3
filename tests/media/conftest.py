"""Films and sounds that the tests of this folder share."""

from pathlib import Path

import pytest
import soundfile

from tests.media.making import RATE, noise, write_sound, write_video


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
