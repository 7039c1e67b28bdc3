"""Sound of a clip: one channel, at the rate that is asked for."""

from functools import lru_cache
from math import gcd
from typing import Any, Final

import av
import numpy as np
import scipy  # loads `scipy.signal` when it is first used, which takes a while
import soundfile
from numpy.typing import NDArray

from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media._alter_sound import altered
from mertk.media._decode import decode
from mertk.media._files import TOLERANCE, check, last, refuse_short, says
from mertk.media._wav import refuse_truncated

Samples = NDArray[np.float32]

_RATES: Final = range(1000, 200_001)  # hertz; a damaged header may state anything
_LOUDEST: Final = 2.0**31  # full scale of the widest integers, which some files hold as floats
_CROSSINGS: Final = 64  # zero crossings of the resampling filter on each side
_BETA: Final = 9.0  # Kaiser window, stop band about -90 dB
_CUTOFF: Final = 0.955  # of the lower Nyquist rate, so that the stop band begins just there


def sound(ref: MediaRef, rate: int, max_seconds: float | None = None) -> Samples:
    """Sound of a clip as [T] float32, one channel, full scale 1.

    Exactly round((end - start) * rate) samples where the clip names its end. Two channels are
    mixed as their mean, surround sound with FFmpeg's standard weights. What `ref.alter` asks for
    is done to what comes out of that.

    Args:
        ref: The clip's part of a file.
        rate: Samples per second; other rates are resampled (polyphase, windowed sinc).
        max_seconds: Read at most this much from the clip's beginning.

    Raises:
        MediaError: The file, or that part of it, cannot be read.
    """
    if rate <= 0:
        raise ValueError(f"rate: must be positive ({rate})")
    end = last(ref, max_seconds)
    check(ref)
    samples, native = _read(ref, end)
    refuse_odd(ref, samples, native)
    samples = _resample(samples, native, rate)
    if end is not None:
        wanted = max(1, round((end - ref.start) * rate))
        missing = 0 if ref.end is None else max(0, wanted - len(samples))
        samples = np.pad(samples[:wanted], (0, missing))
    return altered(ref, samples, rate)


def refuse_odd(ref: MediaRef, samples: Samples, rate: int) -> None:
    """Refuse what a damaged file may hold.

    Raises:
        MediaError: A rate that no recorder has, or samples that are not numbers of any scale.
    """
    if rate not in _RATES:
        raise MediaError(ref.path, f"states an unlikely rate of {rate} Hz; convert it first")
    if not np.isfinite(samples).all():
        raise MediaError(ref.path, "holds samples that are not numbers (NaN or infinite)")
    if len(samples) and (loudest := float(np.abs(samples).max())) > _LOUDEST:
        raise MediaError(ref.path, f"holds samples beyond any scale ({loudest:g}); copy it again")


def soundfile_for(ref: MediaRef) -> soundfile.SoundFile | None:
    """The file opened by libsndfile where that seeks by sample: wav, flac and ogg."""
    with ref.path.open("rb") as file:
        magic = file.read(12)
    if magic[:4] not in (b"RIFF", b"RF64", b"fLaC", b"OggS"):
        return None
    try:
        opened = soundfile.SoundFile(ref.path)
    except soundfile.LibsndfileError:
        return None  # an avi, or a codec that FFmpeg may know
    if opened.channels > 2 or not opened.frames:
        opened.close()
        return None
    return opened


def _read(ref: MediaRef, end: float | None) -> tuple[Samples, int]:
    """Samples of [start, end) at the file's own rate, and that rate."""
    if ref.end is None:
        refuse_truncated(ref, end)
    opened = soundfile_for(ref)
    if opened is None:
        return _with_ffmpeg(ref, end)
    with opened:
        rate = int(opened.samplerate)
        refuse_short(ref, end, opened.frames / rate)
        first = round(ref.start * rate)
        count = -1 if end is None else max(1, round(end * rate) - first)
        try:
            opened.seek(min(first, opened.frames - 1))
            samples = opened.read(count, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise MediaError(
                ref.path, f"is damaged or truncated ({error.error_string}); copy it again"
            ) from None
    return mono(samples), rate


def mono(samples: Samples) -> Samples:
    """[T, channels] -> [T], their mean; what is beyond any number is told by `refuse_odd`."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean: Samples = samples.mean(axis=1, dtype=np.float32)
    return mean


def _with_ffmpeg(ref: MediaRef, end: float | None) -> tuple[Samples, int]:
    mixer = Mixer(ref)
    track: _Track | None = None
    for time, _, frame in decode(ref.path, "audio", ref.start):
        if end is not None and time >= end:
            break
        if track is None:
            track = _Track(ref.start, int(frame.sample_rate))
        track.add(time, mixer(frame))
    if track is None:
        raise MediaError(ref.path, "no sound could be decoded from the clip's part of it")
    refuse_short(ref, end, track.ends)
    count = None if end is None else max(1, round((end - ref.start) * track.rate))
    return np.concatenate(track.pieces)[:count], track.rate


class _Track:
    """Sound put where its time stamps say, from a given time on."""

    def __init__(self, start: float, rate: int) -> None:
        self.start = start
        self.rate = rate
        self.pieces: list[Samples] = []
        self.length = 0  # samples after `start` so far
        self.ends = 0.0  # seconds

    def add(self, time: float, samples: Samples) -> None:
        place = round((time - self.start) * self.rate)
        self.ends = time + len(samples) / self.rate
        # Time stamps jitter (flv counts milliseconds); only a real gap or overlap moves the sound.
        if self.length and abs(place - self.length) <= TOLERANCE * self.rate:
            place = self.length
        samples = samples[max(0, self.length - place) :]
        gap = max(0, place - self.length)
        if gap and len(samples):
            self.pieces.append(np.zeros(gap, np.float32))
        if len(samples):
            self.pieces.append(samples)
            self.length += gap + len(samples)


class Mixer:
    """Frames of any layout and sample format -> one channel of float32.

    Several channels go through 32-bit integers, for which FFmpeg scales the weights so that they
    add up to one; for floats it does not, and a loud film would exceed full scale.
    """

    def __init__(self, ref: MediaRef) -> None:
        self.ref = ref
        self.rate: int | None = None
        self.resamplers: dict[tuple[str, str], Any] = {}

    def __call__(self, frame: Any) -> Samples:
        if self.rate not in (None, frame.sample_rate):
            raise MediaError(
                self.ref.path,
                f"changes its rate from {self.rate} to {frame.sample_rate} Hz; convert it first",
            )
        self.rate = frame.sample_rate
        key = (frame.format.name, frame.layout.name)
        if key not in self.resamplers:
            to = "fltp" if frame.layout.nb_channels == 1 else "s32p"
            self.resamplers[key] = av.AudioResampler(to, "mono", frame.sample_rate)
        frame.pts = None
        try:
            mixed = self.resamplers[key].resample(frame)
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(
                self.ref.path, f"its channels {frame.layout.name!r} cannot be mixed ({says(error)})"
            ) from None
        pieces = [m.to_ndarray()[0] for m in mixed]
        whole = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        full_scale = 1.0 if whole.dtype == np.float32 else 2.0**31
        return (whole / full_scale).astype(np.float32)


def _resample(samples: Samples, native: int, rate: int) -> Samples:
    if native == rate:
        return np.ascontiguousarray(samples)
    common = gcd(native, rate)
    up, down = rate // common, native // common
    window: Any = _lowpass(max(up, down))  # the stubs do not know that it may be the filter itself
    resampled: Samples = scipy.signal.resample_poly(samples, up, down, window=window)
    return resampled.astype(np.float32, copy=False)


@lru_cache(maxsize=4)
def _lowpass(factor: int) -> Samples:
    taps = 2 * _CROSSINGS * factor + 1
    return scipy.signal.firwin(taps, _CUTOFF / factor, window=("kaiser", _BETA)).astype(np.float32)
