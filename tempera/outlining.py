"""Drawings of other hands brought nearer to two line styles before they are composed: ink and kawaii.

The rule of the Go package internal/engine/tempera/compose (outlining.go), held to this one by tempera/vectors. The painter
keeps most of what it looks at; a coloured drawing without outlines stays one. So where the library has no drawing of the
asked hand, ink gets black contours and black dark parts, kawaii (in its colours, palettes.py) a dark outline and a shadow to
stand on.
"""

from __future__ import annotations

import numpy as np

from tempera.colouring import disc

STYLES = {"ink", "kawaii"}
LUMA = np.array((0.3, 0.59, 0.11))
RIM = {"ink": 0.045, "kawaii": 0.02}  # of the side: width of the outline inside the shape
LINE = {"ink": 0.019, "kawaii": 0.012}  # reach of the lines where colours meet
FAINT, FULL = 0.25, 0.45  # difference of colour that is no line yet, and that is a full one
WEIGHTS = np.array((0.55, 0.75, 0.45))  # of red, green and blue in a difference
DARK, DARKEST = 0.38, 0.32  # brightness from which ink fills a part, and where it does wholly
BLACK, OUTLINE = np.array((0.11, 0.11, 0.12)), np.array((69, 65, 60)) / 255
# Of the shadow: how dark, and its half axes in shares of the figure's width and of the side.
SHADOW, SHADOW_WIDTH, SHADOW_HEIGHT = 0.15, 0.38, 0.025


def most(values: np.ndarray, reach: int, least: bool = False) -> np.ndarray:
    """The most (or the least) of [n, n] within reach; beyond the edge it is 0."""
    n = values.shape[0]
    wide, out, how = np.pad(values, reach), values.copy(), np.minimum if least else np.maximum
    for dy, dx in disc(reach):
        out = how(out, wide[reach + dy : reach + dy + n, reach + dx : reach + dx + n])
    return out


def reach_of(share: float, n: int) -> int:
    return max(1, round(share * n))


def outlined(picture: np.ndarray, style: str) -> np.ndarray:
    """Premultiplied uint8 [n, n, 4] as the style would have it."""
    p = picture / 255
    n, alpha = p.shape[0], p[..., 3]
    rim = alpha - most(alpha, reach_of(RIM[style], n), least=True)
    reach = reach_of(LINE[style], n)
    apart = np.stack([most(p[..., k], reach) - most(p[..., k], reach, least=True) for k in range(3)], -1)
    strength = np.sqrt(((apart * WEIGHTS) ** 2).sum(-1))
    line = np.maximum(rim, np.clip((strength - FAINT) / (FULL - FAINT), 0, 1) * alpha)
    if style == "ink":
        straight = p[..., :3] / np.maximum(alpha, 1e-3)[..., None]
        dark = np.clip((DARK - straight @ LUMA) / (DARK - DARKEST), 0, 1) * alpha
        cover = np.maximum(line, dark)[..., None]
        out = np.concatenate((BLACK * cover, cover), -1)
    else:
        fill, ink = p[..., :3], OUTLINE * alpha[..., None]
        drawn = np.concatenate((fill + (ink - fill) * line[..., None], alpha[..., None]), -1)
        under = shadow(alpha)[..., None]
        out = drawn + np.concatenate((np.zeros((n, n, 3)), under), -1) * (1 - alpha[..., None])
    return (out * 255 + 0.5).astype(np.uint8)


def shadow(alpha: np.ndarray) -> np.ndarray:
    """How dark the ground is under a figure's foot."""
    rows, columns = np.flatnonzero((alpha >= 0.5).any(1)), np.flatnonzero((alpha >= 0.5).any(0))
    if not len(rows):
        return np.zeros_like(alpha)
    n = alpha.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(float)
    wide, high = SHADOW_WIDTH * (columns[-1] - columns[0] + 1), SHADOW_HEIGHT * n
    off = np.hypot((x - (columns[0] + columns[-1]) / 2) / wide, (y - rows[-1]) / high)
    return SHADOW * np.clip((1 - off) * high + 0.5, 0, 1)
