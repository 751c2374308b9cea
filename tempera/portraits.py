"""Avatars in the lexicon and the library: a drawing stands for every family its label names.

A design's avatars are 220 pictures whose labels say hair, beard, glasses and mood ("smiling avatar with long brown
hair and glasses"). The reader knows families of them ("avatar-long-hair"), not single ones; an avatar belongs to
"avatar" and to each family that it shows. Nothing says whether somebody drawn is a man or a woman: those two families
go by hair and beard alone, as the words of a prompt do.
"""

from __future__ import annotations

from tempera.data import Concept

# Family -> (what is looked for in a label, label of the family, how people say it after "with").
LOOKS = {
    "beard": (("beard",), "with a beard", ("a beard", "beard", "a moustache", "a mustache", "facial hair")),
    "sunglasses": (("sunglasses",), "with sunglasses", ("sunglasses", "shades", "dark glasses")),
    "glasses": (("glasses",), "with glasses", ("glasses", "spectacles", "eyeglasses")),
    "hat": (("hat",), "with a hat", ("a hat", "a cap", "a beanie")),
    "turban": (("turban",), "with a turban", ("a turban",)),
    "hijab": (("hijab",), "with a hijab", ("a hijab", "a headscarf")),
    "mohawk": (("mohawk",), "with a mohawk", ("a mohawk", "mohawk")),
    "braids": (("braids",), "with braids", ("braids", "pigtails", "dreadlocks")),
    "bun": (("hair bun",), "with a hair bun", ("a bun", "a hair bun")),
    "bald": (("bald head",), "with a bald head", ("a bald head", "no hair")),
    "curly-hair": (("curly hair",), "with curly hair", ("curly hair", "curls", "an afro", "afro hair")),
    "long-hair": (("long hair",), "with long hair", ("long hair", "straight hair", "wavy hair")),
    "short-hair": (("short hair",), "with short hair", ("short hair",)),
    "black-hair": (("black",), "with black hair", ("black hair", "dark hair")),
    "brown-hair": (("brown",), "with brown hair", ("brown hair",)),
    "blond-hair": (("blond",), "with blond hair", ("blond hair", "blonde hair")),
    "red-hair": (("red",), "with red hair", ("red hair", "ginger hair")),
    "grey-hair": (("grey", "white"), "with grey hair", ("grey hair", "gray hair", "white hair")),
    "pink-hair": (("pink",), "with pink hair", ("pink hair",)),
    "blue-hair": (("blue",), "with blue hair", ("blue hair",)),
    "smiling": (("smiling",), "smiling", ()),
    "sad": (("sad",), "sad", ()),
    "angry": (("angry",), "angry", ()),
    "surprised": (("surprised",), "surprised", ()),
}  # fmt: skip
MOODS = {
    "smiling": ("smiling", "happy", "laughing"), "sad": ("sad",), "angry": ("angry",), "surprised": ("surprised",),
    "beard": ("bearded",), "bald": ("bald",), "blond-hair": ("blond", "blonde"),
}  # fmt: skip
MOOD_FAMILIES = ("avatar-smiling", "avatar-sad", "avatar-angry", "avatar-surprised")
HAIR_COLOURS = ("black", "brown", "blond", "blonde", "red", "grey", "dark")
NAMES = ("avatar", "portrait", "profile picture", "profile photo", "headshot", "userpic")
PEOPLE = {"person": "avatar", "man": "avatar-man", "boy": "avatar-man", "guy": "avatar-man", "woman": "avatar-woman",
          "girl": "avatar-woman", "lady": "avatar-woman"}  # fmt: skip
LONG, SHORT = ("long hair", "hair bun", "braids", "hijab"), ("short hair", "bald head", "beard", "mohawk")


def concepts() -> list[Concept]:
    """What the lexicon lists."""
    found = [Concept("avatar", "avatar", "avatar", "", ("portrait", "headshot", "person"))]
    for family, (_, label, _) in LOOKS.items():
        said = f"avatar {label}" if label.startswith("with") else f"{label} avatar"
        found.append(Concept(f"avatar-{family}", said, "avatar", "", ("portrait", "headshot", "person")))
    return [
        *found,
        Concept("avatar-man", "avatar of a man", "avatar", "", ("portrait", "headshot", "boy")),
        Concept("avatar-woman", "avatar of a woman", "avatar", "", ("portrait", "headshot", "girl")),
    ]


def families(label: str) -> list[str]:
    """Ids of the families that an avatar of this label shows, "avatar" last."""
    found = [f"avatar-{f}" for f, (signs, _, _) in LOOKS.items() if any(f" {s} " in f" {label} " for s in signs)]
    if "avatar-beard" not in found and any(s in label for s in LONG):
        found.append("avatar-woman")
    elif any(s in label for s in SHORT) and not any(s in label for s in LONG):
        found.append("avatar-man")
    return [*found, "avatar"]


def odd(label: str) -> bool:
    """Parts put together by chance that nobody asks for in one word: long hair means no beard to most."""
    return "beard" in label and any(s in label for s in LONG)


def looks() -> dict[str, str]:
    """What may follow "with" after somebody -> family."""
    found = {said: f"avatar-{family}" for family, (_, _, ways) in LOOKS.items() for said in ways}
    for length in ("long", "short", "curly"):
        found |= {f"{length} {colour} hair": f"avatar-{length}-hair" for colour in HAIR_COLOURS}
    return found


def phrases() -> dict[str, str]:
    """Phrase -> family."""
    found = {name: "avatar" for name in NAMES}
    moods = {word: f"avatar-{family}" for family, ways in MOODS.items() for word in ways}
    for name in NAMES:
        found |= {f"{name} of {a}{who}": family for who, family in PEOPLE.items() for a in ("a ", "")}
        found |= {f"{who} {name}": family for who, family in PEOPLE.items()}
        found |= {f"{mood} {name}": family for mood, family in moods.items()}
        for who in PEOPLE:
            for mood, family in moods.items():
                found[f"{name} of {'an' if mood[0] == 'a' else 'a'} {mood} {who}"] = family
    return found
