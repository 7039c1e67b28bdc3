"""The only place that opens sound and video.

What a file holds is told from its content, never from its name. Times are seconds from the
beginning of the file as a player shows it; a clip is exactly [start, end), found by decoding from
the key frame before it. Only what the clip needs is decoded, and memory does not grow with the
length of the file. A clip that reaches further than its file by at most `TOLERANCE` seconds is
taken as it is, because containers round; any further is a `MediaError`.

`sound` and `pictures` give what is in a clip, altered as it asks (`ALTERATIONS`); `listen` and
`watch` only tell about it, for all clips of a file in one pass, as it is on disk.
"""

from mertk.media._alter import ALTERATIONS, ALTERED
from mertk.media._files import TOLERANCE, digest
from mertk.media._listen import Heard, listen
from mertk.media._pictures import pictures
from mertk.media._probe import duration
from mertk.media._sound import sound
from mertk.media._watch import Seen, watch

__all__ = [
    "ALTERATIONS",
    "ALTERED",
    "TOLERANCE",
    "Heard",
    "Seen",
    "digest",
    "duration",
    "listen",
    "pictures",
    "sound",
    "watch",
]
