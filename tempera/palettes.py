"""Drawings of other hands brought into the palette of the asked hand before they are composed.

    python -m tempera.palettes             # renews palettes.json in tempera/weights/library.zip

What tells hands apart first is which colours they use: from those alone nine of ten true held-out drawings can be told. So
where the library has no drawing of the asked hand, every colour of what it has becomes the one that this hand uses where the
other uses that: of all concepts that training saw in both hands, the likeliest colour at the same place, among those near.
Pixels then take the colour that most of their neighbours of a like colour took, so that shades become areas, as flat hands
have them. The rule is also the Go package internal/engine/tempera/compose's (palettes.go), held to this one by tempera/vectors.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tempera import data
from tempera.colouring import disc
from tempera.smoothing import SOLID, areas, straight
from tempera.words import WEIGHTS

BINS = 16  # of each of red, green and blue
REACH, ALIKE, ROUNDS = (
    3,
    48,
    2,
)  # pixels round one that are heard, if no channel differs by more (of 255), and how often
SHADED = "soft-3d"  # whose drawings are parted into areas first, each of which takes one colour

# Whose table serves for a drawing. Black shapes and avatars have none.
KIN = {
    "soft-3d": "soft-3d", "gradient": "soft-3d", "toon": "toon", "blob": "toon", "flat": "flat", "clean": "flat",
    "classic": "flat", "longshadow": "flat", "kawaii": "flat",
}  # fmt: skip
ASKED = ("flat", "toon", "blob", "clean", "classic", "longshadow", "kawaii")
# The colour of a hand's lines, which are drawn afterwards (outlining.py): its drawings are heard without them, and what is
# darker than DARK, of 1, becomes it.
LINES, LIKE_LINES, DARK = {"kawaii": (69, 65, 60)}, 26, 0.22


@dataclass
class Palette:
    """What becomes of another hand's colours: ``place`` uint8 [BINS³] of each bin the row of ``colours`` uint8 [K, 3]."""

    colours: np.ndarray
    place: np.ndarray
    shaded: bool = False  # the other hand's drawings are


def parsed(body: bytes) -> dict[str, Palette]:
    """palettes.json: tables by name."""
    return {
        f"{t['shown']}>{t['asked']}": Palette(
            np.array(t["colours"], np.uint8), np.frombuffer(base64.b64decode(t["place"]), np.uint8), t["shown"] == SHADED
        )
        for t in json.loads(body)
    }  # fmt: skip


def name_of(hand: str, asked: str) -> str:
    """Which table serves for a drawing of a hand; "" for none."""
    return f"{KIN[hand]}>{asked}" if hand in KIN and asked in ASKED and asked not in (hand, KIN[hand]) else ""


def bins_of(rgb: np.ndarray) -> np.ndarray:
    """uint8 or int [..., 3] -> the bin of each colour."""
    q = rgb.astype(np.int64) * BINS // 256
    return (q[..., 0] * BINS + q[..., 1]) * BINS + q[..., 2]


def repainted(picture: np.ndarray, palette: Palette) -> np.ndarray:
    """Premultiplied uint8 [n, n, 4] in the palette's colours."""
    n, alpha = picture.shape[0], picture[..., 3].astype(np.int64)
    colour = straight(picture)
    took = np.where(alpha > SOLID, palette.place[bins_of(colour)].astype(np.int64), -1)
    if palette.shaded:
        took = chosen(took, areas(picture), len(palette.colours))
    wide = np.pad(colour, ((REACH, REACH), (REACH, REACH), (0, 0)))
    there = np.pad(alpha > 0, REACH)
    heard = []
    for dy, dx in disc(REACH):
        part = np.s_[REACH + dy : REACH + dy + n, REACH + dx : REACH + dx + n]
        heard.append((part, there[part] & (np.abs(wide[part] - colour).max(-1) <= ALIKE)))
    used = [int(k) for k in np.unique(took) if k >= 0]
    for _ in range(ROUNDS):
        before, most, now = np.pad(took, REACH, constant_values=-1), np.zeros((n, n), np.int64), took
        for k in used:
            votes = sum((near & (before[part] == k)).astype(np.int64) for part, near in heard)
            now, most = np.where(votes > most, k, now), np.maximum(votes, most)
        took = np.where(alpha > 0, now, -1)
    own = palette.colours[np.maximum(took, 0)].astype(np.int64)
    out = picture.copy()
    out[..., :3] = np.where(took[..., None] >= 0, (own * alpha[..., None] + 127) // 255, picture[..., :3])
    return out


def chosen(took: np.ndarray, area: np.ndarray, colours: int) -> np.ndarray:
    """In each area the colour that most of its pixels took, of as many the first."""
    solid = area >= 0
    _, of = np.unique(area[solid], return_inverse=True)
    votes = np.bincount(of * colours + took[solid], minlength=(of.max(initial=-1) + 1) * colours).reshape(-1, colours)
    now = took.copy()
    now[solid] = votes.argmax(1)[of]
    return now


# How the tables are made.
SIDE = 64  # of the grids on which two hands' drawings of a concept are laid over each other
# How far colours move (of 255): those of a shaded hand further, for its lights and shadows are colours of their own.
NEAR = {"soft-3d": 38.0, "toon": 28.0, "flat": 28.0}
NEAR_LINES = 40.0  # for a hand of lines: its colours are few, and lighter than the others'
LUMA = np.array((0.3, 0.59, 0.11))
WEIGHTS_OF = np.array((0.9, 1.2, 0.7), np.float32)  # of red, green and blue in a distance
MOST, LEAST = 128, 2e-5  # colours of a hand, and the share that one needs
Seen = tuple[np.ndarray, np.ndarray]  # of a drawing: bins [SIDE, SIDE], and where it is solid


def boxed(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Colours [SIDE, SIDE, 3] of what is drawn, stretched to fill, and where it is solid."""
    solid = picture[..., 3] > 250
    if solid.sum() < SIDE:
        return None
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    y = np.linspace(rows[0], rows[-1], SIDE).round().astype(int)[:, None]
    x = np.linspace(columns[0], columns[-1], SIDE).round().astype(int)
    return straight(picture)[y, x], solid[y, x]


def tables(root: Path) -> list[dict]:
    """Of the drawings that training saw."""
    index, hidden = json.loads((root / "index.json").read_text()), json.loads(data.HOLDOUT.read_text())
    drawings, pairs = np.load(root / "drawings.npy", mmap_mode="r"), {tuple(p) for p in hidden["h1"]}
    seen: dict[str, dict[str, Seen]] = {}
    colours: dict[str, np.ndarray] = {}  # sums of red, green and blue, and how many, of each bin [BINS³, 4]
    for row, (concept, hand, _) in enumerate(index["rows"]):
        if hand not in {*ASKED, *KIN.values()} or (concept, hand) in pairs or concept in hidden["h2"]:
            continue
        if found := boxed(np.asarray(drawings[row])):
            rgb, solid = found
            if hand in LINES:
                solid &= np.abs(rgb - LINES[hand]).max(-1) > LIKE_LINES
            bins, all_of = bins_of(rgb), colours.setdefault(hand, np.zeros((BINS**3, 4)))
            seen.setdefault(hand, {})[concept] = bins, solid
            of = np.concatenate((rgb[solid], np.ones((int(solid.sum()), 1))), 1) / solid.sum()
            np.add.at(all_of, bins[solid], of)
    return [
        {"shown": shown, "asked": asked}
        | table(seen[shown], seen[asked], colours[asked], NEAR_LINES if asked in LINES else NEAR[shown], LINES.get(asked))
        for shown in sorted(set(KIN.values())) for asked in ASKED if shown != asked
    ]  # fmt: skip


def table(
    shown: dict[str, Seen], asked: dict[str, Seen], colours: np.ndarray, near: float, line: tuple[int, int, int] | None
) -> dict:
    """``colours`` are those of the asked hand, ``line`` that of its lines."""
    share = (colours[:, 3] / colours[:, 3].sum()).astype(np.float32)
    kept = np.sort(np.argsort(-share, kind="stable")[:MOST])
    kept = kept[share[kept] > LEAST]
    together = np.zeros(BINS**6, np.float32)
    for concept in shown.keys() & asked.keys():
        (a, solid), (b, too) = shown[concept], asked[concept]
        both = solid & too
        if both.sum() >= SIDE:
            place, count = np.unique(a[both] * BINS**3 + b[both], return_counts=True)
            together[place] += (count / both.sum()).astype(np.float32)
    likely = spread(together.reshape(BINS, BINS, BINS, -1)[..., kept]).reshape(BINS**3, -1)
    likely = likely / np.maximum(likely.sum(1, keepdims=True), 1e-9) + 0.02 * share[kept]
    middle = (np.stack(np.meshgrid(*[np.arange(BINS)] * 3, indexing="ij"), -1).reshape(-1, 3) + 0.5) * 256 / BINS
    own = colours[kept, :3] / colours[kept, 3:]
    far = (np.square(middle[:, None] - own[None]) * WEIGHTS_OF).sum(-1)
    best = (likely * np.exp(-far / (2 * near**2)) + 1e-9 * np.exp(-far / 1e4)).argmax(1).astype(np.uint8)
    own = own.round().astype(int).tolist()
    if line:
        best[middle / 255 @ LUMA < DARK] = len(own)
        own.append(list(line))
    return {"colours": own, "place": base64.b64encode(best.tobytes()).decode()}


def spread(counts: np.ndarray) -> np.ndarray:
    """[BINS, BINS, BINS, K] over neighbouring bins."""
    for axis in range(3):
        wide = np.concatenate((counts.take([0], axis), counts, counts.take([BINS - 1], axis)), axis)
        counts = sum(np.float32(w) * wide.take(range(i, i + BINS), axis) for i, w in enumerate((0.2, 0.6, 0.2)))
    return counts


def body_of(found: list[dict]) -> bytes:
    return json.dumps(found, separators=(",", ":")).encode()


def renew(path: Path, body: bytes) -> None:
    """Put the tables into a library, and leave everything else as it is."""
    fresh = path.with_suffix(".new")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as new:
        for item in old.infolist():
            if item.filename != "palettes.json":
                new.writestr(item, old.read(item))
        new.writestr(zipfile.ZipInfo("palettes.json", (2026, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED)
    shutil.move(fresh, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=WEIGHTS / "library.zip")
    parser.add_argument("--pack", type=Path, default=data.DATA)
    options = parser.parse_args()
    found = tables(options.pack)
    body = body_of(found)
    renew(options.library, body)
    print(f"{len(found)} tables of {min(len(t['colours']) for t in found)} colours and more, {len(body)} bytes")


if __name__ == "__main__":
    main()
