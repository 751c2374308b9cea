"""Programmatic styles on premultiplied pictures [B, 4, H, W] in [0, 1].

They apply to every drawing, so style x concept is dense. Lengths follow the picture: a unit is a 64th of the
shorter side, so a style looks the same at 128 and 256 px.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.3, 0.59, 0.11)


def unit_of(picture: Tensor) -> int:
    return max(1, round(min(picture.shape[2:]) / 64))


def colour(picture: Tensor, rgb: tuple[float, float, float]) -> Tensor:
    """[3, 1, 1] beside a picture."""
    return torch.tensor(rgb, device=picture.device)[:, None, None]


def tone(picture: Tensor) -> Tensor:
    """Brightness of the straight colour [B, 1, H, W]; clear pixels are white."""
    light = (picture[:, :3] * colour(picture, LUMA)).sum(1, keepdim=True)
    return light + 1 - picture[:, 3:]


def blur(x: Tensor, reach: int) -> Tensor:
    return F.avg_pool2d(x, 2 * reach + 1, 1, reach, count_include_pad=False)


def edges(picture: Tensor) -> Tensor:
    """Contour strength [B, 1, H, W] in [0, 1] of colour and alpha; a unit wide."""
    u = unit_of(picture)
    luma = torch.cat((picture[:, :3] * colour(picture, LUMA), picture[:, 3:] * 0.6), 1)
    luma = blur(luma, u // 2) if u > 1 else luma
    flat = F.pad(luma, (u, u, u, u), mode="replicate")
    dx = (flat[:, :, u:-u, 2 * u :] - flat[:, :, u:-u, : -2 * u]).abs().sum(1, keepdim=True)
    dy = (flat[:, :, 2 * u :, u:-u] - flat[:, :, : -2 * u, u:-u]).abs().sum(1, keepdim=True)
    return ((dx + dy) * 2.0 - 0.15).clamp(0, 1)


def opaque(rgb: Tensor) -> Tensor:
    return torch.cat((rgb, torch.ones_like(rgb[:, :1])), 1).clamp(0, 1)


def cells(picture: Tensor, size: int) -> Tensor:
    """Mean of squares of ``size`` pixels; sizes that do not divide the picture are cut at its right and lower edge."""
    return F.avg_pool2d(picture, size, ceil_mode=True, count_include_pad=False)


def spread(small: Tensor, size: int, like: Tensor) -> Tensor:
    return F.interpolate(small, scale_factor=size, mode="nearest")[..., : like.shape[2], : like.shape[3]]


def grid(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Pixel rows [H, 1] and columns [1, W]."""
    h, w = picture.shape[2:]
    return torch.arange(h, device=picture.device)[:, None], torch.arange(w, device=picture.device)[None]


def pixel(picture: Tensor) -> Tensor:
    size = 2 * unit_of(picture)
    small = cells(picture, size)
    solid = (small[:, 3:] > 0.5).float()
    paint = (small[:, :3] / small[:, 3:].clamp(min=1e-3) * 7).round() / 7 * solid
    return spread(torch.cat((paint, solid), 1), size, picture)


def sticker(picture: Tensor) -> Tensor:
    """A white rim around the shape; pictures that fill their canvas stay as they are."""
    alpha, reach = picture[:, 3:], 2 * unit_of(picture)
    rim = torch.maximum(blur(F.max_pool2d(alpha, 2 * reach + 1, 1, reach), 1), alpha)
    return torch.cat((picture[:, :3] + rim * (1 - alpha), rim), 1)


def blueprint(picture: Tensor) -> Tensor:
    ground = colour(picture, (0.09, 0.27, 0.56))
    paper = ground + 0.1 * (tone(picture) - 0.8) * picture[:, 3:]
    return opaque(paper + (0.96 - paper) * edges(picture))


def neon(picture: Tensor) -> Tensor:
    line, u = edges(picture), unit_of(picture)
    glow = blur(blur(line, 2 * u), 2 * u) * 1.6
    vivid = picture[:, :3] / picture[:, :3].amax(1, keepdim=True).clamp(min=0.15)
    vivid = F.max_pool2d(vivid, 4 * u + 1, 1, 2 * u)
    night = colour(picture, (0.05, 0.03, 0.11))
    return opaque(night + 0.1 * picture[:, :3] + vivid * (glow * 0.6 + line * 0.9))


def sketch(picture: Tensor) -> Tensor:
    """Graphite on white paper: contours and hatching where it is dark."""
    y, x = grid(picture)
    period = 3 * unit_of(picture)
    hatch = (((x + y) % period) < max(1, period // 3)).float()
    dark = (0.62 - tone(picture)).clamp(0, 1) * 1.3 * picture[:, 3:]
    graphite = torch.maximum(edges(picture) * 0.85, dark * (0.35 + 0.65 * hatch))
    return opaque((0.985 - 0.8 * graphite).expand(-1, 3, -1, -1))


def chalk(picture: Tensor) -> Tensor:
    """Chalk on a green board: broken lines and a thin rubbed fill."""
    y, x = grid(picture)
    grain = (((x * 7 + y * 13 + (x * y) % 11) % 5) > 1).float() * 0.5 + 0.5
    board = colour(picture, (0.13, 0.22, 0.18))
    line = edges(picture) * grain
    return opaque(board + 0.25 * picture[:, :3] * grain + (0.95 - board) * line)


def halftone(picture: Tensor) -> Tensor:
    """Dots of the shape's own colour, larger where it is dark, on cream."""
    size = 2 * unit_of(picture)
    small = cells(picture, size)
    y, x = grid(picture)
    far = (((x % size) - (size - 1) / 2) ** 2 + ((y % size) - (size - 1) / 2) ** 2) ** 0.5 / (size * 0.72)
    radius = spread((1.25 - tone(small)).clamp(0.25, 1) ** 0.5 * small[:, 3:], size, picture)
    dot = ((radius - far) * size * 0.6 + 0.5).clamp(0, 1)
    paint = spread(small[:, :3] / small[:, 3:].clamp(min=1e-3), size, picture)
    cream = colour(picture, (0.98, 0.95, 0.88))
    return opaque(cream + (paint * 0.92 - cream) * dot)


def mosaic(picture: Tensor) -> Tensor:
    """Square tiles in grey mortar. A tile has the colour of what is not under mortar, so that a mosaic stays one."""
    size = 3 * unit_of(picture)
    y, x = grid(picture)
    thin = max(1, size // 6)
    mortar = ((x % size) < thin) | ((y % size) < thin)
    heard = (1 - 0.999 * mortar.to(picture))[None, None]
    small = cells(picture * heard, size) / cells(heard, size)
    solid = (small[:, 3:] > 0.5).float()
    paint = small[:, :3] / small[:, 3:].clamp(min=1e-3) * solid
    tile = spread(torch.cat((paint, solid), 1), size, picture)
    mortar = mortar * tile[:, 3:]
    return torch.cat((tile[:, :3] + (0.72 - tile[:, :3]) * mortar, tile[:, 3:]), 1)


def silhouette(picture: Tensor) -> Tensor:
    """A dark shape; a picture that fills its canvas keeps its brightness in three steps."""
    alpha = picture[:, 3:]
    full = (alpha.amin((1, 2, 3), keepdim=True) > 0.5).float()
    steps = (tone(picture) * 2.99).floor() / 2
    dark = colour(picture, (0.09, 0.1, 0.16))
    return torch.cat(((dark + full * (0.9 - dark) * steps) * alpha, alpha), 1)


def gold(picture: Tensor) -> Tensor:
    """Relief in gold leaf, lit from the upper left."""
    u = unit_of(picture)
    height = blur(tone(picture) * 0.5 + picture[:, 3:], u)
    slope = height - torch.roll(height, (u, u), (2, 3))
    light = (0.56 + 0.12 * (tone(picture) - 0.5) + 1.1 * slope).clamp(0, 1)
    deep, bright = colour(picture, (0.33, 0.19, 0.03)), colour(picture, (1.0, 0.93, 0.6))
    return torch.cat(((deep + (bright - deep) * light) * picture[:, 3:], picture[:, 3:]), 1)


def papercut(picture: Tensor) -> Tensor:
    """Sheets of coloured paper on each other, each with a soft shadow."""
    u, alpha = unit_of(picture), picture[:, 3:]
    straight = blur(picture[:, :3], u) / blur(alpha, u).clamp(min=1e-2)
    sheets = (straight * 4).round() / 4
    layer = (blur(tone(picture), u) * 4).round() / 4 + alpha
    shade = (blur(torch.roll(layer, (u, u), (2, 3)), u) - layer).clamp(0, 1) * 0.5
    return torch.cat((sheets.clamp(0, 1) * (1 - shade) * alpha, alpha), 1)


def stitch(picture: Tensor) -> Tensor:
    """Crosses of thread on linen."""
    size = 2 * unit_of(picture)
    small = cells(picture, size)
    solid = spread((small[:, 3:] > 0.5).float(), size, picture)
    thread = spread(small[:, :3] / small[:, 3:].clamp(min=1e-3), size, picture)
    y, x = grid(picture)
    a, b = x % size, y % size
    cross = (((a - b).abs() < 0.34 * size) | ((a + b - size + 1).abs() < 0.34 * size)).float()
    linen = colour(picture, (0.93, 0.89, 0.8)) - 0.05 * ((x % 2) ^ (y % 2)).float()
    return opaque(linen + (thread * (0.72 + 0.28 * cross) - linen) * solid)


APPLY: dict[str, Callable[[Tensor], Tensor]] = {
    f.__name__: f
    for f in (
        sticker, pixel, blueprint, neon, sketch, chalk, halftone, mosaic, silhouette, gold, papercut, stitch,
    )
}  # fmt: skip
