"""Muon: momentum with orthogonalised updates (Jordan et al. 2024), for matrices and convolutions."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn


class Muon(torch.optim.Optimizer):
    """Convolutions are flattened to matrices. Matrices of one shape are orthogonalised together."""

    def __init__(self, params: list[nn.Parameter], lr: float, pool: ThreadPoolExecutor) -> None:
        super().__init__(params, {"lr": lr, "momentum": 0.95, "decay": 0.01})
        self.pool = pool
        by_shape = defaultdict(list)
        for p in params:
            by_shape[p.shape[0], p[0].numel()].append(p)
        # On a CPU the threads share the work matrix by matrix; on a GPU few large products are faster.
        self.stacks = list(by_shape.values()) if params[0].is_cuda else [[p] for p in params]

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        group = self.param_groups[0]
        if len(self.stacks) == len(group["params"]):
            list(self.pool.map(lambda stack: self._update(stack, group), self.stacks))
            return
        for stack in self.stacks:
            self._update(stack, group)

    @torch.no_grad()
    def _update(self, stack: list[nn.Parameter], group: dict) -> None:
        for p in stack:
            if not self.state[p]:
                self.state[p]["momentum"] = torch.zeros_like(p)
        grads = [p.grad for p in stack]
        speeds = [self.state[p]["momentum"] for p in stack]
        torch._foreach_lerp_(speeds, grads, 1 - group["momentum"])
        ahead = torch._foreach_lerp(grads, speeds, group["momentum"])
        rows, columns = stack[0].shape[0], stack[0][0].numel()
        update = orthogonal(torch.stack([g.reshape(rows, columns) for g in ahead]))
        torch._foreach_mul_(stack, 1 - group["lr"] * group["decay"])
        step = -group["lr"] * max(1.0, rows / columns) ** 0.5
        torch._foreach_add_(
            stack, [u.reshape(p.shape) for u, p in zip(update.unbind(0), stack, strict=True)], alpha=step
        )


def orthogonal(m: Tensor, steps: int = 4) -> Tensor:
    """[n, rows, columns]: nearest orthogonal matrices, roughly, by the quintic Newton-Schulz iteration."""
    x = m.bfloat16() if m.is_cuda else m.float()
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.mT if tall else x).to(m.dtype)
