#!/usr/bin/env python3
"""Paints the pictures of the studio's style chooser: one subject in every style of the house model, unpicked.

Run it after a new training (`make style-pictures`). It reads the styles from tempera/weights/manifest.json, asks
bin/bottega for each, and writes web/public/styles/ID.webp; pictures of styles that are gone are removed."""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "web" / "public" / "styles"
SIDE = 96  # pixels: the chooser shows them at up to 76 CSS pixels
QUALITY = 75  # of the WebP, 0 to 100
SEED = 7


def subject(style: str) -> str:
    """Styles of portraits know nothing but heads."""
    return "avatar" if style.startswith("avatar") else "a pear"


def paint(style: str, data: Path) -> Image.Image:
    """One picture as anybody gets it at 256 px and the model's defaults. ``data`` is a folder for the program's own."""
    file = data / f"{style}.png"
    subprocess.run(
        [ROOT / "bin" / "bottega", "generate", "--data", data, "--prompt", subject(style), "--style", style,
         "--seed", str(SEED), "--width", "256", "--height", "256", "--no-transparent", "--out", file],
        check=True,
    )  # fmt: skip
    with Image.open(file) as picture:
        return picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("styles", nargs="*", help="only these; all without any")
    wanted = parser.parse_args().styles
    manifest = json.loads((ROOT / "tempera" / "weights" / "manifest.json").read_text())
    known = [style for style in manifest["styles"] if style != "none"]
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.webp"):
        if old.stem not in known:
            old.unlink()
    with tempfile.TemporaryDirectory() as data:
        for style in wanted or known:
            paint(style, Path(data)).save(OUT / f"{style}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
