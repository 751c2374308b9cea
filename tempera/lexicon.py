"""What the reader knows: concepts, phrases, colours, counts, sizes, relations, backdrops, styles.

    python -m tempera.lexicon              # writes tempera/weights/lexicon.json
    python -m tempera.lexicon fox boat     # also prints what the given phrases mean

A phrase belongs to one concept. Candidates are scored: a hand-made override wins, then the concept's
label, its short codes, a tag few concepts share, and last WordNet (synonyms, then kinds of a thing:
"terrier" is drawn as a dog). Plurals are added at the end, never over an existing phrase.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

from tempera import data, glyphs, portraits, wordnet
from tempera.plans import FILTER_TITLES
from tempera.words import COLOURS, COUNTS, WEIGHTS

OVERRIDES = data.HERE / "overrides.json"
GROUP_BONUS = {
    "animals-nature": 8, "food-drink": 8, "travel-places": 6, "objects": 6, "activities": 5, "symbols": 0,
    "people-body": -8, "smileys-emotion": -8,
}  # fmt: skip
STOP = set(
    "a an the of in on at with and or to over under above below behind beside between front inside next left right "
    "top near by from for into out up down off no not is are was be being it its this that these those me my your "
    "his her their our you we i he she they them very really some any many few several each every all both other "
    "picture image drawing illustration photo art artwork style icon emoji sticker logo render background scene "
    "color colour colored coloured shiny happy sad cute beautiful pretty nice good bad new old young small big "
    "large tiny huge little giant long short tall high low fast slow hot cold warm cool dark light bright soft "
    "hard full empty open closed make made making draw drawn paint painted like want please show give get put set "
    "go going run running play playing eat eating look looking fly flying jump jumping sit sitting stand standing "
    "thing things something one two three four five six seven eight nine ten first second last back side center "
    "middle person's it's day time way lot kind type part piece bit number word letter hello hi bye yes ok".split()
)
RELATIONS = {
    "left": ("left of", "to the left of", "on the left of", "at the left of"),
    "right": ("right of", "to the right of", "on the right of", "at the right of"),
    "above": ("above", "over", "on top of", "atop", "on", "upon", "riding", "sitting on", "standing on", "riding on",
              "lying on", "sleeping on", "resting on", "perched on", "landing on", "balancing on", "floating on",
              "flying over", "flying above", "jumping over", "floating above"),
    "below": ("below", "under", "underneath", "beneath", "sitting under", "standing under",
              "hanging from", "hanging off", "hanging on"),
    "behind": ("behind", "in back of", "hiding behind", "peeking from behind"),
    "front": ("in front of", "before"),
    "inside": ("inside", "inside of", "within", "in", "out of"),
    "beside": ("beside", "next to", "near", "by", "with", "alongside", "close to", "and", "holding", "eating",
               "playing with", "looking at", "chasing", "meeting", "leaning on", "leaning against"),
}  # fmt: skip
BACKDROPS = {
    "hill": ("hill", "hills", "green hill", "green hills", "hilltop", "hillside", "countryside", "green landscape"),
    "meadow": ("meadow", "field", "grass", "garden", "lawn", "flower field", "field of flowers", "park", "farm", "spring", "spring meadow", "green field"),
    "sky": ("sky", "blue sky", "clouds", "air", "daytime sky", "heaven"),
    "sunset": ("sunset", "sunrise", "dusk", "dawn", "evening", "twilight", "golden hour"),
    "mountains": ("mountains", "alps", "snowy mountains", "mountain landscape", "mountain range", "mountain valley", "valley"),
    "forest": ("forest", "woods", "jungle", "trees", "woodland", "rainforest", "pine forest"),
    "desert": ("desert", "dunes", "sand dunes", "sahara", "sand"),
    "snow": ("snow", "winter", "snowy landscape", "winter landscape", "snowfall", "snowy field", "ice", "arctic", "north pole"),
    "sea": ("sea", "ocean", "water", "waves", "open sea", "lake", "river", "pond", "pool", "swimming pool"),
    "beach": ("beach", "seaside", "shore", "coast", "seashore", "tropical beach", "island"),
    "underwater": ("underwater", "deep sea", "sea floor", "ocean floor", "bottom of the sea", "coral reef"),
    "night": ("night", "night sky", "starry night", "starry sky", "midnight", "moonlight", "stars", "dark night"),
    "space": ("space", "outer space", "galaxy", "cosmos", "universe", "orbit"),
    "city": ("city", "street", "town", "downtown", "city street", "cityscape", "skyline", "road", "big city"),
    "room": ("room", "living room", "bedroom", "kitchen", "house interior", "indoors", "home", "office", "cosy room", "cozy room", "classroom"),
    "gradient": ("gradient", "gradient background", "colourful background", "colorful background"),
    "solid": ("plain background", "solid background", "simple background", "solid colour background", "coloured background", "colored background"),
    "none": ("transparent background", "no background", "without background", "transparent", "cut out", "cutout", "isolated"),
}  # fmt: skip
# Words that name a backdrop even alone; the others need a preposition ("a mountain" is a thing).
ALONE = {
    "night", "at night", "underwater", "indoors", "sunset", "outer space", "night sky", "starry night", "starry sky",
    "moonlight", "blue sky", "seaside", "countryside", "living room", "green hills", "green hill", "flower field",
    "deep sea", "coral reef", "cityscape", "skyline", "midnight", "dusk", "dawn", "winter landscape", "winter",
    "golden hour", "twilight", "cosmos", "galaxy", "meadow", "woodland", "sand dunes", "snowy landscape", "snowfall",
} | set(BACKDROPS["gradient"]) | set(BACKDROPS["solid"]) | set(BACKDROPS["none"])  # fmt: skip
PREPOSITIONS = (
    "in",
    "at",
    "on",
    "over",
    "under",
    "against",
    "by",
    "near",
    "through",
    "above",
    "among",
    "across",
    "into",
)
STYLES = {
    "soft-3d": ("soft 3d", "3d", "3d render", "3d rendered", "clay", "claymation", "plastic toy", "rendered"),
    "gradient": ("gradient style", "glossy", "shaded"),
    "flat": ("flat", "flat design", "vector", "vector art", "minimal", "minimalist", "flat illustration"),
    "ink": ("ink", "line art", "black and white", "line drawing", "linocut", "black ink", "monochrome", "outline"),
    "toon": ("toon", "cartoon", "comic", "cartoon style"),
    "blob": ("blob", "blobby"),
    "clean": ("clean", "clean style"),
    "classic": ("classic", "retro", "classic style"),
    "longshadow": ("long shadow", "longshadow"),
    "kawaii": ("kawaii", "chibi", "cute outline", "kawaii style"),
    "game-icon": ("game icon", "game icon style", "game glyph", "glyph", "black glyph", "rpg icon"),
    "sticker": ("sticker", "sticker style", "die cut sticker"),
    "pixel": ("pixel art", "pixel", "8 bit", "8bit", "pixelated", "pixel style"),
    "blueprint": ("blueprint", "technical drawing", "blueprint style"),
    "neon": ("neon", "neon sign", "neon style", "glowing neon", "neon lights"),
    "sketch": ("sketch", "pencil sketch", "pencil drawing", "pencil", "graphite", "graphite drawing", "hand drawn sketch",
               "sketched", "sketchy"),
    "chalk": ("chalk", "chalk drawing", "chalkboard", "blackboard", "chalk art", "on a chalkboard", "on a blackboard"),
    "halftone": ("halftone", "pop art", "pop art dots", "comic dots", "newsprint", "halftone dots", "ben day dots"),
    "mosaic": ("mosaic", "mosaic style", "mosaic tiles", "tile mosaic"),
    "silhouette": ("silhouette", "silhouetted", "shadow picture", "black silhouette"),
    "gold": ("gold relief", "golden relief", "gold emboss", "embossed gold", "gold engraving", "golden engraving",
             "gold leaf", "gilded", "bas relief", "gold medallion"),
    "papercut": ("paper cut", "papercut", "papercraft", "paper craft", "cut paper", "paper art", "layered paper",
                 "paper cutout", "paper collage"),
    "stitch": ("cross stitch", "crossstitch", "embroidery", "embroidered", "stitched", "needlepoint", "cross stitched"),
    "avatar-bold": ("bold avatar", "avatar bold"), "avatar-soft": ("soft avatar", "avatar soft"),
    "avatar-line": ("line avatar", "avatar line", "line art avatar"), "avatar-cartoon": ("cartoon avatar", "avatar cartoon"),
    "avatar-flat": ("flat avatar", "avatar flat"), "avatar-studio": ("studio avatar", "avatar studio"),
}  # fmt: skip
SIZES = {
    "tiny": 0.5, "mini": 0.5, "miniature": 0.5, "small": 0.7, "little": 0.7, "baby": 0.75, "short": 0.8, "big": 1.3,
    "large": 1.3, "tall": 1.2, "huge": 1.6, "giant": 1.6, "enormous": 1.6, "gigantic": 1.6, "massive": 1.6,
}  # fmt: skip
NAMED = 90  # score of what is a drawing's own name, or was chosen by hand
HEADS = {"head", "face"}  # a glyph of somebody's head stands for all of them
# Last words of glyphs that mean something else, or nothing, when they stand alone.
NOT_ALONE = set(
    "sea system drag hide spit watcher follower gnawer keeper tear crack rig fluid vessel weapon head catcher holder cutter "
    "cleaner rings bars pupil holmes plaster kit polisher detector console follower entrance dock block frame stick cover "
    "road camp disc signet silo tire spirit trap horizon garage bar tablet gear sensor body vapors mould".split()
)
IRREGULAR = {
    "mouse": "mice", "goose": "geese", "wolf": "wolves", "leaf": "leaves", "knife": "knives", "foot": "feet",
    "tooth": "teeth", "child": "children", "man": "men", "woman": "women", "person": "people", "fish": "fish",
    "sheep": "sheep", "deer": "deer", "ox": "oxen", "scarf": "scarves", "loaf": "loaves", "potato": "potatoes",
    "tomato": "tomatoes", "volcano": "volcanoes", "mango": "mangoes", "elf": "elves", "calf": "calves",
    "cactus": "cacti", "octopus": "octopuses", "dwarf": "dwarves", "bison": "bison", "squid": "squid",
}  # fmt: skip


def clean(text: str) -> str:
    """Lower-case words separated by single blanks, as the reader tells them apart: no "'s"."""
    text = re.sub(r"(\w)['’]s\b", r"\1", text.lower()).replace("’", "").replace("'", "")
    return " ".join(re.findall(r"[a-z0-9]+", text))


def plural(phrase: str) -> str:
    head, _, last = phrase.rpartition(" ")
    if last in IRREGULAR:
        many = IRREGULAR[last]
    elif re.search(r"(s|x|z|ch|sh)$", last):
        many = last + "es"
    elif re.search(r"[^aeiou]y$", last):
        many = last[:-1] + "ies"
    else:
        many = last + "s"
    return f"{head} {many}".strip()


class Chooser:
    """Keeps the best-scored concept of each phrase."""

    def __init__(self, order: dict[str, int]) -> None:
        self.best: dict[str, tuple[float, str]] = {}
        self.order = order  # earlier concepts win ties

    def offer(self, phrase: str, concept: str, score: float) -> None:
        if re.search(r"\w['’]s\b", phrase):  # "womans hat" is typed too
            self.offer(phrase.replace("’", "").replace("'", ""), concept, score)
        phrase = clean(phrase)
        if len(phrase) < 2 or phrase in STOP or phrase in COLOURS or phrase in SIZES or phrase in COUNTS:
            return
        old = self.best.get(phrase)
        new = (score - self.order[concept] * 1e-5, concept)
        if old is None or new[0] > old[0]:
            self.best[phrase] = new


def phrases(
    concepts: list[data.Concept], nouns: wordnet.Nouns, override: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """What the coloured drawings are called, without plurals, and what they are called for want of better ("acorn" is
    a fruit, and so an apple); ``override`` is what was decided by hand."""
    order = {c.id: i for i, c in enumerate(concepts)}
    chooser = Chooser(order)
    codes = short_codes(set(order))
    shared = Counter(clean(t) for c in concepts for t in c.tags)
    for c in concepts:
        bonus = GROUP_BONUS[c.group]
        chooser.offer(c.label, c.id, 100 + bonus)
        bare = re.sub(r"( with face| face| button|^person |: .*)", "", c.label)
        if not bare.startswith("with "):  # of a person with a crown: "a lion with a crown" is none
            chooser.offer(bare, c.id, 60 + bonus)
        for code in codes.get(c.id, ()):
            chooser.offer(code, c.id, 50 + bonus)
        for tag in c.tags:
            if c.group == "symbols" and clean(tag) not in clean(c.label).split():
                continue  # the sign against smoking is no smoke
            if bonus > 0 and nouns.other_use.get(clean(tag), 0) > 0:
                continue  # "sharp" is no razor
            if shared[clean(tag)] <= 4 and not (bonus < 0 and clean(tag) in shared and shared[clean(tag)] > 2):
                chooser.offer(tag, c.id, 25 + bonus + 6 / len(c.tags))
        if " " in clean(c.label) and bonus > 0 and " with " not in c.label:
            chooser.offer(clean(c.label).split()[-1], c.id, 15 + bonus)
    for phrase, concept in override.items():
        chooser.best.pop(phrase, None)
        if concept in order:
            chooser.best[phrase] = (1000, concept)
    for phrase, (score, concept) in list(chooser.best.items()):
        many = plural(phrase)
        if score < NAMED or phrase.endswith("s") or many in override:
            continue
        if chooser.best.get(many, (0,))[0] < NAMED:  # "eyes" have a drawing of their own
            chooser.offer(many, concept, score - 1)  # butterflies, whatever sign has them for a tag
    _word_net(chooser, concepts, nouns, {p for p, c in override.items() if c not in order})
    sure = {p: c for p, (score, c) in chooser.best.items() if score > 0}
    return sure, {p: c for p, (_, c) in chooser.best.items() if p not in sure}


def _word_net(chooser: Chooser, concepts: list[data.Concept], nouns: wordnet.Nouns, barred: set[str]) -> None:
    """Synonyms of a concept's noun and, two steps down, kinds of it."""
    kinds: dict[int, list[int]] = defaultdict(list)
    for offset, ups in nouns.above.items():
        for up in ups:
            kinds[up].append(offset)
    anchors = {
        phrase: concept
        for phrase, (score, concept) in chooser.best.items()
        if score > 55 and phrase in nouns.first and nouns.other_use.get(phrase, 0) <= 0
    }
    group = {c.id: GROUP_BONUS[c.group] for c in concepts}
    names = {c.id: set(clean(c.label).split()) for c in concepts}
    for phrase, concept in anchors.items():
        if group[concept] < 0:
            continue
        loose = 0 if names[concept].issuperset(phrase.split()) else 30  # "fruit" for a red apple
        layer = [nouns.first[phrase]]
        for depth in range(3):
            for offset in layer:
                for word in nouns.words[offset]:
                    common = nouns.first.get(word.lower()) == offset and nouns.other_use.get(word.lower(), 0) <= 0
                    # "red fox" needs no entry of its own: the reader finds "fox".
                    headed = " " in word and word.split()[-1] in chooser.best
                    if common and not headed and word.islower() and clean(word) not in barred:
                        chooser.offer(word, concept, 12 - 3 * depth + min(group[concept], 8) / 10 - loose * bool(depth))
            layer = [k for offset in layer for k in kinds[offset]]


def glyph_phrases(chosen: list[data.Concept], taken: set[str], nouns: wordnet.Nouns) -> dict[str, str]:
    """Names of glyphs, and what is free: "golem" is a rock golem, "goblin" a goblin's head."""
    found = {clean(c.label): c.id for c in chosen}
    wanted = {clean(c.label): (clean(c.label) in nouns.first, c.id) for c in chosen}
    for k, heads in enumerate((HEADS, None)):
        for label, (_, glyph) in sorted(wanted.items(), key=lambda kv: (len(kv[0]), kv[0])):
            words = label.split(" ")
            if len(words) != 2 or (heads and words[1] not in heads):
                continue
            word = words[k]
            thing = nouns.sort_of(word) in glyphs.SORTS or word in glyphs.THINGS or word in glyphs.WANTED
            if thing and word not in taken and word not in STOP | NOT_ALONE and word not in COLOURS:
                found.setdefault(word, glyph)
    return found


def add_plurals(found: dict[str, str]) -> dict[str, str]:
    """The same with the plural of each phrase that is not taken."""
    many = dict(found)
    for phrase, concept in found.items():
        if not phrase.endswith("s") and plural(phrase) not in STOP:
            many.setdefault(plural(phrase), concept)
    return dict(sorted(many.items()))


def short_codes(known: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in ("emojibase", "github", "iamcal", "cldr"):
        path = data.NPM / "node_modules" / "emojibase-data" / "en" / "shortcodes" / f"{file}.json"
        if not path.exists():
            continue
        for points, codes in json.loads(path.read_text()).items():
            concept = data.code_points(points)
            if concept in known:
                found[concept] += [codes] if isinstance(codes, str) else codes
    return found


def backgrounds() -> dict[str, str]:
    found: dict[str, str] = {}
    for kind, names in BACKDROPS.items():
        for name in names:
            if name in ALONE:
                found[name] = kind
            for preposition in PREPOSITIONS:
                for article in ("", "the ", "a ", "an ", "some "):
                    found.setdefault(f"{preposition} {article}{name}", kind)
    found["under the sea"] = found["under the ocean"] = found["under water"] = "underwater"
    found["in the ocean"] = found["in the sea"] = found["in the water"] = "underwater"
    found["in the night sky"] = found["under the stars"] = "night"
    found["on the moon"] = found["among the stars"] = found["in the stars"] = "space"
    for name in ("water", "sea", "ocean", "lake", "waves"):  # what jumps out of it is not under it
        found[f"out of {name}"] = found[f"out of the {name}"] = "sea"
    for word in ("on", "above", "near", "by", "over"):
        found.pop(f"{word} ice", None)
    return found


def build() -> dict:
    index = json.loads((data.DATA / "index.json").read_text())
    every = [data.Concept(**{**c, "tags": tuple(c["tags"])}) for c in index["concepts"]]
    nouns, override = wordnet.load(), json.loads(OVERRIDES.read_text())["phrases"]
    coloured = [c for c in every if c.group in GROUP_BONUS]
    known, poor = map(add_plurals, phrases(coloured, nouns, override))
    lost = {p: c for p, c in override.items() if c and c not in {e.id for e in every}}
    if lost:
        raise SystemExit(f"overrides.json: no drawing of {lost}")
    by_hand = {p: c for p, c in override.items() if c.startswith("game.")}
    chosen = glyphs.choose([c for c in every if c.group == "game"], set(known), set(by_hand.values()), nouns)
    people = portraits.concepts()
    named = {
        **poor, **portraits.phrases(), **glyph_phrases(chosen, set(known) | set(override), nouns), **known, **by_hand,
    }  # fmt: skip
    concepts = [*coloured, *chosen, *people]
    counts = {w: i + 1 for i, w in enumerate(COUNTS)} | {str(n): n for n in range(1, 10)}
    counts |= {"a pair of": 2, "pair of": 2, "a couple of": 2, "couple of": 2, "twin": 2, "a few": 3, "few": 3, "some": 3,
               "a trio of": 3, "several": 4, "many": 6, "a group of": 4, "group of": 4, "lots of": 7, "a lot of": 7,
               "half a dozen": 6, "a dozen": 9, "dozen": 9, "a bunch of": 5, "a crowd of": 8}  # fmt: skip
    return {
        "concepts": [
            {"id": c.id, "label": c.label, "group": c.group, "subgroup": c.subgroup, "tags": list(c.tags)}
            for c in concepts
        ],
        "phrases": add_plurals(named),
        "looks": portraits.looks(),
        "colours": {name: list(rgb) for name, rgb in COLOURS.items()}
        | {"gray": list(COLOURS["grey"]), "golden": list(COLOURS["gold"])},
        "counts": counts,
        "sizes": SIZES,
        "relations": {p: kind for kind, names in RELATIONS.items() for p in names},
        "backgrounds": backgrounds(),
        "styles": {p: style for style, names in STYLES.items() for p in names}
        | {clean(title): style for style, title in FILTER_TITLES.items()},
        "near": {},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("phrases", nargs="*")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "lexicon.json")
    parser.add_argument("--real", action="store_true", help="find the words that are no slips again (a minute)")
    options = parser.parse_args()
    lexicon = build()
    if options.out.exists():  # near.py makes this table once, from what the lexicon lacked
        kept = json.loads(options.out.read_text())
        old = kept.get("near", {})
        barred = {p for p, c in json.loads(OVERRIDES.read_text())["phrases"].items() if not c}
        known = lexicon["phrases"].keys() | lexicon["colours"].keys()
        lexicon["near"] = {w: n for w, n in old.items() if w not in known | barred}
        if "real" in kept and not options.real:
            real = {w for w in kept["real"] if w not in known} | {p for p in barred if " " not in p}
            lexicon["real"] = sorted(real)
    if "real" not in lexicon:
        lexicon["real"] = wordnet.real_words(lexicon)
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(lexicon, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    labels = {c["id"]: c["label"] for c in lexicon["concepts"]}
    print(f"{len(lexicon['concepts'])} concepts, {len(lexicon['phrases'])} phrases")
    for phrase in options.phrases:
        concept = lexicon["phrases"].get(phrase)
        print(f"{phrase}: {labels.get(concept, '-')}")


if __name__ == "__main__":
    main()
