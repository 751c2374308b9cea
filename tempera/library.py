"""The library of drawings the composer lays out as the painter's reference.

    python -m tempera.library              # writes tempera/weights/library.zip, after tempera.lexicon

A coloured concept gets up to three drawings of different hands, so that the seed can choose; faces, people and signs get
one. What people ask for most is there in every further style as well, where its set draws it: the painter keeps most of
what it looks at, so a style looks like itself where its own hand drew the thing. Of each avatar design some are taken, spread over what avatars look like; each stands for every family that it shows.
Glyphs come last and are small. Everything is lossy WebP with straight alpha; ``index.json`` names author, licence and
source of every drawing, ``palettes.json`` is of palettes.py. Held-out pairs are left out: evaluation must not find its answers here. Concepts that training
never saw may be in it, for only the painter must not know them.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from tempera import data, paints, palettes, portraits, wordnet
from tempera.composing import FURTHER
from tempera.words import WEIGHTS

BUDGET = 21_600_000  # bytes of library.zip
FAMILIES = ("soft-3d", "flat", "toon")
FALLBACK = ("clean", "classic", "blob", "longshadow", "kawaii", "gradient", "ink")
# Drawings of a concept, by its group; one where nothing is said. Two are of different hands: flat is soft-3d's.
MOST = {"animals-nature": 3, "food-drink": 3, "travel-places": 2, "objects": 2, "activities": 2}
PAIR = ("soft-3d", "toon", "flat")
# Styles that are taken beside those, and of which groups.
TAKEN = ("clean", "classic", "longshadow", "kawaii", "ink", "blob", "gradient")
FURTHER_GROUPS = {*MOST, "smileys-emotion"}
GLYPHS = {"game-icon", "ink"}  # black shapes
AVATARS = 25  # of each design
SIDE, SMALL_SIDE = 160, 128  # pixels; small are glyphs and further styles
QUALITY, ALPHA_QUALITY, GLYPH_ALPHA_QUALITY = 66, 50, 40
SMALL_QUALITY, SMALL_ALPHA_QUALITY = 54, 40
STAMP = (2026, 1, 1, 0, 0, 0)  # zip entries carry no date of their own


def straight(picture: np.ndarray) -> np.ndarray:
    """Premultiplied uint8 [h, w, 4] -> straight; colour under zero alpha is zero."""
    alpha = picture[..., 3:].astype(np.float32)
    colour = np.where(alpha > 0, picture[..., :3] * 255.0 / np.maximum(alpha, 1), 0)
    return np.concatenate([np.clip(colour + 0.5, 0, 255), alpha], -1).astype(np.uint8)


def webp(picture: np.ndarray, style: str) -> bytes:
    """Premultiplied uint8 [n, n, 4]. A glyph is black: its shape is all in the alpha, its colour costs nothing."""
    glyph, further = style in GLYPHS, style in FURTHER
    side = SMALL_SIDE if glyph or further else SIDE
    small = np.array(Image.fromarray(picture, "RGBa").resize((side, side), Image.Resampling.LANCZOS))
    if glyph:
        small[..., :3] = 0
    quality, alpha_quality = (SMALL_QUALITY, SMALL_ALPHA_QUALITY) if further else (QUALITY, ALPHA_QUALITY)
    out = io.BytesIO()
    Image.fromarray(straight(small), "RGBA").save(
        out, "WEBP", quality=quality, alpha_quality=GLYPH_ALPHA_QUALITY if glyph else alpha_quality, method=6, exact=glyph,
    )  # fmt: skip
    return out.getvalue()


def spread(avatars: list[data.Concept], most: int) -> list[data.Concept]:
    """Some of them, so that each look is shown about as often as any other; cheerful ones before sad ones."""
    shown: Counter[str] = Counter()
    left, chosen = [c for c in avatars if not portraits.odd(c.label)], []

    def rarest(c: data.Concept) -> tuple:
        looks = [shown[f] for f in portraits.families(c.label)[:-1] if f not in portraits.MOOD_FAMILIES]
        mood = next((f for f in portraits.families(c.label) if f in portraits.MOOD_FAMILIES), "")
        return sorted(looks) or [99], mood not in ("", "avatar-smiling") and shown[mood] * 3, c.id

    while left and len(chosen) < most:
        best = min(left, key=rarest)
        left.remove(best)
        chosen.append(best)
        shown.update(portraits.families(best.label))
    return sorted(chosen, key=lambda c: c.id)


def styles_of(concept: dict, have: dict[str, int]) -> list[str]:
    """Which of the styles it is drawn in are taken."""
    if concept["group"] == "game":
        return ["game-icon"]
    most = MOST.get(concept["group"], 1)
    order = FAMILIES if most != 2 else PAIR
    first = [s for s in order if s in have][:most] or [s for s in FALLBACK if s in have][:1]
    if concept["group"] not in FURTHER_GROUPS:
        return first
    return first + [s for s in TAKEN if s in have and s not in first]


def rows_of(index: dict, lexicon: dict) -> list[tuple[dict, int]]:
    """What the library lists, without sources, and the row of each drawing."""
    hidden = {tuple(pair) for pair in json.loads(data.HOLDOUT.read_text())["h1"]}
    at: dict[str, dict[str, int]] = {}
    nouns = wordnet.load()
    for row, (concept, style, _) in enumerate(index["rows"]):
        if (concept, style) not in hidden:
            at.setdefault(concept, {})[style] = row
    found = []
    for concept in lexicon["concepts"]:
        have = at.get(concept["id"], {})
        for style in styles_of(concept, have) if have else ():
            name = concept["id"].replace("game.", "") + f".{style}"
            entry = {"id": name, "concept": concept["id"], "style": style, "title": concept["label"]}
            if style == "game-icon":
                entry["paints"] = paints.paints_of(concept["label"], nouns)
            found.append((entry, have[style]))
    avatars = [data.Concept(**c) for c in index["concepts"] if c["group"] == "avatar"]
    for design in sorted({c.id.split(".")[0] for c in avatars}):
        for c in spread([c for c in avatars if c.id.startswith(design + ".")], AVATARS):
            first, *others = portraits.families(c.label)
            entry = {"id": c.id, "concept": first, "also": others, "style": design, "title": c.label}
            found.append((entry, at[c.id][design]))
    return found


def build(path: Path) -> None:
    sets = {e["style"]: e for e in data.load_manifest()["drawings"]}
    index = json.loads((data.DATA / "index.json").read_text())
    drawings = np.load(data.DATA / "drawings.npy", mmap_mode="r")
    entries, pictures, sizes = [], [], Counter()
    for entry, row in rows_of(index, json.loads((WEIGHTS / "lexicon.json").read_text())):
        source, style = sets[entry["style"]], entry["style"]
        entries.append(
            entry | {
                "source": f"{source['package']}@{source['version']}", "author": source["author"],
                "licence": source["licence"], "url": source["url"],
            }
        )  # fmt: skip
        pictures.append((entry["id"], webp(np.asarray(drawings[row]), style)))
        sizes[style] += len(pictures[-1][1])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        body = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
        archive.writestr(zipfile.ZipInfo("index.json", STAMP), body, zipfile.ZIP_DEFLATED)
        for name, body in pictures:
            archive.writestr(zipfile.ZipInfo(f"drawings/{name}.webp", STAMP), body)
    palettes.renew(path, palettes.body_of(palettes.tables(data.DATA)))
    shown = ", ".join(f"{s} {n / 1e6:.2f}" for s, n in sizes.items())
    print(
        f"{len(entries)} drawings of {len({e['concept'] for e in entries})} concepts, {path.stat().st_size} bytes: {shown}"
    )
    if path.stat().st_size > BUDGET:
        raise SystemExit(f"more than {BUDGET} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "library.zip")
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
