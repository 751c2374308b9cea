"""Backdrops for scenes: simple, deterministic, the same in training and in serving.

A backdrop is plain data, :class:`Backdrop`: a vertical sky gradient and a list of shapes painted in
order. ``describe(kind, seed)`` builds it, ``paint`` turns it into pixels. The Go composer ports both.

Numbers
    ``Dice(seed)`` is a counter hash. Draw k (k = 0, 1, 2, ...) is splitmix64 of
    ``seed + (k + 1) * 0x9E3779B97F4A7C15`` (mod 2^64), its top 53 bits divided by 2^53:
    z = (z ^ z>>30) * 0xBF58476D1CE4E5B9; z = (z ^ z>>27) * 0x94D049BB133111EB; z ^= z>>31.
    ``between(a, b) = a + (b - a) * draw``; ``pick(n) = floor(draw * n)``. Draws happen in source order.

Coordinates
    Pixel centre (i + 0.5). x in [0, 1] over the width, y in [0, 1] over the height, y down. Lengths
    marked "short" are fractions of the shorter side. Colours are RGB in [0, 1].

Shapes (coverage = clip(distance in pixels + 0.5, 0, 1), distance positive inside, mixed over)
    disc   cx cy r(short) rgb alpha                 distance = r - hypot(dx, dy), in pixels
    ridge  base amp freq phase top bottom           inside where y > base + amp*sin(2 pi (freq*x + phase)),
           distance = (y - line) * height; colour from top (at the line) to bottom (at y = 1) with
           m = clip((y - line) / max(1 - base, 0.05), 0, 1)
    box    x0 y0 x1 y1 rgb                          distance = least of the four side distances in pixels
    peak   cx top foot half rgb                     triangle, apex (cx, top), base at y = foot of half
           width ``half`` (of the width): d = (half * (y - top) / (foot - top) - |x - cx|) * width,
           distance = min(d, (foot - y) * height)

Soft and flat
    ``paint(..., soft=True)`` uses gradients as given. ``soft=False`` gives poster bands: the sky's
    mixing number m (= y) becomes (floor(4 m) + 0.5) / 4, a ridge's m becomes 0.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

Colour = tuple[float, float, float]
MASK = (1 << 64) - 1


class Dice:
    """The counter hash of the module's page."""

    def __init__(self, seed: int) -> None:
        self.state = seed & MASK

    def draw(self) -> float:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        return (z >> 11) / 2.0**53

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.draw()

    def pick(self, n: int) -> int:
        return int(self.draw() * n)


@dataclass(frozen=True)
class Disc:
    cx: float
    cy: float
    r: float
    rgb: Colour
    alpha: float = 1.0


@dataclass(frozen=True)
class Ridge:
    base: float
    amp: float
    freq: float
    phase: float
    top: Colour
    bottom: Colour


@dataclass(frozen=True)
class Box:
    x0: float
    y0: float
    x1: float
    y1: float
    rgb: Colour


@dataclass(frozen=True)
class Peak:
    cx: float
    top: float
    foot: float
    half: float
    rgb: Colour


Shape = Disc | Ridge | Box | Peak


@dataclass
class Backdrop:
    """``ground`` is the y where things stand (the feet of an object), or 0 where nothing stands."""

    top: Colour
    bottom: Colour
    ground: float = 0.0
    shapes: list[Shape] = field(default_factory=list)


def rgb(code: int) -> Colour:
    return ((code >> 16 & 255) / 255, (code >> 8 & 255) / 255, (code & 255) / 255)


# Solid and gradient pairs: pale, clear, deep.
PALETTE = [
    rgb(c)
    for c in (
        0xF6F1E7, 0xFFE3D3, 0xFFD6E0, 0xE7DBF7, 0xD5E5FA, 0xCFF0EC, 0xDDF3D0, 0xFFF3BF, 0xFFFFFF, 0xE9ECEF,
        0xFF8A65, 0xF0629A, 0x9C7BE0, 0x5B8DEF, 0x38B6C8, 0x4DBD74, 0xF7C948, 0xE85D4A, 0xA0714F, 0x9AA5B1,
        0x2B2D42, 0x1B3A5C, 0x14453D, 0x4A1942, 0x5C1A1B, 0x3D2B1F, 0x101018, 0x343A40,
    )
]  # fmt: skip

KINDS = (
    "solid", "gradient", "hill", "meadow", "sky", "sunset", "mountains", "forest", "desert", "snow",
    "sea", "beach", "underwater", "night", "space", "city", "room",
)  # fmt: skip


def describe(kind: str, seed: int) -> Backdrop:
    """The backdrop of a kind, varied by seed. An unknown kind raises KeyError."""
    return _BUILDERS[kind](Dice(seed))


def _solid(d: Dice) -> Backdrop:
    c = PALETTE[d.pick(len(PALETTE))]
    return Backdrop(c, c)


def _gradient(d: Dice) -> Backdrop:
    return Backdrop(PALETTE[d.pick(len(PALETTE))], PALETTE[d.pick(len(PALETTE))])


def _sun(d: Dice, colour: Colour, low: float, high: float) -> Disc:
    return Disc(d.between(0.12, 0.88), d.between(low, high), d.between(0.06, 0.12), colour)


def _clouds(d: Dice, count: int, colour: Colour, alpha: float) -> list[Shape]:
    shapes: list[Shape] = []
    for _ in range(count):
        x, y, r = d.between(0.05, 0.95), d.between(0.08, 0.4), d.between(0.04, 0.07)
        shapes += [Disc(x + k * r * 1.1, y - (r * 0.5 if k == 0 else 0), r, colour, alpha) for k in (-1, 0, 1)]
    return shapes


def _stars(d: Dice, count: int, floor: float) -> list[Shape]:
    return [
        Disc(d.draw(), d.draw() * floor, d.between(0.004, 0.012), rgb(0xFFF8DC), d.between(0.5, 1.0))
        for _ in range(count)
    ]


def _hill(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x7CC6F2), rgb(0xD9F1FB), 0.82)
    if d.draw() < 0.5:
        b.shapes.append(_sun(d, rgb(0xFFE27A), 0.1, 0.3))
    b.shapes += _clouds(d, d.pick(3), rgb(0xFFFFFF), 0.9)
    b.shapes.append(Ridge(d.between(0.58, 0.68), 0.05, d.between(0.6, 1.1), d.draw(), rgb(0x8FCB6B), rgb(0x6FB556)))
    b.shapes.append(Ridge(d.between(0.7, 0.76), 0.05, d.between(0.4, 0.8), d.draw(), rgb(0x6CBF4B), rgb(0x3F8F3A)))
    return b


def _meadow(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x9AD8F5), rgb(0xE8F7FB), 0.84)
    b.shapes += _clouds(d, d.pick(3), rgb(0xFFFFFF), 0.9)
    line = d.between(0.6, 0.7)
    b.shapes.append(Ridge(line, 0.015, 1.0, d.draw(), rgb(0x9BD770), rgb(0x57A844)))
    tones = (rgb(0xFFFFFF), rgb(0xFFD54F), rgb(0xF48FB1), rgb(0xCE93D8))
    for _ in range(18):
        b.shapes.append(Disc(d.draw(), d.between(line + 0.06, 0.98), d.between(0.008, 0.016), tones[d.pick(4)]))
    return b


def _sky(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x4FA8EC), rgb(0xCDEBFB))
    if d.draw() < 0.4:
        b.shapes.append(_sun(d, rgb(0xFFE27A), 0.1, 0.3))
    for _ in range(2 + d.pick(3)):
        x, y, r = d.between(0.05, 0.95), d.between(0.1, 0.92), d.between(0.05, 0.09)
        b.shapes += [Disc(x + k * r * 1.1, y - (r * 0.5 if k == 0 else 0), r, rgb(0xFFFFFF), 0.92) for k in (-1, 0, 1)]
    return b


def _sunset(d: Dice) -> Backdrop:
    tops = (rgb(0x5B3F8C), rgb(0x2F4B8F), rgb(0xA8436B))
    b = Backdrop(tops[d.pick(3)], rgb(0xFFB36B), 0.84)
    b.shapes.append(Disc(d.between(0.25, 0.75), d.between(0.5, 0.62), d.between(0.1, 0.16), rgb(0xFFE9A0)))
    b.shapes.append(Ridge(d.between(0.64, 0.7), 0.04, d.between(0.5, 1.2), d.draw(), rgb(0x7A3B5E), rgb(0x5A2B4E)))
    b.shapes.append(Ridge(d.between(0.74, 0.8), 0.03, d.between(0.4, 0.9), d.draw(), rgb(0x4A2545), rgb(0x2A1530)))
    return b


def _mountains(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x8EC5EE), rgb(0xE6F3FA), 0.86)
    for _ in range(3):
        x, top, half = d.between(0.05, 0.95), d.between(0.18, 0.4), d.between(0.25, 0.42)
        foot = 0.78
        b.shapes.append(Peak(x, top, foot, half, rgb(0x7E8FA6)))
        cap = top + 0.25 * (foot - top)
        b.shapes.append(Peak(x, top, cap, half * 0.25, rgb(0xF7FAFC)))
    b.shapes.append(Ridge(d.between(0.7, 0.76), 0.03, d.between(0.5, 1.0), d.draw(), rgb(0x7DBB5E), rgb(0x4C8C46)))
    return b


def _forest(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0xBFE3D0), rgb(0xEAF6E6), 0.86)
    greens = (rgb(0x5E9C6B), rgb(0x4B8A5C), rgb(0x3A774D))
    for row in range(2):
        for k in range(6):
            x = (k + d.between(0.1, 0.9)) / 6
            b.shapes.append(Box(x - 0.012, 0.66, x + 0.012, 0.78, rgb(0x6B4A34)))
            b.shapes.append(
                Peak(x, d.between(0.16, 0.34) + 0.12 * row, 0.7, d.between(0.07, 0.12), greens[row + d.pick(2)])
            )
    b.shapes.append(Ridge(0.74, 0.02, d.between(0.5, 1.2), d.draw(), rgb(0x6FA653), rgb(0x3E7A3B)))
    return b


def _desert(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x79C3E8), rgb(0xFCE9C8), 0.84)
    b.shapes.append(_sun(d, rgb(0xFFE08A), 0.1, 0.3))
    b.shapes.append(Ridge(d.between(0.56, 0.64), 0.05, d.between(0.6, 1.2), d.draw(), rgb(0xEBC07E), rgb(0xD9A65F)))
    b.shapes.append(Ridge(d.between(0.7, 0.78), 0.05, d.between(0.4, 0.8), d.draw(), rgb(0xF2CD8C), rgb(0xD59B54)))
    return b


def _snow(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x9DB9DA), rgb(0xE3EDF7), 0.84)
    b.shapes.append(Ridge(d.between(0.58, 0.66), 0.04, d.between(0.6, 1.1), d.draw(), rgb(0xDCE8F4), rgb(0xC7D9EA)))
    b.shapes.append(Ridge(d.between(0.7, 0.78), 0.04, d.between(0.4, 0.8), d.draw(), rgb(0xFFFFFF), rgb(0xDDE8F3)))
    for _ in range(24):
        b.shapes.append(Disc(d.draw(), d.draw(), d.between(0.006, 0.014), rgb(0xFFFFFF), 0.9))
    return b


def _sea(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x85CDF4), rgb(0xE2F5FC), 0.8)
    if d.draw() < 0.5:
        b.shapes.append(_sun(d, rgb(0xFFE27A), 0.1, 0.3))
    b.shapes += _clouds(d, d.pick(3), rgb(0xFFFFFF), 0.9)
    line = d.between(0.55, 0.66)
    b.shapes.append(Ridge(line, 0.004, 6.0, d.draw(), rgb(0x3FA6DA), rgb(0x1E6FAE)))
    b.shapes.append(Ridge(line + 0.14, 0.012, 4.0, d.draw(), rgb(0x2F92CC), rgb(0x17609C)))
    b.shapes.append(Ridge(line + 0.27, 0.016, 3.0, d.draw(), rgb(0x2380BC), rgb(0x114F86)))
    return b


def _beach(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x7CCBF5), rgb(0xE4F6FC), 0.86)
    b.shapes.append(_sun(d, rgb(0xFFE27A), 0.1, 0.25))
    line = d.between(0.48, 0.56)
    b.shapes.append(Ridge(line, 0.003, 6.0, d.draw(), rgb(0x2FA9C9), rgb(0x5FC9D6)))
    b.shapes.append(Ridge(d.between(0.68, 0.74), 0.02, d.between(0.6, 1.2), d.draw(), rgb(0xF9E5B5), rgb(0xE8C583)))
    return b


def _underwater(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x3FB8DC), rgb(0x0E4C82))
    for _ in range(12):
        b.shapes.append(Disc(d.draw(), d.draw() * 0.85, d.between(0.008, 0.03), rgb(0xBFEAF7), 0.5))
    b.shapes.append(Ridge(d.between(0.86, 0.9), 0.02, d.between(0.6, 1.4), d.draw(), rgb(0xE0C98F), rgb(0xB99A5E)))
    return b


def _night(d: Dice) -> Backdrop:
    b = Backdrop(rgb(0x0E1638), rgb(0x33407A), 0.84)
    b.shapes += _stars(d, 26, 0.65)
    b.shapes.append(_sun(d, rgb(0xFFF4C8), 0.12, 0.3))
    b.shapes.append(Ridge(d.between(0.64, 0.7), 0.04, d.between(0.6, 1.1), d.draw(), rgb(0x26335F), rgb(0x1C274C)))
    b.shapes.append(Ridge(d.between(0.74, 0.8), 0.04, d.between(0.4, 0.8), d.draw(), rgb(0x1D2A4E), rgb(0x10182F)))
    return b


def _space(d: Dice) -> Backdrop:
    tops = (rgb(0x0B0B23), rgb(0x140B2E), rgb(0x07162B))
    bottoms = (rgb(0x2A1B55), rgb(0x10324F), rgb(0x3A1B4B))
    b = Backdrop(tops[d.pick(3)], bottoms[d.pick(3)])
    b.shapes += _stars(d, 40, 1.0)
    if d.draw() < 0.6:
        tones = (rgb(0xE0855C), rgb(0x6CA6E0), rgb(0xC58BDB), rgb(0xE8C46A))
        b.shapes.append(Disc(d.between(0.1, 0.9), d.between(0.1, 0.9), d.between(0.06, 0.14), tones[d.pick(4)]))
    return b


def _city(d: Dice) -> Backdrop:
    dark = d.draw() < 0.4
    b = Backdrop(rgb(0x1B2348), rgb(0x5B4B8A), 0.9) if dark else Backdrop(rgb(0x9CD3F2), rgb(0xF3E9DC), 0.9)
    tones = (rgb(0x2C3566), rgb(0x3A3F77), rgb(0x232B57)) if dark else (rgb(0x8FA3BF), rgb(0xB7A6A0), rgb(0x7F95A8))
    pane = rgb(0xFFE08A) if dark else rgb(0xE6F2F8)
    for k in range(7):
        x0, w, top = k / 7 - 0.01, d.between(0.11, 0.17), d.between(0.24, 0.55)
        b.shapes.append(Box(x0, top, x0 + w, 0.84, tones[d.pick(3)]))
        for row in range(3):
            for column in range(2):
                if d.draw() < 0.7:
                    x, y = x0 + w * (0.2 + 0.4 * column), top + 0.04 + 0.09 * row
                    b.shapes.append(Box(x, y, x + w * 0.2, y + 0.04, pane))
    b.shapes.append(Box(-0.1, 0.83, 1.1, 1.1, rgb(0x3A4056) if dark else rgb(0x8C9199)))
    return b


def _room(d: Dice) -> Backdrop:
    walls = (rgb(0xF3DFC9), rgb(0xD8E4E8), rgb(0xF2D4D4), rgb(0xDDE6CF))
    floors = (rgb(0xB98A5E), rgb(0x9C7350), rgb(0xC7A27A))
    wall = walls[d.pick(4)]
    b = Backdrop(wall, wall, 0.88)
    x, y = d.between(0.1, 0.6), d.between(0.12, 0.2)
    b.shapes.append(Box(x - 0.02, y - 0.02, x + 0.32, y + 0.32, rgb(0xFFFFFF)))
    b.shapes.append(Box(x, y, x + 0.3, y + 0.3, rgb(0xA9DBF5)))
    b.shapes.append(Box(x + 0.14, y, x + 0.16, y + 0.3, rgb(0xFFFFFF)))
    b.shapes.append(Box(-0.1, 0.7, 1.1, 0.72, rgb(0xFFFFFF)))
    b.shapes.append(Box(-0.1, 0.72, 1.1, 1.1, floors[d.pick(3)]))
    return b


_BUILDERS = {
    "solid": _solid, "gradient": _gradient, "hill": _hill, "meadow": _meadow, "sky": _sky, "sunset": _sunset,
    "mountains": _mountains, "forest": _forest, "desert": _desert, "snow": _snow, "sea": _sea, "beach": _beach,
    "underwater": _underwater, "night": _night, "space": _space, "city": _city, "room": _room,
}  # fmt: skip


def paint(backdrop: Backdrop, height: int, width: int, soft: bool = True) -> np.ndarray:
    """float32 [height, width, 3] in [0, 1]."""
    x = ((np.arange(width) + 0.5) / width)[None, :]
    y = ((np.arange(height) + 0.5) / height)[:, None]
    m = y if soft else (np.floor(4 * y) + 0.5) / 4
    top, bottom = np.array(backdrop.top), np.array(backdrop.bottom)
    picture = np.broadcast_to((top + (bottom - top) * m[..., None]), (height, width, 3)).copy()
    for shape in backdrop.shapes:
        colour, distance, alpha = _shape(shape, x, y, height, width, soft)
        cover = (np.clip(distance + 0.5, 0, 1) * alpha)[..., None]
        picture += (colour - picture) * cover
    return picture.astype(np.float32)


def _shape(
    s: Shape, x: np.ndarray, y: np.ndarray, height: int, width: int, soft: bool
) -> tuple[np.ndarray, np.ndarray, float]:
    """Colour [.., 3], distance in pixels [height, width] (positive inside), alpha."""
    match s:
        case Disc():
            r = s.r * min(height, width)
            return np.array(s.rgb), r - np.hypot((x - s.cx) * width, (y - s.cy) * height), s.alpha
        case Ridge():
            line = s.base + s.amp * np.sin(2 * math.pi * (s.freq * x + s.phase))
            m = np.clip((y - line) / max(1 - s.base, 0.05), 0, 1) if soft else np.full(np.broadcast(x, y).shape, 0.3)
            top, bottom = np.array(s.top), np.array(s.bottom)
            return top + (bottom - top) * m[..., None], (y - line) * height, 1.0
        case Box():
            across = np.minimum((x - s.x0) * width, (s.x1 - x) * width)
            return np.array(s.rgb), np.minimum(across, np.minimum((y - s.y0) * height, (s.y1 - y) * height)), 1.0
        case Peak():
            d = (s.half * (y - s.top) / (s.foot - s.top) - np.abs(x - s.cx)) * width
            return np.array(s.rgb), np.minimum(d, (s.foot - y) * height), 1.0
