"""Train the painter, on two CPU cores or one GPU, within a budget of minutes.

    python -m tempera.train --size preview --minutes 100 --out .cache/tempera/run
    python -m tempera.train --size standard --minutes 27 --part 9 --pack .cache/tempera/pack --out out

A run is resumable: started again with the same ``--out`` it continues, and the schedule follows the
minutes already trained, so ``--minutes`` is the budget of the whole run and ``--part`` that of this
call. A number in ``OUT/budget`` replaces ``--minutes`` while it runs. It writes into ``--out``:
``state.pt`` (everything to continue), ``ema.pt`` (weights to export), ``log.jsonl`` (loss by noise level,
trained and held-out), ``sheet-*.webp``. ``--start`` begins from the weights of another run.
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
from torch import Tensor, nn

from tempera import data
from tempera.batches import Batch, Stock, compose
from tempera.feed import Feed
from tempera.muon import Muon
from tempera.network import SIZES, ConvBlock, Painter, TokenBlock, parameters
from tempera.samples import held_batch, sheet
from tempera.words import Tokenizer

Shape = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Stage:
    """Until this share of the run's minutes: pictures of ``side`` px in batches of ``batch``."""

    until: float
    side: int
    batch: int
    level: float  # mean of the noise levels' logit
    crops: float = 0.0  # share of the steps on half-side crops, three times as many
    others: float = 0.0  # share of the steps on canvases that are not square


@dataclass(frozen=True)
class Recipe:
    stages: tuple[Stage, ...]
    muon: float  # step of the orthogonalised updates
    adam: float
    keep: float  # share of the run at full step size; linear to zero after
    ema: float


RECIPES = {
    "preview": Recipe((Stage(0.45, 64, 24, -0.9), Stage(1.0, 128, 4, 0.2, crops=0.6)), 0.012, 1.5e-3, 0.5, 0.996),
    "standard": Recipe(
        (Stage(0.45, 128, 768, -0.9), Stage(1.0, 256, 224, -0.6, others=0.15)), 0.012, 1e-3, 0.45, 0.999
    ),
}
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Canvases beside the square: about as many tokens, multiples of 16.
OTHERS = ((0.75, 1.3125), (1.3125, 0.75), (0.8125, 1.25), (1.25, 0.8125), (0.6875, 1.4375), (1.4375, 0.6875))


class Workers:
    """Forward and backward of parts of a batch on several single-threaded workers.

    On a busy machine this loses less than one parallel region an operation: a worker whose core is taken
    delays its own part only. Each worker has a copy of the network that shares the weights and has its
    own gradients. On a GPU there is one worker and one part, and the blocks are compiled.
    """

    def __init__(self, model: Painter, count: int, device: str) -> None:
        self.model, self.device, self.count = model, device, count
        self.pool = ThreadPoolExecutor(count, initializer=lambda: torch.set_num_threads(1) if count > 1 else None)
        self.free: queue.Queue[Painter] = queue.Queue()
        for i in range(count):
            twin = model if i == 0 else copy.deepcopy(model)
            for own, shared in zip(twin.parameters(), model.parameters(), strict=True):
                own.data = shared.data
            self.free.put(twin)

    def run(self, batch: Batch, noisy: Tensor, t: Tensor) -> Tensor:
        """Losses [B]; gradients of their mean are left in ``model``."""
        n = len(t)
        if self.count == 1:
            return self._part(batch, noisy, t, slice(0, n), n)
        size = max(1, -(-n // (2 * self.count)))
        parts = list(self.pool.map(lambda at: self._part(batch, noisy, t, slice(at, at + size), n), range(0, n, size)))
        twins = [self.free.get() for _ in range(self.count)]
        for twin in twins:
            if twin is not self.model:
                for own, shared in zip(twin.parameters(), self.model.parameters(), strict=True):
                    if own.grad is not None:
                        shared.grad = own.grad if shared.grad is None else shared.grad.add_(own.grad)
                        own.grad = None
        for twin in twins:
            self.free.put(twin)
        return torch.cat(parts)

    def _part(self, batch: Batch, noisy: Tensor, t: Tensor, s: slice, n: int) -> Tensor:
        net = self.free.get()
        try:
            with torch.autocast("cuda", torch.bfloat16, enabled=self.device != "cpu"):
                look = net.look(batch.seen[s]) * batch.seen_weight[s, None]
                x = net(noisy[s], t[s], batch.guide[s], batch.tokens[s], batch.style[s], look)
            each = loss_of(x, batch.target[s], t[s])
            (each.sum() / n).backward()
        finally:
            self.free.put(net)
        return each.detach()


def compile_blocks(model: Painter) -> None:
    """Compile the repeated blocks, one graph a shape: whole networks take minutes to compile, blocks seconds."""
    torch._dynamo.config.cache_size_limit = 64
    torch._dynamo.config.suppress_errors = True  # a block that cannot be compiled runs as it is
    for module in model.modules():
        if isinstance(module, TokenBlock | ConvBlock):
            module.compile(dynamic=False)


def loss_of(x: Tensor, target: Tensor, t: Tensor) -> Tensor:
    """Per picture [B]: pseudo-Huber in x and its differences, weighted by 1 / max(1 - t, 0.2)."""
    d = x.float() - target
    return (huber(d) + edges(d)) / (1 - t).clamp(min=0.2)


def edges(d: Tensor) -> Tensor:
    """Pseudo-Huber in the differences of neighbouring pixels, per picture [B]."""
    return (huber(d[..., 1:] - d[..., :-1]) + huber(d[..., 1:, :] - d[..., :-1, :])) * 0.5


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
        self.model = self._painter().to(memory_format=torch.channels_last)
        self.names, self.weights = zip(*self.model.named_parameters(), strict=True)
        self.ema = [p.detach().clone() for p in self.weights]
        matrices, rest = [], []
        for name, p in self.model.named_parameters():
            inner = p.ndim >= 2 and not name.startswith(("words", "styles", "order", "head", "time"))
            (matrices if inner else rest).append(p)
        self.workers = Workers(self.model, workers if device == "cpu" else 1, device)
        self.muon = Muon(matrices, self.recipe.muon, self.workers.pool)
        self.adam = torch.optim.AdamW(
            rest, self.recipe.adam, betas=(0.9, 0.98), weight_decay=0.0, fused=device != "cpu"
        )
        self.step = self.samples = 0
        self.minutes = 0.0
        if (out / "state.pt").exists():
            self._resume(torch.load(out / "state.pt", map_location=device, weights_only=True))
        if device != "cpu":
            compile_blocks(self.model)

    def _painter(self) -> Painter:
        return Painter(SIZES[self.size], len(self.tokenizer), len(self.stock.styles)).to(self.device)

    def _resume(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self._take(state["ema"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step, self.samples, self.minutes = state["step"], state["samples"], state["minutes"]
        print(f"resumed at step {self.step}, {self.samples} samples, {self.minutes:.1f} minutes")

    def begin_from(self, path: Path) -> None:
        """Take the averaged weights of another run; its momentum and schedule are not taken."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self._take({k: v.float() for k, v in state["ema"].items()})
        self.model.load_state_dict(dict(zip(self.names, self.ema, strict=True)))
        print(f"begun from {path.name}: {state['samples']} samples")

    def _take(self, ema: dict[str, Tensor]) -> None:
        for own, name in zip(self.ema, self.names, strict=True):
            own.copy_(ema[name])

    def save(self) -> None:
        about = {"size": self.size, "step": self.step, "samples": self.samples, "minutes": self.minutes}
        about["device"] = torch.cuda.get_device_name() if self.device != "cpu" else "cpu"
        ema = dict(zip(self.names, self.ema, strict=True))
        parts = {"model": self.model.state_dict(), "ema": ema, "muon": self.muon.state_dict()}
        write(self.out / "state.pt", parts | {"adam": self.adam.state_dict()} | about)
        write(self.out / "ema.pt", {"ema": ema} | about)

    def learn(self, batch: Batch, rate: float, level: float) -> tuple[Tensor, Tensor]:
        """One step; returns noise levels and losses [B]."""
        t = noise_levels(len(batch.target), self.device, level)
        at = t[:, None, None, None]
        noisy = at * batch.target + (1 - at) * torch.randn_like(batch.target)
        each = self.workers.run(batch, noisy, t)
        nn.utils.clip_grad_norm_(self.weights, 2.0)
        for optimiser, base in ((self.muon, self.recipe.muon), (self.adam, self.recipe.adam)):
            optimiser.param_groups[0]["lr"] = base * rate
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.samples += len(t)
        decay = min(self.recipe.ema, self.step / (self.step + 20))
        with torch.no_grad():
            torch._foreach_lerp_(self.ema, list(self.weights), 1 - decay)
        return t, each

    def averaged(self) -> Painter:
        model = self._painter()
        model.load_state_dict(dict(zip(self.names, self.ema, strict=True)))
        return model.eval()


def write(path: Path, value: object) -> None:
    """Replace a checkpoint whole, so that a kill never leaves half of one."""
    torch.save(value, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def rate_at(progress: float, step: int, keep: float) -> float:
    """Step size: 100 steps of warm-up, flat, then linear down to 2 %."""
    return min(1.0, (step + 1) / 100) * min(1.0, max(0.02, (1 - progress) / (1 - keep)))


@torch.no_grad()
def held_loss(model: Painter, batch: Batch) -> dict[str, float]:
    """Held-out loss at fixed noise levels."""
    result = {}
    generator = torch.Generator(batch.target.device).manual_seed(5)
    noise = torch.randn(batch.target.shape, generator=generator, device=batch.target.device)
    look = model.look(batch.seen) * batch.seen_weight[:, None]
    for level in (0.05, 0.35, 0.6, 0.85):
        t = torch.full((len(noise),), level, device=noise.device)
        noisy = level * batch.target + (1 - level) * noise
        x = model(noisy, t, batch.guide, batch.tokens, batch.style, look)
        result[f"{level}"] = round(float(loss_of(x, batch.target, t).mean()), 4)
    return result


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
    return replace(batch, target=batch.target[window], guide=batch.guide[window])


def shape_of(stage: Stage, rng: np.random.Generator) -> Shape:
    if rng.random() >= stage.others:
        return stage.side, stage.side
    tall, wide = OTHERS[rng.integers(len(OTHERS))]
    return int(stage.side * tall), int(stage.side * wide)


def budget(out: Path, minutes: float) -> float:
    """The minutes of the whole run: what ``OUT/budget`` says now, else what was asked for."""
    try:
        return float((out / "budget").read_text())
    except (FileNotFoundError, ValueError):
        return minutes


class Progress:
    """Log, checkpoints and sheets of a run."""

    def __init__(self, run: Run, every: float) -> None:
        self.run, self.every = run, every  # minutes between checkpoints
        self.held = held_batch(run.stock, run.tokenizer, 32, run.recipe.stages[-1].side)
        self.log = (run.out / "log.jsonl").open("a")
        self.window: list[tuple[Tensor, Tensor]] = []
        self.since = (time.monotonic(), run.samples)
        self.next_save, self.next_sheet = run.minutes + every, run.minutes + 20

    def note(self, step: tuple[Tensor, Tensor], side: int) -> None:
        run = self.run
        self.window.append(step)
        save = run.minutes >= self.next_save
        if len(self.window) < 100 and not save:
            return
        t, losses = (torch.cat(parts).cpu() for parts in zip(*self.window, strict=True))
        speed = (run.samples - self.since[1]) / (time.monotonic() - self.since[0])
        scores = held_loss(run.averaged(), self.held) if save else None
        print(line := log_line(run, t, losses, speed, scores), file=self.log, flush=True)
        print(line, flush=True)
        self.window = []
        if save:
            run.save()
            self.next_save = run.minutes + self.every
        if run.minutes >= self.next_sheet:
            self.sheet(side)
            self.next_sheet = run.minutes + 20
        self.since = (time.monotonic(), run.samples)

    def sheet(self, side: int) -> None:
        run = self.run
        sheet(run.averaged(), run.stock, run.tokenizer, side, run.out / f"sheet-{run.samples:07d}.webp")


def train(run: Run, feed: Feed, minutes: float, part: float, batch_size: int | None) -> None:
    recipe, rng = run.recipe, np.random.default_rng(run.step)
    progress = Progress(run, every=3 if run.device == "cpu" else 1.5)
    begun, before = time.monotonic(), run.minutes
    while run.minutes < budget(run.out, minutes) and run.minutes - before < part:
        share = run.minutes / budget(run.out, minutes)
        stage = next(s for s in recipe.stages if share < s.until)
        cropped = rng.random() < stage.crops
        height, width = shape_of(stage, rng)
        packed = feed.next((batch_size or stage.batch) * (3 if cropped else 1))
        batch = compose(run.stock, packed, height, width)
        batch = crop(batch, stage.side // 2, rng) if cropped else batch
        # Odd canvases are few: they are not worth a compilation each.
        with torch.compiler.set_stance("default" if height == width else "force_eager"):
            step = run.learn(batch, rate_at(share, run.step, recipe.keep), stage.level)
        run.minutes = before + (time.monotonic() - begun) / 60
        progress.note(step, stage.side)
    run.save()
    progress.sheet(recipe.stages[-1].side)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="preview")
    parser.add_argument("--minutes", type=float, default=100, help="budget of the whole run")
    parser.add_argument("--part", type=float, default=1e9, help="budget of this call")
    parser.add_argument("--out", type=Path, default=data.CACHE / "run")
    parser.add_argument("--start", type=Path, help="an ema.pt to begin from")
    parser.add_argument("--pack", type=Path, default=data.DATA, help="folder with drawings.npy and index.json")
    parser.add_argument("--batch", type=int, help="pictures a step, instead of the recipe's (dry runs)")
    parser.add_argument("--workers", type=int, default=2, help="single-threaded workers on a CPU")
    parser.add_argument("--planners", type=int, default=0, help="processes that plan pictures ahead")
    options = parser.parse_args()
    torch.set_num_threads(1 if options.workers > 1 else torch.get_num_threads())
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    device = "cuda" if torch.cuda.is_available() else "cpu"
    options.out.mkdir(parents=True, exist_ok=True)
    side = max(stage.side for stage in RECIPES[options.size].stages)
    stock = Stock(options.pack, device, side=side)
    run = Run(options.size, options.out, stock, device, options.workers)
    if options.start and not run.step:
        run.begin_from(options.start)
    print(f"{parameters(run.model) / 1e6:.2f} M parameters on {device}", flush=True)
    feed = Feed(options.pack, 1000 + run.step, options.planners, RECIPES[options.size].stages[0].batch)
    train(run, feed, options.minutes, options.part, options.batch)
    feed.close()


if __name__ == "__main__":
    main()
