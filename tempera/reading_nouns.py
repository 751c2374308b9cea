"""What becomes of a noun: a thing of its own, a part of another, or what somebody looks like.

Half of the reader; internal/engine/tempera/read/noun.go and whole.go are the same in Go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tempera import reading_parts
from tempera.reading_scene import Group, Pending, Scene, inherit
from tempera.reading_tables import (
    ARRANGED_COUNT,
    BREATHED,
    CROCKERY,
    DOING_NOT,
    HEADWEAR,
    JOINING,
    LENSES,
    LOOK_WORDS,
    MANNERS,
    MOST_GROUPS,
    MOUNTING,
    NARROW,
    PAIRS,
    QUIET,
    RESTING,
    SHOWING,
    SOMEBODY,
    STAY_APART,
    THING_COLOURS,
    TWOS,
    UNCOUNTED,
    VESSELS,
    WEARING,
    WEATHER,
)
from tempera.reading_words import clean, singular

if TYPE_CHECKING:
    from tempera.reading import Reader


class Nouns:
    """The state of one pass over one prompt, and what nouns do to it."""

    r: Reader
    words: list[str]
    pause: list[bool]

    def __init__(self) -> None:
        self.scene, self.next = Scene(), Pending()
        self.at = 0
        self.noun_end = -1  # where the last subject's words ended
        self.joined = ""  # by which words the last subject was joined to what stood before it
        self.parted = False  # the last noun was a part of the subject
        self.filled = False  # the first thing holds the second
        self.broken = False  # a comma or the like stood after the last subject
        self.denied = False
        self.uttered = False  # what comes next is breathed or said
        self.looked = False  # what the last subject looks like has been said
        self.sunny = False
        self.backdrops: list[str] = []

    def join(self, start: int, length: int) -> str:
        """The words as one phrase; "" when they run out or a pause stands between them."""
        end = start + length
        if end > len(self.words) or any(self.pause[start + 1 : end]):
            return ""
        return " ".join(self.words[start:end])

    def follows(self) -> bool:
        """Whether this word stands right after a noun."""
        return bool(self.scene.groups) and self.noun_end == self.at and not self.pause[self.at]

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

    def part(self) -> int:
        """A part of the last subject that its drawing shows: "a cake with candles". Returns how many words that took."""
        after = self.follows()
        groups = self.scene.groups
        named = after and len(groups) > 1 and bool(self.joined) and self.joined in JOINING  # "with a rainbow mane"
        if not groups or (after and not named) or self.denied:
            return 0
        if not named and self.next.phrase not in JOINING and not (self.parted and self.next.phrase == "and"):
            return 0
        if self.broken and not self.parted:
            return 0
        host = self.r.concepts[groups[-2 if named else -1].concept]
        label, length = clean(host["label"]), max(self.thing(self.at), 1)
        phrase = self.join(self.at, length)
        whole = reading_parts.shows(label, host["subgroup"], phrase)
        if not whole and not reading_parts.shows(label, host["subgroup"], phrase.split(" ")[-1]):
            return 0
        if named:
            self.leave(f"{groups.pop().phrase} {phrase}")
        elif self.next.colours:
            self.leave(f"{self.next.colours[-1]} {phrase}")
        elif not whole:
            self.leave(phrase)  # a castle's drawing has a flag, but no pirate flag
        elif [phrase, label] not in self.scene.parts:
            self.scene.parts.append([phrase, label])
        self.next, self.parted, self.noun_end = Pending(), True, -1
        return length

    def utter(self) -> None:
        """ "a dragon breathing fire" and "a fire breathing dragon": the fire is left to the text."""
        if self.follows() and self.scene.groups[-1].phrase in BREATHED and self.thing(self.at + 1):
            self.leave(self.scene.groups.pop().phrase)
            self.noun_end = -1
        else:
            self.uttered = True

    def noun(self, phrase: str, length: int, said: str) -> None:
        """A thing that can be drawn: it takes what was said about it."""
        concept = self.r.concepts[self.r.phrases[phrase]]
        last = self.scene.groups[-1] if self.scene.groups else None
        if self.denied:
            self.denied, self.next = False, Pending()
            return
        if self.uttered:
            self.uttered, self.next, self.noun_end = False, Pending(), -1
            self.leave(phrase)
            return
        adjoining, doing = self.follows(), _doing(phrase)
        if (
            adjoining
            and last
            and (doing or concept["group"] == "avatar" or (_sign(concept) and not _sign(self.r.concepts[last.concept])))
        ):
            if concept["group"] != "avatar" and not doing:
                self.leave(phrase)
            # "a clown juggling balls": what follows is another thing.
            self.noun_end = -1 if doing else self.at + length
            return
        group = self.make(phrase, concept)
        self.noun_end, self.looked, self.parted, self.broken = self.at + length, False, False, False
        self.explain(said, concept)
        of = last is not None and self.next.phrase == "of"
        if last and not adjoining and self.again(group):
            self.leave(phrase)  # "a lamp with an idea": one drawing for both
        elif last and of and last.concept == group.concept:
            pass
        elif last and of and not holds(last.phrase):
            self.leave(phrase)  # a statue of a lion is a statue
        elif last and of and _served(last.phrase, concept):
            inherit(group, last, Pending())
            self.scene.groups[-1] = group
        elif last and of and len(self.scene.groups) > 1:
            self.leave(last.phrase)  # "a bear with a jar of sweets": the sweets beside it
            inherit(group, last, self.next)
            self.scene.groups[-1] = group
        else:
            if last and adjoining:
                if not self.related(last.phrase, concept):
                    self.leave(last.phrase)  # a robot dog is a dog
                inherit(group, last, self.next)
                self.scene.groups.pop()
            else:
                self.joined, self.filled = self.next.phrase, self.filled or of
            self.add(group)
        self.next = Pending()

    def again(self, group: Group) -> bool:
        """Whether another word for what is drawn already was only added to it, without a number."""
        n = self.next
        same = [g for g in self.scene.groups if g.concept == group.concept]
        if not same or n.count or n.colours or n.phrase not in ("", "with"):
            return False
        return same[0].phrase != group.phrase and self.r.concepts[group.concept]["group"] != "animals-nature"

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
        last_word = clean(concept["label"]).split(" ")[-1]
        worn = phrase.split(" ")[-1]
        several = worn in PAIRS or (worn == last_word and _many(worn))
        if several and (not n.count or n.vague) and n.arrange in ("", "column"):
            group.count, group.arrange = 1, ""  # one drawing shows them all: grapes, glasses, a stack of books
        elif not n.count and n.arrange:
            group.count = ARRANGED_COUNT[n.arrange]
        elif not n.count and not n.article and self.r.plural(phrase):
            group.count = 2 if worn in TWOS else UNCOUNTED
        if self.scene.groups:
            group.relation = n.relation or "beside"
            group.contact = self.contact(group.relation)
            if group.relation == "inside" and concept["subgroup"] == "sky-weather":
                group.relation = "below"  # in the rain
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
            if phrase.split(" ")[0] in MOUNTING:
                return "mounted"
            return "resting" if phrase.split(" ")[-1] in RESTING else ""
        if self.broken and phrase in ("", "and"):
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
        self.denied = self.uttered = False
        if not n.words:
            return
        word = n.words[-1]
        concept = self.r.phrases.get(word) or (self.r.tagged.get(word) if n.article and word in THING_COLOURS else None)
        joined = bool(n.relation) and word in self.r.sizes  # "a mother and baby"
        if concept and (n.article or joined or not self.scene.groups):
            group = Group(concept, word)
            if self.scene.groups:
                group.relation = n.relation or "beside"
            self.add(group)
        elif n.colours and not n.lost and self.scene.groups and not self.scene.groups[-1].colours:
            self.scene.groups[-1].colours = n.colours

    def settle(self) -> None:
        """A basket of apples: they look out of it, as apples in a basket do."""
        groups = self.scene.groups
        if self.filled and len(groups) > 1:
            groups[0], groups[1] = groups[1], groups[0]
            groups[0].relation, groups[0].contact, groups[1].relation = "", "", "inside"
            if groups[0].count == UNCOUNTED and groups[1].phrase.split(" ")[-1] in NARROW:
                groups[0].count = 1

    def light(self) -> None:
        """One backdrop out of those named; night and sunset become the light over another."""
        if self.sunny and not any(k not in ("none", "night", "sunset") for k in self.backdrops):
            self.backdrops.append(WEATHER["sunny"])  # where nothing says which place it is
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

    def thing(self, start: int) -> int:
        raise NotImplementedError


def _doing(phrase: str) -> bool:
    """Whether it is what somebody does rather than a thing: "fishing", not "a ring"."""
    return phrase.endswith("ing") and phrase.split(" ")[-1] not in DOING_NOT


def _many(word: str) -> bool:
    """Whether a name is a plural, by its end."""
    return word.endswith("s") and not word.endswith(("ss", "us", "is", "as"))


def holds(phrase: str) -> bool:
    """Whether what a noun "of" something holds it: "a bowl of apples", not "a statue of a lion"."""
    word = phrase.split(" ")[-1]
    return any(w in VESSELS or w in CROCKERY for w in (word, *singular(word)))


def _served(vessel: str, concept: dict) -> bool:
    """Whether a dish is drawn in what it is served in: a bowl of ramen is one drawing, a bowl of apples two."""
    word, kind = vessel.split(" ")[-1], concept["subgroup"]
    return any(w in CROCKERY for w in (word, *singular(word))) and (
        kind == "drink" or (kind.startswith("food-") and kind not in ("food-fruit", "food-vegetable"))
    )


def _sign(concept: dict) -> bool:
    return concept["group"] in ("smileys-emotion", "symbols", "people-body")
