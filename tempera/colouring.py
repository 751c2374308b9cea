"""Colours for glyphs: what the game set draws in black gets a body, a second colour and dark lines.

The rule of the Go package internal/engine/tempera/compose (colouring.go), held to this one by tempera/vectors. A glyph
is a shape in one colour whose details are gaps. Narrow gaps become dark lines, small holes are filled pale, the
largest part and those nearly as large get the body's colour and small parts the second one. Which colours a glyph gets
is in the library's index; the seed chooses among them.
"""

from __future__ import annotations

from collections import deque

import numpy as np

BLACK = {"ink", "game-icon", "silhouette"}  # asked styles in which a glyph stays black
GAP = 0.024  # of the side: gaps up to twice as wide are lines
TINY_HOLE, SMALL_HOLE = 0.003, 0.1  # of the picture: a hole is a dot of ink up to the first, pale up to the second
LARGE_PART = 0.35  # of the largest part: one from this on has the body's colour
INK = np.array((0.10, 0.09, 0.16))
INKED = 0.72  # how far the lines are from the body's colour to ink
LIGHT, SHADE = 0.16, 0.2  # at the top and at the foot of a shaded glyph

Colour = tuple[float, float, float]


def disc(reach: int) -> list[tuple[int, int]]:
    return [
        (dy, dx)
        for dy in range(-reach, reach + 1)
        for dx in range(-reach, reach + 1)
        if dy * dy + dx * dx <= reach * reach
    ]


def closed(alpha: np.ndarray, reach: int) -> np.ndarray:
    """The alpha [n, n] with gaps up to twice the reach filled: the largest within reach, then the least of those."""
    wide = np.pad(alpha, 2 * reach)  # beyond the edge there is nothing to close against
    for how in (np.maximum, np.minimum):
        out = wide.copy()
        for dy, dx in disc(reach):
            out = how(out, np.roll(wide, (dy, dx), (0, 1)))
        wide = out
    n = alpha.shape[0]
    return np.maximum(wide[2 * reach : 2 * reach + n, 2 * reach : 2 * reach + n], alpha)


def parts(solid: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Label of each place, -1 where there is none, and the size of each part, in reading order."""
    n = solid.shape[0]
    label, sizes = np.full(solid.shape, -1), []
    for y in range(n):
        for x in range(n):
            if not solid[y, x] or label[y, x] >= 0:
                continue
            label[y, x], size, open_ = len(sizes), 0, deque([(y, x)])
            while open_:
                j, i = open_.popleft()
                size += 1
                for v, u in ((j - 1, i), (j, i + 1), (j + 1, i), (j, i - 1)):
                    if 0 <= v < n and 0 <= u < n and solid[v, u] and label[v, u] < 0:
                        label[v, u] = len(sizes)
                        open_.append((v, u))
            sizes.append(size)
    return label, sizes


def holes(shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the tiny and where the small holes of a shape [n, n] are, which do not reach the picture's edge."""
    n = shape.shape[0]
    label, sizes = parts(shape < 0.5)
    edge = set(label[0]) | set(label[-1]) | set(label[:, 0]) | set(label[:, -1])
    inner = [(k, size / (n * n)) for k, size in enumerate(sizes) if k not in edge]
    tiny = [k for k, share in inner if share <= TINY_HOLE]
    return np.isin(label, tiny), np.isin(label, [k for k, share in inner if TINY_HOLE < share <= SMALL_HOLE])


def coloured(picture: np.ndarray, paint: list[Colour], shaded: bool) -> np.ndarray:
    """Premultiplied uint8 [n, n, 4] of a glyph in body, second and pale colour (each 0 to 1)."""
    alpha = picture[..., 3] / 255
    n = alpha.shape[0]
    shape = closed(alpha, max(1, round(GAP * n)))
    body, second, pale = (np.array(c) for c in paint)
    label, sizes = parts(alpha >= 0.5)
    large = [size >= LARGE_PART * max(sizes) for size in sizes]
    tone = np.empty((n, n, 3))
    tone[:] = body
    for k, big in enumerate(large):
        if not big:
            tone[widened(label == k)] = second
    tiny, small = (widened(hole).astype(float) for hole in holes(shape))
    ink = body + (INK - body) * INKED
    out = np.zeros((n, n, 4))
    for cover, colour in ((small, pale), (np.maximum(shape, tiny), ink), (alpha, tone)):
        cover = cover[..., None]
        out = np.concatenate((np.broadcast_to(colour, (n, n, 3)) * cover, cover), -1) + out * (1 - cover)
    if shaded:
        out[..., :3] = shade(out)
    return (out * 255 + 0.5).astype(np.uint8)


def widened(mask: np.ndarray) -> np.ndarray:
    """A mask and what is within two places of it, along rows and columns."""
    wide = np.pad(mask, 2)
    n = mask.shape[0]
    out = np.zeros_like(mask)
    for dy, dx in disc(2):
        out |= wide[2 + dy : 2 + dy + n, 2 + dx : 2 + dx + n]
    return out


def shade(picture: np.ndarray) -> np.ndarray:
    """Premultiplied colour, lighter at the figure's head, darker at its foot."""
    rows = np.flatnonzero((picture[..., 3] >= 0.5).any(1))
    if not len(rows):
        return picture[..., :3]
    y = np.arange(picture.shape[0])
    at = np.clip((y - rows[0]) / max(rows[-1] - rows[0], 1), 0, 1)[:, None, None]
    light, dark = LIGHT * np.clip(1 - 2 * at, 0, 1), SHADE * np.clip(2 * at - 1, 0, 1)
    colour, alpha = picture[..., :3], picture[..., 3:]
    return (colour + (alpha - colour) * light) * (1 - dark)


def parsed(paint: str) -> list[Colour]:
    """Body, second and pale colour of "RRGGBB RRGGBB RRGGBB"."""
    return [tuple(int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)) for code in paint.split()]


def in_one_colour(rgb: list[int]) -> str:
    """The paint of a glyph that is to be of one colour (0 to 255)."""
    body = np.array(rgb) / 255
    dark = float(np.array((0.3, 0.59, 0.11)) @ body) < 0.5
    second = body + (1 - body) * 0.4 if dark else body * 0.65
    return " ".join(
        "".join(f"{int(v * 255 + 0.5):02X}" for v in colour) for colour in (body, second, body + (1 - body) * 0.8)
    )
