"""Which glyphs of the game set are worth a place in the library.

The set has thousands, many of them rules of a game rather than things ("level four", "arrow dunk"). What a glyph is
called decides alone: its last word has to be a thing by WordNet or by the list below, no word may be one of those that
make a glyph special, and the common names come first. Nothing is chosen that a coloured drawing shows already.
"""

from __future__ import annotations

import math
from collections import Counter

from tempera.data import Concept
from tempera.wordnet import Nouns

MOST = 1250
SORTS = {"animal", "artifact", "body", "food", "plant", "person", "object", "phenomenon", "substance"}
# Things that WordNet does not know, or knows first as something else.
THINGS = set(
    "arena asteroid atom aura balloon bandit beanstalk boombox bullseye calavera caravel cave centaur circle cog compass "
    "cube crystal crosshair cyclops diamond djembe djinn drakkar dragon dream catcher drone eclipse egg emerald explosion "
    "eye fangs fire fireball fireplace flame flames flask flippers flower footprint footprints galleon gargoyle gauntlet "
    "ghost gladius glaive globe golem gorgon graveyard griffin harpy heart hieroglyph hologram hoodie hydra icicles imp "
    "infinity jetpack jungle kaleidoscope katana kraken laurels lava leaves leprechaun lighthouse lizardman luchador maze "
    "meteor minotaur mole molecule monolith mummy mustache nunchaku oasis ogre orb ouroboros palm passport paw pearl "
    "pegasus phoenix pit planet pirate planks poison portal portrait potion powder prism prison puppet puzzle pyramid "
    "pyramids quicksand quiver raft river rogue rook ruins runes scarecrow scroll scrolls shuriken skeleton slime snowflake "
    "soul spartan spectre sphinx spiral spray stalactites starfighter stump submarine swamp sword swords tentacle tentacles "
    "token topaz tornado treehouse triforce twister ufo unicorn ushanka valley vampire village viking volcano vortex wave "
    "waterfall werewolf whirlwind windchimes windmill windpump wing wings wyvern yin zeppelin".split()
)
# Words of rules, signs, weapons of war and harm; and of variants of another glyph.
NOT = set(
    "alt 01 02 0 1 2 3 4 100 25 50 75 one two three four five six eight trio double triple half full empty level next "
    "previous player players plus minus increase decrease upgrade downgrade impact impacts break bash throw thrown "
    "swing slash slashes bite wound scar hurt kick punch shot blast dash spurt goo gooey button cursor folder file files "
    "archive network encrypted cpu battery logic gate data cloud signal sign signs symbol symbols direction "
    "directions target hazard emblem ensign flag podium rank soldier army war gun guns rifle uzi pistol revolver luger "
    "shotgun bullet bullets ammo grenade grenades bomber bomb bombs missile mine minefield explosive explosives tank "
    "bayonet musket blunderbuss minigun machine sniper artillery ak47 mac mp tec p90 famas magazine luger colt glock silencer "
    "corpse dead death morgue blood bloody severed chopped cracked flayed bleeding infested mass mucous gluttonous evil "
    "suicide handcuffs handcuffed manacles prisoner convict executioner torture gibbet stake cross crucifix holy god hell "
    "daemon devil diablo satan prayer church sinagot cultist nun priest jesus pentagram nazi stahlhelm balkenkreuz "
    "imbricated interlaced interleaved nested concentric crossed attached chained wrapped knocked falling dripping burning "
    "flaming charged fulguro ember embrassed hypersonic coiled barbed spiked thorny suckered ringed cracking pierced shattered "
    "drowning burst bursting striking screaming uncertain moebius pummeled front inside side rear edge corner "
    "underwear bra corset loincloth udder fetus tumor stigmata poop turd toilet male female legs thong stripper sperm "
    "cigarette cigar booze smoking syringe pill hypodermic drug overdose cannabis pimiento america africa asia europe "
    "korea lanka american egyptian arabic stare gaze profile shoulder pad knee elbow internal frontal lobe limb "
    "condylura koholint klingon lambda samus metroid thwomp staryu pokecog mario sonic doom portal harry potter tardis "
    "damme bond terminator sauron gollum yoda vader jedi saber light sabers sabers vitruvian frankenstein jason krampus "
    "jawless imp king ju croc bat leth oni one hades anubis horus bastet osiris rifle sawed manual heavy light fast "
    "quick air magnet man men magick snatch stabbed sting mite groundbreaker amplitude carrion stock cannister slipknot led "
    "apc overhead overkill squib load grab electric detour pc reticule waterskin plug well suits strongbox stiletto lift mining "
    "shop stable cooler turnstile bowels joint thrust embryo fat antibody carrier character h2o leak knockout resonance "
    "headshot portrait molotov detonator minions tinker stamper ultrasound radiations gravitation diagram algae sling "
    "mantrap pyromaniac liver stomach incisors fingernail forearm jawbone hemp down up sell buy look back new raise "
    "strange drop surrounded unfriendly body muscle slavery sharped split cut position movement protection swap "
    "hammer-sickle sickle-hammer trench military nuclear hospital powerhouse organ crush weight assassin lit dig "
    "juggling measure top bar swirl spiral straight hollow square mineral techno solid flat round spade lock-spy "
    "at companion bolt beam heat hot surface foundry l o i j s t z static virtual duality ascending forward".split()
) - {"portal", "king", "light", "bat", "imp", "air"}
# What people ask for who draw games and tales.
WANTED = set(
    "golem potion sword shield dragon treasure chest knight helmet helm skull wizard staff wand castle tower armor axe bow "
    "elf dwarf orc goblin troll ogre witch vampire zombie ninja samurai viking pirate robot cyborg alien crystal gem rune "
    "scroll magic portal ruins mask crown ring hammer spear dagger cannon ship mushroom tree flower totem minotaur wolf "
    "lion bear fox eagle owl raven cat tiger deer horse snake spider fish bird dinosaur dino egg wings head face king "
    "queen throne banner torch lantern lamp key map compass anchor barrel crate boat house hut tent bridge gate fountain "
    "statue pyramid temple windmill mill mine cave mountain island volcano forest book spellbook quill cauldron broom hat "
    "cloak boots gauntlet necklace pendant amulet orb star moon sun planet rocket satellite telescope microscope flask "
    "bottle cup chalice goblet candle bell drum harp horn guitar piano camera clock watch hourglass gear car truck train "
    "tractor wagon bike plane glider balloon ball kite chair table bed desk shelf door window ladder rope bucket pot pan "
    "knife fork bread cheese fruit berry cake pie pizza honey leaf oak bonsai lotus cactus bug beetle turtle shark whale "
    "squid crab octopus unicorn phoenix hydra mermaid ghost skeleton mummy reaper sphinx centaur paper wooden stone iron "
    "golden fairy angel monk bandit warrior archer duck frog crow swan penguin".split()
)
MOST_ALIKE = {"head": 40}  # names that end in the same word; of others ALIKE
ALIKE = 14


def choose(glyphs: list[Concept], taken: set[str], wanted: set[str], nouns: Nouns, most: int = MOST) -> list[Concept]:
    """The glyphs of the library, in the set's order. ``taken`` are the phrases of the coloured drawings; ids in
    ``wanted`` are chosen in any case."""
    scored = [(1000.0 if c.id in wanted else score(c.label, taken, nouns), c) for c in glyphs]
    chosen: set[str] = set()
    alike: Counter[str] = Counter()
    for points, c in sorted(scored, key=lambda sc: (-sc[0], sc[1].label)):
        last = c.label.split()[-1]
        if points > 0 and len(chosen) < most and alike[last] < MOST_ALIKE.get(last, ALIKE):
            chosen.add(c.id)
            alike[last] += 1
    return [c for c in glyphs if c.id in chosen]


def score(label: str, taken: set[str], nouns: Nouns) -> float:
    """0 is not worth it. Single words come first, then names that WordNet lists, then what is wanted or often said."""
    words = label.split()
    if (
        len(words) > 2
        or label in taken
        or label.removesuffix("s") in taken
        or not NOT.isdisjoint(words)
        or "-".join(words) in NOT
    ):
        return 0.0
    last = words[-1]
    if last not in THINGS and not SORTS & {nouns.sort_of(last), nouns.sort_of(last.removesuffix("s"))}:
        return 0.0
    if len(words) == 1:
        return 30.0
    if words[0] not in nouns.first and words[0] not in nouns.other_use:
        return 0.0
    said = [math.log1p(nouns.uses.get(w, 0)) + 0.5 * math.log1p(max(nouns.other_use.get(w, 0), 0)) for w in words]
    asked = 4.0 * len(WANTED.intersection(words))
    return (10.0 if label in nouns.first else 0.0) + 1 + 0.5 * (min(said) + max(said)) + asked
