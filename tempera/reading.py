"""The reader: a prompt becomes a scene. Reference for the Go package internal/engine/tempera/read.

Words are matched against the lexicon, longest phrase first; what the lexicon does not fix (arrangements,
states, framing, function words) is in the tables below. Nothing here draws or knows about drawings.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from tempera.reading_tables import (
    ARRANGED_COUNT,
    ARRANGEMENTS,
    ARTICLES,
    CROCKERY,
    DENIALS,
    FLIPS,
    GROUND_WORDS,
    HEADWEAR,
    HERDS,
    LENSES,
    LONGEST,
    LOOK_WORDS,
    MANNERS,
    MOST_GROUPS,
    MOST_OF_A_KIND,
    MOUNTING,
    PREPOSITIONS,
    QUIET,
    ROUND_ABOUT,
    SHOWING,
    SITES,
    SOMEBODY,
    STAY_APART,
    THING_COLOURS,
    TURNS,
    VESSELS,
    WEARING,
    WEATHER,
    ZOOMS,
)


@dataclass
class Group:
    """Some of one thing. ``relation`` says how it stands to everything before it."""

    concept: str
    phrase: str
    count: int = 1
    size: float = 1.0
    colours: list[str] = field(default_factory=list)
    turn: float = 0.0
    flip: bool = False
    arrange: str = ""  # "", row, grid, circle, column
    relation: str = ""  # "", left, right, above, below, behind, front, inside, beside, wear, around, amid
    contact: str = ""  # of what is above: apart (in the air), mounted (on its back); of what is beside: see MANNERS


@dataclass
class Scene:
    groups: list[Group] = field(default_factory=list)
    backdrop: str = ""  # a kind of scenes.py; "" or "none" is transparent
    ground: str = ""  # colour word of a plain backdrop
    tone: str = ""  # "", night, sunset: the light over another backdrop
    style: str = ""  # asked for in words
    zoom: float = 1.0
    unknown: list[str] = field(default_factory=list)  # words left to the text
    read_as: list[tuple[str, str]] = field(default_factory=list)  # (word, label of what was drawn for it)
    left: list[str] = field(default_factory=list)  # things that are not drawn, and left to the text as well
    likened: list[list[str]] = field(default_factory=list)  # unknown word, and the known one it was read as


@dataclass
class Pending:
    """What has been said about the next noun."""

    count: int = 0
    size: float = 0.0
    colours: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # colour, size and count words that may be nouns themselves
    turn: float = 0.0
    flip: bool = False
    arrange: str = ""
    relation: str = ""
    phrase: str = ""  # of the relation
    article: bool = False


GLUE = re.compile(r"[=<>{}\\|@$^]|\w[(\[]|://")  # inside a run of letters and signs: code, an address, not words
BLANK = " \t\n\r"
LONGEST_GLUED = 40  # letters of such a run that are kept


def words(text: str) -> list[tuple[str, bool]]:
    """(word, whether a comma or the like stands before it): letters without accents, lower case, no apostrophes. A run
    without blanks that is plainly no words ("onerror=alert(1)") is one word that nothing knows."""
    found: list[tuple[str, bool]] = []
    word, pause, text = "", False, unicodedata.normalize("NFKD", text).lower() + " "
    at = seen = 0  # runs are looked at once, at their first letter
    while at < len(text):
        c = text[at]
        if at >= seen and c.isalnum():
            glued, seen = _glued(text, at)
            if glued:
                found.append((glued[:LONGEST_GLUED], pause))
                pause, at = False, at + len(glued)
                continue
        at += 1
        if c.isalnum():
            word += c
            continue
        if unicodedata.category(c) == "Mn" or c in "'’":
            continue
        if word:
            found.append((word, pause))
            word, pause = "", False
        if c in "&+":
            found.append(("and", False))
        pause = pause or c in ",;.:!?()/\n"
    return found


def _glued(text: str, start: int) -> tuple[str, int]:
    """The run of signs that begins here up to its last letter, if it is glued together like code, else "", and its end."""
    end = next(i for i in range(start, len(text)) if text[i] in BLANK)
    while not text[end - 1].isalnum():
        end -= 1
    run = text[start:end]
    return run if GLUE.search(run) else "", end


class Reader:
    def __init__(self, lexicon: dict) -> None:
        self.near = lexicon.get("near", {})
        self.looks: dict[str, str] = lexicon.get("looks", {})
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


def clean(text: str) -> str:
    return " ".join(w for w, _ in words(text))


def singular(phrase: str) -> list[str]:
    """What the phrase could be the plural of."""
    ends = (("s", ""), ("es", ""), ("ies", "y"))
    return [phrase.removesuffix(many) + one for many, one in ends if phrase.endswith(many)]


def slips(a: str, b: str, limit: int) -> int:
    """Letters added, left out, changed or swapped with a neighbour between a and b; ``limit`` when that many or more."""
    if abs(len(a) - len(b)) >= limit:
        return limit
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i in range(1, len(a) + 1):
        now = [i]
        for j in range(1, len(b) + 1):
            d = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d = min(d, before[j - 2] + 1)
            now.append(d)
        before, row = row, now
    return min(row[-1], limit)


class _Reading:
    """One pass over one prompt."""

    def __init__(self, reader: Reader, found: list[tuple[str, bool]]) -> None:
        self.r, self.words = reader, [w for w, _ in found]
        self.pause = [p for _, p in found]
        self.scene, self.next = Scene(), Pending()
        self.at = 0
        self.noun_end = -1  # where the last subject's words ended
        self.denied = False
        self.listed = False  # a comma or the like stands before the next noun
        self.looked = False  # what the last subject looks like has been said
        self.backdrops: list[str] = []

    def run(self) -> Scene:
        while self.at < len(self.words):
            if self.pause[self.at]:
                self.close()
                self.listed = True
            self.at += self.step()
        self.close()
        self.light()
        return self.scene

    def join(self, start: int, length: int) -> str:
        """The words as one phrase; "" when they run out or a pause stands between them."""
        end = start + length
        if end > len(self.words) or any(self.pause[start + 1 : end]):
            return ""
        return " ".join(self.words[start:end])

    def match(self) -> tuple[str, str, int]:
        """Kind, phrase and number of words of the longest match here."""
        for length in range(LONGEST, 0, -1):
            phrase = self.join(self.at, length)
            if phrase:
                for kind, table in self.r.tables():
                    if phrase in table:
                        return kind, phrase, length
                if length > 1 and "in " + phrase in self.r.backgrounds and self.thing(self.at + 1) < length:
                    return "background", "in " + phrase, length
        return "", self.words[self.at], 1

    def thing(self, start: int) -> int:
        """How many words the longest name of a thing has that begins there: "an ice cream" is not "in an ice"."""
        return next((n for n in range(LONGEST, 0, -1) if self.join(start, n) in self.r.phrases), 0)

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
        if taken := self.look(word):
            return taken
        kind, phrase, length = self.match()
        if length == 1 and kind in ("concept", "") and ((kind and self.bare_place(word)) or self.site(word)):
            kind, phrase = "background", "in " + word
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

    def look(self, word: str) -> int:
        """ "with a beard", after somebody: it is somebody else who is drawn. Returns how many words that took."""
        more = word == "and" and self.looked
        if not self.scene.groups or self.noun_end != self.at or not (word in SHOWING or more):
            return 0
        last = self.scene.groups[-1]
        concept = self.r.concepts[last.concept]
        avatar = concept["group"] == "avatar"
        if not avatar and clean(concept["label"]) not in SOMEBODY:
            return 0
        for length in range(LOOK_WORDS, 0, -1):
            phrase = self.join(self.at, length + 1).partition(" ")[2]
            # Glasses and hats are drawn on whoever is drawn whole.
            if phrase in self.r.looks and (avatar or phrase.split(" ")[-1] not in HEADWEAR | LENSES):
                if not self.looked:
                    last.concept = self.r.looks[phrase]
                self.noun_end, self.looked = self.at + 1 + length, True
                return 1 + length
        return 0

    def number(self, word: str) -> bool:
        """Digits before another word are a count."""
        follows = self.join(self.at, 2) != ""
        if not (word.isascii() and word.isdigit() and len(word) <= 4 and int(word) and follows):
            return False
        self.next.count = min(int(word), MOST_OF_A_KIND)
        self.next.words.append(word)
        return True

    def bare_place(self, word: str) -> bool:
        """A place named first and without an article is the backdrop: "city at night", "forest"."""
        first = (self.at == 0 or self.pause[self.at]) and self.next == Pending()
        if not first or "in " + word not in self.r.backgrounds:
            return False
        return not self.join(self.at, 2) or self.words[self.at + 1] not in self.r.phrases

    def site(self, word: str) -> bool:
        """A place right after what is in it is the backdrop: "a tulip garden"."""
        return word in SITES and self.follows() and "in " + word in self.r.backgrounds

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
                if name and phrase in self.r.backgrounds and self.join(self.at, start - self.at + length):
                    return phrase, start - self.at + length
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
        self.next.count = self.r.counts[phrase]
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
            self.backdrops.append(WEATHER[word])
            return
        if word in QUIET:
            return
        if self.follows():  # "a sushi platter" is sushi
            self.unknown(word)
            return
        if self.liken(word):
            return
        for form in (word, *singular(word)):
            near = self.r.nearest(form)
            if near:
                many = near + "s" if form != word and near + "s" in self.r.phrases else near
                self.noun(many, 1, word)
                return
        self.unknown(word)

    def follows(self) -> bool:
        """Whether this word stands right after a noun."""
        return bool(self.scene.groups) and self.noun_end == self.at and not self.pause[self.at]

    def unknown(self, word: str) -> None:
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
        if phrase in QUIET and not self.next.article:
            return
        self.noun(phrase, length, phrase)

    def noun(self, phrase: str, length: int, said: str) -> None:
        """A thing that can be drawn: it takes what was said about it."""
        concept = self.r.concepts[self.r.phrases[phrase]]
        last = self.scene.groups[-1] if self.scene.groups else None
        if self.denied:
            self.denied, self.next = False, Pending()
            return
        adjoining = last is not None and self.noun_end == self.at and not self.pause[self.at]
        if adjoining and (
            phrase.endswith("ing")
            or concept["group"] == "avatar"
            or (_sign(concept) and not _sign(self.r.concepts[last.concept]))
        ):
            if concept["group"] != "avatar" and not phrase.endswith("ing"):
                self.leave(phrase)
            # "a clown juggling balls": what follows is another thing.
            self.noun_end = -1 if phrase.endswith("ing") else self.at + length
            return
        group = self.make(phrase, concept)
        self.listed = False
        self.noun_end, self.looked = self.at + length, False
        self.explain(said, concept)
        of = last and self.next.phrase == "of"
        if of and last.concept == group.concept:
            self.next = Pending()
            return
        if of and last.phrase.split(" ")[-1].removesuffix("s") not in VESSELS:
            self.leave(phrase)  # a statue of a lion is a statue
            self.next = Pending()
            return
        if of and _served(last.phrase.split(" ")[-1], concept):
            adjoining, self.next = True, Pending()
        elif adjoining and not self.related(last.phrase, concept):
            self.leave(last.phrase)  # a robot dog is a dog
        if adjoining:
            _inherit(group, last, self.next)
            self.scene.groups.pop()
        self.add(group)
        self.next = Pending()

    def add(self, group: Group) -> None:
        """Keep the group; beyond MOST_GROUPS nothing would be recognisable."""
        if len(self.scene.groups) < MOST_GROUPS:
            self.scene.groups.append(group)
        else:
            self.leave(group.phrase)

    def leave(self, phrase: str) -> None:
        if phrase not in self.scene.left and phrase not in QUIET:
            self.scene.left.append(phrase)

    def make(self, phrase: str, concept: dict) -> Group:
        n = self.next
        group = Group(concept["id"], phrase, n.count or 1, n.size or 1.0, n.colours, n.turn, n.flip, n.arrange)
        if not n.count and n.arrange:
            group.count = ARRANGED_COUNT[n.arrange]
        elif not n.count and not n.article and self.r.plural(phrase):
            group.count = 3
        if self.scene.groups:
            group.relation = n.relation or "beside"
            group.contact = self.contact(group.relation)
            if group.relation == "inside" and concept["subgroup"] == "sky-weather":
                group.relation = "below"  # in the rain
            last_word = clean(concept["label"]).split(" ")[-1]
            if n.phrase in WEARING and (last_word in HEADWEAR or last_word in LENSES):
                group.relation = "wear"
        return group

    def contact(self, relation: str) -> str:
        """How closely the next noun goes with what came before."""
        phrase, last = self.next.phrase, self.scene.groups[-1]
        if relation != "beside":
            if phrase in STAY_APART:
                return "apart"
            if phrase == "of":
                return "filling"
            return "mounted" if phrase.split(" ")[0] in MOUNTING else ""
        if self.listed and phrase in ("", "and"):
            return ""
        if phrase == "and" and (last.contact in MANNERS.values() or last.relation == "wear"):
            return "held"  # "a knight with a sword and a shield"
        return MANNERS.get(phrase, "")

    def explain(self, said: str, concept: dict) -> None:
        """Note what was drawn for a word that is not the drawing's own name."""
        if not self.related(said, concept) and (said, concept["label"]) not in self.scene.read_as:
            self.scene.read_as.append((said, concept["label"]))

    def related(self, said: str, concept: dict) -> bool:
        names = set(clean(" ".join((concept["label"], *concept["tags"]))).split(" "))
        return any(not names.isdisjoint((w, *singular(w))) for w in said.split(" "))

    def close(self) -> None:
        """End of a noun phrase: a colour or size word without a noun was one itself, or belongs to the last noun."""
        n, self.next = self.next, Pending()
        self.denied = False
        if not n.words:
            return
        word = n.words[-1]
        concept = self.r.phrases.get(word) or (self.r.tagged.get(word) if n.article and word in THING_COLOURS else None)
        if concept and (n.article or not self.scene.groups):
            self.next = Pending(relation=n.relation, phrase=n.phrase, article=True)
            group = Group(concept, word)
            if self.scene.groups:
                group.relation = n.relation or "beside"
            self.add(group)
            self.next = Pending()
        elif n.colours and self.scene.groups and not self.scene.groups[-1].colours:
            self.scene.groups[-1].colours = n.colours

    def light(self) -> None:
        """One backdrop out of those named; night and sunset become the light over another."""
        kinds = [k for k in dict.fromkeys(self.backdrops) if k != "none"]
        places = [k for k in kinds if k not in ("night", "sunset")]
        if not kinds:
            self.scene.backdrop = "none" if self.backdrops else ""
        elif not places:
            self.scene.backdrop = kinds[0]
        else:
            self.scene.backdrop = places[0]
            lights = [k for k in kinds if k in ("night", "sunset")]
            if lights and places[0] in ("hill", "meadow", "sky"):
                self.scene.backdrop = lights[0]
            elif lights:
                self.scene.tone = lights[0]
        if self.scene.backdrop != "solid":
            self.scene.ground = ""


def _inherit(group: Group, old: Group, said: Pending) -> None:
    """In "three red robot dogs" the second noun is meant, what was said of the first holds for it."""
    group.relation, group.contact = old.relation, old.contact
    group.colours = group.colours or old.colours
    group.arrange = group.arrange or old.arrange
    group.turn = group.turn or old.turn
    group.flip = group.flip or old.flip
    if not said.size:
        group.size = old.size
    if not said.count and old.count > 1:
        group.count = old.count


def _served(vessel: str, concept: dict) -> bool:
    """Whether a dish is drawn in what it is served in: a bowl of ramen is one drawing, a bowl of apples two."""
    kind = concept["subgroup"]
    return vessel in CROCKERY and (
        kind == "drink" or (kind.startswith("food-") and kind not in ("food-fruit", "food-vegetable"))
    )


def _sign(concept: dict) -> bool:
    return concept["group"] in ("smileys-emotion", "symbols", "people-body")
