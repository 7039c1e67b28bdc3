"""How long a clip is."""

import av

from mertk.contracts import MediaRef
from mertk.errors import MediaError
from mertk.media._files import check, container, refuse_short, says
from mertk.media._sound import soundfile_for
from mertk.media._wav import refuse_truncated


def duration(ref: MediaRef) -> float:
    """Length of a clip in seconds; the file's own statement where the clip names no end.

    Raises:
        MediaError: The file cannot be read, or ends before the clip begins.
    """
    check(ref)
    if ref.end is not None:
        return ref.end - ref.start
    refuse_truncated(ref, None)
    opened = soundfile_for(ref)
    if opened is not None:
        with opened:
            ends = opened.frames / opened.samplerate
    else:
        ends = _container_seconds(ref)
    refuse_short(ref, None, ends)
    return float(ends - ref.start)


def _container_seconds(ref: MediaRef) -> float:
    with container(ref.path) as opened:
        if opened.duration:
            return float(opened.duration / av.time_base)
        origin = (opened.start_time or 0) / av.time_base
        ends: dict[int, float] = {}  # of each stream so far, seconds
        try:
            for packet in opened.demux():
                index, unit = packet.stream.index, packet.time_base or 0
                begins = ends.get(index, 0.0) if packet.dts is None else float(packet.dts * unit)
                ends[index] = begins + float((packet.duration or 0) * unit)
        except (av.FFmpegError, IndexError) as error:
            raise MediaError(ref.path, f"cannot be read to its end ({says(error)})") from None
    return max(ends.values(), default=0.0) - float(origin)
