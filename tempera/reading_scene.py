"""What a prompt asks for, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    contact: str = (
        ""  # of what is above: apart (in the air), mounted (on its back), resting; of what is beside: see MANNERS
    )


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
    parts: list[list[str]] = field(default_factory=list)  # what a drawing shows already, and its label
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
    lost: bool = False  # an unknown word stood between what was said and the end of the phrase
    vague: bool = False  # the count is no number: "some", "a bunch of"


def inherit(group: Group, old: Group, said: Pending) -> None:
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
