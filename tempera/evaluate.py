"""Measure the shipped weights on what training never saw, with a judge that was trained apart.

    python -m tempera.evaluate --pairs 454 --seeds 4      # the whole table
    python -m tempera.evaluate --pairs 120 --ablations 40

* H1: held-out (concept, style) pairs. The painter gets another drawing of the concept in another style, the label and
  the asked style. The judge says which concept and which style it sees. Beside it: the judge on the true drawings
  (ceiling), on the reference alone, and with shuffled labels (floor).
* Copying: distance to the nearest training drawing over that to the second nearest (32 px planes), below 1/3 counts as a
  copy; the same for the true held-out drawings, and the distance from the very reference.
* Fréchet distance of the judge's features, beside real halves against each other ("own features", not FID).
* H3: scenes read, composed and painted from words alone: counts by connected shapes, colours by nearest colour word,
  relations by which shape the judge takes for which thing.
* Styles in use: things painted from words in styles of which the library has a drawing, of which it has to outline
  another's, and in programmatic ones. The pairs are not held out.
* Contours: share of the given lines that the picture has, and of its lines that were given (F1, two pixels apart).

Everything runs through ONNX Runtime on the files of ``tempera/weights``. One line a number with a 95 % interval
(Wilson). Nothing is picked. Writes ``tempera/weights/evaluation.json`` and a sheet.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from torch import Tensor

from tempera import data, guides, judge, outlining, reference
from tempera.batches import Batch, Stock, compose, to_planes
from tempera.plans import FILTERS, pack
from tempera.samples import held_plans, picture_grid
from tempera.sampling import Asked, Sampler, sample
from tempera.words import COLOURS, WEIGHTS, Tokenizer

SIDE = 256
ALIGNED = {"soft-3d", "gradient", "flat", "ink"}  # one hand's drawing in four renderings


@dataclass(frozen=True)
class Setting:
    name: str
    reference: bool = True
    adherence: float | None = None  # None: the default's
    guidance: float | None = None


SETTINGS = (
    Setting("default"), Setting("adherence 0", adherence=0.0), Setting("adherence 0.5", adherence=0.5),
    Setting("adherence 1", adherence=1.0), Setting("no guidance", guidance=1.0), Setting("text only", reference=False),
)  # fmt: skip


class Shipped:
    """The network of tempera/weights as torch's sampler wants it."""

    def __init__(self) -> None:
        self.manifest = json.loads((WEIGHTS / "manifest.json").read_text())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self.session = onnxruntime.InferenceSession(
            str(WEIGHTS / "network.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, *inputs: Tensor) -> Tensor:
        names = ("noisy", "t", "guide", "tokens", "style", "look")
        ones = [
            self.session.run(None, {n: v[i : i + 1].numpy() for n, v in zip(names, inputs, strict=True)})[0]
            for i in range(len(inputs[0]))
        ]
        return torch.from_numpy(np.concatenate(ones))

    def paint(self, asked: Asked, setting: Setting, seed: int) -> Tensor:
        defaults = self.manifest["defaults"]
        adherence = defaults["adherence"] if setting.adherence is None else setting.adherence
        if not setting.reference:
            asked = replace(asked, guide=torch.zeros_like(asked.guide))
        return sample(
            self, asked, adherence=reference.start_of(adherence, reference.CLOSEST_START), steps=defaults["steps"],
            guidance=setting.guidance or defaults["guidance"], seed=seed, sampler=Sampler(**self.manifest["sampler"]),
        )  # fmt: skip

    def asked(self, batch: Batch) -> Asked:
        return Asked(batch.guide, batch.tokens, batch.style, torch.zeros(len(batch.style), self.manifest["look_width"]))


def interval(hits: int, n: int) -> dict[str, float]:
    """Percent with its 95 % interval (Wilson)."""
    p, z = hits / n, 1.96
    middle, reach = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n)
    return {"percent": round(100 * p, 1), "low": round(100 * max(0.0, low), 1), "high": round(100 * high, 1), "n": n}


@torch.no_grad()
def seen(critic: judge.Judge, planes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    small = F.interpolate(planes, size=(judge.SIDE, judge.SIDE), mode="area")
    return critic(small)


class Pairs:
    """H1 as one batch, with the judge's labels."""

    def __init__(self, stock: Stock, critic: judge.Judge, classes: list[str], count: int) -> None:
        plans = held_plans(stock, count)
        self.stock, self.critic = stock, critic
        self.rows = [p.target[0].row for p in plans]
        self.references = [p.reference[0].row for p in plans]
        self.batch = compose(stock, pack(plans, Tokenizer.load()), SIDE, SIDE)
        self._outline()
        self.concept = judge.class_of(stock, classes)[self.rows]
        self.style = torch.tensor([stock.styles.index(stock.rows[i][1]) for i in self.rows])
        self.aligned = torch.tensor([stock.rows[i][1] in ALIGNED for i in self.rows])

    def _outline(self) -> None:
        """Show the references as the composer does: another hand's drawing is outlined for a line style."""
        level = next(p for p in self.stock.levels if p.shape[2] == SIDE // 2)
        for i, row in enumerate(self.rows):
            style = self.stock.rows[row][1]
            if style not in outlining.STYLES:
                continue
            drawn = outlining.outlined(level[self.references[i]].permute(1, 2, 0).numpy(), style)
            self.batch.guide[i, :4] = to_planes(placed(drawn, 0.9375))[0]

    def score(self, planes: Tensor) -> dict[str, Any]:
        n = len(planes)
        _, concept, style = seen(self.critic, planes)
        hits = concept.topk(5, 1).indices == self.concept[:n, None]
        styled = style.argmax(1) == self.style[:n]
        other = ~self.aligned[:n]
        return {
            "top1": interval(int(hits[:, 0].sum()), n), "top5": interval(int(hits.any(1).sum()), n),
            "style": interval(int(styled.sum()), n),
            "top5_other_hands": interval(int(hits.any(1)[other].sum()), max(1, int(other.sum()))),
            "error_to_true": round(float((planes - self.batch.target[:n]).square().mean()), 4),
            "distance_from_reference": round(float((planes - self.batch.guide[:n, :4]).square().mean()), 4),
        }  # fmt: skip

    def copies(self, planes: Tensor, gallery: Tensor) -> dict[str, float]:
        near = torch.cdist(thumb(planes), gallery).topk(2, largest=False).values
        ratio = near[:, 0] / near[:, 1].clamp(min=1e-6)
        return interval(int((ratio < 1 / 3).sum()), len(ratio)) | {"median_ratio": round(float(ratio.median()), 3)}


def placed(drawing: np.ndarray, scale: float) -> Tensor:
    """Premultiplied uint8 [n, n, 4] in the middle of a clear canvas [1, 4, SIDE, SIDE], as batches places sprites."""
    picture = torch.from_numpy(drawing.transpose(2, 0, 1).astype(np.float32) / 255)[None]
    theta = torch.tensor([[[1 / scale, 0, 0], [0, 1 / scale, 0]]])
    grid = F.affine_grid(theta, [1, 4, SIDE, SIDE], align_corners=False)
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def thumb(planes: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(planes, 32).flatten(1)


def gallery_of(stock: Stock) -> Tensor:
    """Every training drawing as the evaluation places it, [N, 4 * 32 * 32]."""
    held = set(stock.held)
    rows = [i for i in range(len(stock.rows)) if i not in held]
    return torch.cat([thumb(judge.drawings(stock, rows[i : i + 256])) for i in range(0, len(rows), 256)])


def frechet(a: Tensor, b: Tensor) -> float:
    """Between Gaussians fitted to two sets of features [n, 256]; the trace of the root by eigenvalues."""
    a, b = a.double(), b.double()
    ca, cb = torch.cov(a.T), torch.cov(b.T)
    root = torch.linalg.eigvals(ca @ cb).real.clamp(min=0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + ca.trace() + cb.trace() - 2 * root)


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


class Hands:
    """Styles in use: things of the library painted from words, where it has a drawing of the asked hand, where that has to be
    outlined, and in the programmatic styles. Not held out: what is asked is whether the style is the one asked for."""

    def __init__(self, critic: judge.Judge, classes: list[str], stock: Stock) -> None:
        self.critic, self.place, self.stock = critic, {c: i for i, c in enumerate(classes)}, stock
        self.road = reference.Road()
        self.have: dict[str, set[str]] = {}
        for e in self.road.index:
            self.have.setdefault(e["concept"], set()).add(e["style"])

    def run(self, count: int) -> dict[str, Any]:
        drawn = [s for s in self.stock.styles[1 : -len(FILTERS)] if s != "game-icon" and "avatar" not in s]
        cases = {
            "own hand": [(c, s) for c, h in self.have.items() for s in drawn if s in h],
            "another hand, outlined": [(c, s) for c, h in self.have.items() for s in outlining.STYLES if "flat" in h and s not in h],
            "programmatic": [(c, s) for c, h in self.have.items() for s in FILTERS if "flat" in h],
        }  # fmt: skip
        return {name: self._score(some, count) for name, some in cases.items()}

    def _score(self, some: list[tuple[str, str]], count: int) -> dict[str, Any]:
        some = [pair for pair in some if pair[0] in self.place]
        chosen = np.random.default_rng(5).permutation(len(some))[:count]
        tops, fives, styles = 0, 0, 0
        for i in chosen:
            concept, style = some[i]
            picture = self.road.paint("a " + self.stock.concepts[concept]["label"], style=style, seed=int(i))
            planes = to_planes(torch.from_numpy(picture.transpose(2, 0, 1)).float()[None])
            _, found, look = seen(self.critic, planes)
            five = found[0].topk(5).indices.tolist()
            tops, fives = tops + (five[0] == self.place[concept]), fives + (self.place[concept] in five)
            styles += int(look[0].argmax()) == self.stock.styles.index(style)
        n = len(chosen)
        return {"top1": interval(tops, n), "top5": interval(fives, n), "style": interval(styles, n)}


class Scenes:
    """H3 through the whole road: words, layout, picture."""

    def __init__(self, critic: judge.Judge, classes: list[str], stock: Stock) -> None:
        self.critic, self.place, self.stock = critic, {c: i for i, c in enumerate(classes)}, stock
        self.road = reference.Road()

    def run(self, least: int) -> dict[str, Any]:
        every = self.stock.holdout["h3"]
        kinds = {"count": [], "colour": [], "relation": []}
        for scene in every:
            kind = scene["key"][0] if scene["key"][0] in kinds else "relation"
            if kind != "relation" or scene["key"][0] in ("left of", "right of", "on top of", "below"):
                kinds[kind].append(scene)
        return {k: self._share(k, some[:least]) for k, some in kinds.items()}

    def _share(self, kind: str, some: list[dict]) -> dict[str, float]:
        hits = 0
        for scene in some:
            picture = self.road.paint(scene["caption"], style="flat", seed=1)  # [256, 256, 4] premultiplied
            hits += getattr(self, "_" + kind)(picture, scene["key"])
        return interval(hits, len(some))

    def _count(self, picture: np.ndarray, key: list[str]) -> bool:
        return len(shapes(picture[..., 3])) == ("two", "three", "four", "five", "six").index(key[1]) + 2

    def _colour(self, picture: np.ndarray, key: list[str]) -> bool:
        """The mean colour of the more vivid half is nearest to the asked word, of ten."""
        solid = picture[picture[..., 3] > 0.9][:, :3]
        if not len(solid):
            return False
        vivid = solid.max(1) - solid.min(1)
        mean = solid[vivid >= np.median(vivid)].mean(0) * 255
        words = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "black")
        tones = {w: np.array(COLOURS[w], float) for w in words}
        unit = mean / np.linalg.norm(mean) + 0.002 * mean
        return (
            min(words, key=lambda w: np.linalg.norm(unit - tones[w] / np.linalg.norm(tones[w]) - 0.002 * tones[w]))
            == key[1]
        )

    def _relation(self, picture: np.ndarray, key: list[str]) -> bool:
        found = sorted(shapes(picture[..., 3]), key=lambda s: -s[2].sum())[:2]
        if len(found) < 2:
            return False
        how, a, b = key
        votes = []
        for _, _, mask in found:
            alone = torch.from_numpy((picture * mask[..., None]).transpose(2, 0, 1)).float()[None]
            ys, xs = np.nonzero(mask)
            box = alone[:, :, ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
            votes.append(seen(self.critic, to_planes(F.interpolate(box, size=(128, 128), mode="area")))[1][0])
        ia, ib = self.place[a], self.place[b]
        first_is_a = votes[0][ia] - votes[0][ib] > votes[1][ia] - votes[1][ib]
        one, two = (found[0], found[1]) if first_is_a else (found[1], found[0])
        return {
            "left of": one[0] < two[0], "right of": one[0] > two[0], "on top of": one[1] < two[1], "below": one[1] > two[1],
        }[how]  # fmt: skip


def contour_f1(painted: Tensor, given: Tensor) -> float:
    """Mean F1 of lines that lie within two pixels of each other."""
    a, b = guides.contours(painted) > 0.5, given > 0.5
    near_a, near_b = (F.max_pool2d(m.float(), 5, 1, 2) > 0 for m in (a, b))
    precision = (a & near_b).sum((1, 2, 3)) / a.sum((1, 2, 3)).clamp(min=1)
    recall = (b & near_a).sum((1, 2, 3)) / b.sum((1, 2, 3)).clamp(min=1)
    return float((2 * precision * recall / (precision + recall).clamp(min=1e-6)).mean())


def drawn_to_contours(shipped: Shipped, pairs: Pairs, count: int) -> dict[str, float]:
    """Pictures of held-out drawings' contours, without a reference."""
    target = pairs.batch.target[:count]
    lines = guides.contours(target)
    asked = shipped.asked(pairs.batch).part(slice(0, count))
    bare = replace(asked, guide=torch.zeros_like(asked.guide))
    guide = bare.guide.clone()
    guide[:, 6:] = 2 * lines - 1
    setting = Setting("contours", adherence=0.0)
    with_lines = shipped.paint(replace(bare, guide=guide), setting, 3)
    without = shipped.paint(bare, setting, 3)
    return {
        "f1": round(contour_f1(with_lines, lines), 3),
        "f1_without": round(contour_f1(without, lines), 3),
        "n": count,
    }


PARTS = ("h1", "ablations", "contours", "in use", "h3")


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """What the asked parts measured; rows of H1 that were not asked for are missing."""
    critic, state = judge.load(options.judge)
    stock = Stock(options.pack, backdrops=17, side=64)
    shipped, result = Shipped(), {}
    pairs = Pairs(stock, critic, state["classes"], options.pairs)
    settings = [s for s in SETTINGS if ("h1" if s.name == "default" else "ablations") in options.parts]
    if settings:
        result |= held_out(shipped, pairs, settings, options)
    if "contours" in options.parts:
        result["contours"] = drawn_to_contours(shipped, pairs, min(len(pairs.rows), options.contours))
    if "in use" in options.parts:
        result["in use"] = Hands(critic, state["classes"], stock).run(options.hands)
    if "h3" in options.parts:
        result["h3"] = Scenes(critic, state["classes"], stock).run(options.scenes)
    return result


def held_out(shipped: Shipped, pairs: Pairs, settings: list[Setting], options: argparse.Namespace) -> dict[str, Any]:
    """H1 at these settings; at the default also copies and features."""
    asked, n = shipped.asked(pairs.batch), len(pairs.rows)
    true, given = pairs.batch.target, pairs.batch.guide[:, :4]
    rows: dict[str, Any] = {}
    shown, default = [given[:16]], None
    for setting in settings:
        count = n if setting.name == "default" else min(n, options.ablations)
        part = asked.part(slice(0, count))
        parts = [shipped.paint(part.part(slice(i, i + 8)), setting, i) for i in range(0, count, 8)]
        painted = torch.cat(parts)
        rows[setting.name] = pairs.score(painted)
        default = painted if setting.name == "default" else default
        shown.append(painted[:16])
        print(setting.name, json.dumps(rows[setting.name]), flush=True)
    picture_grid([*shown, true[:16]], data.CACHE / "evaluation.png")
    if default is None:
        return {"h1": rows}
    rows["the reference itself, no network"] = pairs.score(given)
    rows["the true drawing (the judge's ceiling)"] = pairs.score(true)
    rows["another pair's picture (its floor)"] = pairs.score(default.roll(1, 0))
    gallery = gallery_of(pairs.stock)
    features = [seen(pairs.critic, p)[0] for p in (default, true)]
    half = n // 2
    return {
        "h1": rows,
        "copying": {"painted": pairs.copies(default, gallery), "true drawings": pairs.copies(true, gallery)},
        "frechet": {
            "painted against true": round(frechet(*features), 2),
            "true against true, halves": round(frechet(features[1][:half], features[1][half:]), 2), "n": n,
        },
    }  # fmt: skip


def joined(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The parts of now over those of before, rows of H1 in the settings' order."""
    rows = before.get("h1", {}) | now.get("h1", {})
    order = [s.name for s in SETTINGS]
    rows = {k: rows[k] for k in sorted(rows, key=lambda k: order.index(k) if k in order else len(order))}
    return before | now | {"h1": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=454)
    parser.add_argument("--ablations", type=int, default=60, help="pairs of the settings beside the default")
    parser.add_argument("--contours", type=int, default=24)
    parser.add_argument("--hands", type=int, default=60, help="pictures of each kind of style in use")
    parser.add_argument("--scenes", type=int, default=40, help="scenes of each kind")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="the others keep what was measured before"
    )
    parser.add_argument("--judge", type=Path, default=data.HERE / "judge.pt")
    parser.add_argument("--pack", type=Path, default=data.DATA)
    options = parser.parse_args()
    torch.set_num_threads(2)
    torch.set_grad_enabled(False)
    manifest = json.loads((WEIGHTS / "manifest.json").read_text())
    sizes = f"--pairs {options.pairs} --ablations {options.ablations} --contours {options.contours}"
    sizes += f" --hands {options.hands} --scenes {options.scenes}"
    path = WEIGHTS / "evaluation.json"
    whole = set(options.parts) == set(PARTS) or not path.exists()
    now = evaluate(options)
    before = {} if whole else json.loads(path.read_text())
    measured = before.get("measured", {}) | dict.fromkeys(options.parts, manifest["version"])
    result = joined(before, now) | {
        "version": manifest["version"], "samples_trained": manifest["trained"]["samples"],
        "command": f"python -m tempera.evaluate {sizes}", "measured": measured,
        "defaults": manifest["defaults"], "sampler": manifest["sampler"],
    }  # fmt: skip
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
