"""Write the trained painter for serving: ONNX, manifest, checksums.

    python -m tempera.export --run .cache/tempera/run-standard
    python -m tempera.export --checksums         # renew only what manifest.json says of the files
    python -m tempera.export --restore OUT       # the shipped weights as OUT/ema.pt, to train on from

The weights of the waist's matrix products become int8, one scale a column, and their inputs are scaled to uint8 as
they come. The word table and the films are stored as int8 too, other large tensors as fp16; both are computed in
fp32. Before anything is written into
``tempera/weights``, ONNX Runtime's answer is compared with PyTorch's at several sizes: as exported exactly, as int8
within a bound (on noise for a reference, which no picture is like; on pictures it is ten times closer).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from tempera import data
from tempera.network import GUIDE, LOOK_SIDE, SIZES, Look, Painter, forward_flops, parameters
from tempera.plans import FILTER_TITLES, style_names
from tempera.sampling import Sampler
from tempera.words import WEIGHTS, Tokenizer

INPUTS = ("noisy", "t", "guide", "tokens", "style", "look")
FILES = ("network.onnx", "look.onnx", "render.onnx", "vocab.txt", "lexicon.json", "library.zip", "evaluation.json")
SHAPES = ((1, 128, 128), (2, 128, 128), (1, 96, 160), (2, 64, 64), (1, 256, 256))
EXACT, ROUNDED = 2e-3, 0.04  # largest difference as exported; root mean square difference as int8
# Chosen from evaluation.json and from sheets; see MODEL_CARD.md.
DEFAULTS = {"steps": 8, "guidance": 1.0, "adherence": 0.25, "style": "soft-3d"}
SAMPLER = Sampler(temperature=0.75, guide_avoided=True, style_avoided=False)


def load(path: Path) -> tuple[Painter, dict[str, Any]]:
    """The averaged weights of a run, rounded to fp16 as they will be stored."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Painter(SIZES[state["size"]], len(Tokenizer.load()), len(style_names()))
    model.load_state_dict({k: v.half().float() for k, v in state["ema"].items()})
    return model.eval(), state


def example(b: int, h: int, w: int, conditions: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    g = torch.Generator().manual_seed(seed)
    guide = torch.randn(b, GUIDE, h, w, generator=g).clamp(-1, 1)
    guide[:, 4:] = torch.tensor([1.0, 0.0, 0.0])[:, None, None]
    tokens = torch.randint(0, 500, (b, 24), generator=g)
    tokens[:, 12:] = 0
    style = torch.zeros(b, len(style_names()))
    style[:, 1] = 1
    look = torch.randn(b, conditions, generator=g) * 0.1
    return torch.randn(b, 4, h, w, generator=g), torch.rand(b, generator=g), guide, tokens, style, look


def to_onnx(model: Painter, path: Path) -> None:
    batch, height, width = (torch.export.Dim(n) for n in ("B", "h", "w"))
    size, only = {0: batch, 2: 16 * height, 3: 16 * width}, {0: batch}
    program = torch.onnx.export(
        model, example(2, 128, 96, model.size.conditions), dynamo=True, opset_version=23, input_names=list(INPUTS),
        output_names=["x"],
        dynamic_shapes={"noisy": size, "t": only, "guide": size, "tokens": only, "style": only, "look": only},
    )  # fmt: skip
    program.save(str(path), external_data=False)
    name_weights(model, path)


def name_weights(model: Painter, path: Path) -> None:
    """Give weights that the exporter transposed or shaped, and numbered, their parameter's name and a suffix:
    ``restore`` reads by name."""
    proto = onnx.load(str(path))
    known = {n: p.detach().numpy() for n, p in model.named_parameters()}
    renamed = {}
    for tensor in proto.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if tensor.name in known or array.size < 16 or array.dtype != np.float32:
            continue
        for name, p in known.items():
            turned = p.ndim == 2 and p.T.shape == array.shape and np.array_equal(p.T, array)
            if turned or (p.size == array.size and np.array_equal(p.ravel(), array.ravel())):
                renamed[tensor.name] = name + ("_Transposed" if turned else "_Shaped")
                tensor.name = renamed[tensor.name]
                break
    for node in proto.graph.node:
        node.input[:] = [renamed.get(i, i) for i in node.input]
    onnx.save(proto, str(path))


def look_to_onnx(look: Look, path: Path) -> None:
    program = torch.onnx.export(
        look, (torch.zeros(2, 4, LOOK_SIDE, LOOK_SIDE),), dynamo=True, opset_version=18, input_names=["picture"],
        output_names=["look"], dynamic_shapes={"picture": {0: torch.export.Dim("B")}},
    )  # fmt: skip
    program.save(str(path), external_data=False)


def round_waist(source: Path, target: Path) -> None:
    """The waist's matrix products with stored weights as MatMulInteger.

    The weights keep to 7 bits: processors without VNNI add pairs of uint8 x int8 products in 16 bits, which saturate
    with 8. So every processor gets the same sums.
    """
    proto = onnx.load(str(source))
    stored = {t.name: t for t in proto.graph.initializer}
    waist = [
        n.name for n in proto.graph.node
        if n.op_type == "MatMul" and any(i in stored and min(stored[i].dims) >= 512 for i in n.input)
    ]  # fmt: skip
    if not waist:
        raise SystemExit("the graph has no matrix products to round: has the exporter changed?")
    quantize_dynamic(
        str(source), str(target), op_types_to_quantize=["MatMul"], nodes_to_quantize=waist, per_channel=True,
        weight_type=QuantType.QInt8, reduce_range=True, extra_options={"MatMulConstBOnly": True},
    )  # fmt: skip
    print(f"{len(waist)} matrix products as int8")


def halve(path: Path, least: int = 256, convolutions: bool = False) -> None:
    """Store fp32 initializers of at least ``least`` values as fp16, the word table and the films (and ``convolutions``) as int8
    with a scale a row or column, and multiply them out in front of their users: ONNX Runtime does so once, when it loads."""
    proto = onnx.load(str(path))
    graph, front, kept = proto.graph, [], []
    for tensor in graph.initializer:
        array, name = numpy_helper.to_array(tensor), tensor.name
        if tensor.data_type != TensorProto.FLOAT or array.size < least or name.endswith("_scale"):
            kept.append(tensor)
            continue
        tables = array.ndim == 2 and (name.startswith("words.") or ".film.weight" in name)
        if tables or (convolutions and array.ndim == 4):
            axis = (
                0
                if name.endswith("_Transposed") and tables and not name.startswith("words.")
                else tuple(range(1, array.ndim))
            )
            scale = np.abs(array).max(axis, keepdims=True).astype(np.float32) / 127
            kept.append(numpy_helper.from_array(np.round(array / scale).astype(np.int8), name + "_int8"))
            kept.append(numpy_helper.from_array(scale, name + "_int8_scale"))
            front.append(
                helper.make_node("Cast", [name + "_int8"], [name + "_wide"], to=TensorProto.FLOAT, name=name + "_cast")
            )
            front.append(helper.make_node("Mul", [name + "_wide", name + "_int8_scale"], [name], name=name + "_scaled"))
        else:
            kept.append(numpy_helper.from_array(array.astype(np.float16), name + "_half"))
            front.append(helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT, name=name + "_cast"))
    nodes = front + list(graph.node)
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del proto.metadata_props[:]
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path))


def compare(model: Painter, path: Path) -> tuple[float, float]:
    """Largest and root mean square difference between ONNX Runtime and PyTorch over the shapes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    largest, squares = 0.0, []
    for seed, (b, h, w) in enumerate(SHAPES):
        inputs = example(b, h, w, model.size.conditions, seed)
        with torch.no_grad():
            expected = model(*inputs).numpy()
        got = session.run(["x"], {k: v.numpy() for k, v in zip(INPUTS, inputs, strict=True)})[0]
        largest = max(largest, float(np.abs(expected - got).max()))
        squares.append(float(np.square(expected - got).mean()))
    return largest, max(squares) ** 0.5


def file_facts(path: Path) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


def write_manifest(model: Painter, state: dict[str, Any], version: str) -> None:
    titles = {e["style"]: e["title"] for e in data.load_manifest()["drawings"]} | FILTER_TITLES
    side = model.size.grid
    restyled = state.get("restyled")
    flops = {f"{s}x{s}": forward_flops(model, s, s) for s in (side // 2, side)}
    manifest = {
        "name": "tempera-image",
        "version": version,
        "preview": state["size"] == "preview",
        "trained": {
            "samples": state["samples"], "steps": state["step"], "minutes": round(state["minutes"], 1),
            "device": state.get("device", "cpu"), "recipe": state["size"], "parameters": parameters(model),
            **({"restyled": restyled | {"minutes": round(restyled["minutes"], 1)}} if restyled else {}),
        },
        "grid": side,
        "grid_multiple": 16,
        "styles": style_names(),
        "style_titles": titles,
        "defaults": DEFAULTS,
        "sampler": vars(SAMPLER),
        "look_width": model.size.conditions,
        "forward_flops": {s: total for s, (total, _) in flops.items()},
        "forward_int8_ops": {s: waist for s, (_, waist) in flops.items()},
        "files": {name: file_facts(WEIGHTS / name) for name in FILES if (WEIGHTS / name).exists()},
    }  # fmt: skip
    (WEIGHTS / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def renew_checksums() -> None:
    """Size and hash of every file as it is now; the rest of the manifest stays as it was written with the network."""
    path = WEIGHTS / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"] = {name: file_facts(WEIGHTS / name) for name in FILES if (WEIGHTS / name).exists()}
    path.write_text(json.dumps(manifest, indent=2) + "\n")


def restore(out: Path) -> None:
    """The shipped weights as a checkpoint to train on from: fp16 and int8 back to fp32, momentum lost."""
    manifest = json.loads((WEIGHTS / "manifest.json").read_text())
    state: dict[str, Any] = {
        "size": manifest["trained"]["recipe"],
        **{k: v for k, v in manifest["trained"].items() if k in ("samples", "minutes", "device", "restyled")},
    }
    model = Painter(SIZES[state["size"]], len(Tokenizer.load()), len(style_names()))
    found = stored_weights(WEIGHTS / "network.onnx") | {
        f"look.{k}": v for k, v in stored_weights(WEIGHTS / "look.onnx").items()
    }
    ema = {}
    for at, conv in enumerate(model.grow):
        if f"grow.{at}.weight" not in found:  # small enough for the exporter to put it beside its biases: network.grown
            (both,) = (v for v in found.values() if v.shape == (conv.out_channels, conv.in_channels + 1))
            found |= {f"grow.{at}.weight": both[:, :-1], f"grow.{at}.bias": both[:, -1]}
    for name, p in model.named_parameters():
        ema[name] = torch.from_numpy(np.ascontiguousarray(found[name])).reshape(p.shape)
    out.mkdir(parents=True, exist_ok=True)
    torch.save({"ema": ema, "step": manifest["trained"]["steps"], **state}, out / "ema.pt")
    print(f"{len(ema)} tensors of {manifest['version']} into {out / 'ema.pt'}")


def stored_weights(path: Path) -> dict[str, np.ndarray]:
    """fp32 initializers by the parameter's name, int8 multiplied out, transposed ones turned back."""
    arrays = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(path)).graph.initializer}
    found = {}
    for name, array in arrays.items():
        plain, wide = re.sub(r"_(half|int8|quantized)$", "", name), array.astype(np.float32)
        if name.endswith("_int8"):
            wide = wide * arrays[name + "_scale"]
        elif name.endswith("_quantized"):
            wide = wide * arrays[plain + "_scale"].astype(np.float32)
        turned = plain.endswith("_Transposed")
        found[plain.removesuffix("_Transposed").removesuffix("_Shaped")] = wide.T if turned else wide
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=data.CACHE / "run-standard", help="folder with ema.pt")
    parser.add_argument("--version", default="0.5.0")
    parser.add_argument("--manifest-only", action="store_true", help="keep the networks, renew checksums and defaults")
    parser.add_argument("--checksums", action="store_true", help="renew sizes and hashes in the manifest, nothing else")
    parser.add_argument("--restore", type=Path, help="write the shipped weights as a checkpoint instead")
    options = parser.parse_args()
    torch.set_num_threads(2)
    if options.checksums:
        renew_checksums()
        return
    if options.restore:
        restore(options.restore)
        return
    model, state = load(options.run / "ema.pt")
    if not options.manifest_only:
        export(model)
    write_manifest(model, state, options.version)


def export(model: Painter) -> None:
    draft, rounded, look = (data.CACHE / name for name in ("draft.onnx", "network.onnx", "look.onnx"))
    to_onnx(model, draft)
    exact, _ = compare(model, draft)
    if exact > EXACT:
        raise SystemExit(f"ONNX Runtime differs from PyTorch by {exact}")
    round_waist(draft, rounded)
    halve(rounded)
    _, off = compare(model, rounded)
    print(f"exact within {exact:.1e}; as int8 off by {off:.4f}; {rounded.stat().st_size / 1e6:.1f} MB")
    if off > ROUNDED:
        raise SystemExit("int8 is too far off")
    look_to_onnx(model.look, look)
    halve(look)
    for path in (rounded, look):
        (WEIGHTS / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main()
