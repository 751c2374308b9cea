"""The judge: which concept, in which style? A classifier trained on real drawings, apart from the painter.

    python -m tempera.judge --minutes 30            # writes judge.pt into --out
    python -m tempera.judge --score                 # its accuracy on held-out real drawings

It sees single drawings of every pair but H1, the concepts of H2 included, at 128 px under heavy augmentation
(place, size, turn, colour, backdrop, blur, noise). At 64 px it could not see what tells hands apart, how lines end and
surfaces are shaded. Its features also measure how far sets of pictures are apart.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tempera import data
from tempera.batches import Stock, compose
from tempera.feed import Feed
from tempera.plans import Index, Packed

SIDE = 128
FEATURES = 256
# One drawing rendered twice, so alike that the judge names the other for 50 of 130 true held-out drawings.
TWINS = {"gradient": "soft-3d"}


class Judge(nn.Module):
    """[B, 4, 128, 128] planes -> features [B, 256], concept scores, style scores.

    The style is read from the features and from mean and spread over the picture of what the third level sees: a hand
    shows in textures, wherever they are (Gatys et al., arXiv 1508.06576, use the same statistics)."""

    def __init__(self, concepts: int, styles: int) -> None:
        super().__init__()
        widths, residuals = (4, 32, 64, 128, FEATURES), (1, 1, 2, 2)
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(),
                *(Residual(b) for _ in range(n)),
            )
            for (a, b), n in zip(itertools.pairwise(widths), residuals, strict=True)
        )  # fmt: skip
        self.concept = nn.Linear(FEATURES, concepts)
        self.style = nn.Linear(FEATURES + 2 * widths[3], styles)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        seen = [picture]
        for level in self.levels:
            seen.append(level(seen[-1]))
        features, texture = seen[4].mean((2, 3)), seen[3].float()
        spread = texture.var((2, 3), correction=0).add(1e-4).sqrt()
        return (
            features, self.concept(features),
            self.style(torch.cat((features, texture.mean((2, 3)).to(features), spread.to(features)), 1)),
        )  # fmt: skip


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = channels // 2
        self.inner = nn.Sequential(
            nn.Conv2d(channels, narrow, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU(),
            nn.Conv2d(narrow, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.inner(x))


def classes(index: Index) -> list[str]:
    """What the judge tells apart: every CLDR concept; the things and avatars of a single set are one class each."""
    own = sorted(c for c, entry in index.concepts.items() if "." not in c)
    return [*own, *sorted({c.split(".")[0] for c in index.concepts if "." in c})]


def class_of(index: Index, names: list[str]) -> Tensor:
    """Class of each row [N]."""
    place = {name: i for i, name in enumerate(names)}
    return torch.tensor([place[c if "." not in c else c.split(".")[0]] for c, _ in index.rows])


def twins(styles: list[str]) -> Tensor:
    """For each style the first of those that look like it [S]."""
    return torch.tensor([styles.index(TWINS.get(name, name)) for name in styles])


def shaken(planes: Tensor) -> Tensor:
    """What pictures of a painter may suffer: softness and noise."""
    n = len(planes)
    soft = F.avg_pool2d(planes, 3, 1, 1, count_include_pad=False)
    amount = (torch.rand(n, 1, 1, 1, device=planes.device) * 2 - 1).clamp(min=0)
    planes = planes + amount * (soft - planes)
    return planes + torch.rand(n, 1, 1, 1, device=planes.device) * 0.06 * torch.randn_like(planes)


def learn(judge: Judge, stock: Stock, feed: Feed, labels: Tensor, minutes: float, batch: int, rate: float) -> int:
    """Train within the minutes; returns how many pictures it saw."""
    device = stock.device
    optimiser = torch.optim.AdamW(judge.parameters(), rate, weight_decay=0.02, fused=device != "cpu")
    begun, seen = time.monotonic(), 0
    while (share := (time.monotonic() - begun) / 60 / minutes) < 1:
        optimiser.param_groups[0]["lr"] = rate * min(1.0, share / 0.05 + 0.01) * min(1.0, 1.3 * (1 - share) + 0.01)
        packed = feed.next(batch)
        planes = compose(stock, packed, SIDE, SIDE).target
        asked = stock.carry(labels[first_rows(packed)].numpy())
        with torch.autocast(device, torch.bfloat16):
            _, concept, style = judge(shaken(planes).to(memory_format=torch.channels_last))
        styles = stock.carry(packed.style)
        loss = F.cross_entropy(concept.float(), asked, label_smoothing=0.05)
        loss = loss + F.cross_entropy(style.float(), styles, label_smoothing=0.02)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if seen // 200_000 != (seen + batch) // 200_000:
            print(f"{seen + batch} pictures, loss {loss.item():.3f}", flush=True)
        seen += batch
    return seen


def first_rows(packed: Packed) -> np.ndarray:
    """Row of each target's first drawing [n]."""
    rows = np.zeros(packed.n, int)
    first = (packed.order == 0) & (packed.canvas < packed.n)
    rows[packed.canvas[first]] = packed.row[first]
    return rows


def drawings(stock: Stock, rows: list[int], size: float = 0.9375) -> Tensor:
    """Planes [n, 4, 128, 128] of drawings as the evaluation places them."""
    level = next(p for p in stock.levels if p.shape[2] == 2 * SIDE)
    full = level[rows].float() / 255
    inner = F.interpolate(full, size=(round(SIDE * size),) * 2, mode="bilinear", antialias=True)
    pad = SIDE - inner.shape[2]
    picture = F.pad(inner, (pad // 2, pad - pad // 2) * 2)
    return torch.cat((2 * picture[:, :3] - picture[:, 3:], 2 * picture[:, 3:] - 1), 1)


@torch.no_grad()
def accuracy(judge: Judge, pictures: Tensor, concepts: Tensor, styles: Tensor) -> dict[str, float]:
    """Top-1 and top-5 of the concept and top-1 of the style, in percent."""
    found = [judge(part) for part in pictures.split(128)]
    concept, style = torch.cat([f[1] for f in found]), torch.cat([f[2] for f in found])
    hits = concept.topk(5, 1).indices == concepts[:, None]
    return {
        "top1": 100 * float(hits[:, 0].float().mean()), "top5": 100 * float(hits.any(1).float().mean()),
        "style": 100 * float((style.argmax(1) == styles).float().mean()),
    }  # fmt: skip


def held_rows(stock: Stock) -> list[int]:
    """Rows of H1."""
    pairs = {tuple(p) for p in stock.holdout["h1"]}
    return [i for i, row in enumerate(stock.rows) if row in pairs]


def load(path: Path, device: str = "cpu") -> tuple[Judge, dict[str, Any]]:
    state = torch.load(path, map_location=device, weights_only=True)
    judge = Judge(len(state["classes"]), len(state["styles"])).to(device)
    judge.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state["weights"].items()})
    return judge.eval(), state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--pack", type=Path, default=data.DATA)
    parser.add_argument("--out", type=Path, default=data.CACHE / "judge")
    parser.add_argument("--start", type=Path, help="a judge.pt to go on from, at half the step size")
    parser.add_argument("--planners", type=int, default=0)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--score", action="store_true", help="do not train")
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(3)
    options.out.mkdir(parents=True, exist_ok=True)
    feed = None if options.score else Feed(options.pack, 77, options.planners, options.batch, scenes=0.1, judge=True)
    stock = Stock(options.pack, device, side=SIDE, judge=True)
    names = classes(stock)
    labels = class_of(stock, names)
    path = options.out / "judge.pt"
    if feed:
        before = 0
        judge = Judge(len(names), len(stock.styles))
        if options.start:
            judge, state = load(options.start)
            before = state["samples"]
        judge = judge.train().to(device, memory_format=torch.channels_last)
        rate = 1.5e-3 if options.start else 3e-3
        seen = before + learn(judge, stock, feed, labels, options.minutes, options.batch, rate)
        feed.close()
        weights = {k: v.half() if v.is_floating_point() else v for k, v in judge.state_dict().items()}
        torch.save({"weights": weights, "classes": names, "styles": stock.styles, "samples": seen}, path)
    judge, state = load(path, device)
    rows = held_rows(stock)
    styles = torch.tensor([stock.styles.index(stock.rows[i][1]) for i in rows], device=device)
    scores = accuracy(judge, drawings(stock, rows), labels[rows].to(device), styles)
    size = sum(p.numel() for p in judge.parameters()) / 1e6
    print(json.dumps({"samples": state["samples"], "parameters_millions": round(size, 2), "held_out": scores}))


if __name__ == "__main__":
    main()
