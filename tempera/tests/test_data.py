"""What training may see, and how words become pieces."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tempera import data

HERE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def holdout() -> dict:
    return json.loads((HERE / "holdout.json").read_text())


def test_held_out_pairs_and_concepts_never_reach_training(holdout: dict) -> None:
    concept, style = holdout["h1"][0]
    unseen = holdout["h2"][0]
    rows = [(concept, style), (concept, "other"), (unseen, "flat"), ("1f4a9", "flat")]
    seen, held = data.split_rows(rows, holdout)
    assert held == [0, 2] and seen == [1, 3]


def test_hold_out_is_about_four_percent_and_has_no_overlap(holdout: dict) -> None:
    images = sum(e["images"] for e in json.loads((HERE / "manifest.json").read_text())["drawings"])
    pairs = [e for e in json.loads((HERE / "manifest.json").read_text())["drawings"] if e["kind"] != "avatar"]
    assert len(pairs) == 11 and 0.02 < len(holdout["h1"]) / images < 0.05
    assert not {c for c, _ in holdout["h1"]} & set(holdout["h2"])


def test_held_out_scenes_are_there_and_know_nothing_of_what_is_never_seen(holdout: dict) -> None:
    kinds = Counter(s["key"][0] if s["key"][0] in ("colour", "count") else "relation" for s in holdout["h3"])
    assert kinds == {"relation": 100, "colour": 60, "count": 40}
    assert not {part for s in holdout["h3"] for part in s["key"]} & set(holdout["h2"])
    assert all(s["caption"] for s in holdout["h3"])


def test_tables_by_style_name_styles_that_exist() -> None:
    from tempera import composing, library, plans

    names = set(plans.style_names())
    assert set(composing.WILLING) <= names and names >= composing.FLAT_STYLES and names >= plans.MONO
    assert {s for w in composing.WILLING.values() for s in w} <= names
    assert {*library.FAMILIES, *library.FALLBACK} <= names


def test_hold_out_choice_depends_on_names_alone() -> None:
    assert data.unit("h1 1f98a flat") == data.unit("h1 1f98a flat")
    assert 0 <= data.unit("anything") < 1


def test_code_points_ignore_the_variation_selector() -> None:
    assert data.code_points("2764-FE0F") == "2764"
    assert data.code_points("1F9D9 200D 2640 FE0F") == "1f9d9-200d-2640"


def test_words_become_pieces() -> None:
    words = pytest.importorskip("tempera.words")
    tokenizer = words.Tokenizer(["<pad>", "<unk>", "<sep>", "fox", "f", "##o", "##oo", "##es"])
    assert tokenizer.encode("Fox, FOXES!")[:4] == [3, 3, 7, 0]
    assert tokenizer.encode("foo")[:3] == [4, 6, 0]
    assert len(tokenizer.encode("fox " * 50)) == words.LENGTH
