"""The reference of everything that happens around the network; the Go engine is held to it by tempera/vectors.

    python -m tempera.reference "a red fox on a hill" --style soft-3d --out fox.png

The reader is in reading.py, the composer in composing.py, the backdrops in scenes.py, contours in contouring.py; here are the
tokenizer, the noise, the planes, the grid and the sampler, and the whole walk from words to pixels.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import re
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tempera import composing, palettes, rendering
from tempera.plans import FILTERS
from tempera.reading import Reader, Scene

WEIGHTS = Path(__file__).resolve().parent / "weights"
TOKENS = 24
TIME_POWER = 1.3
# How far adherence goes to 1 for what has its style; the same if it is to change.
OWN_HAND, OWN_HAND_CHANGED = 0.95, 0.5
CLOSEST_START = 0.8  # beyond it the network would hand its reference back, and at 1 have nothing to paint
CLOSEST_INIT = 0.95  # the same for a picture that is to be changed a little
# Styles of square cells, for which a network is too soft: what is painted goes through their rule again.
CELLED = ("pixel", "mosaic")
# Changes, of planes' 2, that are noise: in hands of few colours whose drawing is kept, and in styles of hard edges.
CALM, HARD_CALM = 0.08, 0.4
FEW_COLOURS, HARD = {*palettes.ASKED, "gradient"}, {*CELLED, "papercut"}
LEAST_FILTERED = 0.45  # what an adherence of 0 counts as where the composition is in its programmatic style already
ROLLS = 2  # stream of a repeating picture's offsets; 0 is the noise, 1 that of the finish
AREA_WEIGHT = 0.25


@dataclass
class Told:
    """What the network is told about a picture."""

    guide: np.ndarray  # float32 [7, H, W]: the reference's planes, presence, known, contours
    tokens: list[int]
    style: np.ndarray  # float32 [S], a weight for each style
    look: np.ndarray  # float32 [C], zeros without style references


# (noisy float32 [4,H,W], t, told) -> x float32 [4,H,W]
Network = Callable[[np.ndarray, float, Told], np.ndarray]


class Tokenizer:
    """Word pieces by greedy longest prefix."""

    def __init__(self, pieces: list[str]) -> None:
        self.ids = {piece: i for i, piece in enumerate(pieces)}

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower()):
            ids += self.word(word)
        return (ids + [0] * TOKENS)[:TOKENS]

    def word(self, word: str) -> list[int]:
        if word in self.ids:
            return [self.ids[word]]
        pieces, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self.ids:
                    pieces.append(self.ids[piece])
                    start = end
                    break
            else:
                return [1]
        return pieces


def philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Philox4x32-10 on counters uint64 [n, 4] that hold 32-bit words."""
    mask = np.uint64(0xFFFFFFFF)
    c, k0, k1 = counter.copy(), key[0], key[1]
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[:, 0], np.uint64(0xCD9E8D57) * c[:, 2]
        high0, high1 = p0 >> np.uint64(32), p1 >> np.uint64(32)
        c = np.stack((high1 ^ c[:, 1] ^ np.uint64(k0), p1 & mask, high0 ^ c[:, 3] ^ np.uint64(k1), p0 & mask), 1)
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def noise(seed: int, stream: int, n: int) -> np.ndarray:
    """n standard normal numbers, float32: counter (block, 0, stream, 0), Box-Muller over the four words."""
    blocks = -(-n // 4)
    counter = np.zeros((blocks, 4), np.uint64)
    counter[:, 0], counter[:, 2] = np.arange(blocks, dtype=np.uint64), stream
    w = philox(counter, (seed & 0xFFFFFFFF, seed >> 32)).astype(np.float64)
    out = np.empty((blocks, 4))
    for half in (0, 2):
        r = np.sqrt(-2 * np.log((w[:, half] + 1) / 2**32))
        angle = 2 * math.pi * w[:, half + 1] / 2**32
        out[:, half], out[:, half + 1] = r * np.cos(angle), r * np.sin(angle)
    return out.reshape(-1)[:n].astype(np.float32)


def grid(width: int, height: int, side: int, multiple: int) -> tuple[int, int]:
    """The size painted for a picture: sides are multiples, area near side^2, aspect nearest to the request."""
    best, found = math.inf, (0, 0)
    for w in range(multiple, side * side // multiple + 1, multiple):
        for h in range(multiple, side * side // multiple + 1, multiple):
            size = abs(math.log(w * h / (side * side)))
            if size > 0.35:
                continue
            cost = abs(math.log(w / h) - math.log(width / height)) + AREA_WEIGHT * size
            if cost < best - 1e-9:
                best, found = cost, (w, h)
    return found


def closeness_of(adherence: float, style: str, styled: float, guidance: float) -> float:
    """How close a picture is to be to its composition, of which the share ``styled`` has its style already, by its own
    hand or outlined to it. Where that is all nothing is left to be done, and less noise keeps small things and colours;
    guidance above 1 asks for something to be done all the same."""
    if style in FILTERS:
        return LEAST_FILTERED + (1 - LEAST_FILTERED) * adherence
    return max(adherence, 0.0) ** (1 - (OWN_HAND if guidance <= 1 else OWN_HAND_CHANGED) * styled * styled)


def calm_of(closeness: float, style: str, styled: float, guidance: float) -> float:
    """The change of planes that counts as the network's noise, see :func:`calmed`."""
    if guidance > 1:
        return 0.0
    if style in HARD:
        return HARD_CALM * closeness
    return CALM * closeness * styled if style in FEW_COLOURS else 0.0


def calmed(x: np.ndarray, shown: np.ndarray, calm: float) -> np.ndarray:
    """Planes x, every change from what was shown smaller by ``calm`` (soft thresholding): a network that keeps areas of one colour
    mottles them, and leaves a veil where nothing is; of cells it blurs the edges."""
    off = x - shown
    return shown + np.sign(off) * np.maximum(np.abs(off) - np.float32(calm), 0)


def start_of(closeness: float, closest: float) -> float:
    """The level to start from when the picture is to be as close (0 to 1) to what is shown."""
    return closest * min(max(closeness, 0.0), 1.0) ** 3


def planes(picture: np.ndarray) -> np.ndarray:
    """Premultiplied RGBA [H, W, 4] -> planes float32 [4, H, W]."""
    p = picture.transpose(2, 0, 1)
    return np.concatenate((2 * p[:3] - p[3:], 2 * p[3:] - 1)).astype(np.float32)


def guide(
    height: int, width: int, reference: np.ndarray | None = None, truth: np.ndarray | None = None,
    known: np.ndarray | None = None, lines: tuple[tuple[np.ndarray, float], ...] = (),
) -> np.ndarray:  # fmt: skip
    """float32 [7, H, W]: planes of a reference, over them the truth where known [H, W] is 1, and contours
    (maps in [0, 1] with their weights; of several each place keeps the strongest line)."""
    g = np.zeros((7, height, width), np.float32)
    if reference is not None:
        g[:4], g[4] = reference, 1
    if truth is not None and known is not None:
        here = known > 0
        g[:4, here], g[4, here], g[5, here] = truth[:, here], 1, 1
    if lines:
        g[6] = np.max([np.float32(w) * (2 * e.astype(np.float32) - 1) for e, w in lines], 0)
    return g


def without_reference(g: np.ndarray) -> np.ndarray:
    """The guide of what is avoided: what has to stay, and the contours."""
    bare = g.copy()
    bare[:5] *= g[5] > 0
    return bare


def pixels(x: np.ndarray) -> np.ndarray:
    """Planes [4, H, W] -> premultiplied RGBA [H, W, 4] in [0, 1]."""
    alpha = np.clip((x[3] + 1) / 2, 0, 1)
    colour = np.clip((x[:3] + alpha) / 2, 0, alpha)
    return np.concatenate((colour, alpha[None])).transpose(1, 2, 0)


def time(start: float, i: int, steps: int) -> float:
    """Where step i begins on the way from noise (0) to picture (1)."""
    return start + (1 - start) * (i / steps) ** TIME_POWER


def offset(seed: int, step: int, cell: int, height: int, width: int) -> tuple[int, int]:
    """How far a repeating picture is rolled at a step, (right, down): random multiples of cell."""
    counter = np.array([[step, 0, ROLLS, 0]], np.uint64)
    w = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))[0]
    return cell * (int(w[0]) % (width // cell)), cell * (int(w[1]) % (height // cell))


def sample(
    network: Network, asked: Told, avoided: Told, *, seed: int, steps: int, guidance: float, guidance_from: float = 0.0,
    start: float = 0.0, first: np.ndarray | None = None, temperature: float = 1.0, finish: float = 0.0,
    truth: np.ndarray | None = None, known: np.ndarray | None = None, roll: int = 0,
) -> np.ndarray:  # fmt: skip
    """Planes float32 [4, H, W], each in [-1, 1].

    The first step is Euler, the others Adams-Bashforth 2 with unequal steps on v = (x - z) / (1 - t);
    the last step returns the prediction itself. It starts at level ``start`` from the noised planes
    ``first``. ``temperature`` scales the noise. With ``finish`` > 0 the picture is looked at twice more at
    that level, under fresh noise and its opposite, and the mean is returned: what leaks of the noise is
    nearly linear in it and cancels. Where ``known`` [H, W] is 1 every prediction is replaced by ``truth``
    and z by the noised truth. With ``roll`` > 0 the picture repeats: the network sees it rolled by
    another multiple of so many pixels each time, and at the looks that are delivered with a margin of as
    many pixels of its opposite sides, because a network answers worse at its border. Guidance holds at levels of ``guidance_from`` and above.
    """
    shape = (4, *asked.guide.shape[1:])
    base = np.float32(temperature) * noise(seed, 0, math.prod(shape)).reshape(shape)
    looks = 0

    def restore(z: np.ndarray, t: float) -> np.ndarray:
        if truth is None:
            return z
        return known * (np.float32(t) * truth + np.float32(1 - t) * base) + (1 - known) * z

    def predict(z: np.ndarray, t: float, delivered: bool) -> np.ndarray:
        nonlocal looks
        dx, dy = offset(seed, looks, roll, *shape[1:]) if roll else (0, 0)
        m = roll if delivered else 0
        looks += 1

        def show(p: np.ndarray) -> np.ndarray:
            return np.pad(np.roll(p, (dy, dx), (1, 2)), ((0, 0), (m, m), (m, m)), mode="wrap")

        def look(told: Told) -> np.ndarray:
            seen = network(show(z), t, replace(told, guide=show(told.guide)))
            return np.roll(seen[:, m : m + shape[1], m : m + shape[2]], (-dy, -dx), (1, 2))

        x = look(asked)
        if guidance != 1 and t >= guidance_from:
            plain = look(avoided)
            x = plain + np.float32(guidance) * (x - plain)
        x = np.clip(x, -1, 1)
        return x if truth is None else known * truth + (1 - known) * x

    z = np.float32(1 - start) * base
    if start > 0:
        z = z + np.float32(start) * first
    z = restore(z, start)
    last, last_h, x = np.zeros_like(z), 1.0, z
    for i in range(steps):
        t, h = time(start, i, steps), time(start, i + 1, steps) - time(start, i, steps)
        x = predict(z, t, i == steps - 1)
        if i == steps - 1:
            break
        v = (x - z) / np.float32(1 - t)
        ratio = h / (2 * last_h) if i else 0.0
        z = restore(z + np.float32(h) * (v + np.float32(ratio) * (v - last)), t + h)
        last, last_h = v, h
    if not finish:
        return x
    fresh = np.float32((1 - finish) * temperature) * noise(seed, 1, math.prod(shape)).reshape(shape)
    calm = np.float32(finish) * x
    return (predict(calm + fresh, finish, True) + predict(calm - fresh, finish, True)) / 2


def onnx_network(path: Path) -> Network:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(noisy: np.ndarray, t: float, told: Told) -> np.ndarray:
        inputs = {
            "noisy": noisy[None], "t": np.array([t], np.float32), "guide": told.guide[None],
            "tokens": np.array([told.tokens], np.int64), "style": told.style[None], "look": told.look[None],
        }  # fmt: skip
        return session.run(["x"], inputs)[0][0]

    return run


def load_drawings(archive: zipfile.ZipFile, names: list[str]) -> dict[str, np.ndarray]:
    """Premultiplied uint8 [n, n, 4] of the named drawings."""
    return {name: decoded(archive.read(f"drawings/{name}.webp")) for name in names}


def decoded(body: bytes) -> np.ndarray:
    """Premultiplied uint8 [n, n, 4] of a WebP file with straight alpha."""
    from PIL import Image

    with Image.open(io.BytesIO(body)) as picture:
        raw = np.asarray(picture.convert("RGBA")).astype(np.uint16)
    return np.concatenate(((raw[..., :3] * raw[..., 3:] + 127) // 255, raw[..., 3:]), -1).astype(np.uint8)


def filtered(picture: np.ndarray, style: str) -> np.ndarray:
    """A composition [H, W, 4] in its programmatic style, as the engine's compose.Filter brings it there."""
    import torch

    from tempera import filters

    seen = torch.from_numpy(picture.transpose(2, 0, 1))[None]
    return filters.APPLY[style](seen)[0].numpy().transpose(1, 2, 0)


class Road:
    """The whole walk from words to pixels with the shipped files."""

    def __init__(self) -> None:
        self.manifest = json.loads((WEIGHTS / "manifest.json").read_text())
        self.lexicon = json.loads((WEIGHTS / "lexicon.json").read_text())
        self.tokenizer = Tokenizer((WEIGHTS / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1])
        self.archive = zipfile.ZipFile(WEIGHTS / "library.zip")
        self.index = json.loads(self.archive.read("index.json"))
        self.palettes = palettes.parsed(self.archive.read("palettes.json"))
        self.reader = Reader(self.lexicon)
        self.renderer = rendering.onnx_network(WEIGHTS / "render.onnx")
        self.network = onnx_network(WEIGHTS / "network.onnx")
        self.composed: np.ndarray | None = None  # what the network looked at for the last picture
        self.styled = 0.0  # share of it that has its style already

    def paint(
        self, prompt: str, *, style: str = "", negative: str = "", width: int = 256, height: int = 256, seed: int = 1,
        steps: int | None = None, guidance: float | None = None, adherence: float | None = None, tile: bool = False,
    ) -> np.ndarray:  # fmt: skip
        """Premultiplied RGBA [H, W, 4] of the network's own size. What is not given is the manifest's default; the
        style is the prompt's own if it names one."""
        m = self.manifest
        rules, defaults = (
            {"temperature": 1.0, "finish": 0.0, "guidance_from": 0.0} | m.get("sampler", {}),
            m["defaults"],
        )
        scene = self.reader.read(prompt)
        style = style or (scene.style if scene.style in m["styles"] else "") or defaults["style"]
        closeness = defaults["adherence"] if adherence is None else adherence
        w, h = grid(width, height, m["grid"], m["grid_multiple"])
        first = self._compose(scene, style, seed, (width, height), (w, h)) if closeness >= 0 else None
        scale = defaults["guidance"] if guidance is None else guidance
        closeness = closeness_of(closeness, style, self.styled, scale)
        weights = np.zeros(len(m["styles"]), np.float32)
        weights[m["styles"].index(style)] = 1
        look = np.zeros(m["look_width"], np.float32)
        asked = Told(guide(h, w, first), self.tokenizer.encode(prompt), weights, look)
        avoided = replace(asked, tokens=self.tokenizer.encode(negative))
        if not rules.get("guide_avoided", False):
            avoided.guide = without_reference(asked.guide)
        if not rules.get("style_avoided", True):
            avoided.style = np.zeros_like(weights)
        x = sample(
            self.network, asked, avoided, seed=seed, steps=steps or defaults["steps"],
            guidance=scale, guidance_from=rules["guidance_from"],
            start=start_of(closeness, CLOSEST_START) if first is not None else 0.0, first=first,
            temperature=rules["temperature"], finish=rules["finish"], roll=m["grid_multiple"] * tile,
        )  # fmt: skip
        if first is not None and (calm := calm_of(closeness, style, self.styled, scale)):
            x = calmed(x, first, calm)
        picture = pixels(x)
        return filtered(picture.astype(float), style) if style in CELLED else picture

    def drawing(self, name: str) -> np.ndarray:
        return load_drawings(self.archive, [name])[name]

    def _compose(
        self, scene: Scene, style: str, seed: int, size: tuple[int, int], own: tuple[int, int]
    ) -> np.ndarray | None:
        """Planes of the reference on the network's grid ``own`` (w, h); None when nothing has a drawing."""
        scene.style = style  # drawings of that style are rather looked at
        layout = composing.arrange(scene, self.index, self.lexicon, seed, *size, self.drawing)
        self.composed = None
        if not layout.items and not layout.backdrop:
            return None
        drawings = {i.drawing: self.drawing(i.drawing) for i in layout.items}
        self.styled = composing.styled(layout, self.index, style)
        composed = composing.compose(
            layout, drawings, self.lexicon["colours"], self.palettes, self.renderer, style, own[1], own[0]
        )
        self.composed = filtered(composed, style) if style in FILTERS else composed
        return planes(self.composed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompt")
    parser.add_argument("--negative", default="")
    parser.add_argument("--style", default="")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--adherence", type=float)
    parser.add_argument("--tile", action="store_true", help="let the picture repeat (what is composed does not)")
    parser.add_argument("--out", type=Path, required=True, help="a PNG of the network's own size, on white")
    parser.add_argument("--composed", type=Path, help="also write what the network looked at")
    options = parser.parse_args()
    from PIL import Image

    road, asked = Road(), vars(options).copy()
    out, composed = asked.pop("out"), asked.pop("composed")
    painted = road.paint(asked.pop("prompt"), **asked)
    for path, part in ((out, painted), (composed, road.composed)):
        if path and part is not None:
            flat = part[..., :3] + 1 - part[..., 3:]
            Image.fromarray((flat * 255 + 0.5).clip(0, 255).astype(np.uint8)).save(path)


if __name__ == "__main__":
    main()
