"""The judge: which concept, in which style? A classifier trained on real drawings, apart from the painter.

    python -m tempera.judge --minutes 30            # writes judge.pt into --out
    python -m tempera.judge --minutes 0 --start tempera/judge.pt        # learns palettes anew, nothing else
    python -m tempera.judge --score                 # its accuracy on held-out real drawings

It sees single drawings of every pair but H1, the concepts of H2 included, at 128 px under heavy augmentation
(place, size, turn, colour, backdrop, blur, noise). At 64 px it could not see what tells hands apart, how lines end and
surfaces are shaded. Its features also measure how far sets of pictures are apart. Which colours a hand uses it learns
apart from that, of drawings alone, in their own colours at 256 px: a network of convolutions hardly learns to count colours,
and takes a fifth of the true drawings for another hand's that their colours alone tell.
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
from tempera.feed import Feed, answer_alone, evenly
from tempera.plans import FILTERS, Index, Packed, Planner, pack
from tempera.words import Tokenizer

SIDE = 128
FEATURES = 256
FULL = 256  # pixels of a side at which colours are counted
BINS = 16  # of each of red, green and blue
SOLID = 0.97  # alpha from which a colour counts
TEXTURE = 0.25  # what textures say of the style, beside colours: surer than they are right, for they were learnt longer
# One drawing rendered twice, so alike that the judge names the other for 30 of 130 true held-out drawings.
TWINS = {"gradient": "soft-3d"}


class Judge(nn.Module):
    """[B, 4, 128 or 256, the same] planes -> features [B, 256], concept scores, style scores.

    The style is read from the features, from mean and spread over the picture of what the third level sees, for a hand
    shows in textures, wherever they are (Gatys et al., arXiv 1508.06576, use the same statistics), and from its colours."""

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
        self.palette = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(BINS**3, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, styles)
        )

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features, concept, style = self.shapes(small(picture))
        return features, concept, TEXTURE * style + self.palette(colours(picture))

    def shapes(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is said of [B, 4, 128, 128] planes without counting colours."""
        seen = [picture]
        for level in self.levels:
            seen.append(level(seen[-1]))
        features, texture = seen[4].mean((2, 3)), seen[3].float()
        spread = texture.var((2, 3), correction=0).add(1e-4).sqrt()
        return (
            features, self.concept(features),
            self.style(torch.cat((features, texture.mean((2, 3)).to(features), spread.to(features)), 1)),
        )  # fmt: skip


def small(planes: Tensor) -> Tensor:
    """Planes of 128 px."""
    return planes if planes.shape[2] == SIDE else F.interpolate(planes, size=(SIDE, SIDE), mode="area")


def colours(planes: Tensor) -> Tensor:
    """Planes -> [B, BINS³]: of what is solid the share that has each colour, its root."""
    alpha = ((planes[:, 3].float() + 1) / 2).clamp(1e-3, 1)
    solid = (alpha > SOLID).float().flatten(1)
    straight = ((planes[:, :3].float() + alpha[:, None]) / (2 * alpha[:, None])).clamp(0, 1)
    bins = (straight * 255.99 * BINS / 256).long().flatten(2)
    place = (bins[:, 0] * BINS + bins[:, 1]) * BINS + bins[:, 2]
    found = torch.zeros(len(planes), BINS**3, device=planes.device).scatter_add(1, place, solid)
    return (found / solid.sum(1, keepdim=True).clamp(min=1)).sqrt()


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
            _, concept, style = judge.shapes(shaken(planes).to(memory_format=torch.channels_last))
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


def learn_palettes(judge: Judge, stock: Stock, copies: int = 2, epochs: int = 14) -> None:
    """Teach it which colours each hand uses, and each programmatic style leaves; every hand as often as any other."""
    rng, held = np.random.default_rng(1), set(held_rows(stock))
    seen, asked = [], []
    for part in range(copies):
        rows = np.array([i for i in rng.permutation(len(stock.rows)) if i not in held])
        for some in np.array_split(rows, len(rows) // 64):
            seen.append(colours(calm(drawings(stock, list(some), rng.uniform(0.7, 1.0)))).half())
            asked.append(torch.tensor([stock.styles.index(stock.rows[i][1]) for i in some]))
        print(f"colours of {(part + 1) * len(rows)} drawings", flush=True)
    planner, tokenizer = evenly(Planner(stock, 79, scene_share=0.1)), Tokenizer.load()
    planner.shares = np.cumsum([(name in FILTERS) / len(FILTERS) for name in planner.names])
    for _ in range(60):
        packed = pack([answer_alone(planner.plan()) for _ in range(32)], tokenizer)
        seen.append(colours(calm(compose(stock, packed, FULL, FULL).target)).half())
        asked.append(torch.from_numpy(packed.style).long())
    seen, asked = torch.cat([s.cpu() for s in seen]), torch.cat(asked)
    frequent = torch.bincount(asked, minlength=len(stock.styles)).clamp(min=1)
    wanted = torch.tensor([0.0, *np.diff(evenly(planner).shares, prepend=0)])  # the first style is none
    chances = (wanted / frequent)[asked].double()
    optimiser = torch.optim.AdamW(judge.palette.parameters(), 1e-3, weight_decay=0.05)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    judge.palette.train()
    for _ in range(epochs):
        for some in torch.multinomial(chances, len(asked), replacement=True).split(256):
            scores = judge.palette(seen[some].float().to(stock.device))
            loss = F.cross_entropy(scores, asked[some].to(stock.device), label_smoothing=0.02)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        slower.step()
    judge.palette.eval()


def calm(planes: Tensor) -> Tensor:
    """A little noise and tone, as pictures of a painter and packed drawings have them."""
    n, tone = len(planes), torch.zeros(4, device=planes.device)
    tone[:3] = 0.035  # four of 255 levels either way
    noise = 0.02 * torch.rand(n, 1, 1, 1, device=planes.device) * torch.randn_like(planes)
    return planes + noise + tone[:, None, None] * (2 * torch.rand(n, 4, 1, 1, device=planes.device) - 1)


def first_rows(packed: Packed) -> np.ndarray:
    """Row of each target's first drawing [n]."""
    rows = np.zeros(packed.n, int)
    first = (packed.order == 0) & (packed.canvas < packed.n)
    rows[packed.canvas[first]] = packed.row[first]
    return rows


def drawings(stock: Stock, rows: list[int], size: float = 0.9375) -> Tensor:
    """Planes [n, 4, 256, 256] of drawings as the evaluation places them."""
    full = stock.levels[0][rows].float() / 255
    inner = F.interpolate(full, size=(round(FULL * size),) * 2, mode="bilinear", antialias=True)
    pad = FULL - inner.shape[2]
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
    feed = (
        None
        if options.score or not options.minutes
        else Feed(options.pack, 77, options.planners, options.batch, scenes=0.1, judge=True)
    )
    stock = Stock(options.pack, device, side=SIDE, judge=True)
    names = classes(stock)
    labels = class_of(stock, names)
    path = options.out / "judge.pt"
    if not options.score:
        before = 0
        judge = Judge(len(names), len(stock.styles))
        if options.start:
            judge, state = load(options.start)
            before = state["samples"]
        judge = judge.train().to(device, memory_format=torch.channels_last)
        rate = 1.5e-3 if options.start else 3e-3
        if feed:
            before += learn(judge, stock, feed, labels, options.minutes, options.batch, rate)
            feed.close()
        learn_palettes(judge, stock)
        weights = {k: v.half() if v.is_floating_point() else v for k, v in judge.state_dict().items()}
        torch.save({"weights": weights, "classes": names, "styles": stock.styles, "samples": before}, path)
    judge, state = load(path, device)
    rows = held_rows(stock)
    styles = torch.tensor([stock.styles.index(stock.rows[i][1]) for i in rows], device=device)
    scores = accuracy(judge, drawings(stock, rows), labels[rows].to(device), styles)
    size = sum(p.numel() for p in judge.parameters()) / 1e6
    print(json.dumps({"samples": state["samples"], "parameters_millions": round(size, 2), "held_out": scores}))


if __name__ == "__main__":
    main()
