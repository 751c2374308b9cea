"""What evaluate.py counts with: shares with their intervals, distances between sets of pictures, lines, shapes."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tempera import guides, judge
from tempera.batches import Stock


def interval(hits: int, n: int) -> dict[str, float]:
    """Percent with its 95 % interval (Wilson)."""
    p, z = hits / n, 1.96
    middle, reach = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n)
    return {"percent": round(100 * p, 1), "low": round(100 * max(0.0, low), 1), "high": round(100 * high, 1), "n": n}


@torch.no_grad()
def seen(critic: judge.Judge, planes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return critic(planes)


def thumb(planes: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(planes, 32).flatten(1)


def gallery_of(stock: Stock) -> tuple[Tensor, list[int]]:
    """Every training drawing as the evaluation places it, [N, 4 * 32 * 32], and their rows."""
    held = set(stock.held)
    rows = [i for i in range(len(stock.rows)) if i not in held]
    return torch.cat([thumb(judge.drawings(stock, rows[i : i + 256])) for i in range(0, len(rows), 256)]), rows


def frechet(a: Tensor, b: Tensor) -> float:
    """Between Gaussians fitted to two sets of features [n, 256]; the trace of the root by eigenvalues."""
    a, b = a.double(), b.double()
    ca, cb = torch.cov(a.T), torch.cov(b.T)
    root = torch.linalg.eigvals(ca @ cb).real.clamp(min=0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + ca.trace() + cb.trace() - 2 * root)


def contour_f1(painted: Tensor, given: Tensor) -> float:
    """Mean F1 of lines that lie within two pixels of each other."""
    a, b = guides.contours(painted) > 0.5, given > 0.5
    near_a, near_b = (F.max_pool2d(m.float(), 5, 1, 2) > 0 for m in (a, b))
    precision = (a & near_b).sum((1, 2, 3)) / a.sum((1, 2, 3)).clamp(min=1)
    recall = (b & near_a).sum((1, 2, 3)) / b.sum((1, 2, 3)).clamp(min=1)
    return float((2 * precision * recall / (precision + recall).clamp(min=1e-6)).mean())


def shapes(alpha: np.ndarray, least: int = 150) -> list[tuple[float, float, np.ndarray]]:
    """Connected shapes of a [H, W] alpha, larger than ``least`` pixels: centre x, y and mask, left to right."""
    solid, seen_at, found = alpha > 0.5, np.zeros(alpha.shape, bool), []
    for y, x in zip(*np.nonzero(solid), strict=True):
        if seen_at[y, x]:
            continue
        mask, stack = np.zeros_like(solid), [(y, x)]
        seen_at[y, x] = True
        while stack:
            j, i = stack.pop()
            mask[j, i] = True
            for v, u in ((j + 1, i), (j - 1, i), (j, i + 1), (j, i - 1)):
                if 0 <= v < alpha.shape[0] and 0 <= u < alpha.shape[1] and solid[v, u] and not seen_at[v, u]:
                    seen_at[v, u] = True
                    stack.append((v, u))
        if mask.sum() >= least:
            ys, xs = np.nonzero(mask)
            found.append((float(xs.mean()), float(ys.mean()), mask))
    return sorted(found, key=lambda s: s[0])
