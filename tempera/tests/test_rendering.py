"""One drawing rendered another way: the network, how it learns, what it is shipped as. Rules of cells applied twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tempera import reference, renderer, rendering  # noqa: E402

SIDE = 64


class Discs:
    """In place of renderer.Drawings: discs of some colours, flat, with a light from above, and as a black ring."""

    def __init__(self) -> None:
        self.concepts = [f"disc {k}" for k in range(6)]

    def of(self, task: str, spared: bool) -> list[str]:
        return [] if spared else self.concepts

    def pair(self, task: str, concept: str, kept: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
        shown, asked = (self.drawing(hand, int(concept.split()[1])) for hand in task.split(">"))
        return shown, asked

    def drawing(self, hand: str, k: int) -> torch.Tensor:
        y, x = torch.meshgrid(*[(torch.arange(SIDE) + 0.5) / SIDE] * 2, indexing="ij")
        far = (x - 0.5).hypot(y - 0.5)
        alpha = ((0.3 + 0.02 * k - far) * SIDE).clamp(0, 1)
        colour = torch.tensor((0.3 + 0.1 * k, 0.8 - 0.1 * k, 0.5))[:, None, None].expand(3, SIDE, SIDE)
        if hand == "ink":
            ring = alpha * (far > 0.2 + 0.02 * k)
            return torch.cat([v * ring[None] for v in renderer.INK] + [ring[None]])
        if hand != "flat":
            colour = (colour + 0.6 * (0.5 - y)).clamp(0, 1)
        return torch.cat((colour * alpha, alpha[None]))


def off(net: renderer.Renderer, task: str) -> float:
    discs, code = Discs(), torch.from_numpy(rendering.code_of(task))[None]
    with torch.no_grad():
        return float(
            np.mean(
                [(net(s[None], code)[0] - a).abs().mean() for s, a in (discs.pair(task, c) for c in discs.concepts)]
            )
        )


def test_it_learns_light_and_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "ALONE", 10)  # the critic is heard soon
    lesson = renderer.Lesson(Discs(), weight=0.5, batch=6)
    tasks = ("flat>soft-3d", "flat>ink")
    before = {t: off(lesson.net, t) for t in tasks}
    for _ in range(40):
        lesson.learn(1.0)
    for task in tasks:
        assert off(lesson.net, task) < 0.8 * before[task], task


def test_the_answer_keeps_the_shape_but_for_ink() -> None:
    net = renderer.Renderer()
    shown = Discs().drawing("flat", 2)[None]
    coloured = net(shown, torch.from_numpy(rendering.code_of("flat>gradient"))[None])
    assert torch.equal(coloured[:, 3], shown[:, 3]) and bool((coloured[:, :3] <= coloured[:, 3:] + 1e-6).all())
    ink = net(shown, torch.from_numpy(rendering.code_of("flat>ink"))[None]).detach()
    assert torch.allclose(ink[:, :3], ink[:, 3:] * torch.tensor(renderer.INK)[None, :, None, None])


def test_a_box_is_laid_over_the_other() -> None:
    answer, shown = torch.zeros(4, SIDE, SIDE), torch.zeros(4, SIDE, SIDE)
    answer[:, 10:50, 12:52] = 1
    shown[:, 14:54, 10:54] = 1
    laid = renderer.laid_over(answer, shown)
    assert (laid - shown).abs().mean() < 0.01 < (answer - shown).abs().mean()
    shown[:, :, 10:25] = 0
    assert torch.equal(renderer.laid_over(answer, shown), answer)  # too far from it to be the same drawing


def test_what_is_shipped_answers_as_it_was_trained(tmp_path: Path) -> None:
    """At both sizes of the library's drawings."""
    torch.manual_seed(1)
    net = renderer.Renderer().eval()
    torch.nn.init.normal_(net.out.weight, std=0.05)
    renderer.to_onnx(net, tmp_path / "render.onnx")
    run = rendering.onnx_network(tmp_path / "render.onnx")
    for side in (128, 160):
        planes = torch.rand(4, side, side)
        planes[:3] *= planes[3:]
        for task in ("flat>soft-3d", "soft-3d>ink"):
            code = rendering.code_of(task)
            with torch.no_grad():
                expected = net(planes[None], torch.from_numpy(code)[None])[0].numpy()
            got = run(planes.numpy(), code)
            assert got.shape == expected.shape and np.abs(got - expected).mean() < 2e-3


def test_a_code_has_the_shown_before_the_asked() -> None:
    assert rendering.code_of("gradient>ink").tolist() == [0, 0, 1, 0, 0, 0, 0, 1]


def test_answers_are_rounded_and_kept_within_a_picture() -> None:
    picture = np.full((8, 8, 4), 100, np.uint8)
    for answer, expected in (
        (lambda planes, _: planes * np.float32(0.337), 34), (lambda planes, _: planes + 1, 255), (lambda planes, _: planes - 1, 0)
    ):  # fmt: skip
        assert (rendering.rendered(picture, "flat>soft-3d", answer) == expected).all()


@pytest.mark.parametrize("style", reference.CELLED)
@pytest.mark.parametrize("size", [(64, 64), (96, 128), (256, 240)])
def test_a_rule_of_cells_leaves_alone_what_has_it(style: str, size: tuple[int, int]) -> None:
    y, x = np.mgrid[0 : size[0], 0 : size[1]] / size[0]
    alpha = np.clip((0.4 - np.hypot(x - 0.5, y - 0.5)) * 30, 0, 1)
    once = reference.filtered(np.stack((x * alpha, y * alpha, 0.3 * alpha, alpha), -1), style)
    assert np.abs(reference.filtered(once, style) - once).max() < 0.01 < np.abs(once[..., 0] - x * alpha).max()
