"""What colours a glyph of the game set gets in coloured styles, by what it is called.

A word that says a material or a colour by itself decides ("wooden chair", "fire"), the last word before others; else what
WordNet calls the last word a kind of; else anything goes. Each glyph gets a few palettes, so that the seed can choose.
``tempera.library`` writes them into the index; ``colouring.py`` paints with them.
"""

from __future__ import annotations

import hashlib

from tempera.wordnet import Nouns

# Body, second colour, and the pale one of small holes. Bodies are neither so light nor so dark that they drown.
PALETTES = {
    "fire": "F4642C FFC233 FFE9A8", "ember": "E0432F FF9A3C FFE0B5", "water": "2F8FD8 6CC5F0 D5F0FC",
    "ice": "58AEE0 A9DDF5 EAF7FD", "leaf": "4FA64A 9BD150 E2F3C8", "moss": "5F8F3A B7C94F EDF3CF",
    "wood": "A86B3C DDA866 F2DFC0", "bark": "8A5A3B C98B4B F0DDBF", "steel": "7C8CA3 C98B4B E6ECF2",
    "iron": "66758C B9C4D3 EEF2F6", "gold": "E9A820 C9672B FFF0B8", "bone": "CDB487 A6865A FFF6DF",
    "red": "D8433B F2B134 FBE3DC", "rose": "E0568B F7A8B8 FDE6EC", "purple": "7E57C2 EC6FA9 EADFF8",
    "teal": "1F9E95 F2B134 D6F2EE", "blue": "3F6FD1 F2994A DDE8FB", "green": "3E9B5F E9C046 DDF2E2",
    "orange": "EE8434 8A5A3B FFE7C7", "fur": "B9763F E8C088 F8E9D2", "tan": "C98F55 8A5A3B F8E6CC",
    "grey": "8A8F9B C3C8D1 F0F2F5", "stone": "8C8577 BDB5A3 EFEBE0", "night": "4B4F9A F5D76E E7E6F7",
    "paper": "D9A860 A6703A FFF4DA", "skin": "E3A06E B5653A FCE7D3",
}  # fmt: skip
ANY = ("red", "blue", "teal", "purple", "green", "orange", "rose", "gold")
METAL, WOODEN, STONES = ("steel", "iron", "gold"), ("wood", "bark", "tan"), ("stone", "grey")
PLANTS, FURS, BONES = ("leaf", "moss", "green"), ("fur", "tan", "orange", "grey"), ("bone", "paper")
WATERS, FIRES, MONSTERS = ("water", "ice", "blue"), ("fire", "ember"), ("green", "purple", "teal", "red", "moss")
WORDS: dict[str, tuple[str, ...]] = {
    word: palettes
    for words, palettes in (
        ("fire flame flames fireball fireplace campfire torch lava volcano sun meteor comet explosion phoenix bonfire firework", FIRES),
        ("water wave waves sea ocean river rain drop drops droplet waterfall fountain fish whale shark dolphin ice icicles "
         "snowflake frozen cloud clouds storm bubble bubbles anchor swimming", WATERS),
        ("leaf leaves tree trees oak pine sprout plant cactus clover fern herb herbs grass bamboo vine vines palm forest "
         "lettuce cabbage frog turtle snake serpent lizard crocodile", PLANTS),
        ("wood wooden plank planks log barrel crate chair table bench ladder door bow crossbow boat raft canoe ship galleon "
         "bridge cabin hut fence chest guitar violin drum wagon cart broom club stump", WOODEN),
        ("iron steel metal sword swords blade dagger knife axe hammer helm helmet armor armour mail shield gauntlet gear gears "
         "cog anvil spear robot key chain wrench screw nail saw scythe scissors razor trident lance mace katana", METAL),
        ("gold golden crown coin coins ring trophy medal treasure star stars bell cup chalice goblet scepter lamp lantern", ("gold",)),
        ("stone rock rocks brick bricks tower castle ruins statue tomb tombstone pyramid temple mountain mountains golem wall "
         "cave arch monolith", STONES),
        ("bone bones skull skeleton tooth teeth fang fangs claw claws horn horns tusk ivory egg", BONES),
        ("heart rose cherry apple strawberry tomato lips devil blood ladybug", ("red", "rose")),
        ("moon night owl bat witch wizard portal eclipse planet galaxy ghost magic rune runes orb crystal gem amethyst potion",
         ("purple", "night", "teal")),
        ("paper scroll book map letter envelope parchment cheese bread wheat banana honey bee lemon sand", ("paper", "gold")),
        ("duck", ("gold",)), ("gingerbread glove", ("tan", "fur")), ("candy canes", ("red", "rose")), ("tie", ("red", "blue")),
        ("emerald", ("green",)), ("ruby", ("red",)), ("sapphire", ("blue",)), ("diamond", ("ice", "blue")),
        ("hand hands fist palm face ear nose foot", ("skin",)),
        ("dragon hydra ogre troll orc goblin zombie monster alien kraken slime tentacle tentacles dinosaur", MONSTERS),
    )
    for word in words.split()
}  # fmt: skip
SORTS = {
    "animal": FURS, "plant": PLANTS, "food": ("orange", "red", "tan", "leaf"), "body": ("skin", "bone"),
    "person": ("blue", "red", "teal", "purple"), "substance": STONES, "object": ("stone", "leaf", "blue"),
}  # fmt: skip
KINDS = {  # what some word above is a kind of
    "bird": ("blue", "orange", "teal", "red"), "fish": WATERS, "insect": ("green", "orange", "purple"), "reptile": PLANTS,
    "weapon": METAL, "tool": METAL, "vessel": WOODEN, "furniture": WOODEN, "musical instrument": ("wood", "gold", "tan"),
    "clothing": ("blue", "red", "purple", "teal"), "flower": ("rose", "red", "purple"), "fruit": ("red", "orange", "leaf"),
    "building": ("stone", "tan", "red"), "vehicle": ("red", "blue", "teal", "gold"), "container": ("tan", "teal", "blue"),
    "jewelry": ("gold",), "gem": ("purple", "teal", "rose"),
}  # fmt: skip
VARIANTS = 3


def kinds(word: str, nouns: Nouns) -> list[str]:
    """What a word is a kind of, the nearest first."""
    found, at = [], nouns.first.get(word, nouns.first.get(word.removesuffix("s")))
    for _ in range(12):
        if at is None:
            break
        found += nouns.words[at]
        at = next(iter(nouns.above[at]), None)
    return found


def names_of(label: str, nouns: Nouns) -> tuple[str, ...]:
    """Names of the palettes that suit a glyph."""
    words = label.split()
    for word in reversed(words):
        if found := WORDS.get(word) or WORDS.get(word.removesuffix("s")):
            return found
    for kind in kinds(words[-1], nouns):
        if found := KINDS.get(kind):
            return found
    return SORTS.get(nouns.sort_of(words[-1]), ANY)


def paints_of(label: str, nouns: Nouns) -> list[str]:
    """Up to VARIANTS palettes, in an order of the glyph's own, each "RRGGBB RRGGBB RRGGBB"."""
    names = names_of(label, nouns)
    start = hashlib.sha256(label.encode()).digest()[0] % len(names)
    return [PALETTES[n] for n in (names[start:] + names[:start])[:VARIANTS]]
