"""Training pictures as plain data: what stands where, what the guide shows of it, and the words.

:class:`Planner` draws plans at random with numpy; :func:`pack` turns a list of plans into a few arrays that
cross a process boundary cheaply; ``batches.compose`` makes pixels of them. The target shows every object in
the asked style; the reference shows the same layout with other drawings of the same concepts. Held-out
pairs, concepts and scenes are left out here, so nothing downstream can reach them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tempera import data, scenes
from tempera.words import COLOURS, COUNTS, PAD, Tokenizer

FILTER_TITLES = {
    "sticker": "Sticker", "pixel": "Pixel art", "blueprint": "Blueprint", "neon": "Neon", "sketch": "Pencil sketch",
    "chalk": "Chalk", "halftone": "Halftone", "mosaic": "Mosaic", "silhouette": "Silhouette", "gold": "Gold relief",
    "papercut": "Paper cut", "stitch": "Cross-stitch",
}  # fmt: skip
FILTERS = tuple(FILTER_TITLES)
FLAT_STYLES = {
    "flat", "clean", "kawaii", "ink", "longshadow", "pixel", "sticker", "game-icon", "avatar-bold", "avatar-line",
    "avatar-flat", "papercut", "stitch", "silhouette",
}  # fmt: skip
MONO = {"ink", "game-icon"}  # styles of black shapes: never recoloured, on pale backdrops
ALONE = {"game", "avatar"}  # groups of concepts that one set draws
BACKDROP_WORDS = {
    "solid": ("plain background", "solid color"), "gradient": ("gradient background",),
    "hill": ("on a hill", "green hills"), "meadow": ("in a meadow", "garden with flowers", "on grass"),
    "sky": ("in the sky", "among clouds"), "sunset": ("at sunset",), "mountains": ("in the mountains",),
    "forest": ("in a forest", "among trees"), "desert": ("in the desert",), "snow": ("in the snow", "snowy winter"),
    "sea": ("at sea", "on the ocean"), "beach": ("on the beach",), "underwater": ("underwater",),
    "night": ("at night", "starry night"), "space": ("in space", "outer space"), "city": ("in the city", "city street"),
    "room": ("in a room", "indoors"),
}  # fmt: skip
MOODS = ("cute", "happy", "beautiful", "simple", "colourful", "small", "big", "pretty", "bright", "plain")
GROUP_WEIGHT = {"smileys-emotion": 0.8, "people-body": 0.35, "symbols": 0.35}
SHARES = {
    "soft-3d": 2.2, "gradient": 1.2, "flat": 1.3, "toon": 1.3, "clean": 1.2, "ink": 0.8, "longshadow": 0.7,
    "kawaii": 0.8, "game-icon": 0.8,
} | {f: 0.36 for f in FILTERS}  # fmt: skip
BASES = ("soft-3d", "flat", "toon", "clean", "gradient", "game-icon")  # what the programmatic styles are made of
EYE = np.eye(3, dtype=np.float32)
LUMA = np.array((0.3, 0.59, 0.11), np.float32)


def style_names(manifest: dict | None = None) -> list[str]:
    """Style of each id; 0 is "none"."""
    return ["none", *(e["style"] for e in (manifest or data.load_manifest())["drawings"]), *FILTERS]


@dataclass
class Sprite:
    """One drawing placed on a canvas; lengths are fractions of the canvas's shorter side."""

    row: int
    cx: float
    cy: float
    scale: float
    flip: bool = False
    turn: float = 0.0  # radians
    colour: np.ndarray = field(default_factory=lambda: EYE)  # [3, 3], applied to premultiplied RGB


@dataclass
class Plan:
    style: int
    caption: str
    target: list[Sprite] = field(default_factory=list)
    reference: list[Sprite] = field(default_factory=list)
    backdrop: int = -1  # index into the bank; -1 is transparent
    mirrored: bool = False
    soft: bool = True
    reference_soft: bool = True
    shadows: bool = False
    stands: bool = False  # things stand on the backdrop's ground
    filter: str = ""
    damage: str = ""  # "", "blur", "grey": what the reference lost
    presence: bool = True  # of the reference
    named: float = 1.0  # weight of the style's name; the rest is the look of ``look_row``, -1 none
    look_row: int = -1
    hole: np.ndarray | None = None  # [16], see guides.holes; None paints everywhere
    contours: float = 0.0  # weight of the contours, 0 = none


class Index:
    """Which drawing shows what, without the pixels. ``rows`` are (concept, style). The judge of the evaluation sees
    the concepts of H2, the painter does not."""

    def __init__(self, root: Path = data.DATA, backdrops: int = 204, judge: bool = False) -> None:
        index = json.loads((root / "index.json").read_text())
        self.holdout = json.loads(data.HOLDOUT.read_text())
        self.concepts = {c["id"]: c for c in index["concepts"]}
        self.styles = style_names()
        self.rows: list[tuple[str, str]] = [(c, s) for c, s, _ in index["rows"]]
        hidden = self.holdout | {"h2": []} if judge else self.holdout
        seen, self.held = data.split_rows(self.rows, hidden)
        self.by_concept: dict[str, dict[str, int]] = {}
        self.by_style: dict[str, list[int]] = {}
        for row in seen:
            concept, style = self.rows[row]
            self.by_concept.setdefault(concept, {})[style] = row
            self.by_style.setdefault(style, []).append(row)
        self.pool: dict[str, tuple[list[str], np.ndarray]] = {}
        for style in self.styles[1 : -len(FILTERS)]:
            able = [c for c, rows in self.by_concept.items() if style in rows and self._usable(c)]
            weight = np.array([GROUP_WEIGHT.get(self.concepts[c]["group"], 1.0) for c in able])
            self.pool[style] = (able, np.cumsum(weight / weight.sum()))
        self.unseen_scenes = {tuple(s["key"]) for s in self.holdout["h3"]}
        self.bank_kinds = [scenes.KINDS[i % len(scenes.KINDS)] for i in range(backdrops)]
        self.bank_ground = [scenes.describe(kind, i).ground for i, kind in enumerate(self.bank_kinds)]

    def _usable(self, concept: str) -> bool:
        return len(self.by_concept[concept]) >= 2 or self.concepts[concept]["group"] in ALONE


def hue_turn(angle: float) -> np.ndarray:
    """Rotation of colour about the grey axis, [3, 3]."""
    c, s = np.cos(angle), np.sin(angle)
    a, b = (1 - c) / 3, np.sqrt(1 / 3) * s
    return np.array([[c + a, a - b, a + b], [a + b, c + a, a - b], [a - b, a + b, c + a]], np.float32)


def tint(rgb: tuple[int, int, int], amount: float = 0.85) -> np.ndarray:
    """Recolour to shades of one colour: rgb' = (1 - k) rgb + k * tone * luma(rgb). Linear, so it may be
    applied to premultiplied colour; the Go composer uses the same rule."""
    tone = np.array(rgb, np.float32) / 255
    tone = tone / max(float(LUMA @ tone), 0.25) * 0.8
    return ((1 - amount) * EYE + amount * np.outer(tone, LUMA)).astype(np.float32)


TINTS = {name: tint(rgb) for name, rgb in COLOURS.items()}


class Planner:
    """Draws plans at random. ``scene_share`` of the pictures have several objects or a backdrop."""

    def __init__(self, index: Index, seed: int, scene_share: float = 0.5) -> None:
        self.index, self.rng, self.scene_share = index, np.random.default_rng(seed), scene_share
        self.names = index.styles[1:]
        p = np.array([0.3 if n.startswith("avatar") else SHARES.get(n, 1.0) for n in self.names])
        self.shares = np.cumsum(p / p.sum())
        self.colour_names = list(COLOURS)

    def _one(self, n: int) -> int:
        return int(self.rng.random() * n)

    def _drawn(self, cumulative: np.ndarray) -> int:
        return int(np.searchsorted(cumulative, self.rng.random() * 0.999999))

    def plan(self) -> Plan:
        rng, index = self.rng, self.index
        style = self.names[self._drawn(self.shares)]
        plan = Plan(index.styles.index(style), "")
        base = style
        if style in FILTERS:
            plan.filter = style
            base = BASES[self._one(len(BASES))]
        plan.soft = style not in FLAT_STYLES
        plan.reference_soft = rng.random() < 0.7
        scene = rng.random() < self.scene_share
        if scene and rng.random() < 0.75:
            plan.backdrop = self._one(len(index.bank_kinds))
            plan.mirrored = rng.random() < 0.5
        words = self._objects(plan, base, scene)
        if plan.backdrop >= 0 and rng.random() < 0.9:
            options = BACKDROP_WORDS[index.bank_kinds[plan.backdrop]]
            words += " " + options[self._one(len(options))]
        plan.caption = "" if rng.random() < 0.12 else self._worded(words, style)
        if base not in MONO and not plan.filter and rng.random() < 0.12:
            self._recolour(plan, hue_turn(rng.uniform(0.5, 5.8)))
        self._guides(plan, base)
        return plan

    def _worded(self, words: str, style: str) -> str:
        """People say the style before or after, or not at all, and add words that change nothing here."""
        name, chance = style.replace("-", " "), self.rng.random()
        if chance < 0.12:
            return f"{name} {words}"
        if chance < 0.24:
            return f"{words}, {name}"
        return f"{MOODS[self._one(len(MOODS))]} {words}" if chance < 0.34 else words

    def _guides(self, plan: Plan, base: str) -> None:
        """What the network is told beside the words."""
        rng = self.rng
        plan.presence = rng.random() > 0.14
        chance = rng.random()
        plan.damage = "blur" if chance < 0.05 else "grey" if chance < 0.1 else ""
        chance = rng.random()  # neither name nor look, look alone, both, name alone
        plan.named = 0.0 if chance < 0.32 else float(rng.random()) if chance < 0.42 else 1.0
        if 0.1 < chance < 0.42:
            same = self.index.by_style[base]
            plan.look_row = same[self._one(len(same))]
        elif chance <= 0.1 and rng.random() < 0.6:  # guidance leads away from words and style together
            plan.caption = ""
        if rng.random() < 0.18:
            plan.hole = hole(rng)
            plan.presence = plan.presence and rng.random() < 0.6
        if rng.random() < 0.22:
            plan.contours = 1.0 if rng.random() < 0.5 else float(rng.uniform(0.3, 1))
            plan.presence = plan.presence and rng.random() < 0.5

    def _recolour(self, plan: Plan, matrix: np.ndarray) -> None:
        for sprite in plan.target + plan.reference:
            sprite.colour = matrix @ sprite.colour

    def _concept(self, style: str) -> str:
        able, cumulative = self.index.pool[style]
        return able[self._drawn(cumulative)]

    def _other(self, concept: str, style: str) -> int:
        """The reference drawing's row: mostly another style, sometimes the drawing itself. Colour
        drawings are preferred to ink, as they are at run time."""
        rows = self.index.by_concept[concept]
        if len(rows) == 1 or self.rng.random() < 0.12:
            return rows[style]
        others = [s for s in rows if s != style]
        weight = np.array(
            [{"ink": 0.15, "game-icon": 0.1, "flat": 2.5, "toon": 1.5, "soft-3d": 1.5}.get(s, 1.0) for s in others]
        )
        return rows[others[self._drawn(np.cumsum(weight / weight.sum()))]]

    def _pair(
        self, plan: Plan, concept: str, style: str, at: tuple[float, float, float], flip: bool, rows: tuple[int, int],
        colour: np.ndarray,
    ) -> None:  # fmt: skip
        """Add one object to target and reference; the reference is a little off."""
        rng, (cx, cy, scale) = self.rng, at
        turned = float(rng.normal(0, 0.2)) if rng.random() < 0.15 else 0.0
        plan.target.append(Sprite(rows[0], cx, cy, scale, flip, turned, colour))
        off = rng.normal(0, 0.012 if rng.random() < 0.7 else 0.0, 3)
        plan.reference.append(Sprite(rows[1], cx + off[0], cy + off[1], scale * (1 + 2 * off[2]), flip, turned, colour))

    def _objects(self, plan: Plan, style: str, scene: bool) -> str:
        """Fill the plan's sprites; returns the words."""
        rng, index = self.rng, self.index
        ground = index.bank_ground[plan.backdrop] if plan.backdrop >= 0 else 0.0
        plan.stands = ground > 0
        plan.shadows = plan.stands and style not in MONO and not plan.filter
        kind = rng.random() if scene else 0.0
        if kind < 0.4:
            side = rng.uniform(0.45, 0.8) if scene else rng.uniform(0.72, 1.0)
            cx = 0.5 + rng.uniform(-1, 1) * max(0.0, 1.02 - side) / 2
            cy = self._foot(ground, side) if ground else 0.5 + rng.uniform(-1, 1) * max(0.0, 1.02 - side) / 2
            return self._things(plan, style, [(cx, cy, side)], one=True)
        if kind < 0.66:
            return self._things(plan, style, self._crowd(ground), one=True)
        if kind < 0.92:
            return self._relation(plan, style, ground)
        return self._things(plan, style, self._crowd(ground), one=False)

    def _foot(self, ground: float, side: float) -> float:
        """Centre of an object of this size that stands near the ground line."""
        return ground + self.rng.uniform(-0.06, 0.1) - side * 0.46

    def _crowd(self, ground: float) -> list[tuple[float, float, float]]:
        rng = self.rng
        n = int(rng.integers(2, 5)) if rng.random() < 0.8 else int(rng.integers(5, 10))
        if n <= 4 and rng.random() < 0.7:
            side = min(0.95 / n, 0.46) * rng.uniform(0.85, 1.05)
            cy = self._foot(ground, side) if ground else rng.uniform(0.35, 0.65)
            return [((k + 0.5) / n, cy, side) for k in range(n)]
        columns = 2 if n <= 4 else 3
        lines = -(-n // columns)
        side = min(1 / columns, 1 / lines) * rng.uniform(0.8, 0.95)
        return [((k % columns + 0.5) / columns, (k // columns + 0.5) / lines, side) for k in range(n)]

    def _things(self, plan: Plan, style: str, places: list[tuple[float, float, float]], one: bool) -> str:
        """Objects at the places: one concept repeated, or each its own."""
        rng = self.rng
        count = "a" if len(places) == 1 else COUNTS[len(places) - 1]
        concept, colour_word = self._described(style, count)
        rows = (self.index.by_concept[concept][style], self._other(concept, style))
        colour = TINTS[colour_word] if colour_word else EYE
        flip = rng.random() < 0.4
        names = []
        for place in places:
            if not one:
                concept = self._concept(style)
                rows = (self.index.by_concept[concept][style], self._other(concept, style))
                names.append(self._name(concept))
            self._pair(plan, concept, style, place, flip, rows, colour)
        if not one:
            return " and ".join(names[:4])
        return " ".join(w for w in (count, colour_word, self._name(concept)) if w)

    def _described(self, style: str, count: str) -> tuple[str, str]:
        """A concept and a colour word ("" = its own colours) that are not held out together (H3)."""
        while True:
            concept, colour = self._concept(style), self._colour(style)
            unseen = self.index.unseen_scenes
            if ("colour", colour, concept) not in unseen and ("count", count, concept) not in unseen:
                return concept, colour

    def _relation(self, plan: Plan, style: str, ground: float) -> str:
        """Two objects and how they stand to each other. The first painted is behind."""
        rng, index = self.rng, self.index
        kind = ("left of", "right of", "on top of", "below", "behind", "in front of", "inside")[self._one(7)]
        (a, colour_a), (b, colour_b) = self._described(style, "a"), self._described(style, "a")
        while (kind, a, b) in index.unseen_scenes:
            b, colour_b = self._described(style, "a")
        s = rng.uniform(0.4, 0.5)
        cy = self._foot(ground, s) if ground else 0.5 + rng.uniform(-0.08, 0.08)
        if kind in ("left of", "right of"):
            x = 0.26 if kind == "left of" else 0.74
            pa, pb, first = (x, cy, s), (1 - x, cy, s), "b"
        elif kind in ("on top of", "below"):
            up, down = (0.5 + rng.uniform(-0.06, 0.06), 0.28, s), (0.5, 0.28 + 0.92 * s, s * rng.uniform(0.9, 1.15))
            pa, pb, first = (up, down, "b") if kind == "on top of" else (down, up, "a")
        elif kind in ("behind", "in front of"):
            small, big = (0.36, cy + 0.08, s * 0.9), (0.6, cy - 0.06, s * 1.35)
            pa, pb, first = (big, small, "a") if kind == "behind" else (small, big, "b")
        else:
            pa, pb, first = (0.5, 0.56, 0.38), (0.5, 0.5, 0.92), "b"
        parts = {"a": (a, colour_a, pa), "b": (b, colour_b, pb)}
        words = {}
        for key in (first, "b" if first == "a" else "a"):
            concept, colour_word, place = parts[key]
            rows = (index.by_concept[concept][style], self._other(concept, style))
            colour = TINTS[colour_word] if colour_word else EYE
            self._pair(plan, concept, style, place, rng.random() < 0.4, rows, colour)
            words[key] = " ".join(w for w in (colour_word, self._name(concept)) if w)
        return f"a {words['a']} {kind} a {words['b']}"

    def _colour(self, style: str) -> str:
        if style in MONO or self.rng.random() > 0.15:
            return ""
        return self.colour_names[self._one(len(self.colour_names))]

    def _name(self, concept: str) -> str:
        entry = self.index.concepts[concept]
        if entry["tags"] and self.rng.random() < 0.15:
            return entry["tags"][self._one(len(entry["tags"]))]
        return entry["label"]


def hole(rng: np.random.Generator) -> np.ndarray:
    """[16]: what is to be painted when the rest is known. A box (x0, y0, x1, y1), a half plane (nx, ny, d), three
    points of a brush stroke and its radius, and the way chosen (0 box, 1 half plane, 2 stroke, 3 all but a box)."""
    box = np.sort(rng.uniform(0, 1, (2, 2)), 0)
    box[1] = np.maximum(box[1], box[0] + 0.2)
    angle = rng.uniform(0, 2 * np.pi)
    plane = np.array([np.cos(angle), np.sin(angle), rng.uniform(0.05, 0.35)])
    stroke = rng.uniform(0.1, 0.9, 6)
    return np.concatenate((box.ravel(), plane, stroke, [rng.uniform(0.05, 0.2), rng.integers(4), 0.0])).astype(
        np.float32
    )


@dataclass
class Packed:
    """Plans as arrays; canvases 0 … n - 1 are targets, n … 2n - 1 their references."""

    n: int
    canvas: np.ndarray  # int [S], of each sprite
    order: np.ndarray  # int [S], place in its canvas's stack
    row: np.ndarray  # int [S]
    place: np.ndarray  # float [S, 3]: cx, cy, scale
    turn: np.ndarray  # float [S, 2]: radians, -1 when flipped else 1
    colour: np.ndarray  # float [S, 3, 3]
    style: np.ndarray  # int [n]
    tokens: np.ndarray  # int [n, 24]
    filter: np.ndarray  # int [n], index into FILTERS or -1
    backdrop: np.ndarray  # int [n]
    flags: np.ndarray  # bool [n, 8]: mirrored, soft, reference soft, shadows, stands, presence, blur, grey
    look: np.ndarray  # float [n, 2]: weight of the name, row of the look (-1 none)
    hole: np.ndarray  # float [n, 16], last value 1 where there is one
    contours: np.ndarray  # float [n]


def pack(plans: list[Plan], tokenizer: Tokenizer) -> Packed:
    n, stack = len(plans), []
    for i, plan in enumerate(plans):
        for offset, sprites in ((0, plan.target), (n, plan.reference)):
            stack += [(i + offset, k, s) for k, s in enumerate(sprites)]
    holes = np.zeros((n, 16), np.float32)
    for i, plan in enumerate(plans):
        if plan.hole is not None:
            holes[i] = plan.hole
            holes[i, 15] = 1
    flags = [
        (p.mirrored, p.soft, p.reference_soft, p.shadows, p.stands, p.presence, p.damage == "blur", p.damage == "grey")
        for p in plans
    ]
    tokens = [tokenizer.encode(p.caption) if p.caption else [PAD] * 24 for p in plans]
    return Packed(
        n, np.array([c for c, _, _ in stack]), np.array([k for _, k, _ in stack]), np.array([s.row for _, _, s in stack]),
        np.array([(s.cx, s.cy, s.scale) for _, _, s in stack], np.float32),
        np.array([(s.turn, -1.0 if s.flip else 1.0) for _, _, s in stack], np.float32),
        np.stack([s.colour for _, _, s in stack]).astype(np.float32), np.array([p.style for p in plans]), np.array(tokens),
        np.array([FILTERS.index(p.filter) if p.filter else -1 for p in plans]), np.array([p.backdrop for p in plans]),
        np.array(flags), np.array([(p.named, p.look_row) for p in plans], np.float32), holes,
        np.array([p.contours for p in plans], np.float32),
    )  # fmt: skip
