"""Write tempera/vectors: what the reference answers, for the Go engine's tests.

    python -m tempera.vectors_make
    python -m tempera.vectors_make --networks     # also the tiny networks of the engine's tests (needs onnx)

The vectors carry their own small lexicon, vocabulary and three drawings, so they change only when a rule
of reading.py, composing.py, scenes.py or reference.py does, not when the model is trained again.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from tempera import composing, outlining, reference, scenes
from tempera.reading import Reader, Scene

VECTORS = Path(__file__).resolve().parent / "vectors"
ENGINE = Path(__file__).resolve().parent.parent / "internal" / "engine" / "tempera"
SIDE = 32  # of a drawing

CONCEPTS = (
    ("fox", "fox", "animals-nature", "animal-mammal", "red wild"),
    ("cat", "cat", "animals-nature", "animal-mammal", "pet kitty"),
    ("dog", "dog", "animals-nature", "animal-mammal", "pet puppy"),
    ("elephant", "elephant", "animals-nature", "animal-mammal", "trunk"),
    ("tree", "deciduous tree", "animals-nature", "plant-other", "forest leaf"),
    ("apple", "red apple", "food-drink", "food-fruit", "fruit"),
    ("tangerine", "tangerine", "food-drink", "food-fruit", "fruit orange"),
    ("robot", "robot", "smileys-emotion", "face-costume", "machine monster"),
    ("grin", "grinning face", "smileys-emotion", "face-smiling", "smile happy"),
    ("castle", "castle", "travel-places", "place-building", "fort building"),
    ("rain", "cloud with rain", "travel-places", "sky-weather", "weather"),
    ("bowl", "bowl with spoon", "food-drink", "food-prepared", "breakfast cereal"),
    ("hat", "top hat", "objects", "clothing", "clothes"),
    ("shades", "sunglasses", "objects", "clothing", "dark eyewear"),
    ("balloon", "balloon", "activities", "event", "party celebration"),
    ("ramen", "steaming bowl", "food-drink", "food-asian", "noodle"),
    ("avatar", "avatar", "avatar", "", "portrait"),
    ("avatar-beard", "avatar with a beard", "avatar", "", "portrait"),
    ("avatar-hair", "avatar with long hair", "avatar", "", "portrait"),
    ("woman", "woman", "people-body", "person", "adult"),
    ("horse", "horse", "animals-nature", "animal-mammal", "racing"),
    ("cake", "birthday cake", "food-drink", "food-sweet", "celebration"),
    ("candle", "candle", "objects", "light-video", "light"),
    ("house", "house", "travel-places", "place-building", "home"),
    ("door", "door", "objects", "household", "entrance"),
    ("grapes", "grapes", "food-drink", "food-fruit", "fruit"),
    ("boot", "hiking boot", "objects", "clothing", "shoe"),
    ("suit", "space suit", "game", "", ""),
    ("pencil", "pencil", "objects", "writing", "draw"),
    ("arrowed", "heart with arrow", "smileys-emotion", "heart", "love"),
    ("juice", "beverage box", "food-drink", "drink", "straw"),
    ("ring", "ring", "objects", "clothing", "jewel"),
    ("gem", "gem stone", "objects", "clothing", "jewel"),
    ("lamp", "light bulb", "objects", "light-video", "idea"),
    ("crying", "crying face", "smileys-emotion", "face-concerned", "cry"),
)
PHRASES = {
    "fox": "fox", "cat": "cat", "kitty": "cat", "black cat": "cat", "dog": "dog", "terrier": "dog", "elephant": "elephant",
    "tree": "tree", "apple": "apple", "fruit": "apple", "tangerine": "tangerine", "robot": "robot", "machine": "robot",
    "smile": "grin", "castle": "castle", "rain": "rain", "bowl": "bowl", "box": "bowl", "hat": "hat", "sunglasses": "shades",
    "balloon": "balloon", "horse": "horse", "fishing": "horse", "ramen": "ramen", "baby": "grin",
    "avatar": "avatar", "portrait of a woman": "avatar", "woman": "woman",
    "cake": "cake", "candle": "candle", "house": "house", "door": "door", "grapes": "grapes", "boot": "boot",
    "space suit": "suit", "pencil": "pencil", "heart with arrow": "arrowed", "juice": "juice", "glass": "bowl", "ring": "ring",
    "gem": "gem", "lamp": "lamp", "idea": "lamp", "crying": "crying", "stone": "gem", "witch hat": "hat", "witch": "woman", "fire": "candle", "dragon": "fox", "stack of fruit hats": "hat",
}  # fmt: skip
RELATIONS = {
    "left of": "left", "to the left of": "left", "right of": "right", "above": "above", "over": "above", "on": "above",
    "on top of": "above", "riding": "above", "flying over": "above", "under": "below", "below": "below", "behind": "behind",
    "in front of": "front", "in": "inside", "inside": "inside", "beside": "beside", "next to": "beside", "with": "beside",
    "and": "beside",
}  # fmt: skip
PLACES = {
    "hill": "hill", "green hill": "hill", "forest": "forest", "snow": "snow", "sea": "sea", "night": "night", "city": "city",
    "sunset": "sunset", "space": "space", "room": "room", "mountain landscape": "mountains",
}  # fmt: skip
PROMPTS = (
    "a red fox on a hill", "three blue robots in a row", "a cat next to a dog under a tree at night", "castle in the snow",
    "an apple and an orange", "red and blue balloons", "A KITTY, two terriers & five elefants!", "a cat with a hat",
    "dogs wearing sunglasses", "a bowl of apples", "a castle of cats", "a girl in the rain", "cat in the rain",
    "a dog riding a horse at sunset", "a robot dog", "two red robot dogs", "a cat fishing", "a happy cat smile",
    "a fox flying over the sea", "a tiny fox behind a huge castle", "robot on a pink background", "no background, fox",
    "a tree without apples", "upside down cat", "a cat upside down", "a pattern of apples", "dogs in a circle",
    "a fox in a dark old forest at night", "city at night with a dog", "mountain landscape", "a big baby elephant", "a baby",
    "quxzzy blorp fox", "soft 3d fox, close up", "fox cat dog robot castle balloon horse hat apple", "", "   ,,, !!",
    "Ünïcödé fóx’s castle", "a herd of horses", "a stack of hats", "a cat to the left of a dog", "ein Fuchs im Wald",
    "cat inside a castle", "a horse in front of a tree facing right", "seven apples above a bowl in space", "a snowy castle",
    "a red and a blue balloon", "12 apples", "a cat in red", "1000 cats", "forest", "snow at night", "space fox", "a fox, forest",
    "a bowl of ramen", "an elephant in a bowl", "a cat riding an elephant", "a dog sitting on a bowl", "a white fox and a black dog",
    "a vixen on a hill", "two crimson vixens in a grotto", "a whimsical vixen and a vixen",
    "flat kitties, cats and dogs", "a soft 3d dog beside a robot",
    "portrait of a woman with long brown hair", "an avatar with a beard and long hair and a cat", "a fox avatar", "avatar of a fox",
    "a woman with a beard", "a woman with sunglasses", "a fox with a beard", "two avatars with sunglasses, a dog", "an avatar",
    "x onerror=alert(1)", "<b>fox</b>", "fox, cat@dog.com!", "(fox:1.2), red_cat", "https://fox.cat/dog and a fox=cat", "#cat *dog*",
    "a fox forest", "a snowy fox castle", "a dog fishing apples", "a dog smile fox", "a fox vixen", "fox quxzzy robot", "a robots castl",
    "in a castle forest", "an elephan", "a tablet", "a snow castle", "a fox city at night",
    "a=" + "fox" * 20, "fox=", "cat[fox]",
    "a cat with an apple", "two dogs with two apples", "a cat eating apples", "a dog with a cat and a hat", "a robot reading a tree",
    "a fox breathing rain", "a cat wearing a balloon", "three apples around a tree", "a cat around a tree", "a cat surrounded by apples",
    "a bowl of apples and a cat with a balloon", "an apple, a cat and a tree", "a castle, two cats, a dog and three apples on a hill",
    "an elephant and two apples", "two cats and three dogs", "six robots on a hill", "a cat behind a castle", "a cat and a robot",
    "five robots", "two robots", "a dog, with a balloon and a castle", "an apple in a bowl", "three robots and a cat with an apple",
    "upside down robots and a tilted cat", "a fox, reading",
    "a cake with candles", "a cake with three red candles and icing, a fox", "a house with a red door and a chimney", "a house and a door",
    "a house, a door", "a fox with a robot tail", "a cat with big eyes and whiskers and a hat", "a house with a door hat", "a house door",
    "a woman holding a candle in front of a house with windows", "a dog in a space suit", "a dog in a dark space suit", "in space",
    "a witch's hat", "the witch’s cats' hat's", "it's a dog's bowl", "a heart with an arrow", "a heart with the arrows", "a bunch of grapes",
    "three grapes", "a pair of sunglasses", "two sunglasses", "some boots", "boots", "five boots", "a pair of boots", "a stack of grapes",
    "a pencil", "a fox, pencil", "a red pencil and a fox", "a blackboard", "a glass of juice", "a fox with two bowls of apples",
    "a bowl full of apples and a cat", "a fox filled with juice", "a diamond ring", "a gem ring", "a lamp with an idea", "a lamp and an idea",
    "a lamp with two ideas", "a crying woman", "a crying", "a stone castle", "an exfant", "exfants", "a castel", "a few red cats",
    "a dragon breathing fire", "a cat breathing grapes and a dog", "a fire breathing cat", "a cat saying blorp to a dog", "a stack of fruit hats",
    "a fox in a cat forest", "a sunny forest with a cat", "a sunny fox", "a frozen sea", "a cat and baby", "a cat in big", "a fox with no sea", "a cat without sea", "sunny fox at night", "a box of apples", "a box of two apples",
    "a cat with a red blorp", "a red blorp cat", "a house with a space suit door", "a house with a witch hat", "some 3 grapes", "bowls of apples", "a bowl of apples next to a bowl of ramen", "pencil sketch", "a herd of grapes", "a cat with no eyes",
)  # fmt: skip
FIRST_PLACED = PROMPTS.index("a cat with an apple")
LAYOUTS = (
    (0, 1, 256, 256), (1, 7, 512, 256), (2, 3, 256, 256), (3, 9, 256, 384), (4, 2, 256, 256), (5, 11, 640, 128), (6, 5, 256, 256),
    (7, 4, 256, 256), (8, 6, 300, 200), (9, 8, 256, 256), (12, 1, 256, 256), (13, 2, 256, 256), (18, 3, 256, 256),
    (19, 4, 256, 256), (20, 4294967295, 256, 256), (23, 1, 256, 256), (25, 5, 128, 256), (26, 6, 256, 256), (27, 7, 256, 256),
    (28, 8, 256, 256), (34, 9, 256, 256), (39, 3, 256, 256), (40, 2, 256, 256), (42, 1, 256, 256), (44, 2, 256, 256),
    (16, 12, 256, 256), (24, 3, 256, 256), (46, 3, 256, 256), (55, 4, 256, 256), (56, 5, 256, 256), (57, 6, 256, 256), (58, 3, 256, 256),
    (62, 1, 256, 256), (62, 2, 256, 256), (62, 3, 256, 256), (63, 1, 256, 256), (63, 2, 256, 256),
    *((FIRST_PLACED + i, 10 + i, (256, 384, 200)[i % 3], 256) for i in range(24)),
    *((FIRST_PLACED + i, 50 + i, (256, 200, 512)[i % 3], 256) for i in (0, 1, 6, 11, 12, 13, 15, 17, 18, 19, 20)),
)  # fmt: skip
COMPOSED = (0, 1, 2, 5, 7, 15, 17, 19, 31, 42, 46)  # rows of LAYOUTS
TEXTS = (
    "a red fox", "Foxes, unbelievable!", "naïve café", "x²  ①", "ﬁne FOX-trot_under", "東京 fox", "", "a " * 40,
    "foxs q9z", "re fo redfox", "don't",
)  # fmt: skip


def lexicon() -> dict[str, Any]:
    """A small one with every kind of entry."""
    colours = {
        "white": [246, 246, 248],
        "black": [40, 40, 46],
        "red": [226, 59, 52],
        "blue": [52, 120, 230],
        "orange": [245, 139, 40],
        "pink": [242, 112, 170],
    }
    phrases = PHRASES | {p + "s": c for p, c in PHRASES.items() if not p.endswith("s")}
    backgrounds = {"no background": "none", "night": "night"}
    for name, kind in PLACES.items():
        for preposition in ("in", "on", "at", "over"):
            for article in ("", "a ", "the "):
                backgrounds[f"{preposition} {article}{name}"] = kind
    numbers = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return {
        "concepts": [dict(zip(("id", "label", "group", "subgroup"), c[:4], strict=True)) | {"tags": c[4].split()} for c in CONCEPTS],
        "phrases": phrases, "colours": colours, "counts": {w: i + 1 for i, w in enumerate(numbers)} | {"a pair of": 2, "some": 3, "a few": 3},
        "sizes": {"tiny": 0.5, "baby": 0.75, "big": 1.3, "huge": 1.6}, "relations": RELATIONS, "backgrounds": backgrounds,
        "styles": {"soft 3d": "soft-3d", "flat": "flat", "pencil": "sketch", "pencil sketch": "sketch", "blackboard": "chalk"},
        "real": ["exfant"],
        "looks": {"a beard": "avatar-beard", "long hair": "avatar-hair", "long brown hair": "avatar-hair", "sunglasses": "avatar"},
        "near": {"vixen": ["fox", 0.71], "crimson": ["red", 0.8], "grotto": ["castle", 0.4], "whimsical": ["cute", 0.5]},
    }  # fmt: skip


def drawings() -> dict[str, np.ndarray]:
    """Synthetic drawings, straight RGBA uint8 [SIDE, SIDE, 4]: a disc, a leaning bar, a checked square, and a glyph with a
    gap, a hole and a small part."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    disc = np.clip((0.42 - np.hypot(x - 0.5, y - 0.5)) * 12, 0, 1)
    bar = np.clip((0.12 - np.abs(x - 0.3 - 0.4 * y)) * 20, 0, 1)
    square = ((np.abs(x - 0.5) < 0.35) & (np.abs(y - 0.5) < 0.35)).astype(float)
    check = ((x * 8).astype(int) + (y * 8).astype(int)) % 2
    ring = np.clip((0.36 - np.hypot(x - 0.4, y - 0.45)) * 20, 0, 1) * (np.hypot(x - 0.3, y - 0.4) > 0.1)
    glyph = np.maximum(ring * (np.abs(y - 0.62) > 0.02), np.clip((0.09 - np.hypot(x - 0.85, y - 0.84)) * 20, 0, 1))

    def picture(alpha: np.ndarray, *rgb: np.ndarray | float) -> np.ndarray:
        parts = [np.broadcast_to(c, alpha.shape) for c in rgb]
        return (np.stack([*parts, alpha], -1) * 255 + 0.5).astype(np.uint8)

    return {
        "disc": picture(disc, 0.9, x, y), "bar": picture(bar, y, 0.4, 1 - x), "check": picture(square, check, 0.5, 1 - check),
        "glyph": picture(glyph, 0.0, 0.0, 0.0),
    }  # fmt: skip


def index() -> list[dict[str, Any]]:
    """Every concept but the horse has one to three of the drawings; the robot is a glyph."""
    kinds = (("disc", "flat"), ("bar", "toon"), ("check", "ink"))
    rows: list[dict[str, Any]] = []
    for i, c in enumerate(c for c in CONCEPTS if c[0] != "horse"):
        if c[0] == "robot":
            paints = ["7C8CA3 C98B4B E6ECF2", "1F9E95 F2B134 D6F2EE", "7E57C2 EC6FA9 EADFF8"]
            rows.append({"id": "glyph", "concept": c[0], "style": "game-icon", "title": c[1], "paints": paints})
            continue
        for name, style in kinds[: 1 + i % 3]:
            rows.append({"id": name, "concept": c[0], "style": style, "title": c[1]})
    return rows


def pack(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def bytes_of(picture: np.ndarray) -> str:
    return pack((picture * 255 + 0.5).astype(np.uint8))


def premultiply(picture: np.ndarray) -> np.ndarray:
    wide = picture.astype(np.uint16)
    return np.concatenate(((wide[..., :3] * wide[..., 3:] + 127) // 255, wide[..., 3:]), -1).astype(np.uint8)


def stub(noisy: np.ndarray, t: float, told: reference.Told) -> np.ndarray:
    """A network that can be written down in one line, float32."""
    g = told.guide
    said = 0.01 * float(sum(told.tokens) % 17) + 0.05 * float(told.style @ np.arange(len(told.style))) + 0.1 * t
    side = np.linspace(-0.2, 0.2, noisy.shape[2], dtype=np.float32)  # it knows left from right, as borders do
    seen = np.float32(0.4) * g[:4] * g[4:5] + np.float32(0.1) * g[5:6] - np.float32(0.2) * g[6:7]
    return np.float32(0.5) * noisy + seen + side + np.float32(said + float(told.look.sum()))


PLAIN = {
    "steps": 4, "guidance": 1.0, "guidance_from": 0.0, "adherence": 0.35, "temperature": 1.0, "finish": 0.0,
    "reference": True, "known": False, "lines": 0.0, "roll": 0,
}  # fmt: skip
SAMPLES: tuple[dict[str, Any], ...] = (
    {"steps": 1},
    {"guidance": 2.0},
    {"steps": 10, "guidance": 1.5, "adherence": 0.0, "temperature": 0.5},
    {"steps": 7, "guidance": 3.0, "adherence": 0.0, "reference": False, "temperature": 0.5, "finish": 0.5},
    {"steps": 3, "adherence": 0.8, "finish": 0.35},
    {"steps": 6, "guidance": 2.0, "guidance_from": 0.6, "lines": 0.75},
    {"steps": 5, "guidance": 2.0, "known": True, "finish": 0.5, "temperature": 0.5},
    {"steps": 5, "known": True, "reference": False, "adherence": 0.0},
    {"steps": 5, "guidance": 2.0, "roll": 2, "finish": 0.5},
    {"steps": 4, "adherence": 0.95},
)


def samples() -> list[dict[str, Any]]:
    """Planes [4, 6, 4] of the stub under every rule of the sampler."""
    h, w = 6, 4
    picture = np.clip(reference.noise(9, 0, 96).reshape(4, h, w) * 0.4, -1, 1)
    truth = np.clip(reference.noise(10, 0, 96).reshape(4, h, w) * 0.4, -1, 1)
    known = np.zeros((h, w), np.float32)
    known[:2], known[:, 0] = 1, 1
    lines = (reference.noise(11, 0, h * w).reshape(h, w) > 0.5).astype(np.float32)
    style, look = np.array([0, 0.25, 0.75], np.float32), np.array([0.02, -0.01], np.float32)
    rows = []
    for row in SAMPLES:
        how = PLAIN | row
        shown = picture if how["reference"] else None
        guide = reference.guide(
            h, w, shown, truth if how["known"] else None, known, ((lines, how["lines"]),) if how["lines"] else ()
        )
        asked = reference.Told(guide, [5, 6, 7] + [0] * 21, style, look)
        avoided = reference.Told(reference.without_reference(guide), [3] + [0] * 23, style, look)
        x = reference.sample(
            stub, asked, avoided, seed=77, start=how["adherence"], first=picture,
            truth=truth if how["known"] else None, known=known,
            **{k: how[k] for k in ("steps", "guidance", "guidance_from", "temperature", "finish", "roll")},
        )  # fmt: skip
        rows.append(how | {"x": [float(v) for v in x.reshape(-1)]})
    return rows


def sketches() -> dict[str, tuple[int, int, np.ndarray]]:
    """Pictures to find contours in: grid height and width, straight RGBA uint8."""
    y, x = np.mgrid[0:96:2, 0:128:2].astype(np.float64)
    ring = np.abs(np.hypot(x - 60, y - 48) - 30) < 3
    cross = (np.abs(x - y) < 2.5) & (y > 10) & (y < 80)
    paper = np.full((48, 64, 4), 255, np.uint8)
    paper[ring | cross, :3] = 20
    clear = np.zeros((48, 64, 4), np.uint8)
    clear[ring] = (10, 10, 60, 255)
    shades = np.zeros((48, 64, 4), np.uint8)
    shades[..., 0], shades[..., 1], shades[..., 2] = x * 2, 90, 255 - y * 2
    shades[np.hypot(x - 50, y - 40) < 22, :3] = (250, 220, 40)
    shades[(np.abs(x - 100) < 12) & (np.abs(y - 60) < 20), 1] = 30
    shades[..., 3] = 255
    sticker = np.zeros((48, 64, 4), np.uint8)
    sticker[np.hypot(x - 64, y - 48) < 36] = (200, 60, 60, 255)
    sticker[np.hypot(x - 54, y - 40) < 8] = (30, 30, 30, 255)
    patch = np.full((48, 64, 4), 255, np.uint8)  # black on white, and no line drawing
    patch[np.hypot(x - 64, y - 48) < 20, :3] = 0
    return {
        "strokes": (32, 48, paper), "clear": (48, 64, clear), "shades": (48, 64, shades), "sticker": (24, 32, sticker),
        "patch": (32, 48, patch), "enlarged": (60, 80, paper[10:40, 10:50]),
    }  # fmt: skip


def contour_rows() -> list[dict[str, Any]]:
    """The canvas stands in the row: how a picture is scaled is no part of the rule."""
    rows = []
    for name, (h, w, picture) in sketches().items():
        ys, xs = np.arange(h) * picture.shape[0] // h, np.arange(w) * picture.shape[1] // w
        canvas = premultiply(picture[ys][:, xs])
        e = reference.contours(picture, canvas / 255.0)
        rows.append({
            "name": name, "width": w, "height": h, "size": [picture.shape[1], picture.shape[0]], "picture": pack(picture),
            "canvas": pack(canvas), "edges": bytes_of(reference.edges(canvas / 255.0)),
            "contours": bytes_of(e),
        })  # fmt: skip
    return rows


def layout_rows(reader: Reader, lex: dict[str, Any]) -> list[dict[str, Any]]:
    pictures = {k: premultiply(v) for k, v in drawings().items()}
    rows = []
    for number, (at, seed, width, height) in enumerate(LAYOUTS):
        scene = reader.read(PROMPTS[at])
        layout = composing.arrange(scene, index(), lex, seed, width, height, pictures.__getitem__)
        row: dict[str, Any] = {
            "prompt": PROMPTS[at], "seed": seed, "width": width, "height": height, "missing": layout.missing,
            "items": [{k: v for k, v in dataclasses.asdict(i).items() if k != "shape"} for i in layout.items],
        }  # fmt: skip
        if number in COMPOSED:
            w, h = reference.grid(width, height, 48, 8)
            style = scene.style or "soft-3d"
            picture = composing.compose(layout, pictures, lex["colours"], style, h, w)
            row |= {"style": style, "grid": [w, h], "composed": bytes_of(picture)}
        rows.append(row)
    return rows


def outline_rows() -> list[dict[str, Any]]:
    """Every drawing in every line style."""
    pictures = {k: premultiply(v) for k, v in drawings().items()}
    return [
        {"drawing": k, "style": style, "outlined": pack(outlining.outlined(v, style))}
        for k, v in pictures.items() for style in sorted(outlining.STYLES)
    ]  # fmt: skip


def backdrop_rows() -> list[dict[str, Any]]:
    rows = []
    for i, kind in enumerate(scenes.KINDS):
        for soft in (True, False):
            scene = Scene(backdrop=kind, tone=("", "night", "sunset")[i % 3])
            seed = 40 + i
            picture = scenes.paint(composing.backdrop(scene, {}, seed), 18, 24, soft)
            rows.append({"kind": kind, "tone": scene.tone, "seed": seed, "soft": soft, "pixels": bytes_of(picture)})
    return rows


def filter_rows() -> list[dict[str, Any]]:
    """Parts [y0, x0, y1, x1] of pictures under every programmatic style, as training's own rules paint them."""
    import torch

    from tempera import filters

    rows = []
    for width, height, part in ((40, 24, (0, 0, 24, 40)), (112, 96, (30, 24, 50, 48))):
        y, x = np.mgrid[0:height, 0:width]
        disc = np.clip(0.42 * height - np.hypot(x - 0.45 * width, y - 0.5 * height), 0, 1)
        eye = np.clip(0.09 * height - np.hypot(x - 0.35 * width, y - 0.4 * height), 0, 1)
        colour = np.stack((0.85 - 0.5 * y / height, 0.3 + 0.4 * x / width, 0.2 + 0.6 * (x > 0.6 * width)))
        shape = np.concatenate((colour * (1 - 0.9 * eye), np.ones((1, height, width)))) * disc
        sky = np.stack((0.4 + 0.003 * y, 0.7 - 0.001 * x, 0.9 - 0.003 * y, np.ones_like(x, float)))
        for picture in (shape, shape + sky * (1 - disc))[: 2 if width < 64 else 1]:
            coded = (picture.transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)
            seen = torch.from_numpy(coded.transpose(2, 0, 1).astype(np.float64) / 255)[None]
            y0, x0, y1, x1 = part
            made = {
                name: bytes_of(rule(seen)[0].numpy().transpose(1, 2, 0)[y0:y1, x0:x1].clip(0, 1))
                for name, rule in filters.APPLY.items()
            }
            rows.append(
                {"width": width, "height": height, "picture": pack(coded), "part": list(part), "filtered": made}
            )
    return rows


def write(name: str, value: Any, check: bool) -> None:
    """Write the vectors, or only see whether they are as they should be."""
    path = VECTORS / f"{name}.json"
    text = json.dumps(value, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n"
    if check and path.read_text(encoding="utf-8") != text:
        raise SystemExit(f"{path.name} is not what the reference answers: run python -m tempera.vectors_make")
    path.write_text(text, encoding="utf-8")
    print(f"{path.name}: {len(text)} characters")


def networks() -> None:
    """matmul.onnx and matmul8.onnx, plain products to measure a machine by (the second factor is fixed, as weights
    are), stub.onnx, which has the painter's inputs:
    tanh(conv(noisy, guide) + bias by style, look, words and t), with random weights, and look.onnx, which
    reads a style reference as its mean colour, mixed."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def save(path: Path, nodes: list, inputs: list, outputs: list, constants: dict[str, np.ndarray]) -> None:
        tensors = [numpy_helper.from_array(v, k) for k, v in constants.items()]
        graph = helper.make_graph(nodes, path.stem, inputs, outputs, tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="bottega")
        model.ir_version = 9
        onnx.checker.check_model(model)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(model.SerializeToString())
        print(f"{path.name}: {path.stat().st_size} bytes")

    def value(name: str, shape: list, kind: int = TensorProto.FLOAT) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    node = helper.make_node
    side = [1024, 1024]
    for name, product, kinds, three in (
        ("matmul", "MatMul", (TensorProto.FLOAT, TensorProto.FLOAT), np.array([3], np.float32)),
        ("matmul8", "MatMulInteger", (TensorProto.UINT8, TensorProto.INT32), np.array([3], np.int8)),
    ):
        save(
            ENGINE / f"{name}.onnx",
            [
                node("ConstantOfShape", ["side"], ["b"], value=numpy_helper.from_array(three)),
                node(product, ["a", "b"], ["c"]),
            ],
            [value("a", side, kinds[0])],
            [value("c", side, kinds[1])],
            {"side": np.array(side, np.int64)},
        )
    picture = ["B", 4, "H", "W"]
    save(
        ENGINE / "testdata" / "stub.onnx",
        [
            node("Concat", ["noisy", "guide"], ["seen"], axis=1),
            node("Conv", ["seen", "kernel"], ["drawn"], pads=[1, 1, 1, 1]),
            node("MatMul", ["style", "styles"], ["dressed"]),
            node("MatMul", ["look", "looks"], ["looking"]),
            node("Gather", ["words", "tokens"], ["said"]),
            node("ReduceMean", ["said", "one"], ["meant"], keepdims=0),
            node("Unsqueeze", ["t", "one"], ["late"]),
            node("Mul", ["late", "later"], ["when"]),
            node("Sum", ["dressed", "looking", "meant", "when"], ["told"]),
            node("Unsqueeze", ["told", "last"], ["bias"]),
            node("Add", ["drawn", "bias"], ["sum"]),
            node("Tanh", ["sum"], ["x"]),
        ],
        [
            value("noisy", picture), value("t", ["B"]), value("guide", ["B", 7, "H", "W"]),
            value("tokens", ["B", 24], TensorProto.INT64), value("style", ["B", 3]), value("look", ["B", 2]),
        ],
        [value("x", picture)],
        {
            "kernel": (reference.noise(1, 0, 4 * 11 * 9).reshape(4, 11, 3, 3) * 0.15).astype(np.float32),
            "styles": (reference.noise(2, 0, 3 * 4).reshape(3, 4) * 0.3).astype(np.float32),
            "looks": (reference.noise(4, 0, 2 * 4).reshape(2, 4) * 0.3).astype(np.float32),
            "words": (reference.noise(3, 0, 64 * 4).reshape(64, 4) * 2).astype(np.float32),
            "later": np.array([0.1, -0.1, 0.05, 0.3], np.float32), "one": np.array([1], np.int64),
            "last": np.array([2, 3], np.int64),
        },
    )  # fmt: skip
    save(
        ENGINE / "testdata" / "look.onnx",
        [
            node("ReduceMean", ["picture", "places"], ["mean"], keepdims=0),
            node("MatMul", ["mean", "mix"], ["look"]),
        ],
        [value("picture", ["B", 4, 64, 64])],
        [value("look", ["B", 2])],
        {
            "places": np.array([2, 3], np.int64),
            "mix": np.array([[1, 0], [0, 1], [-1, 0.5], [0.5, 0.5]], np.float32),
        },
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", action="store_true")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a vector is not up to date")
    options = parser.parse_args()
    if options.networks:
        networks()
    VECTORS.mkdir(exist_ok=True)
    lex = lexicon()
    reader = Reader(lex)
    vocab = ["<pad>", "<unk>", "<sep>", *"abcdefghijklmnopqrstuvwxyz0129", *(f"##{c}" for c in "abcdefgilmnorstuvx")]
    vocab += ["a", "red", "fox", "##es", "##fox", "un", "##believ", "##able", "cafe", "café", "京", "trot", "re"]
    vocab = list(dict.fromkeys(vocab))
    tokenizer = reference.Tokenizer(vocab)
    write("lexicon", lex, options.check)
    write(
        "drawings",
        {"side": SIDE, "index": index(), "pixels": {k: pack(v) for k, v in drawings().items()}},
        options.check,
    )
    write("tokens", {"vocab": vocab, "rows": [{"text": t, "ids": tokenizer.encode(t)} for t in TEXTS]}, options.check)
    write("reading", [{"prompt": p, "scene": dataclasses.asdict(reader.read(p))} for p in PROMPTS], options.check)
    write("layout", layout_rows(reader, lex), options.check)
    write("outlines", outline_rows(), options.check)
    write("backdrops", backdrop_rows(), options.check)
    if importlib.util.find_spec("torch"):  # what the rules of the programmatic styles are written in
        write("filters", filter_rows(), options.check)
    cases = ((0, 0, 10), (1, 0, 9), (4294967295, 0, 8), (123456789, 3, 8), (2**40 + 5, 1, 6))
    rows = [{"seed": s, "stream": k, "values": [float(v) for v in reference.noise(s, k, n)]} for s, k, n in cases]
    write("noise", rows, options.check)
    sizes = (
        (256, 256),
        (512, 288),
        (288, 512),
        (1536, 32),
        (32, 1536),
        (1024, 768),
        (640, 640),
        (100, 101),
        (1280, 512),
    )
    write(
        "grid",
        [{"size": s, "side": n, "grid": reference.grid(*s, n, 16)} for s in sizes for n in (128, 256)],
        options.check,
    )
    write("sample", samples(), options.check)
    write("contours", contour_rows(), options.check)
    assert math.isclose(reference.time(0.35, 10, 10), 1)


if __name__ == "__main__":
    main()
