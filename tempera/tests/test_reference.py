"""The rules around the network hold for any network."""

from __future__ import annotations

import numpy as np
import pytest

from tempera import contouring, reference
from tempera.vectors_make import sketches, stub

H, W = 12, 16


def told(guide: np.ndarray, token: int = 0) -> reference.Told:
    style, look = np.array([1, 0, 0], np.float32), np.zeros(2, np.float32)
    return reference.Told(guide, [token] + [0] * 23, style, look)


def planes(seed: int) -> np.ndarray:
    return np.clip(reference.noise(seed, 0, 4 * H * W).reshape(4, H, W) * 0.4, -1, 1)


@pytest.mark.parametrize("finish", [0.0, 0.5])
def test_known_places_come_back_exactly(finish: float) -> None:
    truth, known = planes(1), np.zeros((H, W), np.float32)
    known[:, :9] = 1
    guide = reference.guide(H, W, None, truth, known)
    x = reference.sample(
        stub, told(guide), told(reference.without_reference(guide), 3), seed=5, steps=6, guidance=2.5, temperature=0.5,
        finish=finish, truth=truth, known=known,
    )  # fmt: skip
    assert np.array_equal(x[:, :, :9], truth[:, :, :9])
    assert not np.allclose(x[:, :, 9:], truth[:, :, 9:], atol=0.05)


def test_a_repeating_picture_has_no_seam() -> None:
    """A network that is wrong at its border shows it in the picture, unless the picture is rolled."""

    def wrong_at_the_border(noisy: np.ndarray, t: float, told: reference.Told) -> np.ndarray:
        x = 0.2 * noisy
        x[:, :, 0] += 0.5
        x[:, :, -1] -= 0.5
        return x

    def seam(roll: int) -> float:
        guide = reference.guide(H, W)
        x = reference.sample(
            wrong_at_the_border, told(guide), told(guide), seed=3, steps=8, guidance=1, temperature=0.1, roll=roll
        )
        across = np.abs(x[:, :, 0] - x[:, :, -1]).mean()
        return float(across / np.abs(np.diff(x, axis=2)).mean())

    assert seam(0) > 3
    assert seam(4) < 1.5


def test_offsets_are_whole_multiples_and_move() -> None:
    found = {reference.offset(7, look, 4, H, W) for look in range(40)}
    assert all(dx % 4 == dy % 4 == 0 and dx < W and dy < H for dx, dy in found)
    assert len(found) > 6


def test_avoided_guide_keeps_what_is_known_and_the_contours() -> None:
    known = np.zeros((H, W), np.float32)
    known[3] = 1
    lines = np.zeros((H, W), np.float32)
    lines[5] = 1
    g = reference.guide(H, W, planes(1), planes(2), known, ((lines, 0.5),))
    bare = reference.without_reference(g)
    assert np.array_equal(bare[5:], g[5:]) and set(np.unique(g[6])) == {-0.5, 0.5}
    assert np.array_equal(bare[:4, 3], planes(2)[:, 3]) and not bare[:5, 4].any()


@pytest.mark.parametrize("name", sorted(sketches()))
def test_contours_are_lines(name: str) -> None:
    h, w, picture = sketches()[name]
    ys, xs = np.arange(h) * picture.shape[0] // h, np.arange(w) * picture.shape[1] // w
    canvas = picture[ys][:, xs].astype(float) / 255
    canvas[..., :3] *= canvas[..., 3:]
    e = contouring.contours(picture, canvas)
    solid = np.mean([e[y : h - 2 + y, x : w - 2 + x] for y in range(3) for x in range(3)], 0).max()
    assert 0.01 < e.mean() < 0.25 and solid < 1, "no place has lines all around it"


def test_what_has_its_style_starts_closer_unless_it_is_to_change() -> None:
    """As TestAdherence_CountsForMoreWhereTheStyleIsThere of the Go engine has it."""
    for adherence in (0.0, 0.35, 1.0):
        assert reference.closeness_of(adherence, "flat", 0.0, 1.0) == adherence
        assert reference.closeness_of(adherence, "flat", 1.0, 1.0) == pytest.approx(adherence**0.05)
        assert reference.closeness_of(adherence, "flat", 1.0, 1.5) == pytest.approx(adherence**0.5)
        assert reference.closeness_of(adherence, "flat", 0.5, 1.0) == pytest.approx(adherence**0.7625)
    assert reference.closeness_of(0.0, "neon", 1.0, 1.0) == reference.LEAST_FILTERED


def test_small_changes_of_few_colours_count_as_noise() -> None:
    """As TestCalmed_SmallChangesAreNone of the Go engine has it."""
    shown = np.array((0.5, -0.5, 0, 0.25), np.float32)
    got = reference.calmed(np.array((0.54, -0.44, 0.5, -0.75), np.float32), shown, 0.05)
    np.testing.assert_allclose(got, (0.5, -0.49, 0.45, -0.7), atol=1e-6)
    assert reference.calm_of(0.9, "toon", 1.0, 1.0) == pytest.approx(0.072)
    assert reference.calm_of(0.9, "toon", 0.5, 1.0) == pytest.approx(0.036)
    assert reference.calm_of(0.9, "gradient", 1.0, 1.0) == pytest.approx(0.072)
    assert (
        reference.calm_of(0.5, "pixel", 0.0, 1.0) == reference.calm_of(0.5, "papercut", 0.0, 1.0) == pytest.approx(0.2)
    )
    assert reference.calm_of(0.5, "pixel", 0.0, 1.5) == reference.calm_of(0.5, "neon", 1.0, 1.0) == 0
    assert reference.calm_of(0.9, "soft-3d", 1.0, 1.0) == reference.calm_of(0.9, "toon", 1.0, 1.5) == 0
