"""Media files whose headers claim what cannot be, and files that are no media at all."""

import io
import struct
from collections.abc import Iterator

from PIL import Image

from tests.media.making import numbered


def wav(
    rate: int = 16000,
    channels: int = 1,
    bits: int = 16,
    size: int | None = None,
    kind: int = 1,
    align: int | None = None,
    byte_rate: int | None = None,
) -> bytes:
    """A wav of 1000 bytes whose header says what it is told to say."""
    align = channels * bits // 8 if align is None else align
    byte_rate = rate * align if byte_rate is None else byte_rate
    form = struct.pack(
        "<HHIIHH", kind, channels % 65536, rate, byte_rate % 2**32, align % 65536, bits
    )
    data = struct.pack("<4sI", b"data", 1000 if size is None else size) + bytes(range(250)) * 4
    body = b"WAVE" + struct.pack("<4sI", b"fmt ", len(form)) + form + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _sized(kind: str, find: bytes, at: int, code: str, width: int, height: int) -> bytes:
    """A picture whose header claims another size."""
    file = io.BytesIO()
    Image.fromarray(numbered(9)).save(file, kind)
    raw = bytearray(file.getvalue())
    struct.pack_into(code, raw, raw.index(find) + at, width, height)
    return bytes(raw)


def absurd() -> Iterator[tuple[str, bytes]]:
    """Headers that claim what cannot be."""
    for name, said in {
        "samples.wav": {"size": 2**31},
        "most.wav": {"size": 2**32 - 2},
        "pipe.wav": {"size": 2**32 - 1},
        "silent.wav": {"rate": 0},
        "fast.wav": {"rate": 2**32 - 1},
        "slow.wav": {"rate": 1},
        "crowd.wav": {"channels": 65535},
        "nobody.wav": {"channels": 0},
        "thin.wav": {"bits": 0},
        "thick.wav": {"bits": 65535},
        "stuck.wav": {"align": 0, "byte_rate": 0},
        "odd.wav": {"kind": 65535},
        "wide.wav": {"align": 65535},
        "choir.wav": {"channels": 1024, "bits": 8},
    }.items():
        yield name, wav(**said)
    for size in ((100_000, 100_000), (2**31 - 1, 2**31 - 1), (30_000, 30_000), (0, 0), (1, 10**8)):
        label = f"{size[0]}x{size[1]}"
        yield f"{label}.png", _sized("png", b"IHDR", 4, ">II", *size)
        yield f"{label}.bmp", _sized("bmp", b"BM", 18, "<ii", *(min(s, 2**31 - 1) for s in size))
        few = [min(s, 65535) for s in size]
        yield f"{label}.jpg", _sized("jpeg", b"\xff\xc0", 5, ">HH", *few)
        yield f"{label}.gif", _sized("gif", b"GIF8", 6, "<HH", *few)
        yield f"{label}.ppm", f"P6 {size[0]} {size[1]} 255\n".encode() + bytes(1000)
        head = f"YUV4MPEG2 W{size[0]} H{size[1]} F25:1 C420\nFRAME\n"
        yield f"{label}.y4m", head.encode() + bytes(5000)
    for side in (9_000, 16_000):
        file = io.BytesIO()
        Image.new("1", (side, side)).save(file, "png")
        yield f"whole-{side}.png", file.getvalue()
    yield from _not_media()


def _not_media() -> Iterator[tuple[str, bytes]]:
    for kind in ("wav", "flac", "mp4", "avi", "flv", "mkv", "ogg", "png"):
        yield f"empty.{kind}", b""
        yield f"text.{kind}", b"not media at all, only words\n" * 20
        yield f"page.{kind}", b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
        yield f"zip.{kind}", b"PK\x03\x04" + bytes(range(256)) * 8
        yield f"zeros.{kind}", bytes(10_000)
        yield f"ones.{kind}", b"\xff" * 10_000
    yield "list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n"
    yield "list.wav", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"
    yield "concat.mp4", b"ffconcat version 1.0\nfile a.wav\n"
    yield (
        "words.sdp",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    )
