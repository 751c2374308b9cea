"""How the members of a group, and things of equal rank, share a canvas without hiding each other.

Part of the reference for the Go package internal/engine/tempera/compose (gather.go). Lengths are in units of the
picture's shorter side; y points down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from tempera import scenes
from tempera.bending import Bend
from tempera.reading import Group
from tempera.shapes import CELLS, Shape, Spacing

SLANTS = (0.25, 0.4, 0.6)  # how steep such rows are, in heights
GAP = 0.04  # between things that must not touch, in their sides
AS_GOOD = 0.95  # arrangements whose things are so much as large as the best one's are left to the seed
# Places of the second of two things of equal rank: shares of their mean width and of the smaller height.
LEANS = ((1.04, 0.0), (0.9, 0.12), (0.8, 0.3), (0.74, 0.42), (0.6, 0.64), (0.4, 0.8), (0.2, 0.88))
FLATTEST, STEEPEST = 0.15, 0.5  # how far one may stand back on a ground, and in a picture that is not high
HIGH = 1.2  # height of one that is, in widths
HIDDEN = 0.17  # share of the smaller one's box that may be


@dataclass
class Item:
    """One drawing on the canvas, a square of ``side`` around (x, y)."""

    group: int
    x: float
    y: float
    side: float
    drawing: str = ""
    colour: str = ""
    flip: bool = False
    turn: float = 0.0
    paint: str = ""  # of a glyph that is not to be black: "RRGGBB RRGGBB RRGGBB"
    outline: str = ""  # line style that the drawing is brought nearer to
    palette: str = ""  # table that brings the drawing into the asked hand's colours
    render: str = ""  # how it is rendered after that: "shown>asked" of rendering.py
    bend: Bend = field(default_factory=Bend)
    shape: Shape = field(default_factory=Shape)


@dataclass
class Layout:
    width: float
    height: float
    items: list[Item] = field(default_factory=list)  # painted in this order
    backdrop: scenes.Backdrop | None = None
    missing: list[str] = field(default_factory=list)  # phrases without a drawing


@dataclass(frozen=True)
class Room:
    """What there is to fill."""

    width: float
    height: float
    grounded: bool

    def scale(self, width: float, height: float) -> float:
        return min(self.width / width, self.height / height)


def bounds(items: list[Item]) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of what is seen of all."""
    return (
        min(i.x + i.shape.box[0] * i.side for i in items), min(i.y + i.shape.box[1] * i.side for i in items),
        max(i.x + i.shape.box[2] * i.side for i in items), max(i.y + i.shape.box[3] * i.side for i in items),
    )  # fmt: skip


def extent(items: list[Item]) -> tuple[float, float]:
    x0, y0, x1, y1 = bounds(items)
    return x1 - x0, y1 - y0


def move(items: list[Item], dx: float, dy: float, scale: float = 1.0) -> None:
    """Scale around (0, 0), then shift."""
    for i in items:
        i.x, i.y, i.side = i.x * scale + dx, i.y * scale + dy, i.side * scale


def centre(items: list[Item]) -> None:
    """Middle of the foot line to (0, 0)."""
    x0, _, x1, y1 = bounds(items)
    move(items, -(x0 + x1) / 2, -y1)


def gather(look: Item, group: Group, size: float, room: Room, company: bool, d: scenes.Dice) -> list[Item]:
    """The members of one group, the longer side of each ``size`` long, none touching another but in a pile."""
    n, kind, side = group.count, group.arrange, size / look.shape.longest
    choice = d.draw()
    if n == 1:
        return [replace(look, side=side)]
    if kind == "circle" and n > 2:
        r = max(0.75, n * 1.4 / (2 * math.pi)) * size
        return [replace(look, x=x, y=y, side=side) for x, y in ring(n, r, r, 0.0)]
    s = Spacing(look.shape.rows)
    if kind == "column":
        tall = (look.shape.box[3] - look.shape.box[1]) * side
        return [replace(look, x=0.0, y=0.8 * tall * i, side=side) for i in range(n)]
    if kind == "row" or (not kind and ((company and n <= 3) or (room.grounded and n <= 4))):
        return lines(look, [n], s.across, s.down, side)
    if company or room.grounded:
        room = replace(room, height=0.55 * room.height)
    mixed = max(s.down, s.between)  # rows of odd and even numbers are half a step apart
    plans = [
        lines(look, rows, s.across, s.down if (rows[0] - rows[-1]) % 2 == 0 else mixed, side)
        for rows in upright(n, room)
    ]
    if not kind:
        plans += [lines(look, rows, s.across, s.between, side) for rows in staggered(n)]
        plans += [slanted(look, n, s, part, side) for part in SLANTS if n < 4 and room.width < HIGH * room.height]
    return best(plans, room, choice)


def lines(look: Item, rows: list[int], across: int, down: int, side: float) -> list[Item]:
    """So many things in each row, rows centred."""
    step = side / CELLS
    return [
        replace(look, x=(i - (n - 1) / 2) * across * step, y=k * down * step, side=side)
        for k, n in enumerate(rows) for i in range(n)
    ]  # fmt: skip


def slanted(look: Item, n: int, s: Spacing, part: float, side: float) -> list[Item]:
    """A row that goes down, which brings some shapes nearer to each other."""
    down = int(part * s.down)
    across = s.least(lambda dx: s.touch(dx, down), s.width)
    step = side / CELLS
    return [replace(look, x=i * across * step, y=i * down * step, side=side) for i in range(n)]


def upright(n: int, room: Room) -> list[list[int]]:
    """Rows of the same length, one at least two thirds as long; nearest where they stand on a ground. Columns only where the
    picture is high."""
    found = []
    for c in range(1 if room.height >= HIGH * room.width else 2, n + 1):
        if n % c == 0:
            found.append([c] * (n // c))
        elif 3 * (n % c) >= 2 * c:
            rows = [c] * (n // c) + [n % c]
            found.append(rows[::-1] if room.grounded else rows)
    return found


def staggered(n: int) -> list[list[int]]:
    """Rows of c and c - 1 things in turn, as far as they come out even."""
    found = []
    for c in range(2, n + 1):
        for first in (c, c - 1):
            rows, left, now = [], n, first
            while left >= now > 0:
                rows.append(now)
                left, now = left - now, 2 * c - 1 - now
            if not left and len(rows) > 1:
                found.append(rows)
    return found


def best(plans: list[list[Item]], room: Room, choice: float) -> list[Item]:
    """One of the plans that let things grow largest."""
    scales = [room.scale(*extent(p)) for p in plans]
    good = [p for p, s in zip(plans, scales, strict=True) if s >= AS_GOOD * max(scales)]
    return good[int(choice * len(good))]


def ring(n: int, rx: float, ry: float, turn: float) -> list[tuple[float, float]]:
    angles = [2 * math.pi * i / n - math.pi / 2 + turn for i in range(n)]
    return [(rx * math.cos(a), ry * math.sin(a)) for a in angles]


def several(items: list[Item]) -> bool:
    """Whether these are members of one group, which have to be told apart."""
    return len(items) > 1 and all(i.group == items[0].group for i in items)


def share(blocks: list[list[Item]], room: Room, d: scenes.Dice) -> list[Item]:
    """Blocks of equal rank, each with its foot at (0, 0), as large as they can stand together."""
    choice, swapped = d.draw(), d.draw() < 0.3
    if len(blocks) > 2:
        return shelves(blocks, room, choice)
    a, b = blocks
    if several(a) and several(b):
        (aw, ah), (bw, bh) = extent(a), extent(b)
        gap = 2 * GAP * min(ah, bh)
        plans = [shifted(a, b, (aw + bw) / 2 + gap, 0.0)]
        if not room.grounded:
            plans.append(shifted(a, b, 0.0, bh + gap))
        return best(plans, room, choice)
    if several(a) or several(b):
        return before(*((b, a) if several(a) else (a, b)), 0.5)
    return leaning(a, b, room, choice, swapped)


def shifted(a: list[Item], b: list[Item], dx: float, dy: float) -> list[Item]:
    return [replace(i) for i in a] + [replace(i, x=i.x + dx, y=i.y + dy) for i in b]


def leaning(a: list[Item], b: list[Item], room: Room, choice: float, swapped: bool) -> list[Item]:
    """Two things side by side, the second a little lower and in front where that lets both be larger."""
    (aw, ah), (bw, bh) = extent(a), extent(b)
    plans = []
    for across, down in LEANS:
        if down > (FLATTEST if room.grounded else STEEPEST if room.height < HIGH * room.width else 1):
            continue
        x, y = across * (aw + bw) / 2, down * min(ah, bh)
        hidden = max((aw + bw) / 2 - x, 0.0) * (min(bh, ah + y) - y) / min(aw * ah, bw * bh)
        if hidden <= HIDDEN:
            plans.append(shifted(a, b, -x if swapped else x, y))
    return best(plans, room, choice)


def before(one: list[Item], many: list[Item], part: float) -> list[Item]:
    """One thing and several in front of its foot, at least as high as ``part`` of it where they are not broader then."""
    (w, h), (mw, mh) = extent(one), extent(many)
    grow = max(0.9 * mw / w, part * mh / h, 1.0)
    move(one, 0.0, 0.0, grow)
    w, h = w * grow, h * grow
    scale = max(min(0.9 * w / mw, part * h / mh), 1.0)
    move(many, 0.0, 0.0, scale)
    mh *= scale
    return shifted(one, many, 0.0, mh - min(0.7 * mh, 0.3 * h))


def shelves(blocks: list[list[Item]], room: Room, choice: float) -> list[Item]:
    """Three and more things in rows, those behind a little hidden by those before."""
    n = len(blocks)
    plans = []
    for rows in range(1, (n + 1) // 2 + 1):
        if not room.grounded or rows == 1 or (rows == 2 and sum(map(len, blocks)) > 3):
            plans.append(_shelved(blocks, rows))
    return best(plans, room, choice)


def _shelved(blocks: list[list[Item]], rows: int) -> list[Item]:
    ones = [b for b in blocks if not several(b)]
    if rows == 2 and 0 < len(ones) < len(blocks):  # where there are several of a thing they stand in front
        made = [_in_line(ones), _in_line([b for b in blocks if several(b)])]
    else:
        made, at, n = [], 0, len(blocks)
        for row in range(rows):
            end = at + (n - at) // (rows - row)  # the shorter rows are behind
            made.append(_in_line(blocks[at:end]))
            at = end
    widest = max(extent(line)[0] for line in made)
    items: list[Item] = []
    foot = 0.0
    for line in made:
        w, h = extent(line)
        grow = min(widest / w, 1.4)
        move(line, 0.0, foot + 0.86 * h * grow if items else 0.0, grow)
        foot = bounds(line)[3]
        items += line
    return items


def _in_line(blocks: list[list[Item]]) -> list[Item]:
    """Blocks side by side on one foot line, the line's middle at (0, 0)."""
    line: list[Item] = []
    right = 0.0
    for block in blocks:
        w, _ = extent(block)
        line += shifted([], block, right + w / 2, 0.0)
        right += w + GAP
    centre(line)
    return line
