"""The reader: a prompt becomes a scene. Reference for the Go package internal/engine/tempera/read.

Words are matched against the lexicon, longest phrase first; what the lexicon does not fix (arrangements,
states, framing, function words) is in reading_tables.py, what nouns do in reading_nouns.py. Nothing here draws or knows
about drawings.
"""

from __future__ import annotations

from tempera.reading_nouns import Nouns, holds
from tempera.reading_scene import Group, Pending, Scene
from tempera.reading_tables import (
    ARRANGED_COUNT,
    ARRANGEMENTS,
    ARTICLES,
    DENIALS,
    FILLING,
    FLIPS,
    GROUND_WORDS,
    HERDS,
    LONGEST,
    MANNERS,
    MOST_OF_A_KIND,
    PREPOSITIONS,
    QUIET,
    ROUND_ABOUT,
    SITES,
    STUFF,
    TURNS,
    UTTERED,
    VAGUE,
    WEATHER,
    ZOOMS,
)
from tempera.reading_words import clean, singular, slips, words

__all__ = ["Group", "Reader", "Scene", "clean", "words"]


class Reader:
    def __init__(self, lexicon: dict) -> None:
        self.near = lexicon.get("near", {})
        self.looks: dict[str, str] = lexicon.get("looks", {})
        self.real = set(lexicon.get("real", ()))
        self.concepts = {c["id"]: c for c in lexicon["concepts"]}
        self.phrases: dict[str, str] = lexicon["phrases"]
        self.colours: dict[str, list[int]] = lexicon["colours"]
        self.counts: dict[str, int] = HERDS | lexicon["counts"]
        self.sizes: dict[str, float] = lexicon["sizes"]
        self.relations: dict[str, str] = lexicon["relations"]
        self.backgrounds: dict[str, str] = lexicon["backgrounds"]
        self.styles: dict[str, str] = lexicon["styles"]
        self.names = sorted(
            {w for c in lexicon["concepts"] for w in clean(c["label"]).split(" ") if len(w) >= 5 and w in self.phrases}
        )
        self.tagged: dict[str, str] = {}
        for c in lexicon["concepts"]:
            if c["group"] in ("food-drink", "animals-nature", "objects"):
                for tag in c["tags"]:
                    self.tagged.setdefault(tag, c["id"])

    def read(self, text: str) -> Scene:
        return _Reading(self, words(text)).run()

    def tables(self) -> list[tuple[str, dict]]:
        """What a run of words is looked up in; of equally long matches the first counts."""
        return [
            ("arrange", ARRANGEMENTS), ("turn", TURNS), ("flip", dict.fromkeys(FLIPS, True)), ("zoom", ZOOMS),
            ("background", self.backgrounds), ("style", self.styles), ("relation", self.relations),
            ("count", self.counts), ("size", self.sizes), ("colour", self.colours), ("concept", self.phrases),
        ]  # fmt: skip

    def plural(self, phrase: str) -> bool:
        """Whether the phrase is the plural of another phrase for the same concept."""
        concept = self.phrases[phrase]
        if phrase == clean(self.concepts[concept]["label"]):
            return False
        return any(self.phrases.get(s) == concept for s in singular(phrase))

    def nearest(self, word: str) -> str:
        """The name of a thing one slip away from an unknown word (two in a long word), or ""."""
        best, least = "", 3 if len(word) >= 7 else 2
        if len(word) < 5:
            return ""
        for name in self.names:
            if name.startswith(word) or word.startswith(name):
                continue  # another word, or another form of it: "table" is no slip of "tablet"
            if name[0] == word[0] and (d := slips(word, name, least)) < least:
                best, least = name, d
        return best


class _Reading(Nouns):
    """One pass over one prompt."""

    def __init__(self, reader: Reader, found: list[tuple[str, bool]]) -> None:
        super().__init__()
        self.r, self.words = reader, [w for w, _ in found]
        self.pause = [p for _, p in found]

    def run(self) -> Scene:
        while self.at < len(self.words):
            if self.pause[self.at]:
                self.close()
                self.broken = True
            self.at += self.step()
        self.close()
        self.settle()
        self.light()
        return self.scene

    def match(self) -> tuple[str, str, int]:
        """Kind, phrase and number of words of the longest match here."""
        for length in range(LONGEST, 0, -1):
            phrase = self.join(self.at, length)
            if not phrase:
                continue
            for kind, table in self.r.tables():
                if phrase in table and not (kind in ("arrange", "background") and self.cuts(length)):
                    return self.stuff(kind, phrase), phrase, length
            if length > 2 and (bare := _bare(phrase)) in self.r.phrases:
                return "concept", bare, length
            if length > 1 and "in " + phrase in self.r.backgrounds and self.thing(self.at + 1) < length:
                return "background", "in " + phrase, length
        return "", self.words[self.at], 1

    def thing(self, start: int) -> int:
        """How many words the longest name of a thing has that begins there: "an ice cream" is not "in an ice"."""
        return next((n for n in range(LONGEST, 0, -1) if self.join(start, n) in self.r.phrases), 0)

    def cuts(self, length: int) -> bool:
        """Whether the name of a thing reaches beyond these words: "in a space suit" is not "in a space"."""
        return any(n + self.thing(self.at + n) > length for n in range(1, length))

    def stuff(self, kind: str, phrase: str) -> str:
        """The kind of a phrase; a pencil with an article is a thing and no way to draw."""
        if kind != "style" or phrase not in STUFF or not (self.next.article or self.next.words):
            return kind
        return "concept" if phrase in self.r.phrases else ""

    def step(self) -> int:
        """Read what stands here; returns how many words that took."""
        word = self.words[self.at]
        if word in GROUND_WORDS and self.next.colours:
            self.scene.ground, self.next = self.next.colours[-1], Pending()
            self.backdrops.append("solid")
            return 1
        if word in DENIALS and self.match()[0] != "background":
            self.denied = True
            return 1
        if self.number(word):
            return 1
        if word in UTTERED:
            self.utter()
            return 1
        if taken := self.look(word) or self.part() or self.filling():
            return taken
        kind, phrase, length = self.match()
        if length == 1 and kind in ("concept", "") and ((kind and self.bare_place(word)) or self.site(word)):
            kind, phrase = "background", "in " + word
        elif kind == "" and not self.denied and word not in QUIET and "in " + word in self.r.backgrounds:
            kind, phrase = "background", "in " + word  # "a frozen lake", of which there is no drawing
        elif length == 1 and kind == "concept" and word in WEATHER:
            kind = ""
        place = self.place()
        if place and kind in ("relation", "") and place[1] >= length:
            kind, phrase, length = "background", place[0], place[1]
        if kind == "relation" and length > 1:
            tail, taken = self.background_at(self.at + length - 1)
            if tail:
                kind, phrase, length = "background", tail, length - 1 + taken
        getattr(self, f"on_{kind or 'word'}")(phrase, length)
        return length

    def number(self, word: str) -> bool:
        """Digits before another word are a count."""
        follows = self.join(self.at, 2) != ""
        if not (word.isascii() and word.isdigit() and len(word) <= 4 and int(word) and follows):
            return False
        self.next.count, self.next.vague = min(int(word), MOST_OF_A_KIND), False
        self.next.words.append(word)
        return True

    def filling(self) -> int:
        """ "a basket full of apples" is a basket of apples; "a room full of cats" has cats in it."""
        if not self.follows() or self.join(self.at, 2) not in FILLING:
            return 0
        holder = holds(self.scene.groups[-1].phrase)
        self.next.relation, self.next.phrase = ("below", "of") if holder else ("beside", "with")
        return 2

    def bare_place(self, word: str) -> bool:
        """A place named first and without an article is the backdrop: "city at night", "forest"."""
        first = (self.at == 0 or self.pause[self.at]) and self.next == Pending()
        if not first or "in " + word not in self.r.backgrounds:
            return False
        return not self.join(self.at, 2) or self.words[self.at + 1] not in self.r.phrases

    def site(self, word: str) -> bool:
        """A place right after what is in it is the backdrop: "a tulip garden"."""
        if word not in SITES or not self.follows() or "in " + word not in self.r.backgrounds:
            return False
        last = self.scene.groups[-1]
        if last.relation == "inside":
            last.relation = "beside"  # "a mill in a tulip field" stands among the tulips
        return True

    def background_at(self, start: int) -> tuple[str, int]:
        for length in range(LONGEST, 1, -1):
            phrase = self.join(start, length)
            if phrase in self.r.backgrounds:
                return phrase, length
        return "", 0

    def place(self) -> tuple[str, int] | None:
        """A backdrop with words between: "in a dark old forest" is "in forest"."""
        if self.words[self.at] not in PREPOSITIONS:
            return None
        start = self.at + 1
        while start < len(self.words) and start - self.at <= 4:
            for length in range(3, 0, -1):
                name = self.join(start, length)
                phrase = f"{self.words[self.at]} {name}"
                reach = start - self.at + length
                if name and phrase in self.r.backgrounds and self.join(self.at, reach):
                    return None if self.cuts(reach) else (phrase, reach)
            word = self.words[start]
            if word in self.r.phrases and word not in QUIET:
                return None
            if word in self.r.relations or word in self.r.counts:
                return None
            start += 1
        return None

    def on_arrange(self, phrase: str, _: int) -> None:
        if phrase.endswith("of") or not self.scene.groups or phrase == "pattern":
            self.next.arrange = ARRANGEMENTS[phrase]
        if not phrase.endswith("of") and self.scene.groups:
            group = self.scene.groups[-1]
            group.arrange = ARRANGEMENTS[phrase]
            if group.count == 1:
                group.count = ARRANGED_COUNT[group.arrange]
            self.next.arrange = ""

    def on_turn(self, phrase: str, _: int) -> None:
        if self.scene.groups and self.noun_end == self.at:
            self.scene.groups[-1].turn = TURNS[phrase]
        else:
            self.next.turn = TURNS[phrase]

    def on_flip(self, _phrase: str, _: int) -> None:
        if self.scene.groups and self.noun_end == self.at:
            self.scene.groups[-1].flip = True
        else:
            self.next.flip = True

    def on_zoom(self, phrase: str, _: int) -> None:
        self.scene.zoom = ZOOMS[phrase]

    def on_background(self, phrase: str, _: int) -> None:
        self.close()
        self.backdrops.append(self.r.backgrounds[phrase])
        self.denied = False

    def on_style(self, phrase: str, _: int) -> None:
        self.scene.style = self.scene.style or self.r.styles[phrase]

    def on_relation(self, phrase: str, _: int) -> None:
        after = self.words[self.at + 1 : self.at + 3]
        if phrase == "and" and self.next.colours and after:
            if after[0] in self.r.colours:
                return  # "red and blue balloons"
            if after[0] in ARTICLES and after[-1] in self.r.colours:
                self.next.count = 2  # "a red and a blue balloon"
                return
        if phrase == "by" and self.next.relation == "amid":
            return  # "surrounded by"
        self.close()
        self.next.relation, self.next.phrase = self.r.relations[phrase], phrase

    def on_count(self, phrase: str, _: int) -> None:
        self.next.count, self.next.vague = self.r.counts[phrase], phrase in VAGUE or phrase in HERDS
        self.next.words.append(phrase)

    def on_size(self, phrase: str, _: int) -> None:
        self.next.size = self.r.sizes[phrase]
        self.next.words.append(phrase)

    def on_colour(self, phrase: str, _: int) -> None:
        self.next.colours.append(phrase)
        self.next.words.append(phrase)

    def on_word(self, word: str, _: int) -> None:
        if word in ARTICLES:
            self.next.article = True
            return
        if word in ("wearing", "wears"):
            self.next.relation, self.next.phrase = "beside", word
            return
        if word == "of" and self.scene.groups and self.noun_end == self.at:
            self.next.relation, self.next.phrase = "below", "of"
            return
        if self.scene.groups and not self.next.relation and (word in ROUND_ABOUT or word in MANNERS):
            self.next.relation, self.next.phrase = ROUND_ABOUT.get(word, ""), word
            return
        if word in WEATHER:
            if word == "sunny":
                self.sunny = True
            else:
                self.backdrops.append(WEATHER[word])
            return
        if word in QUIET:
            return
        if self.follows():  # "a sushi platter" is sushi
            self.unknown(word)
            return
        if self.liken(word):
            return
        if any(form in self.r.real for form in (word, *singular(word))):
            self.unknown(word)  # a word of its own, and no slip of the pen
            return
        for form in (word, *singular(word)):
            near = self.r.nearest(form)
            if near:
                many = near + "s" if form != word and near + "s" in self.r.phrases else near
                self.noun(many, 1, word)
                return
        self.unknown(word)

    def unknown(self, word: str) -> None:
        self.uttered, self.next.lost = False, True
        if word not in self.scene.unknown:
            self.scene.unknown.append(word)

    def liken(self, word: str) -> bool:
        """Read an unknown word as the nearest known one, if the lexicon has one for it."""
        for form in (word, *singular(word)):
            if form not in self.r.near:
                continue
            near = self.r.near[form][0]
            known = near + "s" if form != word and near + "s" in self.r.phrases else near
            if [word, near] not in self.scene.likened:
                self.scene.likened.append([word, near])
            kind = next((k for k, table in self.r.tables() if known in table), "")
            if kind == "concept":
                self.noun(known, 1, known)
            elif kind:
                getattr(self, f"on_{kind}")(known, 1)
            return True
        return False

    def on_concept(self, phrase: str, length: int) -> None:
        if phrase in QUIET and (not self.next.article or self.leads(length)):
            return
        self.noun(phrase, length, phrase)

    def leads(self, length: int) -> bool:
        """Whether these words only say something of what comes next: "a crying baby"."""
        after = self.join(self.at + length - 1, 2).partition(" ")[2]
        return after in self.r.colours or (after in self.r.phrases and after not in QUIET)


def _bare(phrase: str) -> str:
    """Without the articles inside: "heart with an arrow" is called "heart with arrow"."""
    first, *others = phrase.split(" ")
    return " ".join((first, *(w for w in others if w not in ARTICLES)))
