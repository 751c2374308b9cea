"""A critic that knows every style, for restyle.py: is this picture a drawing of that style? Not the judge of the evaluation,
which is another network, trained apart, that no painter ever saw.

It scores patches and the whole picture for each style, as a classifier of true drawings (Odena et al., arXiv 1610.09585) and
with the hinge loss (Lim and Ye, arXiv 1705.02894) against what is painted, one answer a style (Choi et al., arXiv 1912.01865).
"""

from __future__ import annotations

import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tempera.batches import Stock, compose
from tempera.feed import answer_alone, evenly
from tempera.judge import SIDE, shaken, small
from tempera.plans import Planner, pack
from tempera.words import Tokenizer

ALONE, BESIDE = 48, 24  # true drawings a step, before the painter is there and beside it
RATE = 3e-4


class Critic(nn.Module):
    """[B, 4, 128, 128] planes -> [B, N, S]: a score for each style, of every patch and (the last) of the whole picture's
    statistics; and how much each of the N counts [B, N], 1 in all: patches with nothing in them do not."""

    def __init__(self, styles: int) -> None:
        super().__init__()
        widths, before = (64, 128, 256, 320), 16
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        for i, width in enumerate(widths):
            norm = [nn.GroupNorm(8, width)] if i else []
            layers += [nn.Conv2d(before, width, 3, stride=1 + (i > 0), padding=1), *norm, nn.LeakyReLU(0.2)]
            before = width
        self.body = nn.Sequential(*layers)
        self.patch, self.whole = nn.Conv2d(before, styles, 1), nn.Linear(2 * before, styles)

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.body(planes)
        drawn = F.adaptive_max_pool2d((planes[:, 3:].detach() > -0.9).float(), seen.shape[2:])
        share = drawn / drawn.sum((2, 3), keepdim=True).clamp(min=1)
        mean = (seen * share).sum((2, 3))
        spread = ((seen - mean[:, :, None, None]).square() * share).sum((2, 3)).add(1e-4).sqrt()
        whole = self.whole(torch.cat((mean, spread), 1))[:, None]
        scores = torch.cat((self.patch(seen).flatten(2).transpose(1, 2), whole), 1).float()
        patches = 0.5 * share.flatten(1)
        return scores, torch.cat((patches, 1 - patches.sum(1, keepdim=True)), 1)


class Critique:
    """The critic, how it learns, and what it says to the painter."""

    def __init__(self, stock: Stock, tokenizer: Tokenizer) -> None:
        self.stock, self.tokenizer, self.device = stock, tokenizer, stock.device
        self.critic = Critic(len(stock.styles)).to(self.device, memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(
            self.critic.parameters(), RATE, betas=(0.5, 0.98), weight_decay=0, fused=True
        )
        self.planner = evenly(Planner(stock, 333, scene_share=0.1))

    def true(self, count: int) -> tuple[Tensor, Tensor]:
        """Drawings [count, 4, 128, 128] as they are, every hand as frequent as any other, and their styles."""
        packed = pack([answer_alone(self.planner.plan()) for _ in range(count)], self.tokenizer)
        return compose(self.stock, packed, SIDE, SIDE).target, torch.from_numpy(packed.style).long().to(self.device)

    def study(self, minutes: float) -> None:
        """Look at true drawings alone."""
        begun, found = time.monotonic(), []
        while (share := (time.monotonic() - begun) / 60 / minutes) < 1:
            self.optimiser.param_groups[0]["lr"] = 5 * RATE * min(1.0, share / 0.05 + 0.01) * (1.1 - share)
            target, style = self.true(ALONE)
            scores, weights = self._look(target)
            named(scores, weights, style).mean().backward()
            self.step()
            found.append(right(scores, style))
            if len(found) % 50 == 0:
                print(f"critic {len(found)} steps, named {100 * np.mean(found[-50:]):.0f} %", flush=True)
        self.optimiser.param_groups[0]["lr"] = RATE

    def learn(self, true: Tensor, painted: Tensor, style: Tensor, tried: Tensor) -> dict[str, float]:
        """One step; ``style`` are those of the true pictures, ``tried`` those asked of the painted ones."""
        more, styles = self.true(BESIDE)
        styles = torch.cat((style, styles))
        scores, weights = self._look(torch.cat((small(true), more)))
        loss = 2 * named(scores, weights, styles).mean()
        real = said(scores[: len(style)], weights[: len(style)], style)
        loss = loss + F.relu(1 - real.answers).mul(real.weights).sum(1).mean()
        told = {"real": real.mean(), "real named": right(scores[: len(style)], style)}
        if len(tried):
            scores, weights = self._look(small(painted.clamp(-1, 1)))
            fake = said(scores, weights, tried)
            loss = loss + F.relu(1 + fake.answers).mul(fake.weights).sum(1).mean()
            told |= {"painted": fake.mean(), "painted named": right(scores, tried)}
        loss.backward()
        self.step()
        return told

    def wanting(self, planes: Tensor, style: Tensor) -> Tensor:
        """[B]: what the painter should lower."""
        scores, weights = self._look(small(planes))
        told = said(scores, weights, style)
        return named(scores, weights, style) - (told.answers * told.weights).sum(1)

    def step(self) -> None:
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def _look(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(self.device, torch.bfloat16):
            return self.critic(shaken(planes))


class Said:
    """What was said of the asked styles: answers [B, N] and how much each counts."""

    def __init__(self, answers: Tensor, weights: Tensor) -> None:
        self.answers, self.weights = answers, weights

    def mean(self) -> float:
        return float((self.answers * self.weights).sum(1).mean().detach())


def said(scores: Tensor, weights: Tensor, style: Tensor) -> Said:
    return Said(scores.gather(2, style[:, None, None].expand(-1, scores.shape[1], 1))[..., 0], weights)


def named(scores: Tensor, weights: Tensor, style: Tensor) -> Tensor:
    """Cross-entropy [B] of the asked styles."""
    each = F.cross_entropy(scores.transpose(1, 2), style[:, None].expand(scores.shape[:2]), reduction="none")
    return (each * weights).sum(1)


def right(scores: Tensor, style: Tensor) -> float:
    """Share of the pictures whose style the whole of it tells."""
    return float((scores[:, -1].argmax(1) == style).float().mean())
