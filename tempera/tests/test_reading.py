"""What the shipped lexicon makes of everyday words."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tempera.reading import Reader, words

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(json.loads((WEIGHTS / "lexicon.json").read_text()))


def things(reader: Reader, prompt: str) -> list[str]:
    return [reader.concepts[g.concept]["label"] for g in reader.read(prompt).groups]


@pytest.mark.parametrize(
    ("prompt", "labels"),
    [
        ("a lighthouse on a rock at night", ["lighthouse", "rock"]),
        ("an ice cream cone", ["soft ice cream"]),
        ("a sushi platter", ["sushi"]),
        ("a bowl of soup on a table", ["pot of food", "table"]),
        ("a clown juggling balls", ["clown face", "soccer ball"]),
        ("bearded wizard", ["mage"]),
        ("a squirrel with an acorn", ["chipmunk", "acorn"]),
        ("a schooner and a sorcerer", ["sailboat", "mage"]),
        ("an owl with glasses", ["owl", "glasses"]),
        ("a smiling person with a beard", ["avatar with a beard"]),
        ("profile picture of a man with glasses and a hat", ["avatar with glasses"]),
        ("avatar of a robot", ["robot"]),
        ("a woman with a hat", ["woman", "top hat"]),
        ("a hot air balloon", ["air balloon"]),
        ("a witch's hat", ["pointy hat"]),
        ("a womans hat", ["woman’s hat"]),
        ("a cactus in a pot", ["cactus pot"]),
        ("a sleeping moon", ["first quarter moon face"]),
        ("a sun with sunglasses", ["sun", "sunglasses"]),
        ("a cat with a ball of yarn", ["cat", "yarn"]),
        ("a bear with a jar of honey", ["bear", "honey pot"]),
        ("a bowl of ramen with an egg", ["steaming bowl", "egg"]),
        ("a heart with an arrow", ["heart with arrow"]),
        ("a crying baby", ["baby"]),
        ("a surprised cat", ["weary cat"]),
        ("a diamond ring", ["ring"]),
        ("three blue butterflies", ["butterfly"]),
        ("a cat in a space suit", ["cat", "space suit"]),
        ("a pencil and paper", ["pencil", "page facing up"]),
        ("an electric guitar", ["guitar"]),
        ("a wizard casting a spell", ["mage"]),
        ("a pile of gold", ["coins pile"]),
        ("a ghost saying boo", ["ghost"]),
        ("a fire-breathing dragon", ["dragon"]),
        ("a green dragon breathing fire", ["dragon"]),
        ("a basket of apples", ["red apple", "basket"]),
        ("a whale jumping out of the water", ["whale"]),
    ],
)
def test_prompts_show_what_they_say(reader: Reader, prompt: str, labels: list[str]) -> None:
    assert things(reader, prompt) == labels


def test_a_place_after_what_is_in_it_is_the_backdrop(reader: Reader) -> None:
    assert (things(reader, "a tulip garden"), reader.read("a tulip garden").backdrop) == (["tulip"], "meadow")
    assert (things(reader, "a snowy village"), reader.read("a snowy village").backdrop) == (["houses"], "snow")


@pytest.mark.parametrize(
    ("prompt", "label", "parts", "left"),
    [
        ("a birthday cake with candles", "birthday cake", ["candles"], []),
        ("a slice of pizza with cheese", "pizza", ["cheese"], []),
        ("a snowman with a carrot nose", "snowman without snow", ["carrot", "nose"], []),
        ("a snowman wearing a scarf and a hat", "snowman without snow", ["scarf", "hat"], []),
        ("a tree with leaves", "deciduous tree", ["leaves"], []),
        ("a house with a chimney", "house", ["chimney"], []),
        ("a house with a red door", "house", [], ["red door"]),
        ("a car with big wheels", "automobile", ["wheels"], []),
        ("a unicorn with a rainbow mane", "unicorn", [], ["rainbow mane"]),
        ("a detective with a magnifying glass", "detective", ["magnifying glass"], []),
        ("a treasure chest full of gold coins", "open treasure chest", [], ["gold coins"]),
    ],
)
def test_parts_of_a_drawing_are_not_drawn_again(
    reader: Reader, prompt: str, label: str, parts: list[str], left: list[str]
) -> None:
    scene = reader.read(prompt)
    assert things(reader, prompt) == [label]
    assert ([part for part, _ in scene.parts], scene.left) == (parts, left)


@pytest.mark.parametrize(
    ("prompt", "count"),
    [("a pair of sunglasses", 1), ("a bunch of grapes", 1), ("two grapes", 2), ("headphones", 1), ("boxing gloves", 2)],
)
def test_what_is_drawn_as_several_is_drawn_once(reader: Reader, prompt: str, count: int) -> None:
    assert [g.count for g in reader.read(prompt).groups] == [count]


@pytest.mark.parametrize(
    ("prompt", "backdrop"),
    [
        ("a dolphin jumping out of the water", "sea"),
        ("a sunny day at the beach", "beach"),
        ("a cat in a space suit", ""),
    ],
)
def test_backdrops_are_what_is_said(reader: Reader, prompt: str, backdrop: str) -> None:
    assert reader.read(prompt).backdrop == backdrop


def test_a_colour_of_an_unknown_thing_goes_nowhere_else(reader: Reader) -> None:
    scene = reader.read("a puppy wearing a red blorptex")
    assert scene.groups[0].colours == [] and scene.unknown == ["blorptex"]


@pytest.mark.parametrize("junk", ["onerror=alert(1)", "https://cat.dog/fox", "fox@cat.com", "a{fox}", "cat[0]=dog"])
def test_what_is_glued_together_is_not_read(reader: Reader, junk: str) -> None:
    scene = reader.read(f"{junk} , a fox")
    assert things(reader, f"{junk} , a fox") == ["fox"] and len(scene.unknown) == 1


def test_plain_signs_separate_words() -> None:
    assert [w for w, _ in words("(red fox), cat/dog jack-o-lantern red_apple fox=")] == (
        "red fox cat dog jack o lantern red apple fox".split()
    )


def test_a_long_run_of_signs_is_read_in_reasonable_time() -> None:
    start = time.perf_counter()
    assert len(words("a," * 20_000)) == 20_000
    assert time.perf_counter() - start < 2


def test_nothing_is_dropped_without_a_word(reader: Reader) -> None:
    scene = reader.read(
        "a lion, a fox, a cat, a dog, a robot, a castle, a horse, a blorptex and a wooden statue of a bear"
    )
    assert "blorptex" in scene.unknown and "horse" in scene.left
    assert reader.read("a robot dog").left == ["robot"]
    assert reader.read("a sleepy cat").left == []
