"""What can be heard in parts of a file: how long, how loud, and whether it is the same sound."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import soundfile
import xxhash

from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media._decode import decode
from mertk.media._files import refuse_short
from mertk.media._parts import Parts, in_one_pass
from mertk.media._sound import Mixer, Samples, mono, refuse_odd, soundfile_for
from mertk.media._wav import refuse_truncated

FRAMES_PER_SECOND: Final = 40
LOUDEST: Final = 4
_BLOCK: Final = 1 << 16  # samples


@dataclass(frozen=True)
class Heard:
    """What can be heard in a part of a file.

    Args:
        seconds: From its start to where the sound ends.
        level: How loud its loudest tenth of a second is, in decibels below full scale: the mean
            square of the fourth loudest frame of 25 ms, each without its mean, so that neither a
            click nor a constant voltage is a sound. A sine at full scale has -3, digital silence
            minus infinity.
        digest: Of the samples as 16-bit numbers, one channel at the file's own rate: the same
            recording in wav and flac has the same, in a lossy format another.
    """

    seconds: float
    level: float
    digest: str


def listen(refs: Sequence[MediaRef]) -> list[Heard | MediaError]:
    """What can be heard in parts of one file, or why they cannot be read, as `sound` would say.

    The file is decoded once, from the first part on, and never held as a whole.

    Args:
        refs: Parts of one file.
    """
    return in_one_pass(refs, _listen)


def _listen(refs: Sequence[MediaRef]) -> Iterator[tuple[MediaRef, Heard | MediaError]]:
    parts = Parts(refs, _Ear)
    if any(ref.end is None for ref in refs):
        refuse_truncated(refs[0], None)
    ends: float | None = None
    for time, samples, rate in _blocks(refs[0], parts.start, parts.end):
        ends = time + len(samples) / rate
        for ref, ear in parts.until(ends):
            first = max(0, round((ref.start - time) * rate))
            last = None if ref.end is None else max(0, round((ref.end - time) * rate))
            ear.take(samples[first:last], rate)
        yield from ((ref, ear.heard(ends)) for ref, ear in parts.close(ends))
        if parts.over:
            return
    if ends is None:
        raise MediaError(refs[0].path, "no sound could be decoded from the clip's part of it")
    yield from ((ref, ear.heard(ends)) for ref, ear in parts.close())


def _blocks(ref: MediaRef, start: float, end: float | None) -> Iterator[tuple[float, Samples, int]]:
    """(time, samples, rate) of a file, one channel, piece by piece, from a time on to another."""
    opened = soundfile_for(ref)
    if opened is None:
        mixer = Mixer(ref)
        for time, _, frame in decode(ref.path, "audio", start):
            yield time, mixer(frame), int(frame.sample_rate)
        return
    with opened:
        rate = int(opened.samplerate)
        place = min(round(start * rate), opened.frames - 1)
        last = opened.frames if end is None else min(round(end * rate) + 1, opened.frames)
        try:
            opened.seek(place)
            while place < last:
                block = opened.read(min(_BLOCK, last - place), dtype="float32", always_2d=True)
                if not len(block):
                    raise MediaError(ref.path, f"ends after {place / rate:.2f} s; copy it again")
                yield place / rate, mono(block), rate
                place += len(block)
        except soundfile.LibsndfileError as error:
            raise MediaError(
                ref.path, f"is damaged or truncated ({error.error_string}); copy it again"
            ) from None


class _Ear:
    """Takes in the sound of one part."""

    def __init__(self, ref: MediaRef) -> None:
        self.ref = ref
        self.digest = xxhash.xxh3_128()
        self.rest = np.zeros(0, np.float32)
        self.loudest = np.zeros(0, np.float32)  # mean squares
        self.fault: MediaError | None = None

    def take(self, samples: Samples, rate: int) -> None:
        if self.fault is not None or not len(samples):
            return
        try:
            refuse_odd(self.ref, samples, rate)
        except MediaError as error:
            self.fault = error
            return
        steps = np.rint(samples * 32768).clip(-32768, 32767).astype("<i2")
        self.digest.update(steps.tobytes())
        size = rate // FRAMES_PER_SECOND
        whole = np.concatenate([self.rest, samples])
        frames = whole[: len(whole) // size * size].reshape(-1, size)
        self.rest = whole[frames.size :]
        self._hear(frames)

    def _hear(self, frames: Samples) -> None:
        levels = np.concatenate([self.loudest, frames.var(axis=1)])
        self.loudest = np.sort(levels)[-LOUDEST:]

    def heard(self, there: float) -> Heard | MediaError:
        """What it came to, where the file's sound ends at `there` seconds."""
        if self.fault is not None:
            return self.fault
        try:
            refuse_short(self.ref, self.ref.end, there)
        except MediaError as error:
            return error
        if not len(self.loudest) and len(self.rest):  # shorter than a frame
            self._hear(self.rest[None])
        power = float(self.loudest[0]) if len(self.loudest) else 0.0
        ends = there if self.ref.end is None else min(there, self.ref.end)
        return Heard(
            seconds=ends - self.ref.start,
            level=10 * math.log10(power) if power else -math.inf,
            digest=self.digest.hexdigest(),
        )
