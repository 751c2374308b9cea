"""What is seen of a drawing, and how near two of the same may come.

Part of the reference for the Go package internal/engine/tempera/compose (form.go).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

CELLS = 32  # a side of a drawing's mask
FRONTAL = 0.75  # share of the cells that a drawing has in common with its mirror image, if it looks out of the picture
SEEN = 64  # alpha from which a pixel counts


@dataclass(frozen=True)
class Shape:
    """What is seen of a drawing, around its centre, in its sides: a box, the middle of its head's top, whether it looks out
    of the picture, and rows of bits that say which cells are not empty (bit 1 is the leftmost cell)."""

    box: tuple[float, float, float, float] = (-0.5, -0.5, 0.5, 0.5)
    head: tuple[float, float] = (0.0, -0.5)
    frontal: bool = True
    rows: tuple[int, ...] = ((2 << CELLS) - 2,) * CELLS

    @property
    def longest(self) -> float:
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


def look_at(picture: np.ndarray, flip: bool, turn: float) -> Shape:
    """Of RGBA uint8 [n, n, 4]."""
    seen = picture[..., 3] >= SEEN
    n = len(seen)
    ys, xs = np.nonzero(seen[:, ::-1] if flip else seen)
    if not len(xs):
        return Shape()
    x0, x1 = int(xs.min()) / n - 0.5, (int(xs.max()) + 1) / n - 0.5
    y0, y1 = int(ys.min()) / n - 0.5, (int(ys.max()) + 1) / n - 0.5
    if turn:
        c, s = math.cos(turn), math.sin(turn)
        corners = [(c * x - s * y, s * x + c * y) for x in (x0, x1) for y in (y0, y1)]
        x0, x1 = min(x for x, _ in corners), max(x for x, _ in corners)
        y0, y1 = min(y for _, y in corners), max(y for _, y in corners)
        wide, high = (min(math.ceil(v * CELLS - 1e-6), 46) for v in (x1 - x0, y1 - y0))
        return Shape((x0, y0, x1, y1), ((x0 + x1) / 2, y0), True, ((2 << wide) - 2,) * high)
    rows = [0] * CELLS
    for x, y in set(zip((xs * CELLS // n).tolist(), (ys * CELLS // n).tolist(), strict=True)):
        rows[y] |= 2 << x
    head, frontal = _head(rows, flip)
    return Shape((x0, y0, x1, y1), head, frontal, tuple(rows))


def _head(rows: list[int], flip: bool) -> tuple[tuple[float, float], bool]:
    """Where the head's top is, and whether the drawing is much the same on both sides. Of one that is not, the half it
    looks to has the head: the left one, unless it is mirrored."""
    cells = {(x, y) for y, row in enumerate(rows) for x in range(CELLS) if row >> (x + 1) & 1}
    left, right = min(x for x, _ in cells), max(x for x, _ in cells)
    both = sum((left + right - x, y) in cells for x, y in cells)
    frontal = both >= FRONTAL * (2 * len(cells) - both)
    middle = (left + right) / 2
    seen = {(x, y) for x, y in cells if frontal or (x >= middle if flip else x <= middle)}
    top, low = min(y for _, y in seen), max(y for _, y in seen)
    crown = [x for x, y in seen if y < top + max(1, (low - top + 1) // 5)]
    return ((sum(crown) / len(crown) + 0.5) / CELLS - 0.5, top / CELLS - 0.5), frontal


def rim(s: Shape) -> float:
    """How far below the box's top the drawing is wide, in its sides: a spoon may stand out of a bowl."""
    rows = [row for row in s.rows if row]
    wide = max(row.bit_count() for row in rows)
    return next(k for k, row in enumerate(rows) if 10 * row.bit_count() >= 6 * wide) / CELLS


class Spacing:
    """How near two of the same drawing may come, in cells: two free ones stay between them, for the painter may add some."""

    def __init__(self, rows: tuple[int, ...]) -> None:
        self.rows = rows
        wide = [row | row << 1 | row >> 1 for row in (0, *rows, 0)]
        self.grown = [a | b | c for a, b, c in zip([0, *wide[:-1]], wide, [*wide[1:], 0], strict=True)]  # from row -1
        self.width = max(row.bit_length() for row in rows)
        self.across = self.least(lambda d: self.touch(d, 0), self.width)
        self.across += self.across % 2  # so that half a step is whole cells
        self.down = self.below(0)
        self.between = max(self.below(self.across // 2), (self.down + 1) // 2)

    def below(self, shift: int) -> int:
        """How far down a row may be that is shifted sideways."""
        shifts = range(shift - self.width // self.across * self.across, self.width, self.across)
        return self.least(lambda d: any(self.touch(s, d) for s in shifts), len(self.rows) + 1)

    def touch(self, dx: int, dy: int) -> bool:
        for y, row in enumerate(self.rows):
            at = y + dy + 1
            if at < len(self.grown):
                other = self.grown[at]
                if (row << dx if dx >= 0 else row) & (other if dx >= 0 else other << -dx):
                    return True
        return False

    def least(self, touch: Callable[[int], bool], most: int) -> int:
        """One more than the smallest distance beyond which nothing touches."""
        while most > 1 and not touch(most - 1):
            most -= 1
        return most + 1
