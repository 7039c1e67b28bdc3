"""What a stored sequence depends on, as keys: the encoder's identity and what a clip lets it read.

Neither holds a path or a time: a corpus that moves, or is copied, keeps its keys.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

from mertk.contracts import Clip, MediaRef
from mertk.digests import Digests
from mertk.errors import MediaError
from mertk.media import ALTERED

FEATURES: Final = "features"
"""The modality of what is looked up by clip id instead of being read from the clip's own media."""

TEXT: Final = "text"
"""The modality that is read from `Clip.text`."""

MISSING: Final = b""
"""The key of a clip that lacks the modality: nothing is stored, its sequence has no step."""

Key = bytes | MediaError


def identity_key(identity: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON of what identifies an encoder."""
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def clip_keys(modality: str, clips: Sequence[Clip], digests: Digests) -> list[Key]:
    """The key of what an encoder of `modality` reads of each clip.

    Content digest, start, end, crop and alterations of the clip's media; the text for `text`; for
    `features` also the clip's id, speaker and groups, by which such encoders look things up. Where
    the media cannot be read, the error stands in place of the key.
    """
    if modality == TEXT:
        return [MISSING if clip.text is None else _key(TEXT, clip.text) for clip in clips]
    refs = [clip.media.get(modality) for clip in clips]
    content = digests.of(ref.path for ref in refs if ref is not None)
    if modality == FEATURES:
        return [_feature_key(ref, content, clip) for ref, clip in zip(refs, clips, strict=True)]
    return [MISSING if ref is None else _media_key(ref, content[str(ref.path)]) for ref in refs]


def _media_key(ref: MediaRef, content: str | MediaError) -> Key:
    if isinstance(content, MediaError):
        return content
    end = None if ref.end is None else float(ref.end)
    crop = None if ref.crop is None else [float(edge) for edge in ref.crop]
    return _key("media", content, f"{float(ref.start)!r} {end!r} {crop!r}", *_altered(ref))


def _altered(ref: MediaRef) -> list[str]:
    if not ref.alter:  # the keys of media as they are hold nothing of this
        return []
    return [f"altered {ALTERED}", *(f"{a.what} {float(a.level)!r} {a.seed}" for a in ref.alter)]


def _feature_key(ref: MediaRef | None, content: Mapping[str, str | MediaError], clip: Clip) -> Key:
    digest = "" if ref is None else content[str(ref.path)]
    if isinstance(digest, MediaError):
        return digest
    return _key(FEATURES, digest, json.dumps([clip.id, clip.speaker, sorted(clip.group.items())]))


def _key(*parts: str) -> bytes:
    return hashlib.blake2b(
        "\x1f".join(parts).encode(errors="surrogatepass"), digest_size=16
    ).digest()
