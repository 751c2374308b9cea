"""The painter's parts that are computed in one way and exported in another."""

from pathlib import Path

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


def test_grown_exports_what_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    conv = torch.nn.Conv2d(11, 3 * 4, 1)
    x = torch.randn(2, 11, 6, 10)
    plain = torch.nn.functional.pixel_shuffle(conv(x), 2)
    assert torch.equal(network.grown(x, conv, 2), plain)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    transposed = network.grown(x, conv, 2)
    assert transposed.shape == plain.shape
    assert (transposed - plain).abs().max() < 1e-5


def test_a_token_block_exports_what_it_computes(tmp_path: Path) -> None:
    """Two pictures of other conditions: what belongs to one must not reach the other."""
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    block = network.TokenBlock(64, 4, 8).eval()
    for p in block.parameters():
        torch.nn.init.normal_(p, std=0.2)
    rope = network.rope_table(3, 5, 4, 16, torch.zeros(1))
    inputs = (torch.randn(2, 19, 64), torch.randn(2, 8), *rope)
    path = tmp_path / "block.onnx"

    class Alone(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = block

        def forward(self, x: torch.Tensor, c: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
            return self.block(x, c, (cos, sin))

    program = torch.onnx.export(
        Alone().eval(), inputs, dynamo=True, opset_version=23, input_names=["x", "c", "cos", "sin"], output_names=["y"]
    )
    program.save(str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    got = session.run(["y"], {n: v.numpy() for n, v in zip(("x", "c", "cos", "sin"), inputs, strict=True)})[0]
    plain = block(inputs[0], inputs[1], rope).detach()
    assert (torch.from_numpy(got) - plain).abs().max() < 1e-4 * plain.abs().max()
    kinds = {node.op_type for node in program.model_proto.graph.node}
    assert {"MultiHeadAttention", "RotaryEmbedding", "LayerNormalization"} <= kinds


def test_the_shipped_weights_come_back_as_a_checkpoint(tmp_path: Path) -> None:
    """What goes on training from it computes what is shipped, but for the rounding of int8."""
    export = pytest.importorskip("tempera.export")
    export.restore(tmp_path)
    model, state = export.load(tmp_path / "ema.pt")
    assert state["samples"] > 0
    of = export.example(1, 64, 64, model.size.conditions)
    session = pytest.importorskip("onnxruntime").InferenceSession(str(export.WEIGHTS / "network.onnx"))
    (shipped,) = session.run(["x"], {k: v.numpy() for k, v in zip(export.INPUTS, of, strict=True)})
    with torch.no_grad():
        trained = model(*of).numpy()
    assert abs(trained - shipped).mean() < 0.03 * abs(shipped).mean()
