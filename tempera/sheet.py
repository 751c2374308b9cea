"""Fixed prompts through the whole Python walk, from words to pixels, on one sheet to look at.

    python -m tempera.sheet --out .cache/tempera/prompts.png

Pairs of rows: what the network looked at, and what it painted. Nothing is picked: one seed for all.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from tempera import composing, data, reference
from tempera.reading import Reader

PROMPTS = (
    ("a red fox on a hill", ""), ("three blue robots", ""), ("a castle at night", ""), ("a cat", ""),
    ("a rocket in space", ""), ("two penguins in the snow", ""), ("a sailboat on the sea", ""),
    ("a strawberry cake", ""), ("an octopus underwater", ""), ("a purple dragon", ""),
    ("a dog next to a house", "toon"), ("a pineapple with sunglasses", "clean"), ("a unicorn in a meadow", "kawaii"),
    ("a guitar", "ink"), ("a mushroom in the forest", "flat"), ("an astronaut on the moon", "gradient"),
    ("a crown", "pixel"), ("a green frog", "sticker"), ("a racing car in the city", "neon"), ("a butterfly", "blueprint"),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=data.CACHE / "prompts.png")
    parser.add_argument("--network", type=Path, default=reference.WEIGHTS / "network.onnx")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--adherence", type=float)
    options = parser.parse_args()
    manifest = json.loads((reference.WEIGHTS / "manifest.json").read_text())
    chosen = manifest["defaults"] | {k: v for k, v in vars(options).items() if v is not None}
    lexicon = json.loads((reference.WEIGHTS / "lexicon.json").read_text())
    pieces = (reference.WEIGHTS / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    tokenizer, reader = reference.Tokenizer(pieces), Reader(lexicon)
    archive = zipfile.ZipFile(reference.WEIGHTS / "library.zip")
    index = json.loads(archive.read("index.json"))
    network, side = reference.onnx_network(options.network), manifest["grid"]
    cells = []
    for prompt, style in PROMPTS:
        style = style or manifest["defaults"]["style"]
        layout = composing.arrange(reader.read(prompt), index, lexicon, options.seed, side, side)
        drawings = reference.load_drawings(archive, [i.drawing for i in layout.items])
        composed = composing.compose(layout, drawings, lexicon["colours"], style, side, side)
        painted = reference.sample(
            network, reference.planes(composed), tokenizer.encode(prompt), [], manifest["styles"].index(style),
            seed=options.seed, steps=chosen["steps"], guidance=chosen["guidance"], adherence=chosen["adherence"],
            **manifest.get("sampler", {}),
        )  # fmt: skip
        cells.append([over(composed), over(reference.pixels(painted))])
    rows = []
    for at in range(0, len(cells), 10):
        for k in (0, 1):
            rows.append(np.concatenate([cell[k] for cell in cells[at : at + 10]], 1))
    Image.fromarray(np.concatenate(rows)).save(options.out)


def over(picture: np.ndarray) -> np.ndarray:
    """Premultiplied [H, W, 4] over light grey, uint8."""
    return ((picture[..., :3] + 0.94 * (1 - picture[..., 3:])) * 255 + 0.5).clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
