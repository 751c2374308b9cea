"""Teach the painter to change hands: go on from trained weights with a critic that knows every style.

    python -m tempera.export --restore .cache/tempera/start
    python -m tempera.restyle --start .cache/tempera/start/ema.pt --minutes 90
    python -m tempera.export --run .cache/tempera/run-restyled

The loss of train.py compares with one drawing. Where two hands differ in shape its best answer is the mean of all that may
be meant, and what is shown lies nearest to that: the painter learns to hand it back as it is. Here it listens to a critic
(critic.py) too. Both gradients are as long as each other for every picture, times ``--weight`` (Esser et al., arXiv
2012.09841, balance them by the last layer instead). What is shown is never the answer, where there is another drawing, and
pictures start from it and go on as they do in use.

A run is resumable: started again with the same ``--out`` it continues. Files as in train.py. On two CPU cores with AMX
8.5 pictures a second beside other work.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tempera import data
from tempera.batches import Batch, Stock, compose
from tempera.critic import Critique
from tempera.held_out import ALIGNED
from tempera.network import SIZES, Painter
from tempera.plans import ALONE, FILTERS, SHARES, Plan, Planner, pack
from tempera.samples import sheet
from tempera.train import edges, loss_of, noise_levels, rate_at, write
from tempera.words import Tokenizer

START = 0.0125  # the level that pictures start from in use
OPEN = 0.7  # beyond it the answer is nearly given, and says nothing about the painter
EMA, KEEP = 0.998, 0.5  # share of the run at full step size


class Hands(Planner):
    """Mostly single things in the drawn styles; what is shown is never the answer, where there is another drawing."""

    def __init__(self, stock: Stock, seed: int) -> None:
        super().__init__(stock, seed, scene_share=0.3)
        p = np.array([0.12 if n.startswith("avatar") or n in FILTERS else SHARES.get(n, 1.0) for n in self.names])
        self.shares = np.cumsum(p / p.sum())

    def _other(self, concept: str, style: str) -> int:
        while (row := super()._other(concept, style)) == self.index.by_concept[concept][style]:
            if len(self.index.by_concept[concept]) == 1:
                break
        return row

    def able(self, plan: Plan) -> bool:
        """Another hand's drawings are shown, as they are."""
        rows, concepts = self.index.rows, self.index.concepts
        alone = any(concepts[rows[s.row][0]]["group"] in ALONE for s in plan.reference)
        return plan.presence and plan.hole is None and not (plan.damage or plan.filter or alone)

    def aligned(self, plan: Plan) -> bool:
        """What is shown and the answer are one drawing, rendered twice."""
        return {self.index.rows[s.row][1] for s in plan.target + plan.reference} <= ALIGNED and not plan.filter


class Run:
    """Painter, critic, averaged weights, progress. ``about`` says how the weights that it began from were trained."""

    def __init__(self, start: Path, out: Path, stock: Stock, device: str, rate: float, weight: float) -> None:
        begun = torch.load(start, map_location=device, weights_only=True)
        self.out, self.stock, self.device, self.rate, self.weight = out, stock, device, rate, weight
        self.about = {k: v for k, v in begun.items() if k != "ema"}
        self.tokenizer = Tokenizer.load()
        torch.manual_seed(5)
        self.model = self._painter().to(memory_format=torch.channels_last)
        self.model.load_state_dict({k: v.float() for k, v in begun["ema"].items()})
        self.names, self.weights = zip(*self.model.named_parameters(), strict=True)
        self.ema = [p.detach().clone() for p in self.weights]
        self.critique = Critique(stock, self.tokenizer)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), rate, betas=(0.8, 0.98), weight_decay=0, fused=True)
        self.step = self.samples = 0
        self.minutes = 0.0

    def _painter(self) -> Painter:
        return Painter(SIZES[self.about["size"]], len(self.tokenizer), len(self.stock.styles)).to(self.device)

    def resume(self) -> bool:
        path = self.out / "state.pt"
        if not path.exists():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        for own, name in zip(self.ema, self.names, strict=True):
            own.copy_(state["ema"][name])
        self.step, self.samples, self.minutes = state["step"], state["samples"], state["minutes"]
        self.critique.planner.rng = np.random.default_rng(self.step)
        print(f"resumed at step {self.step}, {self.minutes:.1f} minutes")
        return True

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "model": self.model, "critic": self.critique.critic,
            "painting": self.optimiser, "judging": self.critique.optimiser,
        }  # fmt: skip

    def save(self) -> None:
        device = torch.cuda.get_device_name() if self.device != "cpu" else "cpu"
        here: dict[str, float] = {"step": self.step, "samples": self.samples, "minutes": self.minutes}
        before = self.about.get("restyled", {})
        both = {k: v + before.get(k, 0) for k, v in here.items()} | {"device": device}
        ema = dict(zip(self.names, self.ema, strict=True))
        write(self.out / "state.pt", {k: v.state_dict() for k, v in self._parts().items()} | {"ema": ema} | here)
        write(self.out / "ema.pt", {"ema": ema} | self.about | {"restyled": both})

    def averaged(self) -> Painter:
        model = self._painter()
        model.load_state_dict(dict(zip(self.names, self.ema, strict=True)))
        return model.eval()

    def learn(self, batch: Batch, style: Tensor, able: Tensor, aligned: Tensor, rate: float) -> dict[str, float]:
        """One step of both. ``able`` and ``aligned`` [B] are those of :class:`Hands`."""
        x, each, t = self._paint(batch, able, aligned)
        told = self.critique.learn(batch.target, x.detach()[t < OPEN], style, style[t < OPEN])
        told |= {"wanting": self._follow(x, each, style), "loss": float(each.mean().detach())}
        self.optimiser.param_groups[0]["lr"] = self.rate * rate
        nn.utils.clip_grad_norm_(self.weights, 2.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        decay = min(EMA, (self.step + 1) / (self.step + 20))
        with torch.no_grad():
            torch._foreach_lerp_(self.ema, list(self.weights), 1 - decay)
        self.step += 1
        self.samples += len(style)
        return told

    def _paint(self, batch: Batch, able: Tensor, aligned: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The painter's answers [B, 4, H, W], their losses and noise levels [B].

        Of the pictures that are shown another hand's drawing a third starts from it, as in use, and a third goes on from
        what was painted in such a start. What these are to keep is its edges, unless both are one drawing.
        """
        n, reference = len(batch.target), batch.guide[:, :4]
        chance = torch.rand(n, device=self.device)
        begins, goes_on = able & (chance < 0.33), able & (chance > 0.67)
        t = noise_levels(n, self.device, -0.9)
        t = torch.where(begins, 0.1 * torch.rand_like(t), torch.where(goes_on, 0.04 + 0.5 * torch.rand_like(t), t))
        heat = 1 - 0.25 * torch.rand(n, 1, 1, 1, device=self.device)  # in use the noise is cooler
        first = torch.where(begins[:, None, None, None], reference, batch.target)
        with torch.autocast(self.device, torch.bfloat16):
            look = self.model.look(batch.seen) * batch.seen_weight[:, None]
            if len(some := goes_on.nonzero()[:, 0]):
                level = torch.full((len(some),), START, device=self.device)
                noisy = START * reference[some] + (1 - START) * heat[some] * torch.randn_like(reference[some])
                told = (batch.guide[some], batch.tokens[some], batch.style[some], look[some].detach())
                with torch.no_grad():
                    first[some] = self.model(noisy, level, *told).float().clamp(-1, 1)
            at = t[:, None, None, None]
            noisy = at * first + (1 - at) * heat * torch.randn_like(first)
            x = self.model(noisy, t, batch.guide, batch.tokens, batch.style, look).float()
        each = loss_of(x, batch.target, t)
        kept = 2 * edges(x - reference) / (1 - t).clamp(min=0.2)
        return x, torch.where((begins | goes_on) & ~aligned, torch.where(begins, 0.5 * (kept + each), kept), each), t

    def _follow(self, x: Tensor, each: Tensor, style: Tensor) -> float:
        """The painter's gradients, from the loss and from the critic; how much the critic misses."""
        given = x.detach().requires_grad_()
        (to_answer,) = torch.autograd.grad(each.mean(), x, retain_graph=True)
        wanting = self.critique.wanting(given, style)
        (to_style,) = torch.autograd.grad(wanting.sum(), given)
        lengths = [torch.linalg.vector_norm(g, dim=(1, 2, 3), keepdim=True) for g in (to_answer, to_style)]
        x.backward(to_answer + self.weight * lengths[0] / lengths[1].clamp(min=1e-12) * to_style)
        return float(wanting.mean().detach())


def train(run: Run, minutes: float, part: float, batch_size: int) -> None:
    """Pictures of 256 px and of 128 px in turns, as the seed has it; of the small ones more."""
    planner, rng = Hands(run.stock, 9000 + run.step), np.random.default_rng(run.step)
    begun, before, saved = time.monotonic(), run.minutes, run.minutes
    window: list[dict[str, float]] = []
    with (run.out / "log.jsonl").open("a") as log:
        while run.minutes < minutes and run.minutes - before < part:
            side, count = (256, batch_size) if rng.random() < 0.5 else (128, round(2.4 * batch_size))
            plans = [planner.plan() for _ in range(count)]
            packed = pack(plans, run.tokenizer)
            batch = compose(run.stock, packed, side, side)
            style = torch.from_numpy(packed.style).long().to(run.device)
            able, aligned = (
                torch.tensor([f(p) for p in plans]).to(run.device) for f in (planner.able, planner.aligned)
            )
            window.append(run.learn(batch, style, able, aligned, rate_at(run.minutes / minutes, run.step, KEEP)))
            run.minutes = before + (time.monotonic() - begun) / 60
            if len(window) == 50:
                means = {k: round(float(np.mean([w[k] for w in window if k in w])), 4) for k in window[0]}
                line = json.dumps({"step": run.step, "samples": run.samples, "minutes": round(run.minutes, 2)} | means)
                print(line, file=log, flush=True)
                print(line, flush=True)
                window = []
            if run.minutes - saved >= 4:
                run.save()
                saved = run.minutes
    run.save()
    path = run.out / f"sheet-{run.samples:07d}.webp"
    sheet(run.averaged(), run.stock, run.tokenizer, 256, path, adherence=START)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True, help="an ema.pt to begin from")
    parser.add_argument("--minutes", type=float, default=90, help="budget of the whole run")
    parser.add_argument("--part", type=float, default=1e9, help="budget of this call")
    parser.add_argument("--study", type=float, default=8, help="minutes of the critic alone, before")
    parser.add_argument("--out", type=Path, default=data.CACHE / "run-restyled")
    parser.add_argument("--pack", type=Path, default=data.DATA, help="folder with drawings.npy and index.json")
    parser.add_argument("--batch", type=int, default=6, help="pictures of 256 px a step; 2.4 times as many of 128")
    parser.add_argument("--weight", type=float, default=2.0, help="of the critic beside the loss")
    parser.add_argument("--rate", type=float, default=1.5e-4)
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    options.out.mkdir(parents=True, exist_ok=True)
    stock = Stock(options.pack, device, side=256)
    run = Run(options.start, options.out, stock, device, options.rate, options.weight)
    if not run.resume():
        run.critique.study(options.study)
    train(run, options.minutes, options.part, options.batch)


if __name__ == "__main__":
    main()
