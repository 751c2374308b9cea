"""The small world of tempera/vectors: concepts, prompts and three synthetic drawings that no training moves."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from tempera import palettes

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


def rendering(planes: np.ndarray, code: np.ndarray) -> np.ndarray:
    """In place of render.onnx: red, green and blue take turns, darker by what is shown and asked."""
    dark = 0.4 + 0.1 * int(code[:4].argmax()) + 0.05 * int(code[4:].argmax())
    return np.concatenate((planes[[1, 2, 0]] * np.float32(dark), planes[3:]))


def palette_rows() -> list[dict[str, Any]]:
    """Tables: every colour becomes the nearest of a few, in one of them the farthest; one is of a shaded hand."""
    bins = range(palettes.BINS)
    middle = np.array([(r, g, b) for r in bins for g in bins for b in bins]) * 16 + 8
    rows = []
    for shown, asked, sign, colours in (
        (
            "toon",
            "flat",
            1,
            [[230, 60, 50], [250, 210, 60], [50, 110, 220], [30, 30, 34], [70, 160, 90], [240, 240, 244]],
        ),
        ("flat", "clean", -1, [[200, 40, 40], [40, 190, 60], [40, 60, 210]]),
        ("soft-3d", "kawaii", 1, [[255, 230, 0], [250, 90, 70], [110, 200, 250], [69, 65, 60], [250, 250, 250]]),
    ):
        off = np.square(middle[:, None] - np.array(colours)[None]).sum(-1)
        place = (sign * off).argmin(1).astype(np.uint8)
        rows.append(
            {"shown": shown, "asked": asked, "colours": colours, "place": base64.b64encode(place.tobytes()).decode()}
        )
    return rows
