"""The painter's parts that are computed in one way and exported in another."""

import pytest

torch = pytest.importorskip("torch")
network = pytest.importorskip("tempera.network")


@pytest.mark.parametrize(("kernel", "by"), [(1, 2), (3, 2)])
def test_shrunk_exports_what_it_computes(monkeypatch: pytest.MonkeyPatch, kernel: int, by: int) -> None:
    torch.manual_seed(0)
    conv = torch.nn.Conv2d(11 * by * by, 8, kernel, padding=kernel // 2)
    x = torch.randn(2, 11, 12, 20)
    plain = conv(torch.nn.functional.pixel_unshuffle(x, by))
    assert torch.equal(network.shrunk(x, conv, by), plain)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    strided = network.shrunk(x, conv, by)
    assert strided.shape == plain.shape
    assert (strided - plain).abs().max() < 1e-5
