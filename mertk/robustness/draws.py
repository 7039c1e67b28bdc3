"""Draws that follow from a clip's id alone, whatever is drawn before, beside or after."""

import hashlib


def seed_of(*what: str) -> int:
    """A 63-bit seed, for example `seed_of("noise", clip.id)`."""
    text = "\x1f".join(what)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def share_of(*what: str) -> float:
    """A number drawn evenly from 0 to below 1."""
    return (seed_of(*what) >> 10) / (1 << 53)
