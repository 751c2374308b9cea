"""The composer: a scene and a seed become a layout, and the layout a rough RGBA reference.

Reference for the Go package internal/engine/tempera/compose. Lengths of a layout are in units of the
picture's shorter side; (0, 0) is the top left corner, y points down. Random numbers come from
scenes.Dice, one stream for each purpose, so that a change in one does not move the others.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from tempera import bending, colouring, outlining, palettes, placing, rendering, scenes
from tempera.gathering import Item, Layout
from tempera.plans import FLAT_STYLES
from tempera.reading import Scene
from tempera.shapes import look_at

DRAWINGS, LAYOUT, BACKDROP, PAINTS, BENDS = 0, 1, 2, 3, 4  # streams of random numbers
_ROUND = {"toon": 6, "flat": 6}
_RENDERED = {"soft-3d": 9, "flat": 9}
# How willingly a drawing is taken where none is drawn in the asked style, by that style and the one it is in; else 1.
WILLING = {
    "soft-3d": _RENDERED, "gradient": {"flat": 9}, "ink": _RENDERED, "game-icon": _RENDERED,
    "clean": _ROUND, "classic": _ROUND, "blob": _ROUND, "longshadow": _ROUND,
    "kawaii": {"flat": 9}, "papercut": {"flat": 5}, "toon": {"flat": 3},
}  # fmt: skip
# Styles whose drawings are taken for nothing but their style, unless there is no other.
FURTHER = {"ink", "kawaii", "longshadow", "clean", "classic", "blob", "gradient"}
LIGHTS = {"night": (0x101838, 0.62), "sunset": (0xFF8A4A, 0.35)}
Picture = Callable[[str], np.ndarray]  # id -> premultiplied uint8 [n, n, 4]
LUMA = np.array((0.3, 0.59, 0.11))


def shows(entry: dict, concept: str) -> bool:
    """Whether a drawing of the library may stand for a concept."""
    return entry["concept"] == concept or concept in entry.get("also", ())


def dice(seed: int, stream: int) -> scenes.Dice:
    return scenes.Dice(seed * 8 + stream)


def arrange(
    scene: Scene, index: list[dict], lexicon: dict, seed: int, width: int, height: int, picture: Picture
) -> Layout:
    """The layout of a scene for a picture of width x height pixels (only their ratio counts)."""
    short = min(width, height)
    layout = Layout(width / short, height / short, backdrop=backdrop(scene, lexicon["colours"], seed))
    looks = choose(scene, index, seed, picture)
    layout.missing = [g.phrase for k, g in enumerate(scene.groups) if k not in looks]
    if looks:
        concepts = {c["id"]: c for c in lexicon["concepts"]}
        placer = placing.Placer(scene, layout, looks, concepts, dice(seed, LAYOUT))
        layout.items = placer.place()
        placer.fit(layout.items)
        colour(layout.items, scene, lexicon["colours"])
        bends, alone = dice(seed, BENDS), len(layout.items) == 1
        for item in layout.items:
            item.bend = bending.drawn(bends, scene.groups[item.group].concept, alone)
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


def choose(scene: Scene, index: list[dict], seed: int, picture: Picture) -> dict[int, Item]:
    """A drawing for each group that has one, its turn and mirroring, and what is seen of it."""
    d = dice(seed, DRAWINGS)
    looks = {}
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
        entry, flip = entries[at], (d.draw() < 0.35) != group.flip
        looks[k] = Item(
            k, 0.0, 0.0, 1.0, entry["id"], "", flip, group.turn, paint_of(entry, scene.style, seed),
            outline_of(entry, scene.style), rendering.palette_of(entry["style"], scene.style),
            rendering.name_of(entry["style"], scene.style), shape=look_at(picture(entry["id"]), flip, group.turn),
        )  # fmt: skip
    return looks


def colour(items: list[Item], scene: Scene, colours: dict[str, list[int]]) -> None:
    """The colours a group was given go round its members."""
    for k, group in enumerate(scene.groups):
        for n, item in enumerate(i for i in items if i.group == k and group.colours):
            item.colour = group.colours[n % len(group.colours)]
            if item.paint:
                item.paint = colouring.in_one_colour(colours[item.colour])


def styled(layout: Layout, index: list[dict], style: str) -> float:
    """Share of the things' area that has the style: drawn by its hand, brought nearer to it, or a glyph that was coloured as it
    colours. A backdrop alone has it."""
    hands = {e["id"]: e["style"] for e in index}
    area = [
        (i.side**2, hands[i.drawing] == style or bool(i.outline or i.palette or i.render or i.paint))
        for i in layout.items
    ]
    return sum(a for a, own in area if own) / sum(a for a, _ in area) if area else 1.0


def outline_of(entry: dict, style: str) -> str:
    """In which line style a drawing has to be outlined, if it is not rendered in it. In kawaii a glyph was coloured before. What
    is stored as a black shape is outlined too, and gets the black of the hands that draw such: it is not quite black."""
    if rendering.name_of(entry["style"], style):
        return ""
    if style == "ink" or (style == "game-icon" and entry.get("paints")):
        return "ink"
    return style if style in outlining.STYLES and entry["style"] != style else ""


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
    layout: Layout, drawings: dict[str, np.ndarray], colours: dict[str, list[int]],
    tables: dict[str, palettes.Palette], renderer: rendering.Network, style: str, height: int, width: int,
) -> np.ndarray:  # fmt: skip
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
        if item.palette:
            picture = palettes.repainted(picture, tables[item.palette])
        if item.outline:
            picture = outlining.outlined(picture, item.outline)
        if item.render:
            picture = rendering.rendered(picture, item.render, renderer)
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
