"""Contours of a picture of somebody's own: the strokes of a line drawing, the edges of anything else.

The rule of the Go package internal/engine/tempera/shown (contour.go), held to this one by tempera/vectors; FORMAT.md says it
in words. Sizes are in pixels of the grid.
"""

from __future__ import annotations

import numpy as np

NO_CONTOUR, FULL_CONTOUR = 0.12, 0.3  # strength of a change that is no contour yet, and of one that is a full one
BLANK, INKED = 0.85, 0.5  # brightness of blank paper, darkness of a stroke
LEAST_BLANK, LEAST_INK, MOST_INK, MOST_SOLID = 0.7, 0.002, 0.25, 0.3
AROUND = ((0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1))  # clockwise from above


def contours(picture: np.ndarray, canvas: np.ndarray) -> np.ndarray:
    """float32 [H, W] in [0, 1], lines about a pixel wide: the strokes of a line drawing, the edges of anything else.

    ``picture`` is straight RGBA uint8 [h, w, 4]; ``canvas`` the same premultiplied at the grid's size,
    float64 [H, W, 4] in [0, 1].
    """
    ink, paper = ink_of(picture, *canvas.shape[:2])
    if lined(ink, paper):
        return thin(ink).astype(np.float32)
    return edges(canvas)


def cells(count: int, n: int) -> list[slice]:
    """What part of n pixels each of count cells covers, at least one."""
    return [slice(i * n // count, max(-(-(i + 1) * n // count), i * n // count + 1)) for i in range(count)]


def ink_of(picture: np.ndarray, height: int, width: int) -> tuple[np.ndarray, float]:
    """Cells that a dark pixel lies in, and the share of blank pixels (counted once for each cell)."""
    p = picture.astype(np.float64) / 255
    bright = (0.3 * p[..., 0] + 0.59 * p[..., 1] + 0.11 * p[..., 2]) * p[..., 3] + 1 - p[..., 3]
    ink, blanks, total = np.zeros((height, width), bool), 0, 0
    columns = cells(width, picture.shape[1])
    for y, row in enumerate(cells(height, picture.shape[0])):
        for x, column in enumerate(columns):
            cell = bright[row, column]
            ink[y, x] = bool((1 - cell >= INKED).any())
            blanks, total = blanks + int((cell >= BLANK).sum()), total + cell.size
    return ink, blanks / total


def around(lines: np.ndarray) -> np.ndarray:
    """The eight neighbours of each place, [8, H, W], nothing outside."""
    h, w = lines.shape
    wide = np.pad(lines, 1)
    return np.stack([wide[1 + dy : 1 + dy + h, 1 + dx : 1 + dx + w] for dx, dy in AROUND])


def lined(ink: np.ndarray, paper: float) -> bool:
    """Mostly blank, some ink, and that in strokes, not in patches."""
    h, w = ink.shape
    wide = np.pad(ink, 2)
    solid = np.all([wide[y : y + h, x : x + w] for y in range(5) for x in range(5)], 0).sum()
    share = ink.mean()
    return bool(paper >= LEAST_BLANK and LEAST_INK <= share <= MOST_INK and solid <= MOST_SOLID * ink.sum())


def thin(ink: np.ndarray) -> np.ndarray:
    """Strokes worn down to their middle line (Zhang and Suen 1984)."""
    ink = ink.copy()
    while True:
        gone = 0
        for first in (True, False):
            n = around(ink)
            count, turns = n.sum(0), (~n & np.roll(n, -1, 0)).sum(0)
            a, b = ((0, 2, 4), (2, 4, 6)) if first else ((0, 2, 6), (0, 4, 6))
            holds = n[a[0]] & n[a[1]] & n[a[2]] | n[b[0]] & n[b[1]] & n[b[2]]
            worn = ink & (count >= 2) & (count <= 6) & (turns == 1) & ~holds
            ink &= ~worn
            gone += int(worn.sum())
        if not gone:
            return ink


def edges(canvas: np.ndarray) -> np.ndarray:
    """float32 [H, W]: how sure it is that a contour passes, by the rule of training (guides.contours): a
    binomial blur of the planes, central differences, only what is not weaker than its neighbours across."""
    planes = np.concatenate((2 * canvas[..., :3] - canvas[..., 3:], 2 * canvas[..., 3:] - 1), -1)
    soft = np.pad(planes * (0.5, 0.5, 0.5, 0.25), ((1, 1), (1, 1), (0, 0)), mode="edge")
    soft = 0.25 * soft[:, :-2] + 0.5 * soft[:, 1:-1] + 0.25 * soft[:, 2:]
    soft = 0.25 * soft[:-2] + 0.5 * soft[1:-1] + 0.25 * soft[2:]
    wide = np.pad(soft, ((1, 1), (1, 1), (0, 0)), mode="edge")
    dx = ((wide[1:-1, 2:] - wide[1:-1, :-2]) ** 2).sum(-1)
    dy = ((wide[2:, 1:-1] - wide[:-2, 1:-1]) ** 2).sum(-1)
    strength = np.sqrt(dx + dy)
    near = np.pad(strength, 1)
    across = np.where(dx > dy, np.maximum(near[1:-1, :-2], near[1:-1, 2:]), np.maximum(near[:-2, 1:-1], near[2:, 1:-1]))
    sure = np.clip((strength - NO_CONTOUR) / (FULL_CONTOUR - NO_CONTOUR), 0, 1)
    return (sure * (strength >= across - 1e-6)).astype(np.float32)  # equal ones both count
