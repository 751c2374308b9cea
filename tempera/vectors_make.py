"""Write tempera/vectors: what the reference answers, for the Go engine's tests.

    python -m tempera.vectors_make
    python -m tempera.vectors_make --networks     # also the tiny networks of the engine's tests (needs onnx)

The vectors carry their own small lexicon, vocabulary and three drawings, so they change only when a rule
of reading.py, composing.py, scenes.py or reference.py does, not when the model is trained again.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from tempera import composing, contouring, outlining, palettes, reference, rendering, scenes, vectors_world
from tempera.reading import Reader, Scene
from tempera.vectors_world import COMPOSED, LAYOUTS, PROMPTS, SIDE, TEXTS, drawings, index, lexicon, palette_rows

VECTORS = Path(__file__).resolve().parent / "vectors"
ENGINE = Path(__file__).resolve().parent.parent / "internal" / "engine" / "tempera"


def pack(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def bytes_of(picture: np.ndarray) -> str:
    return pack((picture * 255 + 0.5).astype(np.uint8))


def premultiply(picture: np.ndarray) -> np.ndarray:
    wide = picture.astype(np.uint16)
    return np.concatenate(((wide[..., :3] * wide[..., 3:] + 127) // 255, wide[..., 3:]), -1).astype(np.uint8)


def stub(noisy: np.ndarray, t: float, told: reference.Told) -> np.ndarray:
    """A network that can be written down in one line, float32."""
    g = told.guide
    said = 0.01 * float(sum(told.tokens) % 17) + 0.05 * float(told.style @ np.arange(len(told.style))) + 0.1 * t
    side = np.linspace(-0.2, 0.2, noisy.shape[2], dtype=np.float32)  # it knows left from right, as borders do
    seen = np.float32(0.4) * g[:4] * g[4:5] + np.float32(0.1) * g[5:6] - np.float32(0.2) * g[6:7]
    return np.float32(0.5) * noisy + seen + side + np.float32(said + float(told.look.sum()))


PLAIN = {
    "steps": 4, "guidance": 1.0, "guidance_from": 0.0, "adherence": 0.35, "temperature": 1.0, "finish": 0.0,
    "reference": True, "known": False, "lines": 0.0, "roll": 0,
}  # fmt: skip
SAMPLES: tuple[dict[str, Any], ...] = (
    {"steps": 1},
    {"guidance": 2.0},
    {"steps": 10, "guidance": 1.5, "adherence": 0.0, "temperature": 0.5},
    {"steps": 7, "guidance": 3.0, "adherence": 0.0, "reference": False, "temperature": 0.5, "finish": 0.5},
    {"steps": 3, "adherence": 0.8, "finish": 0.35},
    {"steps": 6, "guidance": 2.0, "guidance_from": 0.6, "lines": 0.75},
    {"steps": 5, "guidance": 2.0, "known": True, "finish": 0.5, "temperature": 0.5},
    {"steps": 5, "known": True, "reference": False, "adherence": 0.0},
    {"steps": 5, "guidance": 2.0, "roll": 2, "finish": 0.5},
    {"steps": 4, "adherence": 0.95},
)


def samples() -> list[dict[str, Any]]:
    """Planes [4, 6, 4] of the stub under every rule of the sampler."""
    h, w = 6, 4
    picture = np.clip(reference.noise(9, 0, 96).reshape(4, h, w) * 0.4, -1, 1)
    truth = np.clip(reference.noise(10, 0, 96).reshape(4, h, w) * 0.4, -1, 1)
    known = np.zeros((h, w), np.float32)
    known[:2], known[:, 0] = 1, 1
    lines = (reference.noise(11, 0, h * w).reshape(h, w) > 0.5).astype(np.float32)
    style, look = np.array([0, 0.25, 0.75], np.float32), np.array([0.02, -0.01], np.float32)
    rows = []
    for row in SAMPLES:
        how = PLAIN | row
        shown = picture if how["reference"] else None
        guide = reference.guide(
            h, w, shown, truth if how["known"] else None, known, ((lines, how["lines"]),) if how["lines"] else ()
        )
        asked = reference.Told(guide, [5, 6, 7] + [0] * 21, style, look)
        avoided = reference.Told(reference.without_reference(guide), [3] + [0] * 23, style, look)
        x = reference.sample(
            stub, asked, avoided, seed=77, start=how["adherence"], first=picture,
            truth=truth if how["known"] else None, known=known,
            **{k: how[k] for k in ("steps", "guidance", "guidance_from", "temperature", "finish", "roll")},
        )  # fmt: skip
        rows.append(how | {"x": [float(v) for v in x.reshape(-1)]})
    return rows


def sketches() -> dict[str, tuple[int, int, np.ndarray]]:
    """Pictures to find contours in: grid height and width, straight RGBA uint8."""
    y, x = np.mgrid[0:96:2, 0:128:2].astype(np.float64)
    ring = np.abs(np.hypot(x - 60, y - 48) - 30) < 3
    cross = (np.abs(x - y) < 2.5) & (y > 10) & (y < 80)
    paper = np.full((48, 64, 4), 255, np.uint8)
    paper[ring | cross, :3] = 20
    clear = np.zeros((48, 64, 4), np.uint8)
    clear[ring] = (10, 10, 60, 255)
    shades = np.zeros((48, 64, 4), np.uint8)
    shades[..., 0], shades[..., 1], shades[..., 2] = x * 2, 90, 255 - y * 2
    shades[np.hypot(x - 50, y - 40) < 22, :3] = (250, 220, 40)
    shades[(np.abs(x - 100) < 12) & (np.abs(y - 60) < 20), 1] = 30
    shades[..., 3] = 255
    sticker = np.zeros((48, 64, 4), np.uint8)
    sticker[np.hypot(x - 64, y - 48) < 36] = (200, 60, 60, 255)
    sticker[np.hypot(x - 54, y - 40) < 8] = (30, 30, 30, 255)
    patch = np.full((48, 64, 4), 255, np.uint8)  # black on white, and no line drawing
    patch[np.hypot(x - 64, y - 48) < 20, :3] = 0
    return {
        "strokes": (32, 48, paper), "clear": (48, 64, clear), "shades": (48, 64, shades), "sticker": (24, 32, sticker),
        "patch": (32, 48, patch), "enlarged": (60, 80, paper[10:40, 10:50]),
    }  # fmt: skip


def contour_rows() -> list[dict[str, Any]]:
    """The canvas stands in the row: how a picture is scaled is no part of the rule."""
    rows = []
    for name, (h, w, picture) in sketches().items():
        ys, xs = np.arange(h) * picture.shape[0] // h, np.arange(w) * picture.shape[1] // w
        canvas = premultiply(picture[ys][:, xs])
        e = contouring.contours(picture, canvas / 255.0)
        rows.append({
            "name": name, "width": w, "height": h, "size": [picture.shape[1], picture.shape[0]], "picture": pack(picture),
            "canvas": pack(canvas), "edges": bytes_of(contouring.edges(canvas / 255.0)),
            "contours": bytes_of(e),
        })  # fmt: skip
    return rows


def layout_rows(reader: Reader, lex: dict[str, Any]) -> list[dict[str, Any]]:
    pictures = {k: premultiply(v) for k, v in drawings().items()}
    rows = []
    for number, (at, seed, width, height) in enumerate(LAYOUTS):
        scene = reader.read(PROMPTS[at])
        layout = composing.arrange(scene, index(), lex, seed, width, height, pictures.__getitem__)
        row: dict[str, Any] = {
            "prompt": PROMPTS[at], "seed": seed, "width": width, "height": height, "missing": layout.missing,
            "items": [{k: v for k, v in dataclasses.asdict(i).items() if k != "shape"} for i in layout.items],
        }  # fmt: skip
        if number in COMPOSED:
            w, h = reference.grid(width, height, 48, 8)
            style = scene.style or "soft-3d"
            picture = composing.compose(
                layout, pictures, lex["colours"], tables(), vectors_world.rendering, style, h, w
            )
            row |= {"style": style, "grid": [w, h], "composed": bytes_of(picture)}
        rows.append(row)
    return rows


def outline_rows() -> list[dict[str, Any]]:
    """Every drawing in every line style."""
    pictures = {k: premultiply(v) for k, v in drawings().items()}
    return [
        {"drawing": k, "style": style, "outlined": pack(outlining.outlined(v, style))}
        for k, v in pictures.items() for style in sorted(outlining.STYLES)
    ]  # fmt: skip


def tables() -> dict[str, palettes.Palette]:
    return palettes.parsed(palettes.body_of(palette_rows()))


def repaint_rows() -> list[dict[str, Any]]:
    """Every drawing through every table."""
    pictures = {k: premultiply(v) for k, v in drawings().items()}
    return [
        {"drawing": k, "palette": name, "repainted": pack(palettes.repainted(v, table))}
        for k, v in pictures.items() for name, table in tables().items()
    ]  # fmt: skip


def render_rows() -> list[dict[str, Any]]:
    """Every drawing rendered some way, by the world's own network."""
    pictures = {k: premultiply(v) for k, v in drawings().items()}
    names = sorted({rendering.name_of(hand, asked) for hand in rendering.HANDS for asked in rendering.ASKED} - {""})
    return [
        {"drawing": k, "render": name, "rendered": pack(rendering.rendered(v, name, vectors_world.rendering))}
        for (k, v), name in zip(pictures.items(), names[::2], strict=False)
    ]  # fmt: skip


def backdrop_rows() -> list[dict[str, Any]]:
    rows = []
    for i, kind in enumerate(scenes.KINDS):
        for soft in (True, False):
            scene = Scene(backdrop=kind, tone=("", "night", "sunset")[i % 3])
            seed = 40 + i
            picture = scenes.paint(composing.backdrop(scene, {}, seed), 18, 24, soft)
            rows.append({"kind": kind, "tone": scene.tone, "seed": seed, "soft": soft, "pixels": bytes_of(picture)})
    return rows


def filter_rows() -> list[dict[str, Any]]:
    """Parts [y0, x0, y1, x1] of pictures under every programmatic style, as training's own rules paint them."""
    import torch

    from tempera import filters

    rows = []
    for width, height, part in ((40, 24, (0, 0, 24, 40)), (112, 96, (30, 24, 50, 48))):
        y, x = np.mgrid[0:height, 0:width]
        disc = np.clip(0.42 * height - np.hypot(x - 0.45 * width, y - 0.5 * height), 0, 1)
        eye = np.clip(0.09 * height - np.hypot(x - 0.35 * width, y - 0.4 * height), 0, 1)
        colour = np.stack((0.85 - 0.5 * y / height, 0.3 + 0.4 * x / width, 0.2 + 0.6 * (x > 0.6 * width)))
        shape = np.concatenate((colour * (1 - 0.9 * eye), np.ones((1, height, width)))) * disc
        sky = np.stack((0.4 + 0.003 * y, 0.7 - 0.001 * x, 0.9 - 0.003 * y, np.ones_like(x, float)))
        for picture in (shape, shape + sky * (1 - disc))[: 2 if width < 64 else 1]:
            coded = (picture.transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)
            seen = torch.from_numpy(coded.transpose(2, 0, 1).astype(np.float64) / 255)[None]
            y0, x0, y1, x1 = part
            made = {
                name: bytes_of(rule(seen)[0].numpy().transpose(1, 2, 0)[y0:y1, x0:x1].clip(0, 1))
                for name, rule in filters.APPLY.items()
            }
            rows.append(
                {"width": width, "height": height, "picture": pack(coded), "part": list(part), "filtered": made}
            )
    return rows


def write(name: str, value: Any, check: bool) -> None:
    """Write the vectors, or only see whether they are as they should be."""
    path = VECTORS / f"{name}.json"
    text = json.dumps(value, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n"
    if check and path.read_text(encoding="utf-8") != text:
        raise SystemExit(f"{path.name} is not what the reference answers: run python -m tempera.vectors_make")
    path.write_text(text, encoding="utf-8")
    print(f"{path.name}: {len(text)} characters")


def networks() -> None:
    """matmul.onnx and matmul8.onnx, plain products to measure a machine by (the second factor is fixed, as weights
    are), stub.onnx, which has the painter's inputs:
    tanh(conv(noisy, guide) + bias by style, look, words and t), with random weights, and look.onnx, which
    reads a style reference as its mean colour, mixed, and render.onnx, which lets colours take turns and fades them."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def save(path: Path, nodes: list, inputs: list, outputs: list, constants: dict[str, np.ndarray]) -> None:
        tensors = [numpy_helper.from_array(v, k) for k, v in constants.items()]
        graph = helper.make_graph(nodes, path.stem, inputs, outputs, tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="bottega")
        model.ir_version = 9
        onnx.checker.check_model(model)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(model.SerializeToString())
        print(f"{path.name}: {path.stat().st_size} bytes")

    def value(name: str, shape: list, kind: int = TensorProto.FLOAT) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    node = helper.make_node
    side = [1024, 1024]
    for name, product, kinds, three in (
        ("matmul", "MatMul", (TensorProto.FLOAT, TensorProto.FLOAT), np.array([3], np.float32)),
        ("matmul8", "MatMulInteger", (TensorProto.UINT8, TensorProto.INT32), np.array([3], np.int8)),
    ):
        save(
            ENGINE / f"{name}.onnx",
            [
                node("ConstantOfShape", ["side"], ["b"], value=numpy_helper.from_array(three)),
                node(product, ["a", "b"], ["c"]),
            ],
            [value("a", side, kinds[0])],
            [value("c", side, kinds[1])],
            {"side": np.array(side, np.int64)},
        )
    picture = ["B", 4, "H", "W"]
    save(
        ENGINE / "testdata" / "stub.onnx",
        [
            node("Concat", ["noisy", "guide"], ["seen"], axis=1),
            node("Conv", ["seen", "kernel"], ["drawn"], pads=[1, 1, 1, 1]),
            node("MatMul", ["style", "styles"], ["dressed"]),
            node("MatMul", ["look", "looks"], ["looking"]),
            node("Gather", ["words", "tokens"], ["said"]),
            node("ReduceMean", ["said", "one"], ["meant"], keepdims=0),
            node("Unsqueeze", ["t", "one"], ["late"]),
            node("Mul", ["late", "later"], ["when"]),
            node("Sum", ["dressed", "looking", "meant", "when"], ["told"]),
            node("Unsqueeze", ["told", "last"], ["bias"]),
            node("Add", ["drawn", "bias"], ["sum"]),
            node("Tanh", ["sum"], ["x"]),
        ],
        [
            value("noisy", picture), value("t", ["B"]), value("guide", ["B", 7, "H", "W"]),
            value("tokens", ["B", 24], TensorProto.INT64), value("style", ["B", 3]), value("look", ["B", 2]),
        ],
        [value("x", picture)],
        {
            "kernel": (reference.noise(1, 0, 4 * 11 * 9).reshape(4, 11, 3, 3) * 0.15).astype(np.float32),
            "styles": (reference.noise(2, 0, 3 * 4).reshape(3, 4) * 0.3).astype(np.float32),
            "looks": (reference.noise(4, 0, 2 * 4).reshape(2, 4) * 0.3).astype(np.float32),
            "words": (reference.noise(3, 0, 64 * 4).reshape(64, 4) * 2).astype(np.float32),
            "later": np.array([0.1, -0.1, 0.05, 0.3], np.float32), "one": np.array([1], np.int64),
            "last": np.array([2, 3], np.int64),
        },
    )  # fmt: skip
    save(
        ENGINE / "testdata" / "render.onnx",
        [
            node("Gather", ["picture", "turns"], ["turned"], axis=1),
            node("MatMul", ["code", "fades"], ["faded"]),
            node("Unsqueeze", ["faded", "last"], ["fade"]),
            node("Mul", ["turned", "fade"], ["rendered"]),
        ],
        [value("picture", picture), value("code", ["B", 8])],
        [value("rendered", picture)],
        {
            "turns": np.array([1, 2, 0, 3], np.int64), "last": np.array([2, 3], np.int64),
            "fades": np.linspace(0.2, 0.5, 8, dtype=np.float32)[:, None],
        },
    )  # fmt: skip
    save(
        ENGINE / "testdata" / "look.onnx",
        [
            node("ReduceMean", ["picture", "places"], ["mean"], keepdims=0),
            node("MatMul", ["mean", "mix"], ["look"]),
        ],
        [value("picture", ["B", 4, 64, 64])],
        [value("look", ["B", 2])],
        {
            "places": np.array([2, 3], np.int64),
            "mix": np.array([[1, 0], [0, 1], [-1, 0.5], [0.5, 0.5]], np.float32),
        },
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", action="store_true")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a vector is not up to date")
    options = parser.parse_args()
    if options.networks:
        networks()
    VECTORS.mkdir(exist_ok=True)
    lex = lexicon()
    reader = Reader(lex)
    vocab = ["<pad>", "<unk>", "<sep>", *"abcdefghijklmnopqrstuvwxyz0129", *(f"##{c}" for c in "abcdefgilmnorstuvx")]
    vocab += ["a", "red", "fox", "##es", "##fox", "un", "##believ", "##able", "cafe", "café", "京", "trot", "re"]
    vocab = list(dict.fromkeys(vocab))
    tokenizer = reference.Tokenizer(vocab)
    write("lexicon", lex, options.check)
    write(
        "drawings",
        {
            "side": SIDE,
            "index": index(),
            "palettes": palette_rows(),
            "pixels": {k: pack(v) for k, v in drawings().items()},
        },
        options.check,
    )
    write("tokens", {"vocab": vocab, "rows": [{"text": t, "ids": tokenizer.encode(t)} for t in TEXTS]}, options.check)
    write("reading", [{"prompt": p, "scene": dataclasses.asdict(reader.read(p))} for p in PROMPTS], options.check)
    write("layout", layout_rows(reader, lex), options.check)
    write("outlines", outline_rows(), options.check)
    write("repaints", repaint_rows(), options.check)
    write("renders", render_rows(), options.check)
    write("backdrops", backdrop_rows(), options.check)
    if importlib.util.find_spec("torch"):  # what the rules of the programmatic styles are written in
        write("filters", filter_rows(), options.check)
    cases = ((0, 0, 10), (1, 0, 9), (4294967295, 0, 8), (123456789, 3, 8), (2**40 + 5, 1, 6))
    rows = [{"seed": s, "stream": k, "values": [float(v) for v in reference.noise(s, k, n)]} for s, k, n in cases]
    write("noise", rows, options.check)
    sizes = (
        (256, 256),
        (512, 288),
        (288, 512),
        (1536, 32),
        (32, 1536),
        (1024, 768),
        (640, 640),
        (100, 101),
        (1280, 512),
    )
    write(
        "grid",
        [{"size": s, "side": n, "grid": reference.grid(*s, n, 16)} for s in sizes for n in (128, 256)],
        options.check,
    )
    write("sample", samples(), options.check)
    write("contours", contour_rows(), options.check)
    assert math.isclose(reference.time(0.35, 10, 10), 1)


if __name__ == "__main__":
    main()
