"""Train the painter, on two CPU cores or one GPU, within a budget of minutes.

    python -m tempera.train --size preview --minutes 100 --out .cache/tempera/run
    python -m tempera.train --size large --minutes 27 --part 9 --pack shared/pack --out out

A run is resumable: started again with the same ``--out`` it continues, and the schedule follows the
minutes already trained, so ``--minutes`` is the budget of the whole run and ``--part`` that of this
call. It writes into ``--out``: ``state.pt`` (everything to continue), ``ema.pt`` (weights to export),
``log.jsonl`` (loss by noise level, trained and held-out), ``sheet-*.png``.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from tempera import data
from tempera.batches import Batch, Plan, Planner, Sprite, Stock, compose, from_planes
from tempera.network import SIZES, Painter, parameters
from tempera.sampling import sample
from tempera.words import Tokenizer


@dataclass(frozen=True)
class Stage:
    """Until this share of the run's minutes: pictures of ``side`` px in batches of ``batch``."""

    until: float
    side: int
    batch: int
    level: float  # mean of the noise levels' logit
    crops: float = 0.0  # share of the steps on half-side crops, three times as many


@dataclass(frozen=True)
class Recipe:
    stages: tuple[Stage, ...]
    muon: float  # step of the orthogonalised updates
    adam: float
    keep: float  # share of the run at full step size; linear to zero after
    ema: float


RECIPES = {
    "preview": Recipe((Stage(0.45, 64, 24, -0.9), Stage(1.0, 128, 4, 0.2, crops=0.6)), 0.012, 1.5e-3, 0.5, 0.996),
    "large": Recipe((Stage(0.35, 128, 512, -0.9), Stage(1.0, 256, 192, -0.5)), 0.012, 8e-4, 0.5, 0.9995),
}
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonalised updates for matrices and convolutions (flattened to matrices)."""

    def __init__(self, params: list[nn.Parameter], lr: float, pool: ThreadPoolExecutor) -> None:
        super().__init__(params, {"lr": lr, "momentum": 0.95, "decay": 0.01})
        self.pool = pool

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            list(self.pool.map(lambda p, group=group: self._update(p, group), group["params"]))

    @torch.no_grad()
    def _update(self, p: nn.Parameter, group: dict) -> None:
        state = self.state[p]
        if not state:
            state["momentum"] = torch.zeros_like(p)
        speed = state["momentum"]
        speed.lerp_(p.grad, 1 - group["momentum"])
        update = orthogonal(p.grad.lerp(speed, group["momentum"]).reshape(p.shape[0], -1)).reshape(p.shape)
        rows, columns = p.shape[0], p[0].numel()
        p.mul_(1 - group["lr"] * group["decay"])
        p.add_(update, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)


class Workers:
    """Forward and backward of parts of a batch on several single-threaded workers.

    On a busy machine this loses less than one parallel region an operation: a worker whose core is taken
    delays its own part only. Each worker has a copy of the network that shares the weights and has its
    own gradients. On a GPU there is one worker and one part.
    """

    def __init__(self, model: Painter, count: int, device: str) -> None:
        self.model, self.device, self.count = model, device, count
        self.pool = ThreadPoolExecutor(count, initializer=lambda: torch.set_num_threads(1) if count > 1 else None)
        self.free: queue.Queue[tuple[nn.Module, Painter]] = queue.Queue()
        for i in range(count):
            twin = model if i == 0 else copy.deepcopy(model)
            for own, shared in zip(twin.parameters(), model.parameters(), strict=True):
                own.data = shared.data
            self.free.put((torch.compile(twin) if device != "cpu" else twin, twin))

    def run(self, batch: Batch, noisy: Tensor, t: Tensor) -> Tensor:
        """Losses [B]; gradients of their mean are left in ``model``."""
        n = len(t)
        size = n if self.count == 1 else max(1, -(-n // (2 * self.count)))
        parts = list(self.pool.map(lambda at: self._part(batch, noisy, t, at, n), range(0, n, size)))
        twins = [self.free.get() for _ in range(self.count)]
        for _, twin in twins:
            if twin is not self.model:
                for own, shared in zip(twin.parameters(), self.model.parameters(), strict=True):
                    if own.grad is not None:
                        shared.grad = own.grad if shared.grad is None else shared.grad.add_(own.grad)
                        own.grad = None
        for pair in twins:
            self.free.put(pair)
        return torch.cat(parts)

    def _part(self, batch: Batch, noisy: Tensor, t: Tensor, at: int, n: int) -> Tensor:
        size = n if self.count == 1 else max(1, -(-n // (2 * self.count)))
        s = slice(at, at + size)
        net, twin = self.free.get()
        try:
            with torch.autocast("cuda", torch.bfloat16, enabled=self.device != "cpu"):
                x = net(noisy[s], t[s], batch.reference[s], batch.tokens[s], batch.style[s])
            each = loss_of(x, batch.target[s], t[s])
            (each.sum() / n).backward()
        finally:
            self.free.put((net, twin))
        return each.detach()


def orthogonal(m: Tensor, steps: int = 4) -> Tensor:
    """Nearest orthogonal matrix, roughly, by the quintic Newton-Schulz iteration."""
    x = m.bfloat16() if m.is_cuda else m.float()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.T if tall else x).to(m.dtype)


def loss_of(x: Tensor, target: Tensor, t: Tensor) -> Tensor:
    """Per picture [B]: pseudo-Huber in x and its differences, weighted by 1 / max(1 - t, 0.2)."""
    d = x.float() - target
    sharp = (huber(d[..., 1:] - d[..., :-1]) + huber(d[..., 1:, :] - d[..., :-1, :])) * 0.5
    return (huber(d) + sharp) / (1 - t).clamp(min=0.2)


def huber(d: Tensor, c: float = 0.12) -> Tensor:
    return ((d.square() + c * c).sqrt() - c).mean((1, 2, 3))


def noise_levels(n: int, device: str, mean: float) -> Tensor:
    """sigmoid(N(mean, 1.3)), one draw from each of n equal shares so that small batches see every level.

    Low t is where the reference is read; a start from a noised reference never goes below its adherence.
    """
    share = (torch.randperm(n, device=device) + torch.rand(n, device=device)) / n
    return torch.sigmoid(torch.special.ndtri(share.clamp(1e-4, 1 - 1e-4)) * 1.3 + mean).clamp(max=0.985)


class Run:
    """A training run: network, optimisers, averaged weights, progress."""

    def __init__(self, size: str, out: Path, stock: Stock, device: str, workers: int) -> None:
        self.size, self.out, self.stock, self.device = size, out, stock, device
        self.recipe = RECIPES[size]
        self.tokenizer = Tokenizer.load()
        torch.manual_seed(1)
        self.model = Painter(SIZES[size], len(self.tokenizer), len(stock.styles)).to(device)
        self.model.to(memory_format=torch.channels_last)
        self.ema = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        matrices, rest = [], []
        for name, p in self.model.named_parameters():
            inner = p.ndim >= 2 and not name.startswith(("words", "style", "order", "head", "time"))
            (matrices if inner else rest).append(p)
        self.workers = Workers(self.model, workers if device == "cpu" else 1, device)
        self.muon = Muon(matrices, self.recipe.muon, self.workers.pool)
        self.adam = torch.optim.AdamW(rest, self.recipe.adam, betas=(0.9, 0.98), weight_decay=0.0)
        self.step = self.samples = 0
        self.minutes = 0.0
        if (out / "state.pt").exists():
            self._resume(torch.load(out / "state.pt", map_location=device, weights_only=True))

    def _resume(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self.ema = state["ema"]
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step, self.samples, self.minutes = state["step"], state["samples"], state["minutes"]
        print(f"resumed at step {self.step}, {self.samples} samples, {self.minutes:.1f} minutes")

    def save(self) -> None:
        about = {
            "size": self.size,
            "step": self.step,
            "samples": self.samples,
            "minutes": self.minutes,
            "device": self.device,
        }
        parts = {"model": self.model.state_dict(), "ema": self.ema, "muon": self.muon.state_dict()}
        write(self.out / "state.pt", parts | {"adam": self.adam.state_dict()} | about)
        write(self.out / "ema.pt", {"ema": self.ema} | about)

    def learn(self, batch: Batch, rate: float, level: float) -> tuple[Tensor, Tensor]:
        """One step; returns noise levels and losses [B]."""
        t = noise_levels(len(batch.target), self.device, level)
        at = t[:, None, None, None]
        noisy = at * batch.target + (1 - at) * torch.randn_like(batch.target)
        each = self.workers.run(batch, noisy, t)
        nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        for optimiser, base in ((self.muon, self.recipe.muon), (self.adam, self.recipe.adam)):
            optimiser.param_groups[0]["lr"] = base * rate
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.samples += len(t)
        decay = min(self.recipe.ema, self.step / (self.step + 20))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.ema.values()), list(self.model.state_dict().values()), 1 - decay)
        return t, each

    def averaged(self) -> Painter:
        model = Painter(SIZES[self.size], len(self.tokenizer), len(self.stock.styles)).to(self.device)
        model.load_state_dict(self.ema)
        return model.eval()


def write(path: Path, value: object) -> None:
    """Replace a checkpoint whole, so that a kill never leaves half of one."""
    torch.save(value, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def rate_at(progress: float, step: int, keep: float) -> float:
    """Step size: 100 steps of warm-up, flat, then linear down to 2 %."""
    return min(1.0, (step + 1) / 100) * min(1.0, max(0.02, (1 - progress) / (1 - keep)))


def held_plans(stock: Stock, count: int, seed: int = 7) -> list[Plan]:
    """Held-out drawings (H1) as targets, each with a reference of another style that training may see."""
    rng = np.random.default_rng(seed)
    eye = np.eye(3, dtype=np.float32)
    plans = []
    for row in rng.permutation(stock.held):
        concept, style = stock.rows[row]
        others = stock.by_concept.get(concept)
        if not others:
            continue
        other = next((others[s] for s in ("flat", "toon", "soft-3d", "clean") if s in others and s != style), None)
        if other is None:
            continue
        plans.append(
            Plan(
                stock.styles.index(style), stock.concepts[concept]["label"],
                [Sprite(int(row), 0.5, 0.5, 0.96, False, 0.0, eye)], [Sprite(other, 0.5, 0.5, 0.96, False, 0.0, eye)],
            )
        )  # fmt: skip
        if len(plans) == count:
            break
    return plans


@torch.no_grad()
def held_loss(model: Painter, batch: Batch) -> dict[str, float]:
    """Held-out loss at fixed noise levels."""
    result = {}
    generator = torch.Generator(batch.target.device).manual_seed(5)
    noise = torch.randn(batch.target.shape, generator=generator, device=batch.target.device)
    for level in (0.05, 0.35, 0.6, 0.85):
        t = torch.full((len(noise),), level, device=noise.device)
        noisy = level * batch.target + (1 - level) * noise
        x = model(noisy, t, batch.reference, batch.tokens, batch.style)
        result[f"{level}"] = round(float(loss_of(x, batch.target, t).mean()), 4)
    return result


def picture_grid(planes: list[Tensor], path: Path) -> None:
    """Rows of [n, 4, h, w] planes over light grey."""
    rows = []
    for row in planes:
        p = from_planes(row.float().cpu())
        over = (p[:, :3] + 0.94 * (1 - p[:, 3:])).clamp(0, 1)
        rows.append(torch.cat(list(over), 2))
    Image.fromarray((torch.cat(rows, 1).permute(1, 2, 0).numpy() * 255).astype(np.uint8)).save(path)


SHEET_CONCEPTS = ("1f98a", "1f680", "1f3f0", "1f431", "1f419", "1f916", "1f3e0", "1f34e", "1f409", "26f5")
SHEET_STYLES = ("soft-3d", "toon", "clean", "kawaii", "ink", "pixel", "neon")


def sheet(model: Painter, stock: Stock, tokenizer: Tokenizer, side: int, path: Path, adherence: float = 0.35) -> None:
    """Reference drawings (first row) in several styles, then composed scenes with their references."""
    eye = np.eye(3, dtype=np.float32)
    concepts = [c for c in SHEET_CONCEPTS if "flat" in stock.by_concept.get(c, {})]
    plans = []
    for concept in concepts:
        sprite = Sprite(stock.by_concept[concept]["flat"], 0.5, 0.5, 0.9, False, 0.0, eye)
        plans.append(Plan(1, "a " + stock.concepts[concept]["label"], [sprite], [sprite]))
    batch = compose(stock, plans, tokenizer, side)
    rows = [batch.reference[:, :4]]
    for name in SHEET_STYLES:
        style = torch.full_like(batch.style, stock.styles.index(name))
        rows.append(
            sample(model, batch.reference, batch.tokens, style, adherence=adherence, guidance=1.0, steps=8, seed=1)
        )
    planner = Planner(stock, 11, scene_share=1.0)
    scenes = []
    while len(scenes) < 2 * len(plans):
        plan = planner.plan()
        plan.presence, plan.damage = True, ""
        scenes.append(plan)
    batch = compose(stock, scenes, tokenizer, side)
    drawn = sample(
        model, batch.reference, batch.tokens, batch.style, adherence=adherence, guidance=1.0, steps=8, seed=1
    )
    for part in range(2):
        at = slice(part * len(plans), (part + 1) * len(plans))
        rows += [batch.reference[at, :4], drawn[at], batch.target[at]]
    picture_grid(rows, path)


def log_line(run: Run, t: Tensor, losses: Tensor, speed: float, held: dict[str, float] | None) -> str:
    bins = {}
    for low, high in itertools.pairwise(BINS):
        some = losses[(t >= low) & (t < high)]
        if len(some):
            bins[f"{low}-{high}"] = round(float(some.mean()), 4)
    line = {"step": run.step, "samples": run.samples, "minutes": round(run.minutes, 2), "per_second": round(speed, 1)}
    return json.dumps(line | {"loss": round(float(losses.mean()), 4), "bins": bins} | ({"held": held} if held else {}))


def crop(batch: Batch, side: int, rng: np.random.Generator) -> Batch:
    """One window of the pictures, so that a step costs a quarter at the same scale."""
    y, x = (8 * int(rng.integers(0, (n - side) // 8 + 1)) for n in batch.target.shape[2:])
    window = (slice(None), slice(None), slice(y, y + side), slice(x, x + side))
    return replace(batch, target=batch.target[window], reference=batch.reference[window])


def train(run: Run, minutes: float, part: float, batch_size: int | None) -> None:
    recipe, out = run.recipe, run.out
    planner = Planner(run.stock, 1000 + run.step)
    held = compose(run.stock, held_plans(run.stock, 16), run.tokenizer, recipe.stages[-1].side)
    begun, before = time.monotonic(), run.minutes
    window: list[tuple[Tensor, Tensor]] = []
    since = (time.monotonic(), run.samples)
    next_save, next_sheet = run.minutes + 3, run.minutes + 20
    log = (out / "log.jsonl").open("a")
    while run.minutes < minutes and run.minutes - before < part:
        progress = run.minutes / minutes
        stage = next(s for s in recipe.stages if progress < s.until)
        cropped = planner.rng.random() < stage.crops
        plans = [planner.plan() for _ in range((batch_size or stage.batch) * (3 if cropped else 1))]
        batch = compose(run.stock, plans, run.tokenizer, stage.side)
        batch = crop(batch, stage.side // 2, planner.rng) if cropped else batch
        window.append(run.learn(batch, rate_at(progress, run.step, recipe.keep), stage.level))
        run.minutes = before + (time.monotonic() - begun) / 60
        if len(window) >= 100 or run.minutes >= next_save:
            speed = (run.samples - since[1]) / (time.monotonic() - since[0])
            save = run.minutes >= next_save
            scores = held_loss(run.averaged(), held) if save else None
            t, losses = (torch.cat(parts).cpu() for parts in zip(*window, strict=True))
            log.write(log_line(run, t, losses, speed, scores) + "\n")
            log.flush()
            window = []
            if save:
                run.save()
                next_save = run.minutes + 3
            if run.minutes >= next_sheet:
                sheet(run.averaged(), run.stock, run.tokenizer, stage.side, out / f"sheet-{run.samples:07d}.png")
                next_sheet = run.minutes + 20
            since = (time.monotonic(), run.samples)
    run.save()
    sheet(run.averaged(), run.stock, run.tokenizer, recipe.stages[-1].side, out / f"sheet-{run.samples:07d}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="preview")
    parser.add_argument("--minutes", type=float, default=100, help="budget of the whole run")
    parser.add_argument("--part", type=float, default=1e9, help="budget of this call")
    parser.add_argument("--out", type=Path, default=data.CACHE / "run")
    parser.add_argument("--pack", type=Path, default=data.DATA, help="folder with drawings.npy and index.json")
    parser.add_argument("--batch", type=int, help="pictures a step, instead of the recipe's (dry runs)")
    parser.add_argument("--workers", type=int, default=2, help="single-threaded workers on a CPU")
    options = parser.parse_args()
    torch.set_num_threads(1 if options.workers > 1 else torch.get_num_threads())
    device = "cuda" if torch.cuda.is_available() else "cpu"
    options.out.mkdir(parents=True, exist_ok=True)
    side = max(stage.side for stage in RECIPES[options.size].stages)
    stock = Stock(options.pack, device, side=side)
    run = Run(options.size, options.out, stock, device, options.workers)
    print(f"{parameters(run.model) / 1e6:.2f} M parameters on {device}", flush=True)
    train(run, options.minutes, options.part, options.batch)


if __name__ == "__main__":
    main()
