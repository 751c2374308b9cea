"""The renderer: a small network that says what a drawing is in another of one hand's four renderings (rendering.py).

    python -m tempera.renderer --minutes 60                    # writes renderer.pt into --out and render.onnx beside it
    python -m tempera.renderer --minutes 20 --start renderer.pt --install   # goes on, and puts it into tempera/weights

It learns from the drawings of the four sets that training saw: shown as the library keeps them, compared after its box was
stretched onto the shown one's. Surfaces answer to the squares of their differences and of those of their means over eight
pixels, for shapes lie a little apart. That alone comes out duller than any drawing, so a critic that sees patches and counts
colours helps, with a gradient in proportion to that of the differences (Esser et al., arXiv 2012.09841, balance by the last
layer instead). A tenth of the concepts is left out with ``--spare``, and how far the answers for those are off is printed.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from tempera import data
from tempera.export import halve
from tempera.library import ALPHA_QUALITY, QUALITY, SIDE, straight
from tempera.muon import Muon
from tempera.reference import decoded
from tempera.rendering import HANDS, code_of
from tempera.words import WEIGHTS

WIDTHS = (32, 48, 72, 80)  # channels at half size, quarter, an eighth and a sixteenth
CRISP = 3.0  # how much surer of its ink it is in use than it learns to be, for there is no grey ink
INK = (28 / 255, 28 / 255, 31 / 255)
# What is shown and asked, and how often: as the composer asks, light more than lines, which it learns sooner.
TASKS = {
    "flat>soft-3d": 2.0, "flat>gradient": 2.0, "soft-3d>gradient": 1.0, "gradient>soft-3d": 0.3, "flat>ink": 1.0,
    "soft-3d>ink": 0.7, "gradient>ink": 0.2,
}  # fmt: skip
MUON, RATE, CRITIC_RATE, AVERAGED = 0.01, 2e-3, 1e-3, 0.995
ALONE = 100  # steps before the critic, which learns from the first, is heard


class Block(nn.Module):
    """Two convolutions beside a straight way."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(before, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        self.beside = nn.Conv2d(before, width, 1) if before != width else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.beside(x) + self.second(F.relu(self.first(F.relu(x))))


class Renderer(nn.Module):
    """A U-Net. ``picture`` [B, 4, n, n] premultiplied RGBA in [0, 1], ``code`` [B, 8] of rendering.code_of -> the same of
    the other rendering. It is told where each pixel lies, for light falls from above."""

    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Conv2d(4 * 6, WIDTHS[0], 3, padding=1)
        self.told = nn.Linear(2 * len(HANDS), sum(WIDTHS))
        self.down = nn.ModuleList(Block(WIDTHS[max(k - 1, 0)], w) for k, w in enumerate(WIDTHS))
        self.up = nn.ModuleList(Block(a + b, a) for a, b in itertools.pairwise(WIDTHS))
        self.out = nn.Conv2d(WIDTHS[0], 4 * 4, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, picture: Tensor, code: Tensor) -> Tensor:
        colour, cover = self.parts(picture, code)
        colour, alpha = colour.clamp(0, 1), picture[:, 3:]
        inked = code[:, len(HANDS) + HANDS.index("ink"), None, None, None]
        cover = torch.sigmoid(CRISP * cover)
        black = torch.cat([v * cover for v in INK] + [cover], 1)
        return inked * black + (1 - inked) * torch.cat((colour * alpha, alpha), 1)

    def parts(self, picture: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        """Straight colour [B, 3, n, n], and how surely there is ink [B, 1, n, n], a logit."""
        alpha, own = picture[:, 3:], unmultiplied(picture)
        counted = (torch.ones_like(alpha).cumsum(axis) - 1 for axis in (2, 3))
        down, across = (2 * place / place.amax((2, 3), keepdim=True) - 1 for place in counted)
        x, kept = self.into(F.pixel_unshuffle(torch.cat((own - 0.5, alpha, down, across), 1), 2)), []
        for k, (block, told) in enumerate(zip(self.down, self.told(code).split(WIDTHS, 1), strict=True)):
            x = block(F.avg_pool2d(x, 2) if k else x) + told[:, :, None, None]
            kept.append(x)
        for block, beside in zip(reversed(self.up), kept[-2::-1], strict=True):
            x = block(torch.cat((F.interpolate(x, scale_factor=2, mode="bilinear"), beside), 1))
        out = F.pixel_shuffle(self.out(F.relu(x)).float(), 2)
        return own + out[:, :3], out[:, 3:]


class Critic(nn.Module):
    """Straight colours [B, 3, n, n] where ``solid`` [B, 1, n, n] is 1 -> how much they are each of the renderings: of every patch
    [B, S, n/16, n/16] and of the colours as a whole [B, S]."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, width in ((4, 24), (24, 48), (48, 96), (96, 128)):
            norm = [nn.GroupNorm(8, width)] if before > 4 else []
            layers += [nn.Conv2d(before, width, 4, 2, 1), *norm, nn.LeakyReLU(0.2)]
        self.body, self.patch = nn.Sequential(*layers), nn.Conv2d(128, len(HANDS), 1)
        self.pixel = nn.Sequential(nn.Conv2d(3, 32, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 48, 1), nn.LeakyReLU(0.2))
        self.colours = nn.Sequential(nn.Linear(96, 64), nn.LeakyReLU(0.2), nn.Linear(64, len(HANDS)))

    def forward(self, colour: Tensor, solid: Tensor) -> tuple[Tensor, Tensor]:
        patches = self.patch(self.body(torch.cat((colour * solid, solid), 1)))
        colour, solid = colour[:, :, ::3, ::3], solid[:, :, ::3, ::3]  # one of nine pixels is enough to count by
        each, many = self.pixel(4 * colour - 2) * solid, solid.sum((2, 3)).clamp(min=1)
        mean = each.sum((2, 3)) / many
        spread = (each - mean[:, :, None, None] * solid).square().sum((2, 3)) / many
        return patches.float(), self.colours(torch.cat((mean, (spread + 1e-4).sqrt()), 1)).float()


def unmultiplied(picture: Tensor) -> Tensor:
    """[B, 4, n, n] premultiplied -> straight colours; nothing's are 0."""
    return (picture[:, :3] / picture[:, 3:].clamp(min=1 / 255)).clamp(0, 1) * (picture[:, 3:] > 0)


def kept_in_library(picture: np.ndarray) -> np.ndarray:
    """Premultiplied uint8 [n, n, 4] after it was stored as the library stores drawings."""
    file = io.BytesIO()
    Image.fromarray(straight(picture), "RGBA").save(
        file, "WEBP", quality=QUALITY, alpha_quality=ALPHA_QUALITY, method=2
    )
    return decoded(file.getvalue())


class Drawings:
    """What training saw of the four sets, at the library's size: as it is, and as the library keeps it."""

    def __init__(self, root: Path, spare: bool) -> None:
        index, hidden = json.loads((root / "index.json").read_text()), json.loads(data.HOLDOUT.read_text())
        pixels, pairs = np.load(root / "drawings.npy", mmap_mode="r"), {tuple(p) for p in hidden["h1"]}
        rows: dict[str, dict[str, int]] = {}
        for row, (concept, hand, _) in enumerate(index["rows"]):
            if hand in HANDS and (concept, hand) not in pairs and concept not in hidden["h2"]:
                rows.setdefault(concept, {})[hand] = row
        self.concepts = sorted(c for c, have in rows.items() if len(have) > 1)
        self.pictures: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        for concept in self.concepts:
            for hand, row in rows[concept].items():
                full = Image.fromarray(np.asarray(pixels[row]), "RGBa")
                own = np.array(full.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
                self.pictures[concept, hand] = own, kept_in_library(own)
        self.spared = set(self.concepts[3::10]) if spare else set()

    def of(self, task: str, spared: bool) -> list[str]:
        """The concepts that a task can be asked of."""
        return [
            c for c in self.concepts
            if (c in self.spared) == spared and all((c, hand) in self.pictures for hand in task.split(">"))
        ]  # fmt: skip

    def pair(self, task: str, concept: str, kept: bool = True) -> tuple[Tensor, Tensor]:
        """What is shown and the answer, its box laid over the shown one's: both [4, SIDE, SIDE]."""
        hand, asked = task.split(">")
        shown, answer = (
            torch.from_numpy(p).permute(2, 0, 1).float() / 255
            for p in (self.pictures[concept, hand][kept], self.pictures[concept, asked][0])
        )
        return shown, laid_over(answer, shown)


def laid_over(answer: Tensor, shown: Tensor) -> Tensor:
    """[4, n, n] stretched so that its box is the other's; as it is where they differ by more than a quarter."""
    n, (a, b) = answer.shape[1], (box(p[3]) for p in (answer, shown))
    wide, high = ((a[k + 2] - a[k]) / (b[k + 2] - b[k]) for k in (0, 1))
    if max(abs(wide - 1), abs(high - 1)) > 0.25:
        return answer
    x, y = ((torch.arange(n) + 0.5 - b[k]) * s + a[k] for k, s in ((0, wide), (1, high)))
    grid = torch.stack(((2 * x / n - 1).expand(n, n), (2 * y / n - 1)[:, None].expand(n, n)), -1)
    return F.grid_sample(answer[None], grid[None], mode="bilinear", align_corners=False)[0]


def box(alpha: Tensor) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is drawn in [n, n]."""
    rows, columns = (torch.nonzero((alpha > 0.5).any(k))[:, 0] for k in (1, 0))
    if not len(rows):
        return 0, 0, alpha.shape[1], alpha.shape[0]
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


class Lesson:
    """Renderer and critic, and how they learn. ``weight`` is of the critic beside the differences."""

    def __init__(self, drawings: Drawings, weight: float, batch: int) -> None:
        torch.manual_seed(0)
        self.drawings, self.weight, self.batch, self.rng = drawings, weight, batch, np.random.default_rng(1)
        self.net, self.critic = (m.to(memory_format=torch.channels_last) for m in (Renderer(), Critic()))
        self.averaged = Renderer()
        rest = [p for p in self.net.parameters() if p.ndim < 4]
        self.turning = Muon([p for p in self.net.parameters() if p.ndim == 4], MUON, ThreadPoolExecutor(2))
        self.optimiser = torch.optim.AdamW(rest, RATE, betas=(0.9, 0.98), weight_decay=0)
        self.judging = torch.optim.AdamW(self.critic.parameters(), CRITIC_RATE, betas=(0.5, 0.98), weight_decay=1e-3)
        self.concepts = {task: drawings.of(task, spared=False) for task in TASKS}
        self.step = 0

    def start(self, weights: dict[str, Tensor]) -> None:
        self.net.load_state_dict(weights)
        self.averaged.load_state_dict(weights)

    def drawn(self) -> tuple[Tensor, Tensor, Tensor]:
        """A batch: what is shown, the answers, codes."""
        share = np.array(list(TASKS.values()))
        tasks = self.rng.choice(list(TASKS), self.batch, p=share / share.sum())
        pairs = [
            self.drawings.pair(t, self.concepts[t][self.rng.integers(len(self.concepts[t]))], self.rng.random() < 0.7)
            for t in tasks
        ]
        shown, answer = (torch.stack(p) for p in zip(*pairs, strict=True))
        if self.rng.random() < 0.5:
            side = 16 * int(self.rng.integers(6, 11))
            shown, answer = (F.interpolate(p, size=(side, side), mode="area") for p in (shown, answer))
        return shown, answer, torch.from_numpy(np.stack([code_of(t) for t in tasks]))

    def learn(self, rate: float) -> float:
        """One step; returns the mean difference."""
        shown, answer, code = self.drawn()
        asked = code[:, len(HANDS) :].argmax(1)
        with torch.autocast("cpu", torch.bfloat16):
            colour, cover = self.net.parts(shown.to(memory_format=torch.channels_last), code)
        ink = (asked == HANDS.index("ink"))[:, None, None, None]  # its surface is the ink itself, thrice, everywhere
        surface = torch.where(ink, torch.sigmoid(cover), colour)
        true = torch.where(ink, answer[:, 3:], unmultiplied(answer))
        solid = torch.where(ink, torch.ones_like(cover), shown[:, 3:] * answer[:, 3:])
        off = (surface - true) * solid
        differs = (off.square().mean() + F.avg_pool2d(off, 8).square().mean()) / solid.mean()
        for optimiser, own in ((self.turning, MUON), (self.optimiser, RATE)):
            optimiser.param_groups[0]["lr"] = own * rate * min(1.0, self.step / 50 + 0.02)
            optimiser.zero_grad()
        (slope,) = torch.autograd.grad(differs, surface, retain_graph=True)
        if self.weight:
            told = self._heard(surface.detach(), true, (solid > 0.99).float(), asked, slope)
            slope = slope + told * (self.step >= ALONE)
        surface.backward(slope)
        self.turning.step()
        self.optimiser.step()
        self.step += 1
        keep = min(AVERAGED, self.step / (self.step + 1))
        with torch.no_grad():
            for own, p in zip(self.averaged.parameters(), self.net.parameters(), strict=True):
                own.lerp_(p, 1 - keep)
        return float(differs.detach())

    def _heard(self, surface: Tensor, true: Tensor, solid: Tensor, asked: Tensor, slope: Tensor) -> Tensor:
        """The critic learns, and says where the surface should go: a gradient as long as ``slope`` times the weight."""
        real, fake = Said(self.critic, true, solid, asked), Said(self.critic, surface, solid, asked)
        loss = real.named().mean() + real.hinge(1).mean() + fake.hinge(-1).mean()
        self.judging.zero_grad()
        loss.backward()
        self.judging.step()
        given = surface.clone().requires_grad_()
        said = Said(self.critic, given, solid, asked)
        (told,) = torch.autograd.grad((said.named() - said.answer()).sum(), given)
        lengths = [g.flatten(1).norm(dim=1)[:, None, None, None] for g in (slope, told)]
        return told * self.weight * lengths[0] / lengths[1].clamp(min=1e-12)


class Said:
    """What the critic says of colours that were asked for in a rendering."""

    def __init__(self, critic: Critic, colour: Tensor, solid: Tensor, asked: Tensor) -> None:
        with torch.autocast("cpu", torch.bfloat16):
            self.patches, self.whole = critic(colour, solid)
        share = F.adaptive_avg_pool2d(solid, self.patches.shape[2:])[:, 0]
        self.share, self.asked = share / share.sum((1, 2), keepdim=True).clamp(min=1e-3), asked
        of = torch.arange(len(asked))
        self.own_patches, self.own_whole = self.patches[of, asked], self.whole[of, asked]

    def named(self) -> Tensor:
        """Cross-entropy [B] of the asked rendering."""
        wanted = self.asked[:, None, None].expand(self.share.shape)
        patches = F.cross_entropy(self.patches, wanted, reduction="none")
        return F.cross_entropy(self.whole, self.asked, reduction="none") + (patches * self.share).sum((1, 2))

    def answer(self) -> Tensor:
        """[B]: above 0 for a true drawing."""
        return (self.own_patches * self.share).sum((1, 2)) + self.own_whole

    def hinge(self, sign: int) -> Tensor:
        """Lim and Ye, arXiv 1705.02894."""
        patches = F.relu(1 - sign * self.own_patches)
        return (patches * self.share).sum((1, 2)) + F.relu(1 - sign * self.own_whole)


@torch.no_grad()
def off_by(net: Renderer, drawings: Drawings) -> dict[str, float]:
    """Mean difference of premultiplied planes for the spared concepts, by task."""
    found = {}
    for task in TASKS:
        pairs = [drawings.pair(task, c) for c in drawings.of(task, spared=True)]
        shown, answer = (torch.stack(p) for p in zip(*pairs, strict=True))
        code = torch.from_numpy(code_of(task)).expand(len(shown), -1)
        found[task] = round(float((net(shown, code) - answer).abs().mean()), 4)
    return found


def to_onnx(net: Renderer, path: Path) -> None:
    batch, height, width = (torch.export.Dim(n) for n in ("B", "h", "w"))
    size = {0: batch, 2: 16 * height, 3: 16 * width}
    code = torch.from_numpy(np.stack([code_of("flat>ink"), code_of("flat>soft-3d")]))
    program = torch.onnx.export(
        net.eval(), (torch.rand(2, 4, SIDE, SIDE - 32), code), dynamo=True, opset_version=18, input_names=["picture", "code"],
        output_names=["rendered"], dynamic_shapes={"picture": size, "code": {0: batch}},
    )  # fmt: skip
    program.save(str(path), external_data=False)
    halve(path, convolutions=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--start", type=Path, help="a renderer.pt to go on from")
    parser.add_argument("--out", type=Path, default=data.CACHE / "renderer")
    parser.add_argument("--pack", type=Path, default=data.DATA)
    parser.add_argument("--weight", type=float, default=1.5, help="of the critic")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument(
        "--spare", action="store_true", help="leave a tenth of the concepts out, to compare settings by"
    )
    parser.add_argument("--install", action="store_true", help="put render.onnx into tempera/weights")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lesson = Lesson(Drawings(options.pack, options.spare), options.weight, options.batch)
    if options.start:
        lesson.start(torch.load(options.start, weights_only=True))
    begun, window, said = time.monotonic(), [], time.monotonic()
    while (share := (time.monotonic() - begun) / 60 / max(options.minutes, 1e-6)) < 1:
        window.append(lesson.learn((0.5 if options.start else 1) * min(1.0, 1.5 * (1 - share) + 0.01)))
        if time.monotonic() - said > 120:
            off = off_by(lesson.averaged, lesson.drawings) if options.spare else {}
            print(
                f"step {lesson.step}, {share * options.minutes:.1f} minutes, differs {np.mean(window):.4f} {off}",
                flush=True,
            )
            torch.save(lesson.averaged.state_dict(), options.out / "renderer.pt")
            window, said = [], time.monotonic()
    torch.save(lesson.averaged.state_dict(), options.out / "renderer.pt")
    to_onnx(lesson.averaged, options.out / "render.onnx")
    if options.install:
        (WEIGHTS / "render.onnx").write_bytes((options.out / "render.onnx").read_bytes())


if __name__ == "__main__":
    main()
