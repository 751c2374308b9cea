"""The library of drawings the composer lays out as the painter's reference.

    python -m tempera.library              # writes tempera/weights/library.zip

Each concept gets one to three drawings, of styles that are far from each other, so that the seed can
choose. Everything is lossless WebP with straight alpha; ``index.json`` names author, licence and source
of every drawing. Held-out pairs are left out: evaluation must not find its answers here.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from tempera import data
from tempera.words import WEIGHTS

FAMILIES = ("soft-3d", "flat", "toon")
FALLBACK = ("clean", "classic", "blob", "longshadow", "kawaii", "gradient", "ink")
STAMP = (2026, 1, 1, 0, 0, 0)  # zip entries carry no date of their own


def straight(picture: np.ndarray) -> np.ndarray:
    """Premultiplied uint8 [h, w, 4] -> straight; colour under zero alpha is zero."""
    alpha = picture[..., 3:].astype(np.float32)
    colour = np.where(alpha > 0, picture[..., :3] * 255.0 / np.maximum(alpha, 1), 0)
    return np.concatenate([np.clip(colour + 0.5, 0, 255), alpha], -1).astype(np.uint8)


def webp(picture: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(straight(picture), "RGBA").save(out, "WEBP", lossless=True, quality=60, method=4)
    return out.getvalue()


def build(path: Path) -> None:
    manifest = data.load_manifest()
    sets = {e["style"]: e for e in manifest["drawings"]}
    index = json.loads((data.DATA / "index.json").read_text())
    drawings = np.load(data.DATA / "drawings.npy", mmap_mode="r")
    holdout = json.loads(data.HOLDOUT.read_text())
    hidden = {tuple(pair) for pair in holdout["h1"]}
    labels = {c["id"]: c["label"] for c in index["concepts"]}
    rows: dict[str, dict[str, int]] = {}
    for row, (concept, style, _) in enumerate(index["rows"]):
        if (concept, style) not in hidden:
            rows.setdefault(concept, {})[style] = row
    entries, pictures = [], []
    for concept, label in labels.items():
        have = rows.get(concept, {})
        chosen = [s for s in FAMILIES if s in have] or [s for s in FALLBACK if s in have][:1]
        for style in chosen:
            entry = sets[style]
            name = f"{concept}.{style}"
            entries.append(
                {
                    "id": name, "concept": concept, "style": style, "title": label,
                    "source": f"{entry['package']}@{entry['version']}", "author": entry["author"],
                    "licence": entry["licence"], "url": entry["url"],
                }
            )  # fmt: skip
            pictures.append((name, webp(np.asarray(drawings[have[style]]))))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        body = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
        archive.writestr(zipfile.ZipInfo("index.json", STAMP), body)
        for name, body in pictures:
            archive.writestr(zipfile.ZipInfo(f"drawings/{name}.webp", STAMP), body)
    sizes = {s: sum(len(b) for n, b in pictures if n.endswith("." + s)) / 1e6 for s in FAMILIES}
    print(f"{len(entries)} drawings of {len(labels)} concepts, {path.stat().st_size / 1e6:.1f} MB, {sizes}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "library.zip")
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
