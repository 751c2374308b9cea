package read

import "strings"

const (
	longest     = 6 // words of a phrase
	mostGroups  = 6
	tilted      = 0.3 // radians
	overturned  = 3.141592653589793
	mostOfAKind = 24 // "100 balloons" are drawn as so many
	lookWords   = 4  // words of what somebody looks like
	uncounted   = 3  // of a plural without a number
	shortestFix = 5  // letters of a word that may be a slip of the pen
)

// What the lexicon does not fix; the same tables stand in tempera/reading.py.
var (
	articles     = set("a an the")
	prepositions = set("in at on over under against by near through above among across into with")
	arrangements = map[string]string{
		"in a row": "row", "in a line": "row", "side by side": "row", "lined up": "row", "a row of": "row",
		"row of": "row", "a line of": "row", "in a circle": "circle", "in a ring": "circle", "a circle of": "circle",
		"a ring of": "circle", "in a grid": "grid", "in rows": "grid", "a grid of": "grid", "pattern of": "grid",
		"a pattern of": "grid", "seamless pattern of": "grid", "pattern": "grid", "in a column": "column",
		"in a stack": "column", "stacked": "column", "a stack of": "column", "stack of": "column",
		"in a pile": "column", "a pile of": "column", "pile of": "column",
	}
	arrangedCount = map[string]int{"row": 4, "circle": 6, "grid": 9, "column": 3} // when no number is given
	turns         = map[string]float64{
		"upside down": overturned, "turned over": overturned, "tilted": tilted, "leaning": tilted, "slanted": tilted,
		"crooked": tilted,
	}
	flips = map[string]bool{"mirrored": true, "flipped": true, "facing right": true}
	zooms = map[string]float64{
		"close up": 1.2, "closeup": 1.2, "close up of": 1.2, "zoomed in": 1.2, "portrait of": 1.1, "headshot of": 1.2,
		"avatar of": 1.1, "profile picture of": 1.1,
		"far away": 0.6, "in the distance": 0.6, "from afar": 0.6, "distant": 0.7, "wide shot": 0.7,
		"wide shot of": 0.7,
	}
	herds        = set("herd flock swarm school pack bunch family")
	thingColours = set("orange lime peach olive plum coral mint lavender violet gold silver")
	groundWords  = set("background backdrop")
	weather      = map[string]string{"snowy": "snow", "wintry": "snow", "sunny": "hill", "starry": "night", "moonlit": "night"}
	showing      = set("with wearing wears has having")         // what somebody looks like follows
	somebody     = set("person man woman boy girl child adult") // labels of people who may look like something
	// Places that follow what is in them: "a tulip garden".
	sites    = set("garden field forest jungle woods meadow beach desert island farm park street city kitchen bedroom office classroom lake")
	wearing  = set("wearing wears with")
	denials  = set("no without")
	headwear = set("hat cap crown helmet sombrero tiara")
	lenses   = set("glasses sunglasses goggles")
	vessels  = set("bowl basket box cup mug glass jar plate pot bag bucket vase tray pan dish pile stack")
	narrow   = set("vase jar box glass cup mug bottle pot") // several would hide in it
	crockery = set("bowl cup mug glass plate pot pan dish bottle pint can carton jug pitcher")
	mounting = set("riding sitting")
	resting  = set("on upon") // last words; what is "on top of" something touches nothing but its top
	// How a companion goes with what came before, by the words between. Two things with nothing but such a verb between
	// them ("an owl reading a book") are a subject and what it has.
	manners = map[string]string{
		"": Held, "with": Held, "holding": Held, "eating": Held, "carrying": Held, "drinking": Held, "has": Held,
		"having": Held, "catching": Held, "throwing": Held, "waving": Held, "playing with": Held, "reading": InFront,
		"playing": InFront, "wearing": Worn, "wears": Worn, "hugging": InFront, "kissing": InFront, "baking": InFront,
		"cooking": InFront, "typing": InFront, "painting": InFront, "driving": InFront, "breathing": Breathed,
		"blowing": Breathed, "spitting": Breathed,
	}
	roundAbout = map[string]string{"around": Around, "orbiting": Around, "circling": Around, "surrounded": Amid}
	stayApart  = map[string]bool{
		"above": true, "over": true, "flying over": true, "flying above": true, "jumping over": true,
		"floating above": true,
	}
	// Words after which a part of the last noun may follow; "" is none, as in "a teacher writing on a board".
	joining = map[string]bool{
		"": true, "with": true, "wearing": true, "wears": true, "holding": true, "in": true, "in front of": true, "inside": true,
	}
	filling = map[string]bool{"full of": true, "filled with": true}
	// Counts that are no numbers: what is drawn as several already stays one drawing.
	vague = map[string]bool{
		"some": true, "few": true, "several": true, "many": true, "a few": true, "a pair of": true, "pair of": true,
		"lots of": true, "a lot of": true, "a bunch of": true, "a group of": true, "group of": true,
	}
	// Plurals that are one drawing, and those that are two of it when no number is said.
	pairs = set("headphones earphones earbuds scissors glasses sunglasses goggles binoculars jeans trousers pants " +
		"shorts chopsticks skis pliers tongs tweezers pyjamas pajamas overalls wings stairs fries noodles")
	twos = set("gloves socks mittens shoes sneakers trainers boots sandals slippers heels skates earrings eyes hands " +
		"ears")
	uttered  = set("breathing spitting saying") // what is breathed or said is not drawn on its own
	breathed = set("fire flame flames smoke ice")
	stuff    = set("pencil blackboard chalkboard") // ways to draw that are things after an article
	// Nouns that end like what somebody does.
	doingNot = set("ring king wing swing string sling spring earring dumpling duckling seedling sapling pudding wedding " +
		"stocking viking awning ceiling railing gosling")
	// Words that need no drawing and no note: function words, moods, poses, praise.
	quiet = set("a an the of in on at with and or to over under above below behind beside between front inside next " +
		"left right top near by from for into out up down off no not is are was be being it its this that " +
		"these those there here me my your his her their our you we i he she they them very really some any " +
		"many few several each every all both other who which what where when while as so but than then too " +
		"also just only like want please show give get put set can could would should will may must have has " +
		"had having do does did done make made making draw drawn paint painted picture image drawing " +
		"illustration photo photograph art artwork render style scene painting view portrait icon emoji logo " +
		"asset graphic background backdrop color colour colored coloured colourful colorful cute beautiful " +
		"pretty nice good bad new old young happy sad angry funny lovely sweet adorable friendly cool awesome " +
		"amazing epic majestic elegant simple plain fancy magical magic mystical mysterious enchanted fantasy " +
		"dreamy cozy cosy long short tall high low fast slow hot cold warm dark light bright pale deep soft " +
		"hard full empty open closed fluffy furry shiny glowing sparkling lush misty foggy quiet calm " +
		"peaceful busy crowded ancient modern vintage futuristic detailed quality best masterpiece realistic " +
		"high resolution hd 4k 8k ultra highly digital design creative standing sitting lying sleeping " +
		"running walking jumping flying swimming playing eating drinking looking smiling dancing singing " +
		"reading going coming riding holding wearing floating hiding resting waiting stands sits lies sleeps " +
		"runs walks jumps flies swims plays eats drinks looks smiles dances holds wears rides together alone " +
		"big small large tiny little huge giant close far away center centre middle side corner edge thing " +
		"things kind type piece bit part front back one first second last made single lonely brave wild " +
		"sleepy hungry tasty delicious fresh ripe yummy wooden stone glass metal wrapped around fighting " +
		"landing erupting through against haunted fishing chasing hugging kissing driving cooking climbing " +
		"crying laughing talking covered filled surrounded using towards dressed chases about during slice " +
		"slices bearded bald guarding carrying watching pulling pushing throwing catching kicking hitting " +
		"balancing pouring opening breathing casting baking brushing feeding hanging popping peeking rising " +
		"falling launching jumped saying waving sliced comfy comfortable scary spooky wise sharp christmas " +
		"halloween easter thanksgiving bushy floppy curious playful sky icons emojis logos pictures images " +
		"drawings illustrations stickers")
)

func set(list string) map[string]bool {
	found := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		found[w] = true
	}
	return found
}

// herd reports whether a count is one of a herd: "a flock of".
func herd(phrase string) bool {
	word, of := strings.CutSuffix(strings.TrimPrefix(phrase, "a "), " of")
	return of && herds[word]
}
