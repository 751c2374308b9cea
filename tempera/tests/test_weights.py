"""What is shipped in tempera/weights is whole, licensed and consistent."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tempera import palettes

HERE = Path(__file__).resolve().parents[1]
WEIGHTS = HERE / "weights"
ALLOWED = {"MIT", "Apache-2.0", "ISC", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0"}


@pytest.fixture(scope="module")
def manifest() -> dict:
    return json.loads((WEIGHTS / "manifest.json").read_text())


@pytest.fixture(scope="module")
def lexicon() -> dict:
    return json.loads((WEIGHTS / "lexicon.json").read_text())


@pytest.fixture(scope="module")
def library() -> zipfile.ZipFile:
    return zipfile.ZipFile(WEIGHTS / "library.zip")


@pytest.fixture(scope="module")
def drawings(library: zipfile.ZipFile) -> list[dict]:
    return json.loads(library.read("index.json"))


def test_every_file_matches_its_checksum(manifest: dict) -> None:
    assert {"network.onnx", "vocab.txt", "lexicon.json", "library.zip"} <= set(manifest["files"])
    for name, facts in manifest["files"].items():
        body = (WEIGHTS / name).read_bytes()
        assert len(body) == facts["bytes"], name
        assert hashlib.sha256(body).hexdigest() == facts["sha256"], name


def test_weights_stay_small_enough_to_carry() -> None:
    """The whole tree has to stay below 64 MiB."""
    assert sum(p.stat().st_size for p in WEIGHTS.rglob("*") if p.is_file()) < 55_250_000


def test_manifest_names_styles_and_defaults(manifest: dict) -> None:
    assert manifest["styles"][0] == "none"
    assert set(manifest["styles"][1:]) == set(manifest["style_titles"])
    assert manifest["defaults"]["style"] in manifest["styles"]
    assert 0 <= manifest["defaults"]["adherence"] < 1
    assert manifest["grid"] % manifest["grid_multiple"] == 0


def test_vocabulary_begins_with_the_special_pieces() -> None:
    pieces = (WEIGHTS / "vocab.txt").read_text(encoding="utf-8").split("\n")
    assert pieces[:3] == ["<pad>", "<unk>", "<sep>"]
    assert pieces[-1] == "" and len(set(pieces)) == len(pieces)


def test_phrases_point_to_known_concepts(lexicon: dict) -> None:
    known = {c["id"] for c in lexicon["concepts"]}
    lost = {p: c for p, c in lexicon["phrases"].items() if c not in known}
    assert not lost
    assert all(p == " ".join(p.lower().split()) for p in lexicon["phrases"])


def test_near_words_lead_to_known_ones(lexicon: dict) -> None:
    tables = [lexicon[t] for t in ("phrases", "colours", "sizes", "styles")]
    near = lexicon["near"]
    assert len(near) > 5000 and all(0 < score <= 1 for _, score in near.values())
    assert not set(near) & set(lexicon["phrases"]), "what is known needs no likeness"
    shown = [w for w, (known, _) in near.items() if any(known in t for t in tables)]
    assert len(shown) > 0.95 * len(near)
    assert near["schooner"][0] == "boat" and near["sorcerer"][0] == "wizard" and near["gorgeous"][0] == "beautiful"


def test_lexicon_styles_and_backdrops_exist(lexicon: dict) -> None:
    from tempera import plans, scenes

    assert set(lexicon["styles"].values()) == set(plans.style_names()[1:]), "each style has words, and no other"
    assert set(lexicon["backgrounds"].values()) <= {*scenes.KINDS, "none"}


@pytest.mark.parametrize(
    ("phrase", "label"),
    [
        ("cat", "cat"), ("dog", "dog"), ("house", "house"), ("tree", "deciduous tree"), ("sun", "sun"),
        ("robots", "robot"), ("castle", "castle"), ("boat", "sailboat"), ("fox", "fox"), ("wolves", "wolf"),
        ("apple", "red apple"), ("dragon", "dragon"), ("moon", "crescent moon"), ("ball", "soccer ball"),
        ("lighthouse", "lighthouse"), ("golem", "rock golem"), ("magic potion", "round potion"), ("submarine", "submarine"),
        ("avatar", "avatar"), ("headshot of a woman", "avatar of a woman"), ("bearded avatar", "avatar with a beard"),
    ],
)  # fmt: skip
def test_everyday_words_mean_the_common_thing(lexicon: dict, phrase: str, label: str) -> None:
    labels = {c["id"]: c["label"] for c in lexicon["concepts"]}
    assert labels[lexicon["phrases"][phrase]] == label


def test_every_drawing_names_author_licence_and_source(drawings: list[dict]) -> None:
    sources = {
        f"{e['package']}@{e['version']}": e for e in json.loads((HERE / "manifest.json").read_text())["drawings"]
    }
    for entry in drawings:
        source = sources[entry["source"]]
        assert entry["licence"] == source["licence"] and entry["licence"] in ALLOWED, entry["id"]
        assert entry["author"] == source["author"] and entry["url"].startswith("https://"), entry["id"]


def test_library_holds_the_drawings_it_lists(library: zipfile.ZipFile, drawings: list[dict], lexicon: dict) -> None:
    names = {i.filename for i in library.infolist()}
    assert names == {"index.json", "palettes.json", *(f"drawings/{d['id']}.webp" for d in drawings)}
    assert all(i.compress_type == zipfile.ZIP_STORED for i in library.infolist() if i.filename.startswith("drawings/"))
    shown = {c for d in drawings for c in (d["concept"], *d.get("also", ()))}
    assert shown == {c["id"] for c in lexicon["concepts"]}, "what the reader reads can be shown"


def test_every_hand_of_flat_areas_has_a_table_for_every_other(library: zipfile.ZipFile) -> None:
    tables = palettes.parsed(library.read("palettes.json"))
    for shown, kin in palettes.KIN.items():
        for asked in palettes.ASKED:
            if asked not in (shown, kin):
                table = tables[palettes.name_of(shown, asked)]
                assert table.place.shape == (palettes.BINS**3,) and table.place.max() < len(table.colours)
    yellow = palettes.bins_of(np.array([255, 204, 77]))  # clean's faces; classic's are paler
    assert (
        np.abs(tables["flat>classic"].colours[tables["flat>classic"].place[yellow]].astype(int) - (254, 221, 102)).max()
        < 40
    )


def test_files_keep_their_budgets() -> None:
    assert (WEIGHTS / "library.zip").stat().st_size <= 21_600_000
    assert (WEIGHTS / "lexicon.json").stat().st_size <= 2_500_000


def test_library_has_enough_of_everything(drawings: list[dict]) -> None:
    designs = Counter(d["style"] for d in drawings if d["style"].startswith("avatar"))
    assert len(designs) == 6 and set(designs.values()) == {25}
    assert 1000 <= sum(d["style"] == "game-icon" for d in drawings) <= 1300
    shown = Counter(c for d in drawings for c in (d["concept"], *d.get("also", ())))
    assert len([c for c in shown if not c.startswith(("game.", "avatar"))]) >= 1400
    assert min(n for c, n in shown.items() if c.startswith("avatar")) >= 2


def test_drawings_are_small_squares_with_alpha(library: zipfile.ZipFile, drawings: list[dict]) -> None:
    from PIL import Image

    for entry in drawings[:: len(drawings) // 60]:
        picture = Image.open(io.BytesIO(library.read(f"drawings/{entry['id']}.webp")))
        assert picture.mode == "RGBA" and picture.width == picture.height and picture.width % 4 == 0, entry["id"]
        small = entry["style"] in {"game-icon", "ink", "kawaii", "longshadow", "clean", "classic", "blob", "gradient"}
        assert picture.width == (128 if small else 160), entry["id"]


def test_every_glyph_has_colours_and_nothing_else_has(drawings: list[dict]) -> None:
    for entry in drawings:
        paints = entry.get("paints", [])
        assert bool(paints) == (entry["style"] == "game-icon"), entry["id"]
        assert all(re.fullmatch(r"[0-9A-F]{6}( [0-9A-F]{6}){2}", p) for p in paints), entry["id"]


def test_library_has_the_line_styles_own_hand(drawings: list[dict]) -> None:
    """What people ask for most is drawn in these styles as far as their sets draw it."""
    have = Counter(d["style"] for d in drawings)
    assert have["ink"] > 800 and have["clean"] > 800 and have["classic"] > 500 and have["kawaii"] > 250, have
    assert have["gradient"] > 800 and have["blob"] > 600, have


def test_library_has_no_held_out_pair(drawings: list[dict]) -> None:
    hidden = {tuple(p) for p in json.loads((HERE / "holdout.json").read_text())["h1"]}
    assert not hidden & {(d["concept"], d["style"]) for d in drawings}


def test_manifest_of_sources_is_permissive_and_pinned() -> None:
    manifest = json.loads((HERE / "manifest.json").read_text())
    for entry in manifest["drawings"] + manifest["words"]:
        assert entry["licence"] in ALLOWED, entry["package"]
        assert entry["integrity"].startswith("sha512-"), entry["package"]
    assert all(e["images"] > 0 for e in manifest["drawings"])


def test_notice_credits_every_source() -> None:
    notice = (HERE / "NOTICE").read_text(encoding="utf-8")
    manifest = json.loads((HERE / "manifest.json").read_text())
    for entry in manifest["drawings"] + manifest["words"]:
        assert f"{entry['package']} {entry['version']}" in notice
        assert entry["author"] in notice and entry["licence"] in notice
