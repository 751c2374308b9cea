"""Drawings in another hand's colours."""

from __future__ import annotations

import numpy as np
import pytest

from tempera import composing, palettes, rendering, smoothing

RED, BLUE, GREY = (220, 40, 40), (40, 60, 210), (128, 128, 128)


@pytest.fixture
def nearest() -> palettes.Palette:
    """Every colour becomes the nearest of three."""
    bins = range(palettes.BINS)
    middle = np.array([(r, g, b) for r in bins for g in bins for b in bins]) * 16 + 8
    colours = np.array((RED, BLUE, GREY), np.uint8)
    return palettes.Palette(colours, np.square(middle[:, None] - colours[None]).sum(-1).argmin(1).astype(np.uint8))


def square(rgb: tuple[int, int, int], alpha: int = 255, n: int = 24) -> np.ndarray:
    out = np.zeros((n, n, 4), np.uint8)
    out[4:-4, 4:-4, :3] = (np.array(rgb) * alpha + 127) // 255
    out[4:-4, 4:-4, 3] = alpha
    return out


def test_colours_become_those_of_the_hand_and_the_shape_stays(nearest: palettes.Palette) -> None:
    for alpha in (255, 200):
        picture = square((240, 80, 60), alpha)
        got = palettes.repainted(picture, nearest)
        assert (got[..., 3] == picture[..., 3]).all()
        assert np.abs(palettes.straight(got)[12, 12] - RED).max() <= 1
        assert not got[0, 0].any()


def test_a_spot_of_a_like_colour_goes_with_what_is_round_it(nearest: palettes.Palette) -> None:
    picture = square((150, 96, 100))
    picture[12, 12, :3] = (160, 70, 76)  # nearer to red than to grey, alone
    assert (palettes.repainted(picture, nearest)[12, 12, :3] == GREY).all()
    picture[12, 12, :3] = (230, 20, 20)  # not like it: a detail
    assert (palettes.repainted(picture, nearest)[12, 12, :3] == RED).all()


def test_a_soft_edge_takes_the_colour_of_what_it_ends(nearest: palettes.Palette) -> None:
    picture = square((240, 80, 60))
    picture[3, 4:-4] = (56, 19, 14, 60)
    got = palettes.repainted(picture, nearest)
    assert got[3, 12, 3] == 60 and (got[3, 12, :3] == (np.array(RED) * 60 + 127) // 255).all()


@pytest.mark.parametrize(
    ("hand", "asked", "outline", "palette", "render"),
    [
        ("ink", "ink", "ink", "", ""), ("game-icon", "ink", "ink", "", ""), ("game-icon", "game-icon", "ink", "", ""),
        ("game-icon", "soft-3d", "", "", ""), ("flat", "game-icon", "", "", "flat>ink"), ("flat", "ink", "", "", "flat>ink"),
        ("toon", "ink", "", "toon>flat", "flat>ink"), ("soft-3d", "kawaii", "kawaii", "soft-3d>kawaii", ""),
        ("kawaii", "kawaii", "", "", ""), ("toon", "flat", "", "toon>flat", ""),
        ("blob", "flat", "", "toon>flat", ""), ("kawaii", "clean", "", "flat>clean", ""),
        ("flat", "flat", "", "", ""), ("clean", "clean", "", "", ""), ("ink", "clean", "", "", ""),
        ("ink", "soft-3d", "", "", ""), ("flat", "soft-3d", "", "", "flat>soft-3d"),
        ("soft-3d", "gradient", "", "", "soft-3d>gradient"), ("gradient", "gradient", "", "", ""),
        ("blob", "gradient", "", "toon>flat", "flat>gradient"), ("clean", "soft-3d", "", "", "flat>soft-3d"),
        ("blob", "toon", "", "", ""),
    ],
)  # fmt: skip
def test_what_becomes_of_a_drawing_goes_by_its_hand_and_the_style(
    hand: str, asked: str, outline: str, palette: str, render: str
) -> None:
    """As TestDress_GoesByHandAndStyle of the Go engine has it."""
    entry = {"style": hand} | ({"paints": ["x"]} if hand == "game-icon" else {})
    assert composing.outline_of(entry, asked) == outline
    assert rendering.palette_of(hand, asked) == palette
    assert rendering.name_of(hand, asked) == render


def test_a_table_says_what_was_seen_at_the_same_place() -> None:
    rng = np.random.default_rng(0)
    shown, asked, colours = {}, {}, np.zeros((palettes.BINS**3, 4))
    solid = np.ones((palettes.SIDE, palettes.SIDE), bool)
    for k in range(8):  # where one hand is orange the other is yellow; its own orange is for other things
        left = rng.random(solid.shape) < 0.5
        a = np.where(left[..., None], (240, 140, 50), (50, 90, 200))
        b = np.where(left[..., None], (250, 170, 60), (60, 100, 220))
        shown[str(k)], asked[str(k)] = (palettes.bins_of(a), solid), (palettes.bins_of(b), solid)
        np.add.at(colours, palettes.bins_of(b), np.concatenate((b, np.ones((*solid.shape, 1))), -1))
    for line in (None, (69, 65, 60)):
        found = palettes.parsed(
            palettes.body_of([{"shown": "flat", "asked": "clean"} | palettes.table(shown, asked, colours, 28.0, line)])
        )["flat>clean"]
        became = lambda rgb: found.colours[found.place[palettes.bins_of(np.array(rgb))]].tolist()  # noqa: B023, E731
        assert became((240, 140, 50)) == [250, 170, 60] and became((50, 90, 200)) == [60, 100, 220]
        assert not line or became((20, 24, 30)) == list(line)  # what is dark becomes a line


def test_shades_of_a_shaded_hand_are_one_area_and_parts_are_not(nearest: palettes.Palette) -> None:
    picture = square((0, 0, 0), n=48)
    down = np.linspace(0, 1, 40)[:, None, None]
    picture[4:-4, 4:-4, :3] = (1 - down) * (235, 60, 60) + down * (150, 96, 100)  # from what is red to what is grey
    picture[16:24, 16:24, :3] = (40, 60, 210)
    assert len(np.unique(palettes.repainted(picture, nearest)[4:-4, 4:-4, :3].reshape(-1, 3), axis=0)) == 3
    nearest.shaded = True
    got = palettes.repainted(picture, nearest)
    assert (got[20, 20, :3] == BLUE).all()
    rest = np.ones((48, 48), bool)
    rest[14:26, 14:26] = False
    assert len(np.unique(got[rest & (picture[..., 3] > 0), :3], axis=0)) == 1


def test_smoothing_keeps_edges_and_takes_noise() -> None:
    noise = np.random.default_rng(0).integers(-12, 13, (48, 48, 3))
    clean = np.zeros((48, 48, 4), np.uint8)
    clean[4:-4, 4:-4], clean[4:-4, 24:-4] = (200, 120, 60, 255), (60, 120, 200, 255)
    noisy = clean.copy()
    noisy[4:-4, 4:-4, :3] = (clean[..., :3] + noise)[4:-4, 4:-4]
    off = np.abs(smoothing.smoothed(noisy).astype(int) - clean)
    assert off.max() <= 8 and off.mean() < 0.25 * np.abs(noisy.astype(int) - clean).mean()
