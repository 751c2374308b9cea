"""Pixels of plans: a whole batch is composed with torch from drawings that stay on the device.

Sprites are affine warps of uint8 drawings, painted over each other in layers; backdrops come from a painted
bank; filters, known areas and contours follow. See plans.py for what is planned and why.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tempera import data, filters, guides, scenes
from tempera.network import LOOK_SIDE
from tempera.plans import FILTERS, LUMA, MONO, Index, Packed


class Stock(Index):
    """Drawings resident on the device at full, half, quarter and eighth size, and a bank of painted backdrops."""

    def __init__(
        self, root: Path = data.DATA, device: str = "cpu", backdrops: int = 204, side: int = 128, judge: bool = False
    ) -> None:
        super().__init__(root, backdrops, judge)
        planes = torch.from_numpy(data.load_drawings(root)).to(device).permute(0, 3, 1, 2).contiguous()
        self.levels = [planes]
        for _ in range(3):
            half = [F.avg_pool2d(part.float(), 2).round().byte() for part in self.levels[-1].split(256)]
            self.levels.append(torch.cat(half))
        with ThreadPoolExecutor() as pool:
            bank = list(pool.map(lambda at: _painted(at[1], at[0], side), enumerate(self.bank_kinds)))
        self.bank = torch.from_numpy((np.stack(bank) * 255).astype(np.uint8)).permute(0, 1, 4, 2, 3).to(device)
        self.device = device
        self.luma = torch.from_numpy(LUMA).to(device)[:, None, None]

    def carry(self, array: np.ndarray) -> Tensor:
        """To the device, without waiting for what it is busy with."""
        tensor = torch.from_numpy(array)
        return tensor.pin_memory().to(self.device, non_blocking=True) if self.device != "cpu" else tensor


def _painted(kind: str, seed: int, side: int) -> np.ndarray:
    """[2, side, side, 3]: in poster bands and soft."""
    backdrop = scenes.describe(kind, seed)
    return np.stack([scenes.paint(backdrop, side, side, soft) for soft in (False, True)])


@dataclass
class Batch:
    target: Tensor  # [B, 4, H, W] planes
    guide: Tensor  # [B, 7, H, W]: reference planes, presence, known, contours
    tokens: Tensor  # [B, 24]
    style: Tensor  # [B, S] weights
    seen: Tensor  # [B, 4, 64, 64] planes of the style references
    seen_weight: Tensor  # [B], 0 = none


def compose(stock: Stock, packed: Packed, height: int, width: int) -> Batch:
    """Pictures of the plans. Plans are made for a square; wider or taller canvases spread things out."""
    n, device = packed.n, stock.device
    there = {k: stock.carry(v) for k, v in vars(packed).items() if isinstance(v, np.ndarray)}
    mirrored, soft, reference_soft, shadows, _, presence, blurred, grey = there["flags"].unbind(1)
    canvas = _backdrops(stock, packed, mirrored, torch.cat((soft, reference_soft)), height, width)
    _sprites(stock, packed, there, canvas, shadows)
    target, reference = canvas[:n], canvas[n:]
    for i in range(len(FILTERS)):
        some = np.flatnonzero(packed.filter == i)
        if len(some):
            target[some] = filters.APPLY[FILTERS[i]](target[some])
    dim = (reference[:, :3] * stock.luma).sum(1, keepdim=True)
    reference[:, :3] = torch.where(grey[:, None, None, None], dim, reference[:, :3])
    coarse = F.interpolate(F.avg_pool2d(reference, 4), size=(height, width), mode="bilinear")
    reference = torch.where(blurred[:, None, None, None], coarse, reference)
    target, shown = to_planes(target), presence.float()[:, None, None, None]
    guide = torch.cat((to_planes(reference) * shown, shown.expand(n, 1, height, width)), 1)
    guide = torch.cat((guide, torch.zeros(n, 2, height, width, device=device)), 1)
    _know(np.flatnonzero(packed.hole[:, 15]), there["hole"], target, guide)
    some = np.flatnonzero(packed.contours > 0)
    if len(some):
        lines = guides.drawn_by_hand(guides.contours(target[some]))
        guide[some, 6:] = (2 * lines - 1) * there["contours"][some][:, None, None, None]
    named, row = there["look"].unbind(1)
    style = F.one_hot(there["style"], len(stock.styles)).float() * named[:, None]
    seen = _looks(stock, packed, row.long())
    return Batch(target, guide, there["tokens"], style, seen, (1 - named) * (row >= 0))


def to_planes(picture: Tensor) -> Tensor:
    """Premultiplied [B, 4, H, W] in [0, 1] -> (2p - a, 2a - 1)."""
    alpha = picture[:, 3:]
    return torch.cat((2 * picture[:, :3] - alpha, 2 * alpha - 1), 1)


def from_planes(planes: Tensor) -> Tensor:
    """The inverse, clamped to valid premultiplied colour."""
    alpha = ((planes[:, 3:] + 1) / 2).clamp(0, 1)
    colour = ((planes[:, :3] + alpha) / 2).clamp(min=0)
    return torch.cat((torch.minimum(colour, alpha), alpha), 1)


def _know(some: np.ndarray, hole: Tensor, target: Tensor, guide: Tensor) -> None:
    """Where a picture is known, the guide shows it. In place, for the pictures ``some``."""
    if not len(some):
        return
    paint = guides.holes(hole[some], *target.shape[2:])
    part = guide[some]
    part[:, :4] = part[:, :4] * paint + target[some] * (1 - paint)
    part[:, 4:5] = torch.maximum(part[:, 4:5], 1 - paint)
    part[:, 5:6] = 1 - paint
    guide[some] = part


def _looks(stock: Stock, packed: Packed, row: Tensor) -> Tensor:
    """Planes [n, 4, 64, 64] of the drawings that show a look, under the plan's filter."""
    level = next(p for p in stock.levels if p.shape[2] == 2 * LOOK_SIDE)
    seen = torch.zeros(packed.n, 4, LOOK_SIDE, LOOK_SIDE, device=stock.device)
    some = np.flatnonzero(packed.look[:, 1] >= 0)
    if not len(some):
        return seen
    picture = level[row[some]].float() / 255
    for i in range(len(FILTERS)):
        those = np.flatnonzero(packed.filter[some] == i)
        if len(those):
            picture[those] = filters.APPLY[FILTERS[i]](picture[those])
    seen[some] = to_planes(F.avg_pool2d(picture, 2))
    return seen


def _sprites(stock: Stock, packed: Packed, there: dict[str, Tensor], canvas: Tensor, shadows: Tensor) -> None:
    """Paint every sprite over its canvas, in place."""
    height, width = canvas.shape[2:]
    theta, feet = _inverse(packed, height, width)
    size = packed.place[:, 2] * min(height, width)
    # References are looked at through at most half the full size: that is what the library holds.
    full = np.where(packed.canvas >= packed.n, 1, 0)
    level = np.clip(np.maximum(np.round(np.log2(stock.levels[0].shape[2] / size)), full), 0, 3).astype(int)
    theta, feet = stock.carry(theta), stock.carry(feet)
    for k in range(int(packed.order.max()) + 1):
        layer = np.flatnonzero(packed.order == k)
        shaded = layer[(packed.canvas[layer] < packed.n)]
        shaded = shaded[packed.flags[packed.canvas[shaded], 3]]
        if len(shaded):
            where = there["canvas"][shaded]
            canvas[where] = _shadow(canvas[where], feet[shaded])
        for at in range(4):
            some = layer[level[layer] == at]
            if len(some):
                picked = stock.levels[at][there["row"][some]].float() / 255
                grid = F.affine_grid(theta[some], [len(some), 4, height, width], align_corners=False)
                moved = F.grid_sample(picked, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
                colour = torch.einsum("nij,njhw->nihw", there["colour"][some], moved[:, :3]).clamp(min=0)
                alpha = moved[:, 3:]
                where = there["canvas"][some]
                painted = torch.cat((torch.minimum(colour, alpha), alpha), 1)
                canvas[where] = painted + canvas[where] * (1 - alpha)


def _inverse(packed: Packed, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Canvas to drawing in grid_sample's [-1, 1] coordinates [S, 2, 3], and (cx, foot, width) of shadows [S, 3] as
    fractions of the canvas. With wide canvases the shorter side is the unit and places spread over the longer."""
    short = min(height, width)
    ax, ay = width / short, height / short
    cx, cy, scale = packed.place.T
    stands = packed.flags[packed.canvas % packed.n, 4]
    cx = cx * ax
    cy = np.where(stands, (cy + 0.46 * scale) * ay - 0.46 * scale, cy * ay)
    c, s = np.cos(packed.turn[:, 0]), np.sin(packed.turn[:, 0])
    f = packed.turn[:, 1]
    rotation = np.stack((np.stack((f * c, f * s), -1), np.stack((-s, c), -1)), 1) / scale[:, None, None]
    centre = np.stack((ax - 2 * cx, ay - 2 * cy), -1)[:, :, None]
    theta = np.concatenate((rotation * np.array([ax, ay]), rotation @ centre), 2)
    feet = np.stack((cx / ax, (cy + 0.46 * scale) / ay, 0.4 * scale, np.full_like(cx, ax), np.full_like(cx, ay)), -1)
    return theta.astype(np.float32), feet.astype(np.float32)


def _shadow(under: Tensor, feet: Tensor) -> Tensor:
    """A soft dark ellipse at the feet."""
    height, width = under.shape[2:]
    x = (torch.arange(width, device=under.device) + 0.5) / width
    y = (torch.arange(height, device=under.device) + 0.5) / height
    cx, foot, wide, ax, ay = feet[:, :, None, None].unbind(1)
    d = ((x[None, None, :] - cx) * ax / wide) ** 2 + ((y[None, :, None] - foot) * ay / (0.18 * wide)) ** 2
    dark = 0.4 * torch.exp(-d)[:, None]
    return torch.cat((under[:, :3] * (1 - dark), under[:, 3:]), 1)


def _backdrops(stock: Stock, packed: Packed, mirrored: Tensor, soft: Tensor, height: int, width: int) -> Tensor:
    """[2n, 4, H, W]: targets, then references; transparent where a plan has none."""
    backdrop = np.tile(packed.backdrop, 2)
    canvas = torch.zeros(len(backdrop), 4, height, width, device=stock.device)
    some = np.flatnonzero(backdrop >= 0)
    if not len(some):
        return canvas
    picked = stock.bank[stock.carry(backdrop[some]), soft[some].long()].float() / 255
    if picked.shape[2:] != canvas.shape[2:]:
        picked = F.interpolate(picked, size=(height, width), mode="bilinear", antialias=True)
    turned = mirrored.repeat(2)[some][:, None, None, None]
    picked = torch.where(turned, picked.flip(3), picked)
    # Black shapes would drown in a coloured ground: four pale greys, in the target only.
    mono = np.array([name in MONO for name in stock.styles])
    pale = stock.carry(mono[np.tile(packed.style, 2)[some]] & (some < packed.n))[:, None, None, None]
    grey = picked.mean(1, keepdim=True)
    picked = torch.where(pale, 0.72 + 0.28 * (grey * 4).floor().clamp(max=3) / 3, picked)
    canvas[some] = torch.cat((picked, torch.ones_like(picked[:, :1])), 1)
    return canvas
