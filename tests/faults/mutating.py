"""Structures and texts with anything in place of anything, by a seed."""

import copy
import math
import random
from collections.abc import Iterator
from typing import Any

SCALARS: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, -(2**70), 0.5, 1e308, math.inf, math.nan),
    *("", " ", "none", "ua", "wavlm", "mem", "concat", "os:system", "./x.py:X", ":", "{id}"),
    *("a" * 300, "../..", "/etc/passwd", "\x00", "\u202e", "é", "1e3", "yes", "@x", "~", "[", "{"),
)
KEYS = (
    "use",
    "train",
    "weight",
    "dims",
    "self",
    "kwargs",
    "set",
    "swap",
    "without",
    "",
    "a.b",
    "é",
)


def junk(chance: random.Random, depth: int = 0) -> Any:
    """Anything."""
    kind = chance.random()
    if kind < 0.7 or depth > 2:
        return chance.choice(SCALARS)
    if kind < 0.85:
        return [junk(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(KEYS): junk(chance, depth + 1) for _ in range(chance.randrange(4))}


def mutant(whole: Any, chance: random.Random) -> Any:
    """A copy with one to four changes."""
    found = copy.deepcopy(whole)
    for _ in range(chance.randint(1, 4)):
        places = list(_places(found))
        if not places:
            return junk(chance)
        inside, key = chance.choice(places)
        change = chance.choice(("replace", "add", "delete", "copy", "rename"))
        if change == "delete":
            del inside[key]
        elif change == "copy":
            other, place = chance.choice(places)
            inside[key] = copy.deepcopy(other[place])
        elif change in ("add", "rename") and isinstance(inside, dict):
            value = inside.pop(key) if change == "rename" else junk(chance)
            inside[chance.choice((*KEYS, f"{key}x"))] = value
        else:
            inside[key] = junk(chance)
    return found


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def spoiled(text: bytes, chance: random.Random) -> bytes:
    """A text cut, with bytes exchanged, pieces moved, or lines there twice."""
    raw = bytearray(text)
    match chance.randrange(5):
        case 0:
            return bytes(raw[: chance.randrange(len(raw))])
        case 1:
            for _ in range(chance.choice((1, 5, 50))):
                raw[chance.randrange(len(raw))] = chance.randrange(256)
            return bytes(raw)
        case 2:
            at, size = chance.randrange(len(raw)), chance.randrange(40)
            return bytes(raw[:at] + raw[at + size :])
        case 3:
            at = chance.randrange(len(raw))
            sign = chance.choice(
                (b"\t", b"\n", b":", b"{", b"]", b'"', b",", b"&a ", b"*a", b"!!x ", b"\0")
            )
            return bytes(raw[:at] + sign + raw[at:])
        case _:
            lines = bytes(raw).split(b"\n")
            chance.shuffle(lines)
            return b"\n".join(lines + lines[: chance.randrange(3)])
