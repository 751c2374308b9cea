"""H1: pictures of (concept, style) pairs that training never saw, and what the judge says of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from tempera import composing, guides, judge, reference
from tempera.batches import Batch, Stock, compose
from tempera.measures import contour_f1, interval, seen, thumb
from tempera.plans import pack
from tempera.reading import Group, Scene
from tempera.samples import held_plans
from tempera.sampling import Asked, Sampler, sample
from tempera.words import WEIGHTS, Tokenizer

SIDE = 256
SCALE = 0.9375  # of a drawing on its canvas
ALIGNED = {"soft-3d", "gradient", "flat", "ink"}  # one hand's drawing in four renderings


@dataclass(frozen=True)
class Setting:
    name: str
    reference: bool = True
    adherence: float | None = None  # None: the default's
    guidance: float | None = None


class Shipped:
    """The network of tempera/weights as torch's sampler wants it."""

    def __init__(self) -> None:
        self.manifest = json.loads((WEIGHTS / "manifest.json").read_text())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self.session = onnxruntime.InferenceSession(
            str(WEIGHTS / "network.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, *inputs: Tensor) -> Tensor:
        names = ("noisy", "t", "guide", "tokens", "style", "look")
        ones = [
            self.session.run(None, {n: v[i : i + 1].numpy() for n, v in zip(names, inputs, strict=True)})[0]
            for i in range(len(inputs[0]))
        ]
        return torch.from_numpy(np.concatenate(ones))

    def paint(self, asked: Asked, setting: Setting, seed: int, styled: list[float]) -> Tensor:
        """``styled`` says of each how much of what is shown has its style already."""
        defaults = self.manifest["defaults"]
        adherence = defaults["adherence"] if setting.adherence is None else setting.adherence
        guidance = setting.guidance or defaults["guidance"]
        close = [reference.closeness_of(adherence, "", s, guidance) for s in styled]
        starts = [reference.start_of(c, reference.CLOSEST_START) for c in close]
        names = [self.manifest["styles"][int(s.argmax())] for s in asked.style]
        if not setting.reference:
            asked = replace(asked, guide=torch.zeros_like(asked.guide))
        x = sample(
            self, asked, adherence=torch.tensor(starts), steps=defaults["steps"],
            guidance=guidance, seed=seed, sampler=Sampler(**self.manifest["sampler"]),
        )  # fmt: skip
        for i, told in enumerate(zip(close, names, styled, strict=True)):
            if setting.reference and (calm := reference.calm_of(*told, guidance)):
                x[i] = torch.from_numpy(reference.calmed(x[i].numpy(), asked.guide[i, :4].numpy(), calm))
        return x

    def asked(self, batch: Batch) -> Asked:
        return Asked(batch.guide, batch.tokens, batch.style, torch.zeros(len(batch.style), self.manifest["look_width"]))


class Pairs:
    """H1 as one batch, with the judge's labels. What is shown of a concept is what the composer would lay out for it:
    the library has no drawing of a held-out pair, so it is another hand's."""

    def __init__(self, stock: Stock, critic: judge.Judge, classes: list[str], count: int) -> None:
        plans = held_plans(stock, count, scale=SCALE)
        self.stock, self.critic = stock, critic
        self.rows = [p.target[0].row for p in plans]
        self.batch = compose(stock, pack(plans, Tokenizer.load()), SIDE, SIDE)
        self.styled: list[float] = []
        self.references = self._show(reference.Road())
        self.concept = judge.class_of(stock, classes)[self.rows]
        self.style = torch.tensor([stock.styles.index(stock.rows[i][1]) for i in self.rows])
        self.aligned = torch.tensor([stock.rows[i][1] in ALIGNED for i in self.rows])

    def _show(self, road: reference.Road) -> list[int]:
        """Put what the composer takes into the guide; returns the rows of those drawings."""
        row_of, styles = {pair: i for i, pair in enumerate(self.stock.rows)}, {e["id"]: e["style"] for e in road.index}
        rows = []
        for i, row in enumerate(self.rows):
            concept, style = self.stock.rows[row]
            scene = Scene([Group(concept, "")], style=style)
            item = composing.arrange(scene, road.index, road.lexicon, row, 1, 1, road.drawing).items[0]
            item.x, item.y, item.side, item.flip = 0.5, 0.5, SCALE, False  # as the target stands
            drawings = {item.drawing: road.drawing(item.drawing)}
            layout = composing.Layout(1, 1, [item])
            self.styled.append(composing.styled(layout, road.index, style))
            shown = composing.compose(
                layout, drawings, road.lexicon["colours"], road.palettes, road.renderer, style, SIDE, SIDE
            )
            self.batch.guide[i, :4] = torch.from_numpy(reference.planes(shown))
            rows.append(row_of[concept, styles[item.drawing]])
        return rows

    def score(self, planes: Tensor) -> dict[str, Any]:
        n = len(planes)
        _, concept, style = seen(self.critic, planes)
        hits = concept.topk(5, 1).indices == self.concept[:n, None]
        styled, one = style.argmax(1) == self.style[:n], judge.twins(self.stock.styles)
        alike = one[style.argmax(1)] == one[self.style[:n]]
        other = ~self.aligned[:n]
        return {
            "top1": interval(int(hits[:, 0].sum()), n), "top5": interval(int(hits.any(1).sum()), n),
            "style": interval(int(styled.sum()), n), "style_twins_as_one": interval(int(alike.sum()), n),
            "top5_other_hands": interval(int(hits.any(1)[other].sum()), max(1, int(other.sum()))),
            "error_to_true": round(float((planes - self.batch.target[:n]).square().mean()), 4),
            "distance_from_reference": round(float((planes - self.batch.guide[:n, :4]).square().mean()), 4),
        }  # fmt: skip

    def copies(self, planes: Tensor, gallery: Tensor, rows: list[int]) -> dict[str, float]:
        """``gallery`` are the drawings of ``rows``. Also how many of the copies are of the drawing that was looked at."""
        near = torch.cdist(thumb(planes), gallery).topk(2, largest=False)
        ratio = near.values[:, 0] / near.values[:, 1].clamp(min=1e-6)
        copied = ratio < 1 / 3
        looked_at = sum(
            rows[j] == r for j, r, c in zip(near.indices[:, 0].tolist(), self.references, copied, strict=True) if c
        )
        return interval(int(copied.sum()), len(ratio)) | {
            "median_ratio": round(float(ratio.median()), 3), "of_what_was_looked_at": looked_at,
        }  # fmt: skip


def drawn_to_contours(shipped: Shipped, pairs: Pairs, count: int) -> dict[str, float]:
    """Pictures of held-out drawings' contours, without a reference."""
    target = pairs.batch.target[:count]
    lines = guides.contours(target)
    asked = shipped.asked(pairs.batch).part(slice(0, count))
    bare = replace(asked, guide=torch.zeros_like(asked.guide))
    guide = bare.guide.clone()
    guide[:, 6:] = 2 * lines - 1
    setting = Setting("contours", adherence=0.0)
    with_lines = shipped.paint(replace(bare, guide=guide), setting, 3, [0.0] * count)
    without = shipped.paint(bare, setting, 3, [0.0] * count)
    return {
        "f1": round(contour_f1(with_lines, lines), 3),
        "f1_without": round(contour_f1(without, lines), 3),
        "n": count,
    }
