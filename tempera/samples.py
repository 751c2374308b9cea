"""Pictures to look at while training, and the held-out pairs that training is measured on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tempera.batches import Batch, Stock, compose, from_planes
from tempera.network import Painter
from tempera.plans import Plan, Planner, Sprite, pack
from tempera.sampling import Sampler, asked_of, sample
from tempera.words import Tokenizer

SHEET_CONCEPTS = ("1f98a", "1f680", "1f3f0", "1f431", "1f419", "1f916", "1f3e0", "1f34e", "1f409", "26f5")
SHEET_STYLES = ("soft-3d", "toon", "clean", "kawaii", "ink", "pixel", "neon", "papercut", "sketch")


def held_plans(stock: Stock, count: int, seed: int = 7, scale: float = 0.9375) -> list[Plan]:
    """Held-out drawings (H1) as targets, each with a reference of another style that training may see."""
    rng = np.random.default_rng(seed)
    unseen, plans = set(stock.holdout["h2"]), []
    for row in rng.permutation(stock.held):
        concept, style = stock.rows[row]
        others = stock.by_concept.get(concept, {})
        other = next((others[s] for s in ("flat", "toon", "soft-3d", "clean") if s in others and s != style), None)
        if other is None or concept in unseen:
            continue
        plans.append(
            Plan(
                stock.styles.index(style), stock.concepts[concept]["label"],
                [Sprite(int(row), 0.5, 0.5, scale)], [Sprite(other, 0.5, 0.5, scale)],
            )
        )  # fmt: skip
        if len(plans) == count:
            break
    return plans


def picture_grid(planes: list[Tensor], path: Path) -> None:
    """Rows of [n, 4, h, w] planes over light grey."""
    rows = []
    for row in planes:
        p = from_planes(row.float().cpu())
        over = (p[:, :3] + 0.94 * (1 - p[:, 3:])).clamp(0, 1)
        rows.append(torch.cat(list(over), 2))
    Image.fromarray((torch.cat(rows, 1).permute(1, 2, 0).numpy() * 255).astype(np.uint8)).save(path, quality=88)


def sheet(model: Painter, stock: Stock, tokenizer: Tokenizer, side: int, path: Path, adherence: float = 0.0) -> None:
    """Reference drawings (first row), the same in several styles and from text alone, then composed scenes: what the
    network looked at, what it painted, and the answer."""
    options = {"adherence": adherence, "guidance": 1.0, "steps": 10, "seed": 1, "sampler": Sampler()}
    concepts = [c for c in SHEET_CONCEPTS if "flat" in stock.by_concept.get(c, {})]
    plans = []
    for concept in concepts:
        sprite = Sprite(stock.by_concept[concept]["flat"], 0.5, 0.5, 0.9)
        plans.append(Plan(1, "a " + stock.concepts[concept]["label"], [sprite], [sprite]))
    batch = compose(stock, pack(plans, tokenizer), side, side)
    asked = asked_of(model, batch)
    rows = [batch.guide[:, :4]]
    for name in SHEET_STYLES:
        style = torch.zeros_like(batch.style)
        style[:, stock.styles.index(name)] = 1
        rows.append(sample(model, replace(asked, style=style), **options))
    alone = replace(asked, guide=torch.zeros_like(batch.guide))
    rows += [sample(model, alone, **options), sample(model, alone, **options | {"guidance": 3.0})]
    planner, scenes = Planner(stock, 11, scene_share=1.0), []
    while len(scenes) < 2 * len(plans):
        scenes.append(planner.plan())
    batch = compose(stock, pack(scenes, tokenizer), side, side)
    drawn = sample(model, asked_of(model, batch), **options)
    for part in range(2):
        at = slice(part * len(plans), (part + 1) * len(plans))
        rows += [batch.guide[at, :4], drawn[at], batch.target[at]]
    picture_grid(rows, path)


def held_batch(stock: Stock, tokenizer: Tokenizer, count: int, side: int) -> Batch:
    return compose(stock, pack(held_plans(stock, count), tokenizer), side, side)
