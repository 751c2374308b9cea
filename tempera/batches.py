"""Training batches: drawings and composed scenes with their references and captions.

A picture is planned as plain data (numpy random numbers), then a whole batch is composed with torch:
affine warps of resident uint8 drawings, painted over each other in layers. The target shows every
object in the asked style; the reference shows the same layout with other drawings of the same
concepts. Held-out pairs are dropped when the stock is loaded, so no plan can reach them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tempera import data, scenes
from tempera.words import COLOURS, COUNTS, Tokenizer

FILTERS = ("sticker", "pixel", "blueprint", "neon")
FILTER_TITLES = {"sticker": "Sticker", "pixel": "Pixel art", "blueprint": "Blueprint", "neon": "Neon"}
FLAT_STYLES = {"flat", "clean", "kawaii", "ink", "longshadow", "pixel", "sticker"}
BACKDROP_WORDS = {
    "solid": ("plain background", "solid color"), "gradient": ("gradient background",),
    "hill": ("on a hill", "green hills"), "meadow": ("in a meadow", "garden with flowers", "on grass"),
    "sky": ("in the sky", "among clouds"), "sunset": ("at sunset",), "mountains": ("in the mountains",),
    "forest": ("in a forest", "among trees"), "desert": ("in the desert",), "snow": ("in the snow", "snowy winter"),
    "sea": ("at sea", "on the ocean"), "beach": ("on the beach",), "underwater": ("underwater",),
    "night": ("at night", "starry night"), "space": ("in space", "outer space"), "city": ("in the city", "city street"),
    "room": ("in a room", "indoors"),
}  # fmt: skip
GROUP_WEIGHT = {"smileys-emotion": 0.8, "people-body": 0.35, "symbols": 0.35}
LUMA = np.array((0.3, 0.59, 0.11), np.float32)


def style_names(manifest: dict | None = None) -> list[str]:
    """Style of each id; 0 is "none"."""
    return ["none", *(e["style"] for e in (manifest or data.load_manifest())["drawings"]), *FILTERS]


@dataclass
class Sprite:
    """One drawing placed on a canvas; lengths are fractions of the canvas."""

    row: int
    cx: float
    cy: float
    scale: float
    flip: bool
    turn: float  # radians
    colour: np.ndarray  # [3, 3], applied to premultiplied RGB


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
    filter: str = ""
    damage: str = ""  # "", "blur", "grey": what the reference lost
    presence: bool = True


class Stock:
    """Drawings resident in memory at 128, 64 and 32 px, and a bank of painted backdrops."""

    def __init__(self, root: Path = data.DATA, device: str = "cpu", backdrops: int = 204, side: int = 128) -> None:
        pictures = torch.from_numpy(data.load_drawings(root))
        index = json.loads((root / "index.json").read_text())
        holdout = json.loads(data.HOLDOUT.read_text())
        self.concepts = {c["id"]: c for c in index["concepts"]}
        self.styles = style_names()
        self.rows: list[tuple[str, str]] = [(c, s) for c, s, _ in index["rows"]]
        seen, self.held = data.split_rows(self.rows, holdout)
        self.by_concept: dict[str, dict[str, int]] = {}
        for row in seen:
            concept, style = self.rows[row]
            self.by_concept.setdefault(concept, {})[style] = row
        self.pool: dict[str, tuple[list[str], np.ndarray]] = {}
        for style in self.styles[1 : -len(FILTERS)]:
            able = [c for c, rows in self.by_concept.items() if style in rows and len(rows) >= 2]
            weight = np.array([GROUP_WEIGHT.get(self.concepts[c]["group"], 1.0) for c in able])
            self.pool[style] = (able, weight / weight.sum())
        planes = pictures.permute(0, 3, 1, 2).contiguous()
        self.levels = [planes.to(device)]
        for _ in range(2):
            half = [F.avg_pool2d(part.float(), 2).round().byte() for part in self.levels[-1].split(512)]
            self.levels.append(torch.cat(half))
        self.side = side
        self.bank_kinds = [scenes.KINDS[i % len(scenes.KINDS)] for i in range(backdrops)]
        self.bank_ground = []
        bank = []
        for i, kind in enumerate(self.bank_kinds):
            b = scenes.describe(kind, i)
            self.bank_ground.append(b.ground)
            bank.append(np.stack([scenes.paint(b, side, side, soft) for soft in (False, True)]))
        self.bank = torch.from_numpy((np.stack(bank) * 255).astype(np.uint8)).permute(0, 1, 4, 2, 3).to(device)
        self.device = device


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
    return ((1 - amount) * np.eye(3) + amount * np.outer(tone, LUMA)).astype(np.float32)


class Planner:
    """Draws plans at random. ``scene_share`` of the pictures have several objects or a backdrop."""

    def __init__(self, stock: Stock, seed: int, scene_share: float = 0.55) -> None:
        self.stock, self.rng, self.scene_share = stock, np.random.default_rng(seed), scene_share
        shares = {"soft-3d": 2.2, "gradient": 1.2, "flat": 1.3, "toon": 1.3, "clean": 1.2, "ink": 0.8,
                  "longshadow": 0.7, "kawaii": 0.8} | {f: 0.45 for f in FILTERS}  # fmt: skip
        names = stock.styles[1:]
        p = np.array([shares.get(n, 1.0) for n in names])
        self.names, self.p = names, p / p.sum()

    def plan(self) -> Plan:
        rng, stock = self.rng, self.stock
        style = self.names[rng.choice(len(self.names), p=self.p)]
        plan = Plan(stock.styles.index(style), "")
        base = style
        if style in FILTERS:
            plan.filter = style
            base = ("soft-3d", "flat", "toon", "clean")[rng.integers(4)]
        plan.soft = style not in FLAT_STYLES
        plan.reference_soft = bool(rng.random() < 0.7)
        scene = rng.random() < self.scene_share
        if scene and rng.random() < 0.75:
            plan.backdrop = int(rng.integers(len(stock.bank_kinds)))
            plan.mirrored = bool(rng.random() < 0.5)
        words = self._objects(plan, base, scene)
        if plan.backdrop >= 0 and rng.random() < 0.9:
            options = BACKDROP_WORDS[stock.bank_kinds[plan.backdrop]]
            words += " " + options[rng.integers(len(options))]
        if rng.random() < 0.3:
            words = f"{style.replace('-', ' ')} {words}"
        plan.caption = "" if rng.random() < 0.1 else words
        if rng.random() < 0.1:
            plan.style = 0
        plan.presence = bool(rng.random() > 0.15)
        chance = rng.random()
        plan.damage = "blur" if chance < 0.05 else "grey" if chance < 0.1 else ""
        if base != "ink" and not plan.filter and rng.random() < 0.12:
            self._recolour(plan, hue_turn(rng.uniform(0.5, 5.8)))
        return plan

    def _recolour(self, plan: Plan, matrix: np.ndarray) -> None:
        for sprite in plan.target + plan.reference:
            sprite.colour = matrix @ sprite.colour

    def _concept(self, style: str) -> str:
        able, p = self.stock.pool[style]
        return able[int(np.searchsorted(np.cumsum(p), self.rng.random() * 0.999999))]

    def _other(self, concept: str, style: str) -> int:
        """The reference drawing's row: mostly another style, sometimes the drawing itself. Colour
        drawings are preferred to ink, as they are at run time."""
        rows = self.stock.by_concept[concept]
        if self.rng.random() < 0.12:
            return rows[style]
        others = [s for s in rows if s != style]
        weight = np.array([{"ink": 0.15, "flat": 2.5, "toon": 1.5, "soft-3d": 1.5}.get(s, 1.0) for s in others])
        return rows[others[self.rng.choice(len(others), p=weight / weight.sum())]]

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
        rng, stock = self.rng, self.stock
        ground = stock.bank_ground[plan.backdrop] if plan.backdrop >= 0 else 0.0
        plan.shadows = ground > 0 and plan.style != stock.styles.index("ink") and not plan.filter
        kind = rng.random() if scene else 0.0
        if kind < 0.4:
            side = rng.uniform(0.45, 0.8) if scene else rng.uniform(0.72, 1.0)
            cx = 0.5 + rng.uniform(-1, 1) * max(0.0, 1.02 - side) / 2
            cy = self._foot(ground, side) if ground else 0.5 + rng.uniform(-1, 1) * max(0.0, 1.02 - side) / 2
            return self._things(plan, style, [(cx, cy, side)], one=True)
        if kind < 0.7:
            return self._things(plan, style, self._crowd(ground), one=True)
        if kind < 0.95:
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
        concept = self._concept(style)
        rows = (self.stock.by_concept[concept][style], self._other(concept, style))
        colour, colour_word = self._colour(style)
        flip = bool(rng.random() < 0.4)
        names = []
        for place in places:
            if not one:
                concept = self._concept(style)
                rows = (self.stock.by_concept[concept][style], self._other(concept, style))
                names.append(self._name(concept))
            self._pair(plan, concept, style, place, flip, rows, colour)
        if not one:
            return " and ".join(names[:4])
        count = "a" if len(places) == 1 else COUNTS[len(places) - 1]
        return " ".join(w for w in (count, colour_word, self._name(concept)) if w)

    def _relation(self, plan: Plan, style: str, ground: float) -> str:
        """Two objects and how they stand to each other. The first painted is behind."""
        rng, stock = self.rng, self.stock
        a, b = self._concept(style), self._concept(style)
        kind = ("left of", "right of", "on top of", "below", "behind", "in front of", "inside")[rng.integers(7)]
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
        parts = {"a": (a, pa), "b": (b, pb)}
        words = {}
        for key in (first, "b" if first == "a" else "a"):
            concept, place = parts[key]
            colour, colour_word = self._colour(style)
            rows = (stock.by_concept[concept][style], self._other(concept, style))
            self._pair(plan, concept, style, place, bool(rng.random() < 0.4), rows, colour)
            words[key] = " ".join(w for w in (colour_word, self._name(concept)) if w)
        return f"a {words['a']} {kind} a {words['b']}"

    def _colour(self, style: str) -> tuple[np.ndarray, str]:
        if style == "ink" or self.rng.random() > 0.15:
            return np.eye(3, dtype=np.float32), ""
        name = list(COLOURS)[self.rng.integers(len(COLOURS))]
        return tint(COLOURS[name]), name

    def _name(self, concept: str) -> str:
        entry = self.stock.concepts[concept]
        if entry["tags"] and self.rng.random() < 0.15:
            return entry["tags"][self.rng.integers(len(entry["tags"]))]
        return entry["label"]


@dataclass
class Batch:
    target: Tensor  # [B, 4, H, W] planes
    reference: Tensor  # [B, 5, H, W] planes and presence
    tokens: Tensor  # [B, 24]
    style: Tensor  # [B]


def compose(stock: Stock, plans: list[Plan], tokenizer: Tokenizer, side: int) -> Batch:
    """Pictures of the plans at ``side`` px."""
    n, device = len(plans), stock.device
    layers: list[list[tuple[int, Sprite]]] = []
    for i, plan in enumerate(plans):
        for offset, sprites in ((0, plan.target), (n, plan.reference)):
            for k, sprite in enumerate(sprites):
                while len(layers) <= k:
                    layers.append([])
                layers[k].append((i + offset, sprite))
    canvas = _backdrops(stock, plans, side)
    for layer in layers:
        where = torch.tensor([i for i, _ in layer], device=device)
        sprites = [s for _, s in layer]
        painted = warp(stock, sprites, side)
        under = canvas[where]
        shaded = [j for j, (i, _) in enumerate(layer) if plans[i % n].shadows and i < n]
        if shaded:
            under[shaded] = _shadow(under[shaded], [sprites[j] for j in shaded])
        canvas[where] = painted + under * (1 - painted[:, 3:])
    target, reference = canvas[:n], canvas[n:]
    for name in FILTERS:
        some = [i for i, p in enumerate(plans) if p.filter == name]
        if some:
            target[some] = apply_filter(name, target[some])
    for i, plan in enumerate(plans):
        if plan.damage == "grey":
            reference[i, :3] = reference[i, :3].mul(torch.tensor(LUMA, device=device)[:, None, None]).sum(0)
        elif plan.damage == "blur":
            small = F.avg_pool2d(reference[i : i + 1], 4)
            reference[i] = F.interpolate(small, scale_factor=4, mode="bilinear")[0]
    presence = torch.tensor([float(p.presence) for p in plans], device=device)[:, None, None, None]
    planes = torch.cat((to_planes(reference) * presence, presence.expand(n, 1, side, side)), 1)
    tokens = torch.tensor([tokenizer.encode(p.caption) for p in plans], device=device)
    style = torch.tensor([p.style for p in plans], device=device)
    return Batch(to_planes(target), planes, tokens, style)


def to_planes(picture: Tensor) -> Tensor:
    """Premultiplied [B, 4, H, W] in [0, 1] -> (2p - a, 2a - 1)."""
    alpha = picture[:, 3:]
    return torch.cat((2 * picture[:, :3] - alpha, 2 * alpha - 1), 1)


def from_planes(planes: Tensor) -> Tensor:
    """The inverse, clamped to valid premultiplied colour."""
    alpha = ((planes[:, 3:] + 1) / 2).clamp(0, 1)
    colour = ((planes[:, :3] + alpha) / 2).clamp(min=0)
    return torch.cat((torch.minimum(colour, alpha), alpha), 1)


def warp(stock: Stock, sprites: list[Sprite], side: int) -> Tensor:
    """Each sprite alone on a clear canvas: [n, 4, side, side] premultiplied."""
    out = torch.empty(len(sprites), 4, side, side, device=stock.device)
    sizes = np.array([s.scale * side for s in sprites])
    level = np.clip(np.round(np.log2(stock.levels[0].shape[2] / sizes)), 0, 2).astype(int)
    for at in range(3):
        some = np.flatnonzero(level == at)
        if not len(some):
            continue
        picked = stock.levels[at][torch.tensor([sprites[i].row for i in some], device=stock.device)].float() / 255
        theta = torch.tensor(np.stack([_inverse(sprites[i]) for i in some]), device=stock.device)
        grid = F.affine_grid(theta, [len(some), 4, side, side], align_corners=False)
        moved = F.grid_sample(picked, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        matrix = torch.tensor(np.stack([sprites[i].colour for i in some]), device=stock.device)
        colour = torch.einsum("nij,njhw->nihw", matrix, moved[:, :3]).clamp(min=0)
        alpha = moved[:, 3:]
        out[torch.tensor(some, device=stock.device)] = torch.cat((torch.minimum(colour, alpha), alpha), 1)
    return out


def _inverse(s: Sprite) -> np.ndarray:
    """Canvas to drawing, in grid_sample's [-1, 1] coordinates: [2, 3]."""
    c, n = np.cos(s.turn), np.sin(s.turn)
    f = -1.0 if s.flip else 1.0
    rotation = np.array([[f * c, f * n], [-n, c]]) / s.scale
    centre = np.array([2 * s.cx - 1, 2 * s.cy - 1])
    return np.concatenate((rotation, -(rotation @ centre)[:, None]), 1).astype(np.float32)


def _shadow(under: Tensor, sprites: list[Sprite]) -> Tensor:
    """A soft dark ellipse at the feet."""
    side = under.shape[2]
    at = (torch.arange(side, device=under.device) + 0.5) / side
    cx = torch.tensor([s.cx for s in sprites], device=under.device)[:, None, None]
    foot = torch.tensor([s.cy + 0.46 * s.scale for s in sprites], device=under.device)[:, None, None]
    width = torch.tensor([0.4 * s.scale for s in sprites], device=under.device)[:, None, None]
    d = ((at[None, None, :] - cx) / width) ** 2 + ((at[None, :, None] - foot) / (0.18 * width)) ** 2
    dark = 0.4 * torch.exp(-d)[:, None]
    return torch.cat((under[:, :3] * (1 - dark), under[:, 3:]), 1)


def _backdrops(stock: Stock, plans: list[Plan], side: int) -> Tensor:
    """[2B, 4, side, side]: targets, then references; transparent where a plan has none."""
    n = len(plans)
    canvas = torch.zeros(2 * n, 4, side, side, device=stock.device)
    some = [i for i, p in enumerate(plans) if p.backdrop >= 0]
    if not some:
        return canvas
    ink = stock.styles.index("ink")
    for offset in (0, n):
        soft = [int(plans[i].reference_soft if offset else plans[i].soft) for i in some]
        picked = stock.bank[[plans[i].backdrop for i in some], soft].float() / 255
        if side != stock.side:
            picked = F.interpolate(picked, size=(side, side), mode="bilinear", antialias=True)
        for j, i in enumerate(some):
            if plans[i].mirrored:
                picked[j] = picked[j].flip(2)
            if plans[i].style == ink and not offset:
                grey = picked[j].mean(0, keepdim=True)
                picked[j] = 0.72 + 0.28 * (grey * 4).floor().clamp(max=3) / 3
        canvas[torch.tensor(some) + offset, :3] = picked
        canvas[torch.tensor(some) + offset, 3] = 1.0
    return canvas


def apply_filter(name: str, picture: Tensor) -> Tensor:
    """Programmatic styles on premultiplied [B, 4, H, W]."""
    alpha = picture[:, 3:]
    unit = picture.shape[2] // 32
    if name == "pixel":
        small = F.avg_pool2d(picture, 2 * unit if unit < 2 else unit)
        solid = (small[:, 3:] > 0.5).float()
        colour = (small[:, :3] / small[:, 3:].clamp(min=1e-3) * 7).round() / 7 * solid
        return F.interpolate(torch.cat((colour, solid), 1), size=picture.shape[2:], mode="nearest")
    if name == "sticker":
        if bool((alpha.amin((1, 2, 3)) > 0.5).all()):
            return picture
        reach = 2 * unit - 1
        border = F.avg_pool2d(F.max_pool2d(alpha, 2 * reach + 1, 1, reach), 3, 1, 1, count_include_pad=False)
        rim = torch.maximum(border, alpha)
        return torch.cat((picture[:, :3] + rim * (1 - alpha), rim), 1)
    luma = torch.cat((picture[:, :3] * torch.tensor(LUMA, device=picture.device)[:, None, None], alpha * 0.6), 1)
    flat = F.pad(luma, (1, 1, 1, 1), mode="replicate")
    dx = (flat[:, :, 1:-1, 2:] - flat[:, :, 1:-1, :-2]).abs().sum(1, keepdim=True)
    dy = (flat[:, :, 2:, 1:-1] - flat[:, :, :-2, 1:-1]).abs().sum(1, keepdim=True)
    edge = ((dx + dy) * 2.2 - 0.15).clamp(0, 1)
    if name == "blueprint":
        ground = torch.tensor((0.09, 0.27, 0.56), device=picture.device)[:, None, None]
        tone = ground + 0.1 * (luma[:, :3].sum(1, keepdim=True) - 0.3) * alpha
        return torch.cat((tone + (0.96 - tone) * edge, torch.ones_like(alpha)), 1).clamp(0, 1)
    glow = F.avg_pool2d(F.pad(edge, (4, 4, 4, 4)), 9, 1) * 1.2
    vivid = picture[:, :3] / picture[:, :3].amax(1, keepdim=True).clamp(min=0.15)
    vivid = F.max_pool2d(vivid, 3, 1, 1)
    night = torch.tensor((0.05, 0.03, 0.11), device=picture.device)[:, None, None]
    lit = night + 0.12 * picture[:, :3] + vivid * (glow * 0.7 + edge * 0.9)
    return torch.cat((lit, torch.ones_like(alpha)), 1).clamp(0, 1)
