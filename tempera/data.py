"""Fetch, verify, render and match the drawings the house model learns from.

    python -m tempera.data                 # everything into .cache/tempera
    python -m tempera.data --pin           # also write integrity and counts back into manifest.json

Promises: only the packages of ``manifest.json`` are read, each with the recorded integrity; the same
manifest gives the same arrays; the hold-out file decides alone which (concept, style) pairs training
never sees. What the drawings are used for is decided elsewhere.

Output, under ``.cache/tempera/data``:

* ``drawings.npy``  uint8 [N, 256, 256, 4], premultiplied RGBA
* ``index.json``    {"concepts": [...], "styles": [...], "rows": [[concept, style, icon name], ...]}
* ``sheet-*.png``   contact sheets to look at
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache" / "tempera"
NPM = CACHE / "npm"
DATA = CACHE / "data"
MANIFEST = HERE / "manifest.json"
HOLDOUT = HERE / "holdout.json"

# Emoji groups and subgroups that are signs rather than drawings: text, arrows, flags, skin tones.
SKIPPED_GROUPS = {"component", "flags"}
SKIPPED_SUBGROUPS = {
    "keycap", "alphanum", "arrow", "av-symbol", "gender", "math", "punctuation", "currency",
    "transport-sign", "religion", "geometric", "family", "country-flag", "subdivision-flag", "flag",
}  # fmt: skip


# Names in icon sets that are abstract, letters in pictures, or nothing to put on a sticker.
SKIPPED_NAMES = re.compile(
    r"abstract-|tarot-|card-|dice-|inverted-dice|perspective-dice|plain-|.*suicide|.*gallows|.*hang(ed|ing)|.*noose|"
    r".*guillotine|.*crucifixion|.*swastika|.*bleeding|.*dripping-blood|.*decapitation|.*impaled|.*slit-throat"
)
AVATARS = 220  # of each design


@dataclass(frozen=True)
class Concept:
    """One thing that can be drawn: a Unicode emoji without skin tone, named by its code points; or a thing
    only one set draws ("game.golem-head"), or an avatar ("avatar-line.017")."""

    id: str
    label: str
    group: str
    subgroup: str
    tags: tuple[str, ...]


def load_manifest() -> dict[str, Any]:
    return json.loads(MANIFEST.read_text())


def packages(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Every package entry of the manifest, the renderer included."""
    return [manifest["renderer"], *manifest["tools"], *manifest["drawings"], *manifest["words"]]


def install(manifest: dict[str, Any]) -> dict[str, str]:
    """Install the pinned packages with npm and return the integrity npm verified for each."""
    NPM.mkdir(parents=True, exist_ok=True)
    wanted = {entry["package"]: entry["version"] for entry in packages(manifest)}
    lock = NPM / "package-lock.json"
    if not lock.exists() or any(not (NPM / "node_modules" / name).exists() for name in wanted):
        (NPM / "package.json").write_text(json.dumps({"private": True, "dependencies": wanted}))
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--save-exact", "--ignore-scripts"], cwd=NPM, check=True
        )
    locked = json.loads(lock.read_text())["packages"]
    found: dict[str, str] = {}
    for entry in packages(manifest):
        got = locked[f"node_modules/{entry['package']}"]
        if got["version"] != entry["version"]:
            raise SystemExit(f"{entry['package']}: have {got['version']}, manifest says {entry['version']}")
        if entry["integrity"] and got["integrity"] != entry["integrity"]:
            raise SystemExit(f"{entry['package']}: integrity differs from the manifest")
        found[entry["package"]] = got["integrity"]
    return found


def concepts() -> list[Concept]:
    """The CLDR concepts worth drawing, in emoji order."""
    root = NPM / "node_modules" / "emojibase-data" / "en"
    messages = json.loads((root / "messages.json").read_text())
    groups = {g["order"]: g["key"] for g in messages["groups"]}
    kept = []
    for entry in json.loads((root / "data.json").read_text()):
        if "group" not in entry:
            continue
        group = groups[entry["group"]]
        subgroup = next((s["key"] for s in messages["subgroups"] if s["order"] == entry["subgroup"]), "")
        if group in SKIPPED_GROUPS or subgroup in SKIPPED_SUBGROUPS:
            continue
        kept.append(
            Concept(code_points(entry["hexcode"]), entry["label"], group, subgroup, tuple(entry.get("tags", ())))
        )
    return kept


def set_concepts(entry: dict[str, Any], taken: set[str]) -> list[Concept]:
    """What only this set draws: icons that match no known concept, or a design's avatars."""
    if entry["kind"] == "avatar":
        return avatars(entry)
    if not entry.get("all"):
        return []
    icons = json.loads((NPM / "node_modules" / entry["package"] / "icons.json").read_text())["icons"]
    names = sorted(n for n, icon in icons.items() if not icon.get("hidden") and n not in taken)
    group = entry["all"]
    return [Concept(f"{group}.{n}", n.replace("-", " "), group, "", ()) for n in names if not SKIPPED_NAMES.match(n)]


def avatars(entry: dict[str, Any]) -> list[Concept]:
    """Avatars of one design, named by what their generator says it drew."""
    out = NPM / f"{entry['style']}.json"
    job = {"modules": str(NPM), "design": entry["design"], "count": AVATARS}
    subprocess.run(["node", str(HERE / "avatars.mjs"), json.dumps(job), str(out)], check=True)
    return [
        Concept(f"{entry['style']}.{k:03d}", a["label"], "avatar", a["family"], tuple(a["tags"]))
        for k, a in enumerate(json.loads(out.read_text()))
    ]


def code_points(text: str) -> str:
    """Normal form of a code point sequence: lower case, '-' between, no variation selector."""
    return "-".join(p for p in re.split(r"[-_ ]", text.lower()) if p and p != "fe0f")


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("’", "").replace("&", "and")).strip("-")


def match(entry: dict[str, Any], known: list[Concept], names: dict[str, str]) -> dict[str, str]:
    """Concept id -> picture name of one package: by code point, else by label or squeezed label.

    ``names`` maps slugs to concept ids, gathered from labels and from sets that state code points.
    """
    root = NPM / "node_modules" / entry["package"]
    ids = {c.id for c in known}
    if entry["kind"] == "webp":
        files = {code_points(p.stem): p.name for p in (root / "assets").glob("*.webp")}
        return {c: files[c] for c in ids if c in files}
    icons = json.loads((root / "icons.json").read_text())["icons"]
    visible = {n for n, icon in icons.items() if not icon.get("hidden")}
    found: dict[str, str] = {}
    chars = root / "chars.json"
    for points, name in (json.loads(chars.read_text()) if chars.exists() else {}).items():
        concept = code_points(points)
        if concept in ids and name in icons:
            found.setdefault(concept, name)
    squeezed = {k.replace("-", ""): v for k, v in names.items()}
    for name in sorted(visible, key=lambda n: (len(n), n)):
        concept = names.get(name) or squeezed.get(name.replace("-", ""))
        if concept and concept in ids:
            found.setdefault(concept, name)
    return found


def slugs(known: list[Concept], manifest: dict[str, Any]) -> dict[str, str]:
    """Slug -> concept id, labels first, then names in sets with code points, then shortcodes."""
    ids = {c.id for c in known}
    names = {slug(c.label): c.id for c in known}
    for entry in manifest["drawings"]:
        chars = NPM / "node_modules" / entry["package"] / "chars.json"
        if chars.exists():
            for points, name in json.loads(chars.read_text()).items():
                if code_points(points) in ids:
                    names.setdefault(name, code_points(points))
    for file in ("emojibase", "github", "iamcal", "joypixels"):
        path = NPM / "node_modules" / "emojibase-data" / "en" / "shortcodes" / f"{file}.json"
        if path.exists():
            for points, codes in json.loads(path.read_text()).items():
                for code in [codes] if isinstance(codes, str) else codes:
                    if code_points(points) in ids:
                        names.setdefault(slug(code), code_points(points))
    return names


def render(entry: dict[str, Any], names: list[str], size: int, work: Path) -> np.ndarray:
    """uint8 [n, size, size, 4] premultiplied RGBA of the named pictures."""
    job, out = work / f"job-{entry['style']}.json", work / f"{entry['style']}.raw"
    job.write_text(
        json.dumps(
            {
                "modules": str(NPM), "package": entry["package"], "kind": entry["kind"], "size": size, "names": names,
                "avatars": str(NPM / f"{entry['style']}.json"),
            }
        )
    )  # fmt: skip
    done = subprocess.run(
        ["node", str(HERE / "render.mjs"), str(job), str(out)], check=True, capture_output=True, text=True
    )
    failed = json.loads(done.stdout.strip().splitlines()[-1])["failed"]
    if failed:
        print(f"{entry['style']}: {len(failed)} not rendered: {failed[:5]}")
    raw = np.fromfile(out, np.uint8).reshape(len(names), size, size, 4)
    out.unlink()
    return premultiply(raw)


def unit(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def choose_holdout(rows: list[tuple[str, str, str]], known: list[Concept]) -> dict[str, Any]:
    """H1: 4 % of (concept, style) pairs of concepts in >= 4 styles. H2: compounds never seen at all. H3: scenes
    whose relation, colour or count never goes with these things in training. ``known`` are the CLDR concepts."""
    styles: dict[str, list[str]] = {}
    for concept, style, _ in rows:
        styles.setdefault(concept, []).append(style)
    words: dict[str, int] = {}
    for concept in known:
        for word in set(slug(concept.label).split("-")):
            words[word] = words.get(word, 0) + 1
    compound = [
        c for c in known
        if c.id in styles and len(slug(c.label).split("-")) >= 2 and all(words[w] >= 2 for w in slug(c.label).split("-"))
    ]  # fmt: skip
    unseen = sorted(c.id for c in compound if unit("h2 " + c.id) < 0.05)
    pairs = sorted([c, s] for c, s, _ in rows if len(styles[c]) >= 4 and c not in unseen and unit(f"h1 {c} {s}") < 0.04)
    things = [
        c for c in known
        if len(styles.get(c.id, ())) >= 6 and c.id not in unseen and len(slug(c.label).split("-")) == 1
        and c.group in ("animals-nature", "food-drink", "travel-places", "objects")
    ]  # fmt: skip
    return {
        "comment": "Pairs (H1), concepts (H2) and scenes (H3) that training never sees.",
        "h1": pairs, "h2": unseen, "h3": unseen_scenes(things),
    }  # fmt: skip


def unseen_scenes(things: list[Concept]) -> list[dict[str, Any]]:
    """100 relations, 60 colours and 40 counts, chosen by hash. ``key`` is what the planner looks up."""

    def chosen(kind: str, k: int) -> Concept:
        return things[int(unit(f"h3 {kind} {k}") * len(things))]

    scenes: list[dict[str, Any]] = []
    relations = ("left of", "right of", "on top of", "below", "behind", "in front of", "inside")
    for k in range(100):
        a, b, how = chosen("a", k), chosen("b", k), relations[k % len(relations)]
        scenes.append({"caption": f"a {a.label} {how} a {b.label}", "key": [how, a.id, b.id]})
    colours = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "black")
    for k in range(60):
        c, colour = chosen("colour", k), colours[k % len(colours)]
        scenes.append({"caption": f"a {colour} {c.label}", "key": ["colour", colour, c.id]})
    counts = ("two", "three", "four", "five", "six")
    for k in range(40):
        c, count = chosen("count", k), counts[k % len(counts)]
        scenes.append({"caption": f"{count} {c.label}s", "key": ["count", count, c.id]})
    return scenes


def load_drawings(root: Path) -> np.ndarray:
    """uint8 [N, side, side, 4] premultiplied, from ``drawings.npy`` or a pack (see tempera.gpu)."""
    if (root / "drawings.npy").exists():
        return np.load(root / "drawings.npy")
    offsets = json.loads((root / "offsets.json").read_text())
    body = (root / "drawings.bin").read_bytes()
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(lambda at: decode(body[at[0] : at[1]]), itertools.pairwise(offsets))))


def decode(body: bytes) -> np.ndarray:
    """WebP -> uint8 [side, side, 4] premultiplied."""
    picture = np.asarray(Image.open(io.BytesIO(body)).convert("RGBA"))
    return premultiply(picture)


def premultiply(straight: np.ndarray) -> np.ndarray:
    alpha = straight[..., 3:].astype(np.uint16)
    return np.concatenate([((straight[..., :3] * alpha + 127) // 255).astype(np.uint8), straight[..., 3:]], -1)


def split_rows(rows: list[tuple[str, str]], holdout: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Indices of the (concept, style) rows training may see, and of those it never sees."""
    hidden, unseen = {tuple(pair) for pair in holdout["h1"]}, set(holdout["h2"])
    held = [i for i, (c, s) in enumerate(rows) if (c, s) in hidden or c in unseen]
    away = set(held)
    return [i for i in range(len(rows)) if i not in away], held


def contact_sheet(pictures: np.ndarray, path: Path, columns: int = 32, cell: int = 48) -> None:
    """uint8 [n, h, w, 4] premultiplied -> a PNG over light grey."""
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * cell, columns * cell, 3), 240, np.uint8)
    for i, picture in enumerate(pictures):
        small = np.asarray(Image.fromarray(picture, "RGBA").resize((cell, cell), Image.Resampling.BOX), np.float32)
        over = small[..., :3] + 240 * (1 - small[..., 3:] / 255)
        y, x = divmod(i, columns)
        sheet[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell] = np.clip(over, 0, 255)
    Image.fromarray(sheet).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pin", action="store_true", help="write integrity and counts into manifest.json")
    parser.add_argument("--size", type=int, help="pixels of a side; the manifest's by default")
    parser.add_argument("--out", type=Path, default=DATA)
    options = parser.parse_args()
    manifest = load_manifest()
    integrity = install(manifest)
    out, size = options.out, options.size or manifest["render_size"]
    out.mkdir(parents=True, exist_ok=True)
    known = concepts()
    names = slugs(known, manifest)
    arrays, rows = [], []
    for entry in manifest["drawings"]:
        found = {} if entry["kind"] == "avatar" else match(entry, known, names)
        extra = set_concepts(entry, set(found.values()))
        found |= {c.id: c.id.split(".", 1)[1] for c in extra}
        order = [c.id for c in known if c.id in found] + [c.id for c in extra]
        known += extra
        pictures = render(entry, [found[c] for c in order], size, out)
        full = pictures[..., 3].reshape(len(pictures), -1).mean(1) > 1
        arrays.append(pictures[full])
        rows += [(c, entry["style"], found[c]) for c, ok in zip(order, full, strict=True) if ok]
        entry["images"] = int(full.sum())
        print(f"{entry['style']:>11}: {entry['images']} drawings", flush=True)
        contact_sheet(pictures[full][::4], out / f"sheet-{entry['style']}.png")
    np.save(out / "drawings.npy", np.concatenate(arrays))
    drawn = {c for c, _, _ in rows}
    if not HOLDOUT.exists():
        HOLDOUT.write_text(json.dumps(choose_holdout(rows, concepts()), indent=0) + "\n")
    (out / "index.json").write_text(
        json.dumps(
            {
                "concepts": [vars(c) for c in known if c.id in drawn],
                "styles": [e["style"] for e in manifest["drawings"]],
                "rows": rows,
            }
        )
    )
    if options.pin:
        for entry in packages(manifest):
            entry["integrity"] = integrity[entry["package"]]
        MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    print(f"{len(rows)} drawings of {len(drawn)} concepts")


if __name__ == "__main__":
    main()
