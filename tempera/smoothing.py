"""Drawings made of fewer colours: smoothed, and parted into areas. For gradients (rendering.py), and before shaded drawings come
into a flat hand's palette (palettes.py). In integers, so that the Go package internal/engine/tempera/compose (smoothing.go)
does exactly the same; tempera/vectors hold both together.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

# Pixels round one that are heard, how often, and how loud by the square of the difference (of 255).
REACH, ROUNDS, ALIKE = 4, 4, 25
LIKE = np.array([round(1024 * math.exp(-d / (2 * ALIKE**2))) for d in range(16 * ALIKE**2)] + [0])
SOLID = 127  # alpha above which a pixel has a colour of its own
LARGE = 1000  # how much areas hold together: up to a difference of LARGE / size


def straight(picture: np.ndarray) -> np.ndarray:
    """Premultiplied uint8 [..., 4] -> int [..., 3], rounded; clear pixels are 0."""
    alpha = picture[..., 3:].astype(np.int64)
    colour = (picture[..., :3].astype(np.int64) * 255 + alpha // 2) // np.maximum(alpha, 1)
    return np.minimum(colour, 255) * (alpha > 0)


def smoothed(picture: np.ndarray) -> np.ndarray:
    """Premultiplied uint8 [n, n, 4], every colour the mean of those around that are like it (the bilateral filter of Tomasi and
    Manduchi, ICCV 1998, with a box round the pixel), some times. In integers, so that Go does exactly the same."""
    n, alpha = picture.shape[0], picture[..., 3].astype(np.int64)
    colour, there = straight(picture), np.pad(alpha, REACH)
    for _ in range(ROUNDS):
        wide = np.pad(colour, ((REACH, REACH), (REACH, REACH), (0, 0)))
        total, weight = np.zeros((n, n, 3), np.int64), np.zeros((n, n), np.int64)
        for dy, dx in itertools.product(range(2 * REACH + 1), repeat=2):
            near = wide[dy : dy + n, dx : dx + n]
            apart = np.square(near - colour).sum(-1)
            heard = LIKE[np.minimum(apart, len(LIKE) - 1)] * there[dy : dy + n, dx : dx + n]
            total += heard[..., None] * near
            weight += heard
        weight = np.maximum(weight, 1)[..., None]
        colour = (total + weight // 2) // weight
    out = picture.copy()
    out[..., :3] = (colour * alpha[..., None] + 127) // 255
    return out


def areas(picture: np.ndarray) -> np.ndarray:
    """Premultiplied uint8 [n, n, 4] -> int [n, n]: which area a solid pixel is in, -1 for others. Neighbours are joined in the order
    of how little they differ, as long as that is not much more than what differs inside of either (Felzenszwalb and
    Huttenlocher, Efficient graph-based image segmentation, IJCV 2004): shades become one area, and parts stay apart."""
    n, colour = picture.shape[0], straight(smoothed(picture))
    solid, at = picture[..., 3] > SOLID, np.arange(n * n).reshape(n, n)
    one, other = (np.concatenate((a.ravel(), b.ravel())) for a, b in ((at[:, :-1], at[:-1]), (at[:, 1:], at[1:])))
    apart = np.abs(colour.reshape(-1, 3)[one] - colour.reshape(-1, 3)[other]).max(1)
    order = np.argsort(apart, kind="stable")
    order = order[(solid.ravel()[one] & solid.ravel()[other])[order]]
    up, size, inside = list(range(n * n)), [1] * (n * n), [0] * (n * n)

    def root(i: int) -> int:
        while up[i] != i:
            up[i] = up[up[i]]
            i = up[i]
        return i

    for i, j, differ in zip(one[order].tolist(), other[order].tolist(), apart[order].tolist(), strict=True):
        a, b = root(i), root(j)
        if a != b and all((differ - inside[k]) * size[k] <= LARGE for k in (a, b)):
            up[b], size[a], inside[a] = a, size[a] + size[b], differ
    return np.where(solid, np.array([root(i) for i in range(n * n)]).reshape(n, n), -1)
