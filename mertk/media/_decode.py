"""Decoded frames of one stream with their times, from before a given time on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import av

from mertk.errors import MediaError
from mertk.media._files import TOLERANCE, container, says

# Seconds: a seek that lands too late is tried again from further back, at last from the beginning.
_STEPS_BACK = (0.0, 2.0, 15.0)
_PREROLL = {"video": 0.0, "audio": 0.5}  # lossy sound needs the packets before to be exact
_RATE = 25.0  # of pictures in a file that tells neither time nor rate, as FFmpeg assumes

_PIXELS = 1 << 26  # of a picture, twice those of a film in 8K; a few bytes may state any size

# Formats that state their length, so that a truncated file can be told from a short one.
_STATES_LENGTH = {"mov", "mp4", "avi", "flv", "matroska", "webm"}


def decode(
    path: Path, kind: Literal["audio", "video"], start: float
) -> Iterator[tuple[float, float, Any]]:
    """Yield (time, duration, frame) in the order of showing; the first lies at or before `start`.

    It lies later only where the stream itself begins later. A packet that cannot be decoded is
    left out, as players do, unless that leaves a hole of more than `TOLERANCE` seconds.

    Raises:
        MediaError: The file holds no such stream, is damaged there, or is truncated.
    """
    for back in _STEPS_BACK if start > 0 else ():
        target = start - _PREROLL[kind] - back
        if target <= 0:
            break
        with container(path) as opened:
            frames = _Reader(path, opened, kind, start, target).read()
            first = next(frames, None)
            if first is not None and first[0] <= start:
                yield first
                yield from frames
                return
    with container(path) as opened:
        yield from _Reader(path, opened, kind, start).read()


class _Reader:
    """One pass over a file."""

    def __init__(
        self, path: Path, opened: Any, kind: str, start: float, seek: float | None = None
    ) -> None:
        self.path = path
        self.container = opened
        self.start = start
        self.sought = seek is not None
        self.stream = pick(path, opened, kind)
        self.origin = (opened.start_time or 0) / av.time_base
        self.clock: float | None = None if self.sought else 0.0  # where the next frame is expected
        self.reached = 0.0  # the end of the last packet of any stream
        self.damage: str | None = None
        if seek is not None:
            self._seek(seek)

    def _seek(self, target: float) -> None:
        try:
            offset = int((target + self.origin) / self.stream.time_base)
            self.container.seek(offset, stream=self.stream)
        except (av.FFmpegError, TypeError, ZeroDivisionError):
            # A format without index or time base: nothing is yielded, decode() begins anew.
            self.stream = None

    def read(self) -> Iterator[tuple[float, float, Any]]:
        if self.stream is None:
            return
        for packet in self._packets():
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                self.damage = says(error)
                continue
            for frame in frames:
                self._refuse_large(frame)
                timed = self._time(frame)
                if timed is None:
                    return
                yield (*timed, frame)
        self._refuse_truncated()

    def _refuse_large(self, frame: Any) -> None:
        if self.stream.type == "video" and frame.width * frame.height > _PIXELS:
            raise MediaError(
                self.path, f"holds pictures of {frame.width}x{frame.height}; scale them down first"
            )

    def _packets(self) -> Iterator[Any]:
        media = [s for s in self.container.streams if s.type in ("audio", "video")]
        try:
            for packet in self.container.demux(media):
                if packet.dts is not None and packet.time_base:
                    end = (packet.dts + (packet.duration or 0)) * packet.time_base
                    self.reached = max(self.reached, float(end) - self.origin)
                if packet.stream.index == self.stream.index:
                    yield packet
        # IndexError: PyAV has no place for a stream that begins in the middle of a file.
        except (av.FFmpegError, IndexError) as error:
            raise MediaError(
                self.path, f"breaks off at {self.reached:.2f} s ({says(error)}); copy it again"
            ) from None

    def _time(self, frame: Any) -> tuple[float, float] | None:
        """Time and duration of a frame, seconds; None where a seek landed nowhere known."""
        length = self._length(frame)
        if frame.pts is None or not frame.time_base:
            if self.clock is None:
                return None
            time = self.clock
        else:
            time = float(frame.pts * frame.time_base) - self.origin
            self._refuse_hole(time)
        self.damage = None
        self.clock = time + length
        return time, length

    def _length(self, frame: Any) -> float:
        if self.stream.type == "audio":
            return float(frame.samples / frame.sample_rate)
        if frame.duration and frame.time_base:
            return float(frame.duration * frame.time_base)
        rate = self.stream.guessed_rate
        return 1 / float(rate) if rate else 1 / _RATE

    def _refuse_hole(self, time: float) -> None:
        expected = max(self.clock or 0.0, self.start)
        if self.damage is not None and time - expected > TOLERANCE:
            raise MediaError(
                self.path,
                f"is damaged from {expected:.2f} to {time:.2f} s ({self.damage}); copy it again",
            )

    def _refuse_truncated(self) -> None:
        stated = (self.container.duration or 0) / av.time_base
        # Some formats state the length from zero, others from the first time stamp.
        reached = self.origin + max(self.reached, self.clock or 0.0)
        states = not _STATES_LENGTH.isdisjoint(self.container.format.name.split(","))
        if states and reached < stated - TOLERANCE:
            raise MediaError(
                self.path,
                f"is truncated: {reached:.2f} of {stated:.2f} s are there; copy it again",
            )


def pick(path: Path, opened: Any, kind: str) -> Any:
    """The stream that a player would take.

    Raises:
        MediaError: There is none.
    """
    streams = [s for s in opened.streams if s.type == kind and s.codec_context is not None]
    if not streams:
        held = sorted({s.type for s in opened.streams}) or ["nothing"]
        word = {"audio": "sound", "video": "picture"}[kind]
        raise MediaError(path, f"holds no {word}, only {', '.join(held)}")
    return opened.streams.best(kind) or streams[0]
