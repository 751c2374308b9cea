"""The critic, and what the painter is shown while it listens to it."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
critic = pytest.importorskip("tempera.critic")
restyle = pytest.importorskip("tempera.restyle")


def striped(n: int, generator: "torch.Generator") -> tuple["torch.Tensor", "torch.Tensor"]:
    """Planes [n, 4, 128, 128] of discs with stripes of any colour: upright in style 1, level in style 2."""
    style = torch.randint(1, 3, (n,), generator=generator)
    at = torch.arange(128) / 128
    wave = (torch.sin(60 * at + 6 * torch.rand(n, 1, generator=generator)) > 0).float()
    stripes = torch.where((style == 1)[:, None, None], wave[:, None, :], wave[:, :, None])
    alpha = (((at - 0.5) ** 2)[:, None] + ((at - 0.5) ** 2)[None] < 0.1).float()
    colour = torch.rand(n, 3, 1, 1, generator=generator) * stripes[:, None] * alpha
    return torch.cat((2 * colour - alpha, (2 * alpha - 1).expand(n, 1, 128, 128)), 1), style


def test_the_critic_tells_styles_and_does_not_count_what_is_empty() -> None:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    model = critic.Critic(3)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
    for _ in range(60):
        planes, style = striped(12, generator)
        critic.named(*model(planes), style).mean().backward()
        optimiser.step()
        optimiser.zero_grad()
    planes, style = striped(32, generator)
    scores, weights = model(planes)
    assert critic.right(scores, style) > 0.9
    assert torch.allclose(weights.sum(1), torch.ones(32))
    corner, middle = weights[:, 0], weights[:, 8 * 4 + 4]  # of 8 x 8 patches
    assert corner.max() == 0
    assert middle.min() > 0


def test_what_is_shown_is_not_the_answer() -> None:
    planner = restyle.Hands.__new__(restyle.Hands)
    planner.rng = np.random.default_rng(0)
    planner.index = SimpleNamespace(by_concept={"fox": {"flat": 1, "toon": 2, "ink": 3}, "sword": {"game-icon": 4}})
    assert {planner._other("fox", "toon") for _ in range(200)} == {1, 3}
    assert planner._other("sword", "game-icon") == 4
