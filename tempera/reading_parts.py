"""Parts that a drawing shows already: a birthday cake has its candles, a house its door.

Keyed by a word of the drawing's label, its whole label, or its subgroup; a blank inside a name is written "_". The same
table stands in internal/engine/tempera/read/parts.go.
"""

_LIMBS = "eye eyes ear ears tail nose mouth teeth tooth leg legs tongue face head"
_ROOMS = "door doors window windows wall walls roof rooftop"
_CAR = "wheel wheels tyre tyres tire tires window windows door doors headlight headlights light lights bumper engine"
_PLANT = "leaf leaves stem stalk petal petals root roots"

PARTS = {
    host: frozenset(name.replace("_", " ") for name in names.split())
    for host, names in {
        # animals
        "animal-mammal": f"{_LIMBS} whisker whiskers paw paws fur claw claws snout hoof hooves belly",
        "animal-bird": f"{_LIMBS} beak wing wings feather feathers claw claws",
        "animal-amphibian": _LIMBS,
        "animal-reptile": f"{_LIMBS} scale scales claw claws",
        "animal-marine": f"{_LIMBS} fin fins flipper flippers scale scales",
        "animal-bug": f"{_LIMBS} antenna antennae antennas stripe stripes spot spots dot dots",
        "cat-face": "eye eyes ear ears nose mouth whisker whiskers",
        "monkey-face": "eye eyes ear ears nose mouth",
        "butterfly": "wing wings", "honeybee": "wing wings", "bat": "wing wings", "fly": "wing wings",
        "dragon": "wing wings scale scales horn horns claw claws spike spikes", "phoenix": "fire flame flames ash ashes",
        "octopus": "tentacle tentacles arm arms", "squid": "tentacle tentacles", "jellyfish": "tentacle tentacles",
        "crab": "claw claws pincer pincers", "lobster": "claw claws pincer pincers", "scorpion": "claw claws pincers sting",
        "turtle": "shell", "snail": "shell", "oyster": "shell pearl", "elephant": "trunk tusk tusks",
        "mammoth": "trunk tusk tusks", "deer": "antler antlers horns", "moose": "antler antlers horns",
        "unicorn": "horn mane hair", "horse": "mane", "lion": "mane", "goat": "horn horns beard", "ram": "horn horns wool",
        "ewe": "wool", "ox": "horn horns", "cow": "horn horns udder", "rhinoceros": "horn horns", "zebra": "stripe stripes",
        "tiger": "stripe stripes", "leopard": "spot spots", "giraffe": "spot spots neck", "rooster": "comb",
        "hedgehog": "spike spikes spine spines quill quills", "camel": "hump humps", "kangaroo": "pouch",
        # food
        "birthday": "candle candles frosting icing cream", "shortcake": "strawberry strawberries cream frosting icing",
        "cupcake": "sprinkles icing frosting cream", "doughnut": "sprinkles icing frosting glaze hole",
        "cookie": "chip chips", "soft": "cone", "pizza": "cheese pepperoni salami tomato tomatoes sauce crust topping toppings",
        "hamburger": "cheese lettuce tomato tomatoes bun meat patty salad", "hot dog": "mustard sausage bun",
        "sandwich": "cheese lettuce tomato ham bread", "taco": "meat lettuce", "pancakes": "syrup butter", "pie": "crust",
        "bread": "crust", "hot beverage": "steam", "teacup": "steam", "steaming": "noodles chopsticks steam",
        "beer": "foam froth", "cooking": "pan", "bubble tea": "straw pearls bubbles tapioca", "cup with straw": "straw",
        "tropical": "straw umbrella", "food-fruit": "leaf leaves stem stalk seed seeds pip pips", "avocado": "stone pit",
        "watermelon": "seed seeds", "food-vegetable": "leaf leaves stem stalk seed seeds", "bowl with spoon": "spoon",
        # plants
        "plant-flower": _PLANT, "plant-other": _PLANT, "tree": "leaf leaves branch branches trunk bark foliage",
        "christmas": "light lights star bauble baubles ornament ornaments decoration decorations tinsel garland",
        "cactus": "spike spikes spine spines needle needles thorn thorns", "potted": "pot", "pot": "pot",
        "rose": "thorn thorns", "mushroom": "spot spots dot dots cap stem stalk",
        # places
        "place-building": _ROOMS, "place-religious": _ROOMS, "hut": _ROOMS, "cabin": _ROOMS, "treehouse": _ROOMS,
        "house": "chimney", "castle": "tower towers flag flags gate gates turret turrets",
        "church": "steeple cross bell spire tower", "lighthouse": "light beam", "windmill": "sail sails blade blades",
        "volcano": "lava smoke ash", "fountain": "water", "snow-capped": "snow peak",
        # vehicles
        "transport-ground": _CAR, "bicycle": "handlebar handlebars pedal pedals seat saddle", "motorcycle": "handlebars seat",
        "police": "siren sirens", "fire engine": "ladder siren", "transport-air": "wing wings window windows propeller engine engines tail rotor",
        "rocket": "fire flame flames fin fins window", "transport-water": "sail sails mast window windows funnel",
        # sky
        "sun": "ray rays", "rain": "rain raindrop raindrops drop drops", "lightning": "lightning thunder",
        "comet": "tail", "ringed planet": "ring rings",
        # people
        "santa": "beard hat", "old man": "beard", "health worker": "stethoscope coat", "cook": "hat apron ladle",
        "firefighter": "helmet uniform", "police officer": "hat cap badge uniform", "farmer": "hat pitchfork fork overalls",
        "teacher": "blackboard chalkboard board book", "scientist": "coat goggles test_tube test_tubes", "mechanic": "wrench spanner",
        "soccer kick": "ball", "bouncing": "ball", "tennis": "ball",
        "artist": "palette paintbrush brush beret paint_brush", "detective": "hat coat magnifying_glass", "astronaut": "helmet suit spacesuit",
        "mage": "hat staff robe wand", "vampire": "cape cloak fang fangs", "prince": "crown", "princess": "crown tiara",
        "fairy": "wing wings wand", "merperson": "tail", "mermaid": "tail", "superhero": "cape", "elf": "ear ears",
        "pirate": "hat", "clown": "nose hair wig", "construction worker": "helmet hat hard_hat", "student": "cap hat",
        "pilot": "hat cap", "singer": "microphone mic", "ninja": "mask", "cowboy": "hat", "mounted knight": "horse lance",
        "robot": "antenna antennae eye eyes", "ghost": "eye eyes", "teddy": "ear ears eye eyes nose",
        "snowman": "nose carrot hat scarf button buttons coal arm arms eye eyes",
        # things
        "bookshelf": "book books", "bed": "pillow pillows blanket sheet sheets mattress", "couch": "cushion cushions",
        "bathtub": "bubble bubbles water foam shower", "guitar": "string strings", "violin": "bow string strings",
        "banjo": "string strings", "harp": "string strings", "drum": "stick sticks drumstick drumsticks",
        "clock": "hand hands number numbers bell bells", "book": "page pages", "umbrella": "handle", "key": "handle",
        "dagger": "handle hilt blade", "axe": "handle blade", "crown": "jewel jewels gem gems", "ring": "diamond gem stone jewel",
        "treasure": "gold coin coins gem gems jewel jewels treasure", "balloon": "string", "kite": "tail string",
        "gift": "bow ribbon", "lantern": "face candle light", "hourglass": "sand", "candle": "flame", "fire": "flame flames",
        "nest with eggs": "egg eggs", "basket": "handle", "bucket": "handle", "door": "handle knob doorknob",
        "camera": "lens", "party popper": "confetti", "shirt": "button buttons",
    }.items()
}  # fmt: skip


def shows(label: str, subgroup: str, part: str) -> bool:
    """Whether the drawing with that label has the part; all three in lower case."""
    hosts = (label, subgroup, *label.split(" "))
    return any(part in PARTS.get(host, ()) for host in hosts)
