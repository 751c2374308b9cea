"""Write the trained painter for serving: ONNX, manifest, checksums.

    python -m tempera.export --run .cache/tempera/run

The weights of large tensors are stored as fp16 and cast to fp32 in the graph, which halves the file
and leaves the arithmetic in fp32. ONNX Runtime's answer is compared with PyTorch's at several sizes
before anything is written into ``tempera/weights``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from tempera import data
from tempera.batches import FILTER_TITLES, style_names
from tempera.network import SIZES, Painter, forward_flops, parameters
from tempera.sampling import FINISH, TEMPERATURE
from tempera.words import WEIGHTS, Tokenizer

INPUTS = ("noisy", "t", "reference", "tokens", "style")
FILES = ("network.onnx", "vocab.txt", "lexicon.json", "library.zip", "evaluation.json")
SHAPES = ((1, 128, 128), (2, 128, 128), (1, 96, 160), (2, 64, 64), (1, 256, 256))
# Chosen from evaluation.json and from sheets; see MODEL_CARD.md.
DEFAULTS = {"steps": 8, "guidance": 1.0, "adherence": 0.35, "style": "soft-3d"}


def load(path: Path) -> tuple[Painter, dict[str, Any]]:
    """The averaged weights of a run, rounded to fp16 as they will be stored."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Painter(SIZES[state["size"]], len(Tokenizer.load()), len(style_names()))
    model.load_state_dict({k: v.half().float() for k, v in state["ema"].items()})
    return model.eval(), state


def example(b: int, h: int, w: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    g = torch.Generator().manual_seed(seed)
    reference = torch.randn(b, 5, h, w, generator=g).clamp(-1, 1)
    reference[:, 4] = 1
    tokens = torch.randint(0, 500, (b, 24), generator=g)
    tokens[:, 12:] = 0
    return (
        torch.randn(b, 4, h, w, generator=g), torch.rand(b, generator=g), reference, tokens,
        torch.randint(0, 5, (b,), generator=g),
    )  # fmt: skip


def to_onnx(model: Painter, path: Path) -> None:
    batch, height, width = (torch.export.Dim(n) for n in ("B", "h", "w"))
    size = {0: batch, 2: 16 * height, 3: 16 * width}
    program = torch.onnx.export(
        model, example(2, 128, 96), dynamo=True, opset_version=18, input_names=list(INPUTS), output_names=["x"],
        dynamic_shapes={"noisy": size, "t": {0: batch}, "reference": size, "tokens": {0: batch}, "style": {0: batch}},
    )  # fmt: skip
    program.save(str(path), external_data=False)


def halve(path: Path, least: int = 256) -> None:
    """Store fp32 initializers of at least ``least`` values as fp16 with a Cast in front of their users."""
    proto = onnx.load(str(path))
    graph, casts, kept = proto.graph, [], []
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or array.size < least:
            kept.append(tensor)
            continue
        kept.append(numpy_helper.from_array(array.astype(np.float16), tensor.name + "_half"))
        casts.append(
            helper.make_node(
                "Cast", [tensor.name + "_half"], [tensor.name], to=TensorProto.FLOAT, name=tensor.name + "_cast"
            )
        )
    nodes = casts + list(graph.node)
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del proto.metadata_props[:]
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path))


def compare(model: Painter, path: Path) -> float:
    """Largest difference between ONNX Runtime and PyTorch over the shapes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for seed, (b, h, w) in enumerate(SHAPES):
        inputs = example(b, h, w, seed)
        with torch.no_grad():
            expected = model(*inputs).numpy()
        got = session.run(["x"], {k: v.numpy() for k, v in zip(INPUTS, inputs, strict=True)})[0]
        worst = max(worst, float(np.abs(expected - got).max()))
    return worst


def file_facts(path: Path) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


def write_manifest(model: Painter, state: dict[str, Any], version: str) -> None:
    titles = {e["style"]: e["title"] for e in data.load_manifest()["drawings"]} | FILTER_TITLES
    side = model.size.grid
    manifest = {
        "name": "tempera-image",
        "version": version,
        "preview": state["size"] == "preview",
        "trained": {
            "samples": state["samples"], "steps": state["step"], "minutes": round(state["minutes"], 1),
            "device": state.get("device", "cpu"), "recipe": state["size"], "parameters": parameters(model),
        },
        "grid": side,
        "grid_multiple": 16,
        "styles": style_names(),
        "style_titles": titles,
        "defaults": DEFAULTS,
        "sampler": {"temperature": TEMPERATURE, "finish": FINISH},
        "forward_flops": {f"{s}x{s}": forward_flops(model, s, s) for s in (side // 2, side)},
        "files": {name: file_facts(WEIGHTS / name) for name in FILES if (WEIGHTS / name).exists()},
    }  # fmt: skip
    (WEIGHTS / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=data.CACHE / "run", help="folder with ema.pt")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--manifest-only", action="store_true", help="keep network.onnx, renew checksums")
    options = parser.parse_args()
    torch.set_num_threads(2)
    model, state = load(options.run / "ema.pt")
    if not options.manifest_only:
        WEIGHTS.mkdir(exist_ok=True)
        draft = data.CACHE / "network.onnx"
        to_onnx(model, draft)
        halve(draft)
        worst = compare(model, draft)
        if worst > 2e-3:
            raise SystemExit(f"ONNX Runtime differs from PyTorch by {worst}")
        (WEIGHTS / "network.onnx").write_bytes(draft.read_bytes())
        print(f"ONNX Runtime agrees within {worst:.1e}; {draft.stat().st_size / 1e6:.1f} MB")
    write_manifest(model, state, options.version)


if __name__ == "__main__":
    main()
