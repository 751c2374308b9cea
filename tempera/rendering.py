"""One drawing rendered another way, before it is composed: flat, soft 3D, gradient or ink, where the library has another.

One hand draws these four, the same shapes with other surfaces. So a small network (renderer.py), shown a drawing in one of
them, says what it is in another. Drawings of the other hands come into the colours of the flat one first (palettes.py). The
rule is also the Go package internal/engine/tempera/compose's (rendering.go), held to this one by tempera/vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tempera import palettes
from tempera.smoothing import smoothed

HANDS = ("flat", "soft-3d", "gradient", "ink")  # in the order of the network's code
# What a style is rendered as. Game icons are black shapes too.
ASKED = {"soft-3d": "soft-3d", "gradient": "gradient", "ink": "ink", "game-icon": "ink"}
# Premultiplied RGBA float32 [4, n, n] in [0, 1], n a multiple of 16, and a code [8] -> the same planes of the other rendering.
Network = Callable[[np.ndarray, np.ndarray], np.ndarray]


def name_of(hand: str, asked: str) -> str:
    """How a drawing of a hand is rendered for an asked style, "shown>asked"; "" for not at all."""
    if asked not in ASKED or hand == asked or hand not in {*palettes.KIN, *HANDS} - {"ink"}:
        return ""
    return f"{hand if hand in HANDS else 'flat'}>{ASKED[asked]}"


def palette_of(hand: str, asked: str) -> str:
    """Which table of palettes.py a drawing goes through, before it is rendered if it is; "" for none."""
    if asked in ASKED:
        return "" if hand in HANDS else palettes.name_of(hand, "flat")
    return palettes.name_of(hand, asked)


def code_of(name: str) -> np.ndarray:
    """float32 [8]: 1 at the hand shown, and after all four at the one asked."""
    shown, asked = name.split(">")
    code = np.zeros(2 * len(HANDS), np.float32)
    code[HANDS.index(shown)] = code[len(HANDS) + HANDS.index(asked)] = 1
    return code


def rendered(picture: np.ndarray, name: str, network: Network) -> np.ndarray:
    """Premultiplied uint8 [n, n, 4] as the other rendering has it."""
    planes = network(picture.transpose(2, 0, 1).astype(np.float32) / np.float32(255), code_of(name))
    out = (np.clip(planes, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8).transpose(1, 2, 0)
    return smoothed(out) if name.endswith(">gradient") else out


def onnx_network(path: Path) -> Network:
    """render.onnx."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(planes: np.ndarray, code: np.ndarray) -> np.ndarray:
        return session.run(["rendered"], {"picture": planes[None], "code": code[None]})[0][0]

    return run
