"""A drawn face: mouth, brows, colour and movement say how somebody feels."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

SIDE: Final = 120  # pixels: the square that holds one actor
_WIDTH, _HEIGHT = 58, 78
_U = np.broadcast_to(np.linspace(-1, 1, _WIDTH, dtype=np.float32), (_HEIGHT, _WIDTH))
_V = np.broadcast_to(np.linspace(-1, 1, _HEIGHT, dtype=np.float32)[:, None], (_HEIGHT, _WIDTH))
_HEAD = _U**2 + _V**2 <= 1
_HAIR = _HEAD & (_V < -0.55 + 0.25 * _U**2)
_MOUTH = (slice(47, 71), slice(12, 46))
_EYES = (slice(18, 42), slice(8, 50))
_INK = np.array([45, 30, 30])


@dataclass(frozen=True)
class Look:
    """What a face does at one moment.

    Args:
        smile: -1 to 1: corners of the mouth down or up, cheeks pale or warm.
        open: 0 to 1: the mouth.
        brow: -1 to 1: drawn together and low, or raised.
        blink: Eyes closed.
        right: Pixels the head has moved to the right.
        down: Pixels it has moved down.
    """

    smile: float = 0.0
    open: float = 0.0
    brow: float = 0.0
    blink: bool = False
    right: int = 0
    down: int = 0


class Face:
    """One actor's head before a wall.

    Args:
        rng: Draws skin, hair, wall and place.
        markers: Wear motion-capture markers.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.skin = np.array([205.0, 160.0, 130.0]) * rng.uniform(0.8, 1.08)
        self.hair = np.array([70.0, 50.0, 35.0]) * rng.uniform(0.4, 1.8)
        self.wall = np.array([90.0, 100.0, 110.0]) * rng.uniform(0.8, 1.2)
        self.place = rng.integers(-2, 3, size=2)
        shade = 1 - 0.18 * _U**2
        plain = np.where(_HAIR[..., None], self.hair, self.skin) * shade[..., None]
        self._shaded = plain.astype(np.float32)
        self._canvas = np.broadcast_to(self.wall.astype(np.uint8), (SIDE, SIDE, 3))

    def draw(self, look: Look, markers: bool) -> Picture:
        """The actor at one moment, [120, 120, 3] RGB."""
        warm = 1 + look.smile * np.array([0.1, 0.05, -0.03], np.float32)
        head = self._shaded * warm
        self._draw_eyes(head[_EYES], look)
        _draw_mouth(head[_MOUTH], look)
        if markers:
            head[13:66:10, 8:52:10] = 235
        picture = self._canvas.copy()
        top = (SIDE - _HEIGHT) // 2 + int(np.clip(self.place[0] + look.down, -20, 20))
        left = (SIDE - _WIDTH) // 2 + int(np.clip(self.place[1] + look.right, -30, 30))
        there = picture[top : top + _HEIGHT, left : left + _WIDTH]
        np.copyto(there, np.minimum(head, 255).astype(np.uint8), where=_HEAD[..., None])
        return picture

    def _draw_eyes(self, area: NDArray[np.float32], look: Look) -> None:
        u, v = np.abs(_U[_EYES]), _V[_EYES]
        brow = np.abs(v + 0.38 + 0.08 * look.brow - 0.25 * look.brow * (u - 0.4)) < 0.05
        area[brow & (u > 0.15) & (u < 0.65)] = self.hair * 0.7
        high = 0.015 if look.blink else 0.09
        eye = ((u - 0.4) / 0.17) ** 2 + ((v + 0.15) / high) ** 2 < 1
        area[eye] = _INK if look.blink else 240
        if not look.blink:
            area[((u - 0.4) / 0.07) ** 2 + ((v + 0.15) / 0.08) ** 2 < 1] = _INK


def _draw_mouth(area: NDArray[np.float32], look: Look) -> None:
    u, v = _U[_MOUTH] / 0.55, _V[_MOUTH]
    line = 0.5 - 0.18 * look.smile * (u**2 - 0.4)
    high = (0.05 + 0.14 * look.open) * np.clip(1 - u**2, 0, 1)
    inside = np.abs(v - line) < high
    teeth = np.clip(0.25 + 0.6 * look.smile, 0, 1)
    area[inside] = (1 - teeth) * np.array([110, 30, 40]) + teeth * np.array([235, 225, 215])
