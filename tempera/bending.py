"""Drawings of the library are composed a little otherwise each time: squashed, leaning, bowed, tapered.

The rule of the Go package internal/engine/tempera/compose (bend.go), held to this one by tempera/vectors. The painter keeps
the shape of what it is shown, and the library has a handful of drawings of a thing: without this two pictures of a fox
would be one drawing twice. Lengths are in sides of the drawing; (0, 0) is its middle, y points down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tempera import scenes

FOOT = 0.46  # most drawings stand this much of their side below their middle, and stay there
# The most of each, to either side. Chosen by eye: twice as much and wheels and faces are no longer round enough.
SQUASH, LEAN, BOW, TAPER = 0.07, 0.06, 0.25, 0.16
PORTRAIT = 0.5  # how much of that for people, who are less forgiving
ACCOMPANIED = 0.5  # and where there are several things: hats stay on heads, and what is counted stays apart


@dataclass
class Bend:
    """All 0 is the drawing as it is."""

    squash: float = 0.0  # natural logarithm of how much wider, and as much lower
    lean: float = 0.0  # to the right, per height
    bow: float = 0.0  # how far head and foot stand to one side of the middle, per height squared
    taper: float = 0.0  # how much narrower it becomes, per height upwards
    smaller: float = 1.0  # how much smaller it is drawn, as a divisor


def drawn(d: scenes.Dice, concept: str, alone: bool) -> Bend:
    """One of the seed's. What stands alone fills the canvas, and has to stay in its square."""
    strength = (PORTRAIT if concept.startswith("avatar") else 1.0) * (1.0 if alone else ACCOMPANIED)
    b = Bend(*(d.between(-strength * most, strength * most) for most in (SQUASH, LEAN, BOW, TAPER)))
    return replace(b, smaller=room(b)) if alone else b


def room(b: Bend) -> float:
    """How much larger than the drawing its square becomes."""
    most = 1.0
    for v in (-0.5, 0.0, 0.5):
        y = FOOT - (FOOT - v) * math.exp(-b.squash)
        for u in (-0.5, 0.5):
            x = (u / (1 + b.taper * y) - b.lean * y - b.bow * (y * y - 1 / 12)) * math.exp(b.squash)
            most = max(most, 2 * abs(x))
        most = max(most, (FOOT - y) / (FOOT + 0.5))  # upwards only: the foot stays
    return most


def source(b: Bend, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where in the drawing to look for what is at (x, y)."""
    if b == Bend():
        return x, y
    x, y = x * b.smaller, FOOT - (FOOT - y) * b.smaller
    u = (x * math.exp(-b.squash) + b.lean * y + b.bow * (y * y - 1 / 12)) * (1 + b.taper * y)
    return u, FOOT - (FOOT - y) * math.exp(b.squash)
