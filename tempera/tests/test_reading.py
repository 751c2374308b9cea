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
    ],
)
def test_prompts_show_what_they_say(reader: Reader, prompt: str, labels: list[str]) -> None:
    assert things(reader, prompt) == labels


def test_a_place_after_what_is_in_it_is_the_backdrop(reader: Reader) -> None:
    assert (things(reader, "a tulip garden"), reader.read("a tulip garden").backdrop) == (["tulip"], "meadow")
    assert (things(reader, "a snowy village"), reader.read("a snowy village").backdrop) == (["houses"], "snow")


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
