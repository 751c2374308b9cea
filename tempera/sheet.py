"""The free prompts (H4) through the whole walk, from words to pixels, on sheets to look at.

    python -m tempera.sheet --seeds 4 --out .cache/tempera/prompts

A row a prompt, a picture a seed; 25 prompts a sheet. Nothing is picked.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tempera import data, reference

PROMPTS = data.HERE / "prompts.txt"
ROWS = 25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=data.CACHE / "prompts", help="folder for sheet-N.webp")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--side", type=int, default=128, help="of a picture on the sheet")
    parser.add_argument("--composed", action="store_true", help="what was looked at beside each picture")
    parser.add_argument("--only", type=int, help="the first so many prompts")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    road, prompts = reference.Road(), PROMPTS.read_text().splitlines()[: options.only]
    for at in range(0, len(prompts), ROWS):
        rows = [row(road, prompt, options) for prompt in prompts[at : at + ROWS]]
        Image.fromarray(np.concatenate(rows)).save(options.out / f"sheet-{at // ROWS + 1}.webp", quality=70, method=6)


def row(road: reference.Road, prompt: str, options: argparse.Namespace) -> np.ndarray:
    cells = []
    for seed in range(1, options.seeds + 1):
        painted = road.paint(prompt, seed=seed)
        cells += [over(painted)]
        if options.composed:
            cells += [over(np.zeros_like(painted) if road.composed is None else road.composed)]
    small = [Image.fromarray(c).resize((options.side,) * 2, Image.Resampling.BOX) for c in cells]
    strip = Image.new("RGB", (options.side * len(small), options.side + 14), (255, 255, 255))
    for k, cell in enumerate(small):
        strip.paste(cell, (k * options.side, 14))
    ImageDraw.Draw(strip).text((3, 1), prompt, fill=(40, 40, 40))
    return np.asarray(strip)


def over(picture: np.ndarray) -> np.ndarray:
    """Premultiplied [H, W, 4] over light grey, uint8."""
    return ((picture[..., :3] + 0.94 * (1 - picture[..., 3:])) * 255 + 0.5).clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
