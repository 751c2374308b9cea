"""The sampler in torch, for sheets and evaluation; FORMAT.md fixes the rule."""

from __future__ import annotations

import torch
from torch import Tensor

from tempera.network import Painter

CLOSEST_START = 0.8
# A little-trained network lets some of the noise through. Half the noise and a finishing pair under opposite
# noise take that away; see FORMAT.md.
TEMPERATURE = 0.5
FINISH = 0.5


def time_grid(start: float, steps: int, power: float = 1.3) -> list[float]:
    """t_0 .. t_S with t_S = 1."""
    return [start + (1 - start) * (i / steps) ** power for i in range(steps + 1)]


@torch.no_grad()
def sample(
    model: Painter, reference: Tensor, tokens: Tensor, style: Tensor, *, adherence: float, guidance: float,
    steps: int, seed: int, temperature: float = TEMPERATURE, finish: float = FINISH,
) -> Tensor:  # fmt: skip
    """Planes [B, 4, H, W]. ``reference`` [B, 5, H, W]; without one its presence plane is 0 and it starts
    from pure noise."""
    b, _, h, w = reference.shape
    generator = torch.Generator(reference.device).manual_seed(seed)
    empty, nothing = torch.zeros_like(reference), torch.zeros_like(tokens)

    def noise() -> Tensor:
        return temperature * torch.randn(b, 4, h, w, generator=generator, device=reference.device)

    def predict(z: Tensor, level: float) -> Tensor:
        t = torch.full((b,), level, device=reference.device)
        x = model(z, t, reference, tokens, style)
        if guidance != 1.0:
            plain = model(z, t, empty, nothing, style)
            x = plain + guidance * (x - plain)
        return x.clamp(-1, 1)

    start = min(adherence, CLOSEST_START) * float(reference[:, 4].max() > 0)
    z = start * reference[:, :4] + (1 - start) * noise()
    times = time_grid(start, steps)
    before: tuple[Tensor, float] | None = None
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
    if not finish:
        return x
    fresh = (1 - finish) * noise()
    return (predict(finish * x + fresh, finish) + predict(finish * x - fresh, finish)) / 2
