"""Measure the painter on held-out pairs, without a trained judge.

    python -m tempera.evaluate --run .cache/tempera/run --pairs 160

For each held-out (concept, style) pair the painter gets another drawing of the concept in another style
and the asked style. Its picture is compared with every real drawing of the asked style (gradients at
32 px and colour at 16 px, cosine): is the asked concept among the nearest? Further: mean squared
difference (planes, -1 to 1) from the true held-out drawing and from the reference drawing. One seed,
nothing picked. Writes ``tempera/weights/evaluation.json``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tempera import data
from tempera.batches import Batch, Stock, compose, to_planes
from tempera.export import load
from tempera.network import Painter
from tempera.sampling import sample
from tempera.train import held_plans, picture_grid
from tempera.words import WEIGHTS, Tokenizer

ALIGNED = {"soft-3d", "gradient", "flat", "ink"}  # one hand's drawing in four renderings
SIDE = 128


@dataclass(frozen=True)
class Setting:
    name: str
    reference: bool
    adherence: float
    guidance: float


SETTINGS = (
    Setting("text only", False, 0.0, 1.0),
    Setting("reference, adherence 0", True, 0.0, 1.0),
    Setting("reference, adherence 0, guidance 1.5", True, 0.0, 1.5),
    Setting("reference, adherence 0.15", True, 0.15, 1.0),
    Setting("reference, adherence 0.35", True, 0.35, 1.0),
    Setting("reference, adherence 0.35, guidance 1.5", True, 0.35, 1.5),
    Setting("reference, adherence 0.5", True, 0.5, 1.0),
)


def features(planes: Tensor) -> Tensor:
    """[B, 4, H, W] planes -> unit vectors: differences at 32 px and colour at 16 px, equal weight."""
    small, tiny = F.adaptive_avg_pool2d(planes, 32), F.adaptive_avg_pool2d(planes, 16)
    dx, dy = small[..., 1:] - small[..., :-1], small[..., 1:, :] - small[..., :-1, :]
    edges = F.normalize(torch.cat((dx.flatten(1), dy.flatten(1)), 1), dim=1)
    colour = F.normalize(tiny.flatten(1), dim=1)
    return F.normalize(torch.cat((edges, colour), 1), dim=1)


class Galleries:
    """Every real drawing of each style, the held-out ones included, placed as the targets are."""

    def __init__(self, stock: Stock, size: float) -> None:
        self.concepts: dict[str, list[str]] = {}
        self.vectors: dict[str, Tensor] = {}
        for style in {s for _, s in stock.rows}:
            rows = [i for i, (_, s) in enumerate(stock.rows) if s == style]
            parts = []
            for at in range(0, len(rows), 128):
                pictures = stock.levels[0][rows[at : at + 128]].float() / 255
                inner = F.interpolate(pictures, scale_factor=size, mode="bilinear", antialias=True)
                pad = SIDE - inner.shape[2]
                parts.append(features(to_planes(F.pad(inner, (pad // 2, pad - pad // 2) * 2))))
            self.vectors[style] = torch.cat(parts)
            self.concepts[style] = [stock.rows[i][0] for i in rows]

    def rank(self, vector: Tensor, style: str, concept: str) -> int:
        """Place of the concept among the style's drawings, 0 is nearest."""
        near = self.vectors[style] @ vector
        own = near[self.concepts[style].index(concept)]
        return int((near > own).sum())


def paint(model: Painter, batch: Batch, setting: Setting, steps: int) -> Tensor:
    reference = batch.reference if setting.reference else torch.zeros_like(batch.reference)
    return torch.cat(
        [
            sample(
                model, reference[i : i + 16], batch.tokens[i : i + 16], batch.style[i : i + 16],
                adherence=setting.adherence, guidance=setting.guidance, steps=steps, seed=i,
            )
            for i in range(0, len(reference), 16)
        ]
    )  # fmt: skip


def score(pictures: Tensor, batch: Batch, asked: list[tuple[str, str]], galleries: Galleries) -> dict[str, Any]:
    ranks = [galleries.rank(v, style, concept) for v, (concept, style) in zip(features(pictures), asked, strict=True)]

    def share(below: int, styles: bool | None) -> float:
        some = [r for r, (_, s) in zip(ranks, asked, strict=True) if styles is None or (s in ALIGNED) == styles]
        return round(100 * sum(r < below for r in some) / max(1, len(some)), 1)

    return {
        "top1_percent": share(1, None),
        "top5_percent": share(5, None),
        "top5_percent_same_hand": share(5, True),
        "top5_percent_other_hand": share(5, False),
        "error_to_true": round(float((pictures - batch.target).square().mean()), 4),
        "distance_from_reference": round(float((pictures - batch.reference[:, :4]).square().mean()), 4),
    }


def evaluate(model: Painter, pairs: int, steps: int, settings: tuple[Setting, ...], sheet: Path | None) -> dict:
    stock = Stock(backdrops=17)
    plans = held_plans(stock, pairs)
    for plan in plans:
        for sprite in plan.target + plan.reference:
            sprite.scale = 0.9375
    batch = compose(stock, plans, Tokenizer.load(), SIDE)
    asked = [stock.rows[p.target[0].row] for p in plans]
    galleries = Galleries(stock, 0.9375)
    rows: dict[str, Any] = {}
    shown = [batch.reference[:20, :4]]
    for setting in settings:
        pictures = paint(model, batch, setting, steps)
        rows[setting.name] = score(pictures, batch, asked, galleries)
        shown.append(pictures[:20])
        print(setting.name, rows[setting.name], flush=True)
    rows["the reference itself, no network"] = score(batch.reference[:, :4], batch, asked, galleries)
    rows["the true drawing"] = score(batch.target, batch, asked, galleries)
    if sheet:
        picture_grid([*shown, batch.target[:20]], sheet)
    gallery = sum(len(galleries.concepts[s]) for _, s in asked) / len(asked)
    return {"pairs": len(asked), "steps": steps, "mean_gallery": round(gallery), "seed": "batch offset", "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=data.CACHE / "run")
    parser.add_argument("--pairs", type=int, default=160)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--only", type=int, nargs="*", help="indices of settings; nothing is written")
    options = parser.parse_args()
    torch.set_num_threads(2)
    model, state = load(options.run / "ema.pt")
    settings = tuple(SETTINGS[i] for i in options.only) if options.only else SETTINGS
    result = evaluate(model, options.pairs, options.steps, settings, data.CACHE / "evaluation.png")
    result = {
        "samples_trained": state["samples"],
        "command": f"python -m tempera.evaluate --pairs {options.pairs} --steps {options.steps}",
        **result,
    }
    if not options.only:
        (WEIGHTS / "evaluation.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result["rows"], indent=1))


if __name__ == "__main__":
    main()
