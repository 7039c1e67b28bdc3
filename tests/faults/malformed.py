"""Media files that are damaged, lie about themselves, or are none, by a seed."""

import random
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from tests.faults.absurd import absurd
from tests.media.making import noise, numbered, write_sound, write_video
from tests.shared import SHARED

Damage = Callable[[bytearray, random.Random], bytes]


def seeds(folder: Path) -> list[Path]:
    """Sound files: generated ones, and real ones where they are."""
    folder.mkdir(parents=True)
    made = [
        write_video(folder / f"film.{kind}", frames=15) for kind in ("mp4", "avi", "mkv", "mov")
    ]
    made += [write_video(folder / "jpegs.avi", "mjpeg", frames=10)]
    made += [write_video(folder / "old.flv", "flv", frames=15)]
    made += [write_sound(folder / "voice.m4a", "aac", noise(1.0))]
    for name, subtype in (
        ("a.wav", "PCM_16"),
        ("b.wav", "FLOAT"),
        ("c.flac", "PCM_16"),
        ("d.ogg", "VORBIS"),
        ("e.mp3", "MPEG_LAYER_III"),
        ("f.aiff", "PCM_16"),
    ):
        soundfile.write(folder / name, noise(1.0), 16000, subtype)
        made.append(folder / name)
    for kind in ("png", "jpeg", "gif", "bmp"):
        Image.fromarray(numbered(20)).save(folder / f"picture.{kind}")
        made.append(folder / f"picture.{kind}")
    real = SHARED / "data"
    for pattern in (
        "ravdess/audio_speech/Actor_17/*.flac",
        "ravdess/face_crops/*/*.avi",
        "crema_d/VideoFlash/*.flv",
        "ravdess/video_speech/*/*.mp4",
    ):
        made += sorted(real.glob(pattern))[:1]
    return made


def truncated(raw: bytearray, chance: random.Random) -> bytes:
    return bytes(raw[: chance.choice((chance.randrange(64), chance.randrange(len(raw))))])


def scattered(raw: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 10, 100, 1000))):
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw)


def header(raw: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 3, 10))):
        raw[chance.randrange(min(len(raw), 400))] = chance.choice((0, 1, 127, 128, 255))
    return bytes(raw)


def holes(raw: bytearray, chance: random.Random) -> bytes:
    size, at = chance.randrange(1, len(raw) // 2), chance.randrange(len(raw) // 2)
    return bytes(raw[:at] + chance.choice((b"", bytes(size), bytes(raw[:size]))) + raw[at + size :])


def boxes(raw: bytearray, chance: random.Random) -> bytes:
    """Sizes and contents after names of four letters, as containers have them, made absurd."""
    names = [found.start() for found in re.finditer(rb"[a-zA-Z0-9 ]{4}", bytes(raw[:20000]))]
    for at in chance.sample(names, min(len(names), chance.choice((1, 2, 5)))):
        place = max(0, at + chance.choice((-4, 4, 8, 12, 16, 24)))
        value = chance.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, chance.randrange(2**32)))
        raw[place : place + 4] = struct.pack(chance.choice(("<I", ">I")), value)
    return bytes(raw)


def random_tail(raw: bytearray, chance: random.Random) -> bytes:
    """A right beginning, and then anything."""
    return bytes(raw[: chance.choice((4, 12, 44, 200))]) + chance.randbytes(chance.randrange(5000))


DAMAGES: tuple[Damage, ...] = (truncated, scattered, header, holes, boxes, random_tail)


def malformed(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """Write that many, the absurd ones first."""
    chance, made = random.Random(seed), []
    whole = [(path.suffix, path.read_bytes()) for path in seeds(folder / "whole")]
    for name, content in absurd():
        made.append(_put(folder / f"absurd-{name}", content))
    while len(made) < count:
        suffix, raw = chance.choice(whole)
        damage = chance.choice(DAMAGES)
        suffix = suffix if chance.random() < 0.8 else chance.choice((".wav", ".mp4", ".flac", ""))
        name = f"{len(made):04d}-{damage.__name__}{suffix}"
        made.append(_put(folder / name, damage(bytearray(raw), chance)))
    for size in (10, 1000, 100_000):
        made[-size % 7 - 1].write_bytes(np.random.default_rng(size).bytes(size))
    return made


def _put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
