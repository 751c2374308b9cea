"""The composer: a scene and a seed become a layout, and the layout a rough RGBA reference.

Reference for the Go package internal/engine/tempera/compose. Lengths of a layout are in units of the
picture's shorter side; (0, 0) is the top left corner, y points down. Random numbers come from
scenes.Dice, one stream for each purpose, so that a change in one does not move the others.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field

import numpy as np

from tempera import bending, colouring, outlining, scenes
from tempera.bending import FOOT, Bend
from tempera.plans import FLAT_STYLES
from tempera.reading import Group, Scene, clean
from tempera.reading_tables import LENSES, VESSELS

DRAWINGS, LAYOUT, BACKDROP, PAINTS, BENDS = 0, 1, 2, 3, 4  # streams of random numbers
_ROUND = {"toon": 2, "flat": 2}
# How willingly a drawing is taken where none is drawn in the asked style, by that style and the one it is in; else 1.
WILLING = {
    "gradient": {"soft-3d": 3, "flat": 2}, "clean": _ROUND, "classic": _ROUND, "blob": _ROUND, "kawaii": {"flat": 9},
    "longshadow": _ROUND, "ink": {"flat": 9}, "papercut": {"flat": 5},
}  # fmt: skip
# Styles whose drawings are taken for nothing but their style, unless there is no other.
FURTHER = {"ink", "kawaii", "longshadow", "clean", "classic", "blob", "gradient"}
LIFT = {"apart": 0.12, "mounted": -0.3, "": -0.12}  # of what is above, in its widths; drawings have a margin
TALL_WORDS = {"tree", "umbrella", "palm", "evergreen", "tent", "rainbow", "bridge", "cloud"}  # what others stand under
LIGHTS = {"night": (0x101838, 0.62), "sunset": (0xFF8A4A, 0.35)}
LUMA = np.array((0.3, 0.59, 0.11))


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
    bend: Bend = field(default_factory=Bend)


@dataclass
class Layout:
    width: float
    height: float
    items: list[Item] = field(default_factory=list)  # painted in this order
    backdrop: scenes.Backdrop | None = None
    missing: list[str] = field(default_factory=list)  # phrases without a drawing


def shows(entry: dict, concept: str) -> bool:
    """Whether a drawing of the library may stand for a concept."""
    return entry["concept"] == concept or concept in entry.get("also", ())


def dice(seed: int, stream: int) -> scenes.Dice:
    return scenes.Dice(seed * 8 + stream)


def arrange(scene: Scene, index: list[dict], lexicon: dict, seed: int, width: int, height: int) -> Layout:
    """The layout of a scene for a picture of width x height pixels (only their ratio counts)."""
    short = min(width, height)
    layout = Layout(width / short, height / short)
    drawn = [(k, g) for k, g in enumerate(scene.groups) if any(shows(e, g.concept) for e in index)]
    layout.missing = [g.phrase for g in scene.groups if all(g is not d for _, d in drawn)]
    labels = {c["id"]: clean(c["label"]) for c in lexicon["concepts"]}
    layout.backdrop = backdrop(scene, lexicon["colours"], seed)
    d = dice(seed, LAYOUT)
    items: list[Item] = []
    for k, group in drawn:
        more = cluster(k, group, layout, len(drawn) > 1, d)
        items = join(items, more, group, labels, drawn, d) if items else more
    if items:
        fit(items, scene, layout, d)
        dress(items, scene, index, lexicon["colours"], seed)
    layout.items = items
    return layout


def backdrop(scene: Scene, colours: dict[str, list[int]], seed: int) -> scenes.Backdrop | None:
    if scene.backdrop in ("", "none"):
        return None
    number = dice(seed, BACKDROP).state
    if scene.backdrop == "city" and scene.tone == "night":
        while scenes.Dice(number).draw() >= 0.4:
            number += 1
        return scenes.describe("city", number)
    b = scenes.describe(scene.backdrop, number)
    if scene.ground:
        b.top = b.bottom = tuple(c / 255 for c in colours[scene.ground])
    if scene.tone:
        code, amount = LIGHTS[scene.tone]
        _shine(b, scenes.rgb(code), amount)
    return b


def _shine(b: scenes.Backdrop, light: scenes.Colour, amount: float) -> None:
    """Mix the light into every colour."""

    def mix(c: scenes.Colour) -> scenes.Colour:
        return tuple(v + (w - v) * amount for v, w in zip(c, light, strict=True))

    b.top, b.bottom = mix(b.top), mix(b.bottom)
    for i, shape in enumerate(b.shapes):
        if isinstance(shape, scenes.Ridge):
            b.shapes[i] = dataclasses.replace(shape, top=mix(shape.top), bottom=mix(shape.bottom))
        else:
            b.shapes[i] = dataclasses.replace(shape, rgb=mix(shape.rgb))


def cluster(k: int, group: Group, layout: Layout, company: bool, d: scenes.Dice) -> list[Item]:
    """The members of one group around (0, 0), each of the group's size. In company small groups stand in a row."""
    n, side = group.count, group.size
    kind = group.arrange
    if not kind:
        wide = d.draw() < 0.7 and layout.width >= layout.height * 0.8
        kind = "row" if (n <= 4 and wide) or (n <= 3 and company) else "grid"
    if kind == "circle" and n > 2:
        r = max(0.75, n * 1.15 / (2 * math.pi)) * side
        angles = [2 * math.pi * i / n - math.pi / 2 for i in range(n)]
        return [Item(k, r * math.cos(a), r * math.sin(a), side) for a in angles]
    columns = n if kind == "row" else 1 if kind == "column" else _columns(n, layout)
    lines = -(-n // columns)
    items = []
    for i in range(n):
        line = i // columns
        inside = min(columns, n - line * columns)
        x = (i % columns - (inside - 1) / 2) * 1.06 * side
        y = (line - (lines - 1) / 2) * (0.8 if kind == "column" else 1.06) * side
        items.append(Item(k, x, y, side))
    return items


def _columns(n: int, layout: Layout) -> int:
    """Columns that let n squares grow largest."""
    room = [(min(layout.width / c, layout.height / -(-n // c)), c) for c in range(1, n + 1)]
    return max(room)[1]


def bounds(items: list[Item]) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of all squares."""
    return (
        min(i.x - i.side / 2 for i in items), min(i.y - i.side / 2 for i in items),
        max(i.x + i.side / 2 for i in items), max(i.y + i.side / 2 for i in items),
    )  # fmt: skip


def move(items: list[Item], dx: float, dy: float, scale: float = 1.0) -> None:
    """Scale around (0, 0), then shift."""
    for i in items:
        i.x, i.y, i.side = i.x * scale + dx, i.y * scale + dy, i.side * scale


def centre(items: list[Item]) -> None:
    """Middle of the foot line to (0, 0)."""
    x0, _, x1, y1 = bounds(items)
    move(items, -(x0 + x1) / 2, -y1)


def join(a: list[Item], b: list[Item], group: Group, labels: dict, drawn: list, d: scenes.Dice) -> list[Item]:
    """Everything so far (a) and the new group (b), placed so that "a <relation> b" holds, in painting order."""
    centre(a)
    centre(b)
    jitter = d.between(-1, 1)
    ax0, ay0, ax1, _ = bounds(a)
    bx0, by0, bx1, _ = bounds(b)
    aw, ah, bw, bh = ax1 - ax0, -ay0, bx1 - bx0, -by0
    match group.relation:
        case "above" | "below":
            return _stack(a, b, group, labels, jitter)
        case "behind" | "front":
            back, front = (a, b) if group.relation == "behind" else (b, a)
            return _overlap(back, front, jitter)
        case "inside":
            if group.phrase.split(" ")[-1] in VESSELS:  # looks out of it
                move(a, 0.06 * jitter * bw, -0.55 * bh, 0.8 * min(bw / aw, bh / ah))
                return a + b
            s = 0.42 * min(bw, bh) / max(aw, ah)
            move(a, 0.03 * jitter * bw, -0.27 * bh, s)
            return b + a
        case "wear":
            return _wear(a, b, labels[dict(drawn)[group_of(b)].concept])
    gap = 0.06 * max(aw, bw) * (1 + 0.5 * jitter) if len(a) + len(b) < 8 else 0.02
    swapped = group.relation == "right"
    if group.relation == "beside" and d.draw() < 0.3:
        swapped = True
    shift = (aw + bw) / 2 + gap
    move(b, -shift if swapped else shift, 0)
    return a + b


def group_of(items: list[Item]) -> int:
    return items[0].group


def _stack(a: list[Item], b: list[Item], group: Group, labels: dict, jitter: float) -> list[Item]:
    """One on top of the other; both have their foot at (0, 0)."""
    top, low = (a, b) if group.relation == "above" else (b, a)
    lift = LIFT[group.contact]
    if group.relation == "below" and not TALL_WORDS.isdisjoint(labels[group.concept].split(" ")):
        x0, y0, x1, _ = bounds(low)
        tx0, ty0, tx1, _ = bounds(top)
        grow = max(1.7 * max(x1 - x0, -y0) / max(tx1 - tx0, -ty0), 1.0)
        move(top, 0.1 * jitter * (x1 - x0), 0.0, grow)
        move(low, 0.0, 0.03)
        return top + low
    width = bounds(top)[2] - bounds(top)[0]
    x0, _, x1, _ = bounds(low)
    if group.contact != "apart" and width > x1 - x0:  # what carries several is broad enough for them
        move(low, 0.0, 0.0, min(width / (x1 - x0), 2.2))
    x0, y0, x1, _ = bounds(low)
    width = min(width, x1 - x0)
    move(top, 0.12 * jitter * (x1 - x0), y0 - lift * width)
    return low + top


def _overlap(back: list[Item], front: list[Item], jitter: float) -> list[Item]:
    """The one behind is larger, higher, and shows to one side."""
    fx0, fy0, fx1, _ = bounds(front)
    bx0, by0, bx1, _ = bounds(back)
    unit = max(fx1 - fx0, -fy0)
    grow = max(1.5 * unit / max(bx1 - bx0, -by0), 1.0)
    side = 1.0 if jitter >= 0 else -1.0
    move(back, side * (0.2 + 0.1 * abs(jitter)) * unit, -0.14 * unit, grow)
    move(front, -side * 0.12 * unit, 0.0)
    return back + front


def _wear(a: list[Item], b: list[Item], label: str) -> list[Item]:
    """Headwear on top of each of a, glasses at eye height; one drawing for each wearer."""
    lenses = not LENSES.isdisjoint(label.split(" "))
    worn = []
    for i in a:
        s = i.side * (0.5 if lenses else 0.55)
        y = i.y - i.side * (0.14 if lenses else 0.5)
        worn.append(Item(group_of(b), i.x, y, s))
    return a + worn


def fit(items: list[Item], scene: Scene, layout: Layout, d: scenes.Dice) -> None:
    """Scale and shift all items onto the canvas."""
    centre(items)
    x0, y0, x1, _ = bounds(items)
    w, h = x1 - x0, -y0
    ground = layout.backdrop.ground * layout.height if layout.backdrop else 0.0
    single, size = len(items) == 1, scene.groups[items[0].group].size
    wish = min(max(size, 0.45), 1.25) if single else 1.0
    if single:
        reach = d.between(0.78, 0.94) if not layout.backdrop else d.between(0.52, 0.7)
    else:
        reach = d.between(0.9, 0.97)
    reach = reach * wish * scene.zoom
    scale = min(reach * layout.width / w, reach * layout.height / h)
    if single:
        scale = min(scale, 1.3 * reach / h)
    foot = 0.0
    if ground:
        foot = ground + d.between(-0.02, 0.06)
        lowest = max(items, key=lambda i: i.y + i.side / 2)
        scale = min(scale, max((foot - 0.03) / (h - lowest.side * (0.5 - FOOT)), 0.1))
        if not single:
            scale = min(scale, 0.72 / max(i.side for i in items))
    slack_x = max(layout.width - w * scale, 0.0)
    x = layout.width / 2 + d.between(-0.5, 0.5) * slack_x * 0.5
    slack_y = max(layout.height - h * scale, 0.0)
    y = layout.height / 2 + h * scale / 2 + d.between(-0.5, 0.5) * slack_y * 0.3
    if ground:
        y = foot + lowest.side * scale * (0.5 - FOOT)
    move(items, x, y, scale)


def dress(items: list[Item], scene: Scene, index: list[dict], colours: dict[str, list[int]], seed: int) -> None:
    """Choose a drawing for each group and give the items their colour, bend, turn and mirroring."""
    d, bends = dice(seed, DRAWINGS), dice(seed, BENDS)
    for k, group in enumerate(scene.groups):
        entries = [e for e in index if shows(e, group.concept)]
        if not entries:
            continue
        own = [e for e in entries if e["style"] == scene.style]
        entries = own or [e for e in entries if e["style"] not in FURTHER] or entries
        weights = [float(WILLING.get(scene.style, {}).get(e["style"], 1)) for e in entries]
        at, left = 0, d.draw() * sum(weights)
        while at < len(entries) - 1 and left >= weights[at]:
            left -= weights[at]
            at += 1
        flip, paint = d.draw() < 0.35, paint_of(entries[at], scene.style, seed)
        outline = outline_of(entries[at], scene.style)
        for n, item in enumerate(i for i in items if i.group == k):
            item.drawing = entries[at]["id"]
            item.flip = flip != group.flip
            item.turn, item.paint, item.outline = group.turn, paint, outline
            item.bend = bending.drawn(bends, bending.strength_of(group.concept))
            if group.colours:
                item.colour = group.colours[n % len(group.colours)]
                if paint:
                    item.paint = colouring.in_one_colour(colours[item.colour])


def styled(layout: Layout, index: list[dict], style: str) -> float:
    """Share of the things' area that has the style: drawn by its hand, or outlined to it. A backdrop alone has it."""
    hands = {e["id"]: e["style"] for e in index}
    area = [(i.side**2, hands[i.drawing] == style or bool(i.outline)) for i in layout.items]
    return sum(a for a, own in area if own) / sum(a for a, _ in area) if area else 1.0


def outline_of(entry: dict, style: str) -> str:
    """In which line style a drawing has to be outlined. A glyph is black already; in kawaii it was coloured before."""
    if style not in outlining.STYLES or entry["style"] == style or (style == "ink" and entry.get("paints")):
        return ""
    return style


def paint_of(entry: dict, style: str, seed: int) -> str:
    """What the seed colours a glyph with; "" for what keeps its own colours."""
    paints = entry.get("paints", ())
    if not paints or style in colouring.BLACK:
        return ""
    return paints[int(dice(seed, PAINTS).draw() * len(paints))]


def tint(rgb: list[int], amount: float = 0.85) -> np.ndarray:
    """Shades of one colour, for premultiplied RGB: rgb' = (1 - k) rgb + k * tone * luma(rgb). [3, 3]"""
    tone = np.array(rgb) / 255
    tone = tone / max(float(LUMA @ tone), 0.25) * 0.8
    return (1 - amount) * np.eye(3) + amount * np.outer(tone, LUMA)


def whiten(rgb: list[int]) -> float:
    """How far a very light colour word moves everything towards white, and a very dark one (below 0) to black."""
    bright = float(LUMA @ np.array(rgb)) / 255
    return min(max((bright - 0.8) * 3, 0.0), 0.6) - min(max((0.25 - bright) * 5, 0.0), 0.6)


def recolour(picture: np.ndarray, rgb: list[int]) -> np.ndarray:
    """Premultiplied RGBA [H, W, 4] in shades of one colour."""
    alpha = picture[..., 3:]
    colour = np.clip(picture[..., :3] @ tint(rgb).T, 0, alpha)
    lift = whiten(rgb)
    colour = colour + (alpha - colour) * lift if lift > 0 else colour * (1 + lift)
    return np.concatenate((colour, alpha), -1)


def pyramid(picture: np.ndarray) -> list[np.ndarray]:
    """uint8 [n, n, 4] premultiplied and its halves twice, rounded to even."""
    levels = [picture]
    for _ in range(2):
        p = levels[-1].astype(np.float64)
        mean = (p[0::2, 0::2] + p[1::2, 0::2] + p[0::2, 1::2] + p[1::2, 1::2]) / 4
        levels.append(np.round(mean).astype(np.uint8))
    return levels


def compose(
    layout: Layout, drawings: dict[str, np.ndarray], colours: dict[str, list[int]], style: str, height: int, width: int
) -> np.ndarray:
    """The reference: premultiplied RGBA float64 [height, width, 4] in [0, 1].

    ``drawings`` are premultiplied uint8 [n, n, 4]. Pixels need not be square: the layout is stretched
    to the grid, and stretched back when the picture is brought to its size.
    """
    canvas = np.zeros((height, width, 4))
    if layout.backdrop:
        canvas[..., :3] = scenes.paint(layout.backdrop, height, width, style not in FLAT_STYLES)
        canvas[..., 3] = 1.0
    x = (np.arange(width) + 0.5) / width * layout.width
    y = (np.arange(height) + 0.5) / height * layout.height
    density = math.sqrt(width / layout.width * height / layout.height)
    for item in layout.items:
        picture = drawings[item.drawing]
        if item.paint:
            picture = colouring.coloured(picture, colouring.parsed(item.paint), style not in FLAT_STYLES)
        if item.outline:
            picture = outlining.outlined(picture, item.outline)
        level = int(np.clip(np.round(np.log2(picture.shape[0] / (item.side * density))), 0, 2))
        over = _warp(pyramid(picture)[level] / 255.0, item, x, y)
        if item.colour and not item.paint:
            over = recolour(over, colours[item.colour])
        canvas = over + canvas * (1 - over[..., 3:])
    return canvas


def _warp(picture: np.ndarray, item: Item, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The drawing on an empty canvas, bilinear, nothing outside its edge."""
    n = picture.shape[0]
    c, s = math.cos(item.turn), math.sin(item.turn)
    dx, dy = (x - item.x)[None, :] / item.side, (y - item.y)[:, None] / item.side
    u, v = c * dx + s * dy, c * dy - s * dx
    u, v = bending.source(item.bend, u, v)
    u = -u if item.flip else u
    px, py = (u + 0.5) * n - 0.5, (v + 0.5) * n - 0.5
    x0, y0 = np.floor(px).astype(int), np.floor(py).astype(int)
    fx, fy = (px - x0)[..., None], (py - y0)[..., None]

    def at(xi: np.ndarray, yi: np.ndarray) -> np.ndarray:
        inside = (xi >= 0) & (xi < n) & (yi >= 0) & (yi < n)
        return picture[np.clip(yi, 0, n - 1), np.clip(xi, 0, n - 1)] * inside[..., None]

    top = at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx
    low = at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx
    return top * (1 - fy) + low * fy
