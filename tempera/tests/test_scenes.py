"""Backdrops are plain data, the same on every machine."""

from __future__ import annotations

import numpy as np
import pytest

from tempera import scenes


def test_dice_are_the_documented_hash() -> None:
    dice = scenes.Dice(42)
    assert [f"{dice.draw():.12f}" for _ in range(3)] == ["0.741564878772", "0.159910392877", "0.278601130255"]


@pytest.mark.parametrize("kind", scenes.KINDS)
def test_every_kind_paints_valid_colour_and_repeats(kind: str) -> None:
    for soft in (True, False):
        picture = scenes.paint(scenes.describe(kind, 5), 48, 64, soft)
        assert picture.shape == (48, 64, 3) and picture.dtype == np.float32
        assert picture.min() >= 0 and picture.max() <= 1
        np.testing.assert_array_equal(picture, scenes.paint(scenes.describe(kind, 5), 48, 64, soft))


def test_ground_is_inside_the_picture_or_absent() -> None:
    for kind in scenes.KINDS:
        ground = scenes.describe(kind, 1).ground
        assert ground == 0 or 0.7 <= ground <= 0.95


def test_unknown_kind_is_an_error() -> None:
    with pytest.raises(KeyError):
        scenes.describe("volcano lair", 1)
