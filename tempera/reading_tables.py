"""What the reader knows beyond the lexicon: arrangements, states, framing, function words.

The same tables stand in internal/engine/tempera/read/tables.go.
"""

LONGEST = 6  # words of a phrase
MOST_GROUPS = 6
TURN_TILTED, TURN_OVER = 0.3, 3.141592653589793

ARTICLES = {"a", "an", "the"}
PREPOSITIONS = set("in at on over under against by near through above among across into with".split())
ARRANGEMENTS = {
    "in a row": "row", "in a line": "row", "side by side": "row", "lined up": "row", "a row of": "row", "row of": "row",
    "a line of": "row", "in a circle": "circle", "in a ring": "circle", "a circle of": "circle", "a ring of": "circle",
    "in a grid": "grid", "in rows": "grid", "a grid of": "grid", "pattern of": "grid", "a pattern of": "grid",
    "seamless pattern of": "grid", "pattern": "grid", "in a column": "column", "in a stack": "column", "stacked": "column",
    "a stack of": "column", "stack of": "column", "in a pile": "column", "a pile of": "column", "pile of": "column",
}  # fmt: skip
ARRANGED_COUNT = {"row": 4, "circle": 6, "grid": 9, "column": 3}  # when no number is given: "a row of robots"
TURNS = {
    "upside down": TURN_OVER, "turned over": TURN_OVER, "tilted": TURN_TILTED, "leaning": TURN_TILTED,
    "slanted": TURN_TILTED, "crooked": TURN_TILTED,
}  # fmt: skip
FLIPS = {"mirrored", "flipped", "facing right"}
ZOOMS = {
    "close up": 1.2, "closeup": 1.2, "close up of": 1.2, "zoomed in": 1.2, "portrait of": 1.1, "headshot of": 1.2,
    "avatar of": 1.1, "profile picture of": 1.1,
    "far away": 0.6, "in the distance": 0.6, "from afar": 0.6, "distant": 0.7, "wide shot": 0.7, "wide shot of": 0.7,
}  # fmt: skip
HERDS = {f"{a}{w} of": 5 for w in ("herd", "flock", "swarm", "school", "pack", "bunch", "family") for a in ("", "a ")}
UNCOUNTED = 3  # of a plural without a number
MOST_OF_A_KIND = 24  # "100 balloons" are drawn as so many
THING_COLOURS = set("orange lime peach olive plum coral mint lavender violet gold silver".split())
GROUND_WORDS = {"background", "backdrop"}
WEATHER = {"snowy": "snow", "wintry": "snow", "sunny": "hill", "starry": "night", "moonlit": "night"}
SHOWING = {"with", "wearing", "wears", "has", "having"}  # what somebody looks like follows
SOMEBODY = {"person", "man", "woman", "boy", "girl", "child", "adult"}  # labels of people who may look like something
LOOK_WORDS = 4
# Places that follow what is in them: "a tulip garden".
SITES = set(
    "garden field forest jungle woods meadow beach desert island farm park street city kitchen bedroom office classroom lake".split()
)
WEARING = {"wearing", "wears", "with"}
DENIALS = {"no", "without"}
HEADWEAR = {"hat", "cap", "crown", "helmet", "sombrero", "tiara"}
LENSES = {"glasses", "sunglasses", "goggles"}
VESSELS = set("bowl basket box cup mug glass jar plate pot bag bucket vase tray pan dish pile stack".split())
NARROW = set("vase jar box glass cup mug bottle pot".split())  # several would hide in it
CROCKERY = set("bowl cup mug glass plate pot pan dish bottle pint can carton jug pitcher".split())
# Words after which a part of the last subject may follow; "" is none, as in "a teacher writing on a board".
JOINING = {"", "with", "wearing", "wears", "holding", "in", "in front of", "inside"}
FILLING = {"full of", "filled with"}
# Counts that are no numbers: what is drawn as several already stays one drawing.
VAGUE = set("some few several many".split()) | {
    "a few", "a pair of", "pair of", "lots of", "a lot of", "a bunch of", "a group of", "group of",
}  # fmt: skip
# Plurals that are one drawing, and those that are two of it when no number is said.
PAIRS = set(
    "headphones earphones earbuds scissors glasses sunglasses goggles binoculars jeans trousers pants shorts "
    "chopsticks skis maracas pliers tongs tweezers pyjamas pajamas overalls wings stairs fries noodles".split()
)
TWOS = set(
    "gloves socks mittens shoes sneakers trainers boots sandals slippers heels skates earrings eyes hands ears".split()
)
UTTERED = {"breathing", "spitting", "saying"}  # what is breathed or said is not drawn on its own
BREATHED = {"fire", "flame", "flames", "smoke", "ice"}
STUFF = {"pencil", "blackboard", "chalkboard"}  # ways to draw that are things after an article
# Nouns that end like what somebody does.
DOING_NOT = set(
    "ring king wing swing string sling spring earring dumpling duckling seedling sapling pudding wedding stocking "
    "viking awning ceiling railing gosling".split()
)
MOUNTING = {"riding", "sitting"}
RESTING = {"on", "upon"}  # last words; what is "on top of" something touches nothing but its top
# How a companion goes with what came before, by the words between: in its hand, before its body, out of its mouth. Two
# things with nothing but such a verb between them ("an owl reading a book") are a subject and what it has.
MANNERS = {
    "": "held", "with": "held", "holding": "held", "eating": "held", "carrying": "held", "drinking": "held", "has": "held",
    "having": "held", "catching": "held", "throwing": "held", "waving": "held", "playing with": "held",
    "reading": "before", "playing": "before", "wearing": "worn", "wears": "worn", "hugging": "before",
    "kissing": "before", "baking": "before", "cooking": "before", "typing": "before", "painting": "before",
    "driving": "before", "breathing": "breathed", "blowing": "breathed", "spitting": "breathed",
}  # fmt: skip
ROUND_ABOUT = {"around": "around", "orbiting": "around", "circling": "around", "surrounded": "amid"}
STAY_APART = {"above", "over", "flying over", "flying above", "jumping over", "floating above"}
QUIET = set(
    "a an the of in on at with and or to over under above below behind beside between front inside next left right "
    "top near by from for into out up down off no not is are was be being it its this that these those there here me "
    "my your his her their our you we i he she they them very really some any many few several each every all both "
    "other who which what where when while as so but than then too also just only like want please show give get put "
    "set can could would should will may must have has had having do does did done make made making draw drawn paint "
    "painted picture image drawing illustration photo photograph art artwork render style scene painting view portrait "
    "icon emoji logo asset graphic background backdrop color colour colored coloured colourful colorful cute beautiful "
    "pretty nice good bad new old young happy sad angry funny lovely sweet adorable friendly cool awesome amazing "
    "epic majestic elegant simple plain fancy magical magic mystical mysterious enchanted fantasy dreamy cozy cosy "
    "long short tall high low fast slow hot cold warm dark light bright pale deep soft hard full empty open closed fluffy "
    "furry shiny glowing sparkling lush misty foggy quiet calm peaceful busy crowded ancient modern vintage futuristic "
    "detailed quality best masterpiece realistic high resolution hd 4k 8k ultra highly digital design creative "
    "standing sitting lying sleeping running walking jumping flying swimming playing eating drinking looking smiling "
    "dancing singing reading going coming riding holding wearing floating hiding resting waiting stands sits lies "
    "sleeps runs walks jumps flies swims plays eats drinks looks smiles dances holds wears rides together alone big "
    "small large tiny little huge giant close far away center centre middle side corner edge thing things kind type "
    "piece bit part front back one first second last made single lonely brave wild sleepy hungry tasty delicious fresh "
    "ripe yummy wooden stone glass metal wrapped around fighting landing erupting through against haunted fishing "
    "chasing hugging kissing driving cooking climbing crying laughing talking covered filled surrounded using towards "
    "dressed chases about during slice slices bearded bald guarding carrying watching pulling pushing throwing "
    "catching kicking hitting balancing pouring opening breathing casting baking brushing feeding hanging popping peeking "
    "rising falling launching jumped saying waving sliced comfy comfortable scary spooky wise sharp christmas halloween easter summer thanksgiving bushy floppy curious playful sky icons emojis logos pictures images drawings illustrations stickers".split()
)
