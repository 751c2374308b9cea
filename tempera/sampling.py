"""The sampler in torch, for sheets and evaluation; FORMAT.md fixes the rule."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tempera.network import GUIDE, Painter

CLOSEST_START = 0.8


@dataclass(frozen=True)
class Sampler:
    """What export writes into the manifest beside the defaults. ``temperature`` scales the noise, ``finish`` is the
    noise level of a finishing pair (0 none); what the avoided branch of guidance keeps; below ``guidance_from``
    there is no guidance."""

    temperature: float = 1.0
    finish: float = 0.0
    guide_avoided: bool = False
    style_avoided: bool = True
    guidance_from: float = 0.0


@dataclass
class Asked:
    """What the network is told, for B pictures."""

    guide: Tensor  # [B, 7, H, W]
    tokens: Tensor  # [B, 24]
    style: Tensor  # [B, S]
    look: Tensor  # [B, C]

    def avoided(self, sampler: Sampler) -> Asked:
        """The other branch of guidance: no words; known areas and contours stay."""
        guide, style, look = self.guide, self.style, self.look
        if not sampler.guide_avoided:
            known = guide[:, 5:6]
            guide = torch.cat((guide[:, :4] * known, known, guide[:, 5:]), 1)
        if not sampler.style_avoided:
            style, look = torch.zeros_like(style), torch.zeros_like(look)
        return replace(self, guide=guide, tokens=torch.zeros_like(self.tokens), style=style, look=look)

    def part(self, s: slice) -> Asked:
        return Asked(self.guide[s], self.tokens[s], self.style[s], self.look[s])


def asked_of(model: Painter, batch: object) -> Asked:
    """A training batch, asked without its answer."""
    look = model.look(batch.seen) * batch.seen_weight[:, None]  # type: ignore[attr-defined]
    return Asked(batch.guide, batch.tokens, batch.style, look)  # type: ignore[attr-defined]


def time_grid(steps: int, power: float = 1.3) -> list[float]:
    """Shares of the way from the start to t = 1, 0 .. 1."""
    return [(i / steps) ** power for i in range(steps + 1)]


@torch.no_grad()
def sample(
    model: Painter, asked: Asked, *, adherence: float | Tensor, guidance: float, steps: int, seed: int, sampler: Sampler
) -> Tensor:
    """Planes [B, 4, H, W]. ``adherence`` is the level to start from, one for all or one each [B]; without a reference the
    presence plane is 0 and it starts from pure noise."""
    guide = asked.guide
    b, _, h, w = guide.shape
    assert guide.shape[1] == GUIDE
    generator = torch.Generator(guide.device).manual_seed(seed)
    other = asked.avoided(sampler)

    def noise() -> Tensor:
        return sampler.temperature * torch.randn(b, 4, h, w, generator=generator, device=guide.device)

    def predict(z: Tensor, level: Tensor) -> Tensor:
        t = level.flatten()
        x = model(z, t, asked.guide, asked.tokens, asked.style, asked.look).float()
        if guidance != 1.0 and float(t.min()) >= sampler.guidance_from:
            plain = model(z, t, other.guide, other.tokens, other.style, other.look).float()
            x = plain + guidance * (x - plain)
        return x.clamp(-1, 1)

    closest = torch.as_tensor(adherence, dtype=torch.float32, device=guide.device).clamp(max=CLOSEST_START)
    start = (closest.expand(b) * (guide[:, 4].amax((1, 2)) > 0))[:, None, None, None]
    z = start * guide[:, :4] + (1 - start) * noise()
    times = [start + (1 - start) * share for share in time_grid(steps)]
    before: tuple[Tensor, Tensor] | None = None
    x = z
    for i in range(steps):
        x = predict(z, times[i])
        if i == steps - 1:
            break
        h_now = times[i + 1] - times[i]
        v = (x - z) / (1 - times[i])
        change = v if before is None else v + (h_now / (2 * before[1])) * (v - before[0])
        z = z + h_now * change
        before = (v, h_now)
    if not sampler.finish:
        return x
    level = torch.full((b,), sampler.finish, device=guide.device)
    fresh = (1 - sampler.finish) * noise()
    return (predict(sampler.finish * x + fresh, level) + predict(sampler.finish * x - fresh, level)) / 2
