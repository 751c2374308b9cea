"""What training shows in the guide beside the reference: known areas and contours. All on [B, ?, H, W] tensors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CONTOUR_LOW, CONTOUR_HIGH = 0.12, 0.3  # gradient strengths that are no contour and a full one


def holes(parameters: Tensor, height: int, width: int) -> Tensor:
    """[B, 1, H, W]: 1 where the picture is to be painted, 0 where it is known. ``parameters`` as plans.hole."""
    device = parameters.device
    y = ((torch.arange(height, device=device) + 0.5) / height)[None, :, None]
    x = ((torch.arange(width, device=device) + 0.5) / width)[None, None, :]
    p = parameters[:, :, None, None].unbind(1)
    box = (x > p[0]) & (x < p[2]) & (y > p[1]) & (y < p[3])
    plane = (x - 0.5) * p[4] + (y - 0.5) * p[5] > p[6] - 0.2
    near = torch.minimum(_far(x, y, p[7], p[8], p[9], p[10]), _far(x, y, p[9], p[10], p[11], p[12]))
    ways = torch.stack((box, plane, near < p[13], ~box), 1)
    return ways.gather(1, p[14].long()[:, None].expand(-1, 1, height, width)).float()


def _far(x: Tensor, y: Tensor, ax: Tensor, ay: Tensor, bx: Tensor, by: Tensor) -> Tensor:
    """Distance to the line from a to b."""
    dx, dy = bx - ax, by - ay
    along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + 1e-6)).clamp(0, 1)
    return ((x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2).sqrt()


def contours(planes: Tensor, low: float = CONTOUR_LOW, high: float = CONTOUR_HIGH) -> Tensor:
    """Contour map [B, 1, H, W] in [0, 1], about a pixel wide, of planes (2p - a, 2a - 1).

    Per plane: a 3 x 3 binomial blur, central differences; the strength is the root of the sum of squares over the
    planes (alpha counts half), thinned to pixels that are not less than their two neighbours across the contour
    (along the axis in which the strongest plane changes more), then ramped from ``low`` to ``high``.
    """
    kernel = torch.tensor([0.25, 0.5, 0.25], device=planes.device)
    soft = F.pad(
        planes * torch.tensor([0.5, 0.5, 0.5, 0.25], device=planes.device)[:, None, None],
        (1, 1, 1, 1),
        mode="replicate",
    )
    soft = soft[..., :-2] * kernel[0] + soft[..., 1:-1] * kernel[1] + soft[..., 2:] * kernel[2]
    soft = soft[..., :-2, :] * kernel[0] + soft[..., 1:-1, :] * kernel[1] + soft[..., 2:, :] * kernel[2]
    wide = F.pad(soft, (1, 1, 1, 1), mode="replicate")
    dx = (wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2]).square().sum(1, keepdim=True)
    dy = (wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1]).square().sum(1, keepdim=True)
    strength = (dx + dy).sqrt()
    around = F.pad(strength, (1, 1, 1, 1))
    across_x = torch.maximum(around[..., 1:-1, :-2], around[..., 1:-1, 2:])
    across_y = torch.maximum(around[..., :-2, 1:-1], around[..., 2:, 1:-1])
    ridge = strength >= torch.where(dx > dy, across_x, across_y)
    return ((strength - low) / (high - low)).clamp(0, 1) * ridge


def drawn_by_hand(lines: Tensor) -> Tensor:
    """Contours as people give them: some thicker, with gaps, a little off. [B, 1, H, W] -> the same."""
    n, _, height, width = lines.shape
    thick = torch.rand(n, 1, 1, 1, device=lines.device) < 0.4
    lines = torch.where(thick, F.max_pool2d(lines, 3, 1, 1), lines)
    gaps = torch.rand(n, 1, height // 16, width // 16, device=lines.device)
    limit = torch.rand(n, 1, 1, 1, device=lines.device) * 0.35
    lines = lines * (F.interpolate(gaps, size=(height, width), mode="nearest") > limit)
    down, right = torch.randint(-1, 2, (2,)).tolist()  # on the CPU: the device need not be waited for
    return torch.roll(lines, (down, right), (2, 3))
